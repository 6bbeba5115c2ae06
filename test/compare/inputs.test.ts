import { readFileSync } from 'node:fs';
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
      expect(log).toMatchObject({ name: '-' });
      expect(readFileSync(log?.file ?? '', 'utf8')).toBe(content);
    } finally {
      remove();
    }
  });
});
