import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { replaceFile } from '../../network/actor-folders.js';
import { temporaryFolder } from './support/ledger.js';

describe('a file that is replaced', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  it('has the new content, and nothing lies beside it', () => {
    const file = join(folder.path, 'file');
    writeFileSync(file, 'old');
    replaceFile(file, 'new', 0o600);
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(readdirSync(folder.path)).toEqual(['file']);
  });

  it('is a file: neither a folder nor a socket gives way to it', async () => {
    const inside = join(folder.path, 'inside');
    mkdirSync(inside);
    const socket = join(folder.path, 'socket');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    for (const path of [inside, socket]) expect(() => replaceFile(path, 'x', 0o600)).toThrow(`${path} is no file`);
    expect(() => replaceFile(join(inside, 'none', 'x'), 'x', 0o600)).toThrow(/ENOENT/);
    expect(readdirSync(inside)).toEqual([]);
    expect(statSync(socket).isSocket()).toBe(true);
    server.close();
  });
});
