import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWhole } from '../../reports/write-file.js';

describe('a file that is written whole', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'event2ledger-write-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function* failing(): Generator<string> {
    yield 'x'.repeat(1 << 20);
    throw new TypeError('a fault in what is told');
  }

  it('has all parts, in their order', () => {
    const parts = Array.from({ length: 1000 }, (_, index) => `${'ä'.repeat(index)}\n`);
    writeWhole(join(folder, 'new', 'file'), parts);
    expect(readFileSync(join(folder, 'new', 'file'), 'utf8')).toBe(parts.join(''));
    expect(readdirSync(join(folder, 'new'))).toEqual(['file']);
  });

  it('stays as it was where telling its parts fails, and that is not told as a fault of the folder', () => {
    const file = join(folder, 'kept');
    writeFileSync(file, 'before');
    expect(() => writeWhole(file, failing())).toThrow(TypeError);
    expect(readFileSync(file, 'utf8')).toBe('before');
    expect(readdirSync(folder).filter((name) => name.includes('kept'))).toEqual(['kept']);
  });

  it('says why it cannot be', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => writeWhole(join(folder, 'file', 'below'), ['x'])).toThrow(
      expect.objectContaining({ code: 'WRITE', message: expect.stringContaining('name a folder that can be') }),
    );
  });
});
