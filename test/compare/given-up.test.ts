import { describe, expect, it } from 'vitest';
import { givenUpIn } from '../../compare/given-up.js';
import type { GivenUp } from '../../compare/walk.js';
import { comparedContents, eventLine, linesOf, timeOf } from './comparing.js';

const at = (seconds: number) => ({ seconds, nanos: 0 });
const given = (log: number, from: number | undefined, until: number): GivenUp => ({
  log,
  from: from === undefined ? undefined : at(from),
  until: at(until),
  why: 'content',
});

describe('a log that was given up', () => {
  it('has one gap to the end of all parts, from where it was given up first', () => {
    const { all, isGivenUpBefore } = givenUpIn([
      { givenUp: [] },
      { givenUp: [given(2, 15, 20)] },
      { givenUp: [given(2, 21, 30), given(1, 25, 30)] },
    ]);
    expect(all.map(({ log, from, until }) => [log, from?.seconds, until.seconds])).toEqual([
      [2, 15, Number.POSITIVE_INFINITY],
      [1, 25, Number.POSITIVE_INFINITY],
    ]);
    expect([0, 1, 2, 3].map((part) => isGivenUpBefore(part, 2))).toEqual([false, false, true, true]);
    expect([1, 2, 3].map((part) => isGivenUpBefore(part, 1))).toEqual([false, false, true]);
    expect(isGivenUpBefore(3, 0)).toBe(false);
  });

  it('has it over all of its time where it is in no order in one of them', () => {
    const { all } = givenUpIn([{ givenUp: [given(2, 15, 20)] }, { givenUp: [given(2, undefined, 30)] }]);
    expect(all).toMatchObject([{ log: 2, from: undefined }]);
  });

  it('is not read to its end where that is far, but tells its last time', () => {
    const lines = Array.from({ length: 60 }, (_, index) => eventLine(index * 1000));
    const note = 'x'.repeat(1 << 18);
    const long = Array.from({ length: 60 }, (_, index) => `{"note":"${note}",${eventLine(index * 1000).slice(1)}`);
    const { logs, findings } = comparedContents(
      [linesOf(lines), linesOf(lines), linesOf([...long, eventLine(999_000)])],
      { leftOut: [2] },
    );
    expect(findings).toMatchObject([{ class: 'gap', dissent: ['C'] }]);
    expect(Number(logs[2]?.lines)).toBeLessThan(40);
    expect(logs[2]).toMatchObject({ from: timeOf(0), to: timeOf(999_000) });
  });
});

describe('a log with a very long line', () => {
  it('is cut where the others are, though the line lies where the place is sought', () => {
    const lines = Array.from({ length: 200 }, (_, index) => eventLine(index * 1000));
    const long = [...lines.slice(0, 90), `{"x":"${'y'.repeat(12 << 20)}"}`, ...lines.slice(90)];
    const { findings, coverage } = comparedContents([linesOf(lines), linesOf(lines), linesOf(long)], { parts: 2 });
    expect(coverage).toMatchObject({ events: 200, agreed: 200 });
    expect(findings).toMatchObject([{ class: 'gap', dissent: ['C'] }]);
  });
});
