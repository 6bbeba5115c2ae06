import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../../cli/make-folder.js';

describe('a folder to write to', () => {
  const root = mkdtempSync(join(tmpdir(), 'e2l-folder-'));
  afterAll(() => rmSync(root, { recursive: true }));

  it('is made with those above it, and left as it is where it is there', () => {
    const deep = join(root, 'a', 'b', 'c');
    makeFolder(deep);
    writeFileSync(join(deep, 'kept'), '');
    makeFolder(deep);
    expect(statSync(join(deep, 'kept')).isFile()).toBe(true);
  });

  it.each(['file', 'file/below'])('cannot be %s where there is a file', (name) => {
    writeFileSync(join(root, 'file'), '');
    expect(() => makeFolder(join(root, name))).toThrow(/EEXIST|ENOTDIR/);
  });
});
