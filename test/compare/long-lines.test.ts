import { closeSync, mkdtempSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Members } from '../../compare/members.js';
import { disorderedOf } from '../../compare/order.js';
import { openLog, partsOf } from '../../compare/parts.js';
import { comparedContents, eventLine, linesOf } from './comparing.js';

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return { ...fs, readSync: vi.fn(fs.readSync) };
});

/** How often a byte is looked at. */
function looksAt(line: string): number {
  let looks = 0;
  const bytes = new Proxy(Buffer.from(line), {
    get(target, name) {
      looks++;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  expect(new Members().read(bytes, 0, line.length)).toBe(false);
  return looks;
}

describe('a line that is no event', () => {
  it('is looked at no further than its first byte, or once', () => {
    expect(looksAt('x'.repeat(100_000))).toBeLessThan(10);
    expect(looksAt(`{"x":"${'y'.repeat(100_000)}"`)).toBeLessThan(150_000);
  });

  it('is a hole where it is too long, whatever it tells', () => {
    const lines = [eventLine(1), eventLine(5)];
    const long = eventLine(3, 'a', `{"x":"${'y'.repeat(1_100_000)}"}`);
    const content = linesOf([lines[0] ?? '', long, lines[1] ?? '']);
    const { coverage, logs } = comparedContents([content, content, linesOf(lines)]);
    expect(coverage).toMatchObject({ events: 2, agreed: 2 });
    expect(logs.map(({ unreadable }) => unreadable)).toEqual(['1', '1', '0']);
  });
});

describe('a log of long lines that are no events', () => {
  let folder: string;
  let log: { readonly descriptor: number; readonly size: number };
  const bytesRead = () => vi.mocked(readSync).mock.results.reduce((sum, { value }) => sum + (value as number), 0);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'event2ledger-long-'));
    const file = join(folder, 'log');
    const content = linesOf(Array.from({ length: 40 }, () => 'x'.repeat(1_100_000)));
    writeFileSync(file, content);
    log = { descriptor: openLog(file), size: content.length };
  });
  beforeEach(() => {
    vi.mocked(readSync).mockClear();
  });
  afterAll(() => {
    closeSync(log.descriptor);
    rmSync(folder, { recursive: true, force: true });
  });

  it('is read in a few places to see whether it is in order', () => {
    expect(disorderedOf([log, log])).toEqual([]);
    expect(bytesRead()).toBeLessThan(log.size);
  });

  it('is cut without being read again and again', () => {
    partsOf([log.descriptor, log.descriptor], 2);
    expect(bytesRead()).toBeLessThan(10 * log.size);
  });
});
