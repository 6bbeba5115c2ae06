import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
});
