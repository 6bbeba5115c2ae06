import { describe, expect, test } from 'vitest';
import { checkReport } from '../../reports/check.js';
import type { ReportError } from '../../reports/errors.js';
import { type DailyReport, dailyReport, reportHash } from '../../reports/model.js';
import { reportJsonSchema } from '../../reports/schema.js';
import { crowdedDay, hostileDay, quietDay, richDay, stalledDay, threeFindings, unsealedDay } from './fixtures.js';

const DAYS = { quietDay, threeFindings, richDay, unsealedDay, stalledDay, hostileDay, crowdedDay };

function codeOf(value: unknown): string | undefined {
  try {
    checkReport(value);
    return undefined;
  } catch (error) {
    return (error as ReportError).code;
  }
}

/** A report changed by someone who also put the right hash on it. */
function forged(change: (report: Mutable) => void): DailyReport {
  const report = JSON.parse(JSON.stringify(dailyReport(richDay())));
  change(report);
  return { ...report, hash: reportHash(report) };
}
type Mutable = { [key: string]: Mutable } & Mutable[] & { reverse(): void };

describe('checkReport', () => {
  test.each(Object.entries(DAYS))('accepts %s as written', (_, day) => {
    const report = JSON.parse(JSON.stringify(dailyReport(day())));
    expect(checkReport(report)).toBe(report);
  });

  test('refuses what is no report', () => {
    for (const value of [undefined, null, 1, 'x', [], {}, { ...dailyReport(quietDay()), version: 2 }]) {
      expect(codeOf(value)).toBe('SHAPE');
    }
    expect(codeOf({ ...dailyReport(quietDay()), more: 1 })).toBe('SHAPE');
  });

  test('refuses a changed report', () => {
    expect(codeOf({ ...dailyReport(quietDay()), channel: 'other' })).toBe('HASH');
  });

  test('refuses a coverage that does not add up, even with the right hash', () => {
    expect(codeOf(forged((report) => Object.assign(report.coverage ?? {}, { agreed: 1 })))).toBe('COVERAGE');
  });

  test('refuses counts that are not those of the findings', () => {
    expect(codeOf(forged((report) => Object.assign(report.actors?.[0] ?? {}, { missing: 9 })))).toBe('COUNTS');
    expect(codeOf(forged((report) => Object.assign(report, { actors: [] })))).toBe('COUNTS');
    expect(codeOf(forged((report) => report.actors?.push(report.actors[0] as Mutable)))).toBe('COUNTS');
  });

  test('refuses an event under a hash that is not its own', () => {
    const change = (report: Mutable) =>
      Object.assign(report.findings?.[0]?.variants?.[0]?.event ?? {}, { action: 'x' });
    expect(codeOf(forged(change))).toBe('EVENT');
  });

  test('refuses another order', () => {
    expect(codeOf(forged((report) => report.findings?.reverse()))).toBe('ORDER');
    expect(codeOf(forged((report) => report.findings?.[0]?.variants?.[0]?.evidence?.reverse()))).toBe('ORDER');
    expect(codeOf(forged((report) => report.actors?.reverse()))).toBe('ORDER');
  });

  test('refuses findings that are not its own, which nobody would write', () => {
    const { findings, ...report } = dailyReport(richDay());
    expect(codeOf(Object.assign(Object.create({ findings }), report))).toBe('SHAPE');
    expect(codeOf(Object.defineProperty({ ...report }, 'findings', { value: findings }))).toBe('SHAPE');
  });

  test('refuses another order of what is of one time, class and name', () => {
    const double = (isFirst: boolean) =>
      forged((report) => {
        const [finding] = report.findings ?? [];
        const other = { ...finding, source: `${finding?.source}+` } as unknown as Mutable;
        report.findings?.splice(isFirst ? 0 : 1, 0, other);
        for (const actor of report.actors ?? []) {
          const name = `${finding?.class}`;
          if (finding?.dissent?.some((one) => one === actor.actor))
            Object.assign(actor, { [name]: Number(actor[name]) + 1 });
        }
      });
    expect(codeOf(double(false))).toBe(undefined);
    expect(codeOf(double(true))).toBe('ORDER');
  });

  test('says which finding has another shape', () => {
    const forgery = forged((report) => Object.assign(report.findings?.[1] ?? {}, { verdict: 'guilty' }));
    expect(() => checkReport(forgery)).toThrow(/version 1: findings\.1\.verdict:/);
    expect(codeOf(forged((report) => Object.assign(report, { findings: {} })))).toBe('SHAPE');
  });

  test('says what is wrong without passing on control characters', () => {
    expect(() => checkReport({ '\u001b[31m': 1 })).toThrow(/no daily report of version 1/);
    const dissent = ['\u001b[31m'];
    const forgery = forged((report) => Object.assign(report.findings?.[0] ?? {}, { dissent }));
    expect(() => checkReport(forgery)).toThrow('\\u{1b}[31m');
  });
});

test('the published JSON Schema is the one that the code checks with', async () => {
  // After a change of the schema: npx vitest run test/reports -u
  await expect(reportJsonSchema()).toMatchFileSnapshot('../../reports/schemas/daily-report.schema.json');
});
