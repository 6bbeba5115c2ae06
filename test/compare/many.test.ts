import { describe, expect, it } from 'vitest';
import { textOf } from '../../compare/text.js';
import { comparedContents, eventLine, linesOf } from './comparing.js';

/** More than are read one by one where some logs say what the others do not. */
const MANY = 5000;
const events = (from: number, to: number, attributes?: string) =>
  Array.from({ length: to - from }, (_, index) => eventLine((from + index) * 1000, `${from + index}`, attributes));
const GARBAGE = '{broken\n';

describe('very many lines', () => {
  it('that say again what was said, in one log or several, accuse nobody', () => {
    const plain = linesOf(events(0, 9000));
    const overlapping = plain + linesOf(events(1000, 9000));
    for (const logs of [
      [overlapping, plain, plain],
      [overlapping, overlapping, plain],
    ]) {
      const { coverage, findings } = comparedContents(logs);
      expect(coverage).toMatchObject({ events: 9000, agreed: 9000, disputed: 0 });
      expect(findings).toEqual([]);
    }
  });

  it('that nobody else can have seen are not agreed on', () => {
    const plain = linesOf(events(0, MANY));
    const short = `${linesOf(events(0, 3))}${GARBAGE}`;
    const { coverage, findings } = comparedContents([plain, short]);
    expect(coverage).toMatchObject({ agreed: 3, disputed: 0, unobservable: MANY - 3 });
    expect(findings).toMatchObject([{ class: 'gap', dissent: ['B'], gap: { events: MANY - 3 } }]);
    expect(comparedContents([plain, short, short]).coverage).toMatchObject({ agreed: 3, unobservable: MANY - 3 });
  });

  it('in a hole are all told to lie in it', () => {
    const plain = linesOf(events(0, 2 * MANY));
    const half = `${linesOf(events(0, MANY))}${GARBAGE}`;
    const report = comparedContents([plain, plain, half]);
    expect(report.findings).toMatchObject([{ class: 'gap', dissent: ['C'], gap: { events: MANY } }]);
    const text = textOf(report);
    expect(text).toContain('to the end, in which 5,000 events of the others lie: line 5001: ');
  });

  it('that a log lacks from where it was given up are told to lie in its gap', () => {
    const plain = linesOf(events(0, 40_000));
    const lacking = linesOf([...events(0, 100), ...events(20_000, 40_000)]);
    const report = comparedContents([plain, plain, lacking]);
    const [gap] = report.findings.filter(({ class: name }) => name === 'gap');
    const missing = report.findings
      .filter(({ class: name }) => name === 'missing')
      .reduce((sum, { folded = 1 }) => sum + folded, 0);
    // All that it has before, and what it was found to lack, counts; nothing behind does.
    expect(gap?.gap?.events).toBe(40_000 - 100 - missing);
    expect(textOf(report)).toContain('too many of its lines are not those of the others');
  });

  it('are told by their number, and not by the number of findings', () => {
    const plain = linesOf(events(0, 300));
    const text = textOf(comparedContents([plain, plain, linesOf(events(0, 300, '{"exitCode":"1"}'))]));
    expect(text).toContain('C: differs 300\n');
    expect(text).toContain('differs (300)');
    expect(text).toContain('(stands for 200)');
    expect(text).toContain('and 80 more, which --json has one by one.');
  });
});
