import { closeSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareLogs } from '../../compare/compare.js';
import { openAgain, openedLog } from '../../compare/opened-log.js';
import { openLog } from '../../compare/parts.js';
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

  it('of long logs in one thread is stopped in the middle, and refused where a log is not what it was', async () => {
    // As it is built, for it starts a thread of its own.
    const built = new URL('../../dist/compare/compare.js', import.meta.url);
    const { compareLogs: compareBuilt } = (await import(built.href)) as typeof import('../../compare/compare.js');
    const long = linesOf(Array.from({ length: 70_000 }, (_, index) => eventLine(index)));
    const logs = ['long', 'same'].map((name) => ({ name, file: write(name, long) }));
    const begin = (signal: AbortSignal) =>
      compareBuilt({ logs, actors: ['A', 'B'], source: 'engine', policy: {}, threads: 1, signal });
    const stop = new AbortController();
    const report = begin(stop.signal);
    stop.abort();
    await expect(report).rejects.toMatchObject({ code: 'LOG', message: expect.stringContaining('stopped') });
    const other = begin(new AbortController().signal);
    renameSync(write('newer', long), logs[0]?.file ?? '');
    await expect(other).rejects.toMatchObject({ name: 'CompareError', message: expect.stringContaining('replaced') });
    expect((await begin(new AbortController().signal)).coverage.agreed).toBe(70_000);
  });

  it('does not read half of a log from another file of its name', () => {
    const file = write('rotated', 'one\n');
    const descriptors = [openLog(file)];
    const opened = openedLog(file, descriptors[0] as number);
    writeFileSync(file, 'two\n', { flag: 'a' });
    descriptors.push(openAgain(opened));
    truncateSync(file, 2);
    const replaced = { code: 'LOG', message: expect.stringContaining('was replaced or cut off') };
    expect(() => openAgain(opened)).toThrow(expect.objectContaining(replaced));
    renameSync(write('other', 'another\n'), file);
    expect(() => openAgain(opened)).toThrow(expect.objectContaining(replaced));
    for (const descriptor of descriptors) closeSync(descriptor);
  });
});
