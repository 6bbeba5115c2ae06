import { fc, test as property } from '@fast-check/vitest';
import stringify from 'fast-json-stable-stringify';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '#chaincode';
import { terminalSafe } from '../../cli/printable.js';
import { type DailyReport, dailyReport, reportHash, reportParts, reportText } from '../../reports/model.js';
import { hostileDay, quietDay, richDay, threeFindings } from './fixtures.js';

// Every array of the judgement in another order; the same seed gives the same order.
function shuffled<T>(value: T, random: () => number): T {
  if (Array.isArray(value)) {
    const rest = value.map((each) => shuffled(each, random));
    const mixed: unknown[] = [];
    while (rest.length > 0) mixed.push(...rest.splice(Math.floor(random() * rest.length), 1));
    return mixed as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, shuffled(each, random)] as const);
  return Object.fromEntries(shuffled(entries.map(stringify), random).map((text) => JSON.parse(text))) as T;
}

describe('dailyReport', () => {
  property.prop([fc.noShrink(fc.infiniteStream(fc.nat(999_999)))], { numRuns: 30 })(
    'gives the same bytes whatever order the judgement came in',
    (stream) => {
      const random = () => (stream.next().value as number) / 1_000_000;
      const mixed = shuffled(richDay(), random);
      expect(reportText(dailyReport(mixed))).toBe(reportText(dailyReport(richDay())));
    },
  );

  test.each([quietDay(), threeFindings(), richDay(), hostileDay()])('is indented JSON, part by part', (day) => {
    const report = dailyReport(day);
    expect(reportText(report)).toBe(`${terminalSafe(JSON.stringify(report, null, 2))}\n`);
    expect([...reportParts(report)].length).toBeGreaterThan(report.findings.length);
  });

  test('lists findings by time, then class, then id', () => {
    const [first] = threeFindings().findings;
    if (first === undefined) throw new Error('the fixture has findings');
    const like = (over: object) => ({ ...first, ...over });
    const findings = [
      like({ time: '10', id: 'a' }),
      like({ time: '9', id: 'z', class: 'late' }),
      like({ time: '9', id: 'y', class: 'missing' }),
      like({ time: '9', id: 'x', class: 'late' }),
    ];
    const ids = dailyReport({ ...quietDay(), findings }).findings.map(({ id }) => id);
    expect(ids).toEqual(['y', 'x', 'z', 'a']);
  });

  test('has the fields of version 1 in their order', () => {
    const { sealedAt: _, ...unsealed } = quietDay();
    expect(Object.keys(dailyReport(unsealed))).toEqual(
      'report version day ledger channel chaincode judge policyHash sealed blocks coverage actors findings running sums bill amends hash'.split(
        ' ',
      ),
    );
    expect(Object.keys(dailyReport(quietDay()))[9]).toBe('sealedAt');
  });

  test('leaves the judgement as it was', () => {
    const judgement = richDay();
    const before = JSON.stringify(judgement);
    dailyReport(judgement);
    expect(JSON.stringify(judgement)).toBe(before);
  });

  test('hashes everything but the hash, and survives being written and read', () => {
    const report = dailyReport(hostileDay());
    const text = reportText(report);
    expect(text.endsWith('}\n')).toBe(true);
    const { hash, ...body } = JSON.parse(text) as DailyReport;
    expect(sha256Hex(stringify(body))).toBe(hash);
    expect(reportHash({ ...body, hash })).toBe(hash);
    expect(reportHash({ ...body, channel: 'other' })).not.toBe(hash);
  });

  test('keeps a label named __proto__', () => {
    expect(reportText(dailyReport(hostileDay(['x', 'y'])))).toContain('"__proto__": "x"');
  });
});
