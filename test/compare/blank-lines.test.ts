import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, it } from '@fast-check/vitest';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { rest } from '../../compare/parts.js';
import { LONGEST_LINE, LogWindow } from '../../compare/window.js';
import { eventLine } from './comparing.js';

const line = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', '', ' ', '\t \r', '\r') },
  { weight: 4, arbitrary: fc.nat({ max: 999 }).map((index) => eventLine(index)) },
  { weight: 2, arbitrary: fc.constantFrom('no event', ' {', '  x\r') },
  { weight: 1, arbitrary: fc.constant('y'.repeat(LONGEST_LINE + 1)) },
);
const content = fc
  .tuple(
    fc.array(fc.tuple(line, fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 40 }),
    fc.constantFrom('', '\n', '\n\n \n', '\n  '),
  )
  .map(
    ([lines, end]) =>
      lines.flatMap(([one, times]) => (one.length > 1000 ? [one] : Array(times).fill(one))).join('\n') + end,
  );

describe('a window', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'event2ledger-blank-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.prop([content, fc.constantFrom(1 << 7, 1 << 10, 1 << 18)], { numRuns: 60 })(
    'knows the place and number of each line, however many blank ones stand between',
    (text, atOnce) => {
      const file = join(folder, 'log');
      writeFileSync(file, text);
      const descriptor = openSync(file, 'r');
      try {
        const window = new LogWindow(0, descriptor, { ...rest(0, text.length), atOnce });
        const clear: [number, number, string][] = [];
        while (window.fill()) {
          const isClear = window.look();
          const { offset, at, lineEnd } = window;
          const read = window.bytes.toString('latin1', at, lineEnd);
          const { line: number } = window.placeOf(at, lineEnd, { seconds: 0, nanos: 0 }, 1);
          if (isClear) window.pass();
          else window.passUnclear();
          if (isClear) clear.push([offset, number, read]);
          if (isClear) expect(window.lines).toBe(number);
        }
        window.passRest();
        const noted = [...window.unclear.single, ...window.unclear.stretches];
        const naive = placesOf(text);
        expect(clear).toEqual(naive.filter(([, , own]) => own.includes('timeNano')));
        expect(noted.map(({ offset, line: number }) => [offset, number])).toEqual(
          naive
            .filter(([, , own]) => own.trim() !== '' && !own.includes('timeNano'))
            .map(([offset, number]) => [offset, number]),
        );
        expect(window.passed.lines).toBe(text.split('\n').length - (text.endsWith('\n') || text === '' ? 1 : 0));
      } finally {
        closeSync(descriptor);
      }
    },
  );
});

/** Of each line where it begins, its number and its content. */
function placesOf(text: string): [number, number, string][] {
  let offset = 0;
  return text.split('\n').map((own, index) => {
    const place: [number, number, string] = [offset, index + 1, own.replace(/\r$/, '')];
    offset += own.length + 1;
    return place;
  });
}
