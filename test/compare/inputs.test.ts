import { existsSync, readFileSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { plainLogs } from '../../compare/inputs.js';
import { eventLine, linesOf } from './comparing.js';

const content = linesOf([eventLine(1), eventLine(2)]);

describe('standard input', () => {
  it.each([
    ['plain', Buffer.from(content)],
    ['packed with gzip', gzipSync(content)],
  ])('is a log, %s', async (_, bytes) => {
    // Byte by byte, as a slow pipe may give them.
    const stdin = Readable.from([...bytes].map((byte) => Buffer.from([byte])));
    const { logs, remove } = await plainLogs(['-'], stdin, new AbortController().signal);
    try {
      const [log] = logs;
      expect(log).toMatchObject({ name: '-', descriptor: expect.any(Number) });
      expect(existsSync(log?.file ?? '')).toBe(false);
      const read = Buffer.alloc(2 * content.length);
      const count = readSync(log?.descriptor ?? -1, read, 0, read.length, 0);
      expect(read.toString('utf8', 0, count)).toBe(content);
    } finally {
      remove();
    }
  });

  it('has a name for whoever must open it by one, until it is removed', async () => {
    const stdin = Readable.from([gzipSync(content)]);
    const { logs, remove } = await plainLogs(['-'], stdin, new AbortController().signal, true);
    const file = logs[0]?.file ?? '';
    expect(readFileSync(file, 'utf8')).toBe(content);
    remove();
    expect(existsSync(file)).toBe(false);
  });
});
