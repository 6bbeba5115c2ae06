import { describe, expect, it } from 'vitest';
import { comparedContents, eventLine, linesOf, timeOf } from './comparing.js';

const lines = Array.from({ length: 400 }, (_, index) => eventLine(index * 1000));

describe('what is said of each log', () => {
  it('is the same in however many parts they are read', () => {
    const logs = [linesOf(lines), linesOf(lines), linesOf(lines.slice(0, 10))];
    const [one, ...others] = [1, 2, 3].map((parts) => comparedContents(logs, { parts }));
    expect(one?.logs[2]).toMatchObject({ lines: '10', from: timeOf(0), to: timeOf(9000) });
    expect(others.map(({ hash }) => hash)).toEqual([one?.hash, one?.hash]);
  });

  it('tells the times of a log that is in an order of its own, and what it attests', () => {
    const reversed = [...lines].reverse();
    // One line's time stands where Docker has none, one ends with the log, and one is too long.
    const turned = `{"timeNano":${timeOf(7)},${eventLine(7)
      .slice(1)
      .replace(/,"timeNano":\d+/, '')}`;
    const content = `${linesOf([...reversed, 'no event', `{"x":"${'y'.repeat(1 << 21)}"}`, turned])}${eventLine(500_000)}`;
    const { logs, actors, findings } = comparedContents([linesOf(lines), linesOf(lines), content], {
      parts: 2,
      leftOut: [2],
    });
    expect(logs[2]).toMatchObject({ lines: '404', from: timeOf(0), to: timeOf(500_000) });
    expect(actors[2]).toMatchObject({ actor: 'C', attested: 402, missing: 0, gap: 1 });
    expect(findings).toMatchObject([{ class: 'gap', dissent: ['C'] }]);
  });
});
