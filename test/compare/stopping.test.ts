import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { registerCompare } from '../../compare/command.js';
import { compareLogs } from '../../compare/compare.js';
import { eventLine, linesOf } from './comparing.js';

describe('a comparison', () => {
  let folder: string;
  const write = (name: string, content: string) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'event2ledger-stopping-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('that is stopped while one thread walks gives no report', async () => {
    const logs = ['a', 'b'].map((name) => ({ name, file: write(name, linesOf([eventLine(1)])) }));
    const stop = new AbortController();
    const options = { actors: ['A', 'B'], source: 'engine', policy: {}, threads: 1, signal: stop.signal };
    const report = compareLogs({ ...options, logs });
    stop.abort();
    await expect(report).rejects.toMatchObject({ code: 'LOG', message: expect.stringContaining('stopped') });
  });

  it('of long logs is stopped in the middle, and reads those that it began with whatever takes their names', async () => {
    // As it is built, for it starts a thread of its own.
    const built = new URL('../../dist/compare/compare.js', import.meta.url);
    const { compareLogs: compareBuilt } = (await import(built.href)) as typeof import('../../compare/compare.js');
    // Long enough for two threads.
    const wide = JSON.stringify({ name: 'w'.repeat(900) });
    const long = linesOf(Array.from({ length: 35_000 }, (_, index) => eventLine(index, 'a', wide)));
    const logs = ['long', 'same'].map((name) => ({ name, file: write(name, long) }));
    const begin = (signal: AbortSignal) =>
      compareBuilt({ logs, actors: ['A', 'B'], source: 'engine', policy: {}, threads: 2, signal });
    const stop = new AbortController();
    const report = begin(stop.signal);
    stop.abort();
    await expect(report).rejects.toMatchObject({ code: 'LOG', message: expect.stringContaining('stopped') });
    const other = begin(new AbortController().signal);
    renameSync(write('newer', 'no log\n'), logs[0]?.file ?? '');
    expect((await other).coverage).toMatchObject({ agreed: 35_000, disputed: 0 });
  });

  it('has nothing left of what it wrote once it reads it, so that nothing can be left behind', async () => {
    const temporary = join(folder, 'temporary');
    mkdirSync(temporary);
    vi.stubEnv('TMPDIR', temporary);
    try {
      const packed = join(folder, 'packed.gz');
      writeFileSync(packed, gzipSync(linesOf([eventLine(1)])));
      const stdout = new PassThrough();
      const left: string[][] = [];
      stdout.on('data', () => left.push(readdirSync(temporary)));
      const codes: number[] = [];
      const program = new Command().exitOverride();
      const stdin = Readable.from([linesOf([eventLine(1)])]);
      const signal = new AbortController().signal;
      const exit = (code: number) => codes.push(code);
      registerCompare(program, { stdin, stdout, stderr: new PassThrough(), env: {}, signal, exit });
      await program.parseAsync(['compare', '-', packed, '--names', 'A,B', '--threads', '1'], { from: 'user' });
      expect(codes).toEqual([0]);
      expect(left.length).toBeGreaterThan(0);
      expect(left.flat()).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
