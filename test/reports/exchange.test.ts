import { describe, expect, it } from 'vitest';
import type { DisputesNow } from '../../reconciler/day-judgement.js';
import type { DisputeStanding, ReportedAnchor } from '../../reconciler/exchange-form.js';
import { findingHash } from '../../reconciler/finding-form.js';
import type { DayJudgement } from '../../reconciler/judgement.js';
import { checkReport } from '../../reports/check.js';
import { type DailyReport, dailyReport, reportHash } from '../../reports/model.js';
import { RENDERERS, type ReportFormat } from '../../reports/render.js';
import { at, DAY, DEVELOPER, PROVIDER, threeFindings, USER } from './fixtures.js';

const rendered = (format: ReportFormat, report: DailyReport, now?: DisputesNow) =>
  [...RENDERERS[format](report, now)].join('');
const [finding] = threeFindings().findings;
if (finding === undefined) throw new Error('the day has no findings');

const place = { name: 'reconciler', block: '40', tx: 'a'.repeat(64), clock: at(80_000), time: at(80_001) };
const dispute: DisputeStanding = {
  finding: finding.id,
  day: DAY,
  hash: findingHash(finding),
  known: 'same',
  state: 'open',
  openedBy: USER,
  answerBy: at(86_000),
  awaited: [PROVIDER],
  earlier: 0,
  acts: [
    {
      ...place,
      act: 'open',
      actor: USER,
      hash: findingHash(finding),
      day: DAY,
      text: '=1+1 <script>alert(1)</script> \u202e|\u001b[31m `x` **y**',
      answerWithin: 86_400,
    },
    { ...place, act: 'answer', actor: DEVELOPER, answer: 'explain', text: '', reference: 'javascript:alert(1)' },
  ],
};
/** Another actor's dispute about the same finding, of which a report tells only what was done last. */
const accused: DisputeStanding = {
  ...dispute,
  openedBy: PROVIDER,
  awaited: [DEVELOPER],
  earlier: 3,
  acts: [{ ...place, act: 'answer', actor: DEVELOPER, answer: 'contest', text: 'no' }],
};
const strange: DisputeStanding = {
  ...dispute,
  finding: '0'.repeat(64),
  day: '2026-11-21',
  known: 'unknown',
  state: 'overdue',
};
const anchors: readonly ReportedAnchor[] = [
  { day: '2026-11-21', actor: USER, hash: 'b'.repeat(64), same: true },
  {
    day: '2026-11-21',
    actor: PROVIDER,
    hash: 'c'.repeat(64),
    same: false,
    difference: { part: 'findings', class: 'missing', object: '<b>web</b>\u0007' },
  },
  { day: '2026-11-30', actor: PROVIDER, hash: 'd'.repeat(64), same: false, difference: { part: 'seal' } },
];
const judgement = (): DayJudgement => ({ ...threeFindings(), disputes: [dispute, accused, strange], anchors });

describe('disputes and anchors in a report', () => {
  it('are part of what is hashed, in one order', () => {
    const report = checkReport(JSON.parse(JSON.stringify(dailyReport(judgement()))));
    const turned = { ...judgement(), disputes: [accused, strange, dispute], anchors: [...anchors].reverse() };
    expect(dailyReport(turned).hash).toBe(report.hash);
    expect(dailyReport(threeFindings()).hash).not.toBe(report.hash);
  });

  it('are checked: a report knows whether its own findings are the ones disputed', () => {
    const body: DailyReport = { ...dailyReport(judgement()), disputes: [{ ...dispute, known: 'other' }] };
    const lying = { ...body, hash: reportHash(body) };
    expect(() => checkReport(lying)).toThrow(expect.objectContaining({ code: 'DISPUTE' }));
  });

  const [opening] = dispute.acts;
  const thousand = Array.from({ length: 1000 }, () => opening ?? []).flat();
  it.each([
    ['a dispute told twice', [dispute, { ...dispute, state: 'closed' }], undefined],
    ['one that nobody opened', [{ ...accused, earlier: 0 }], undefined],
    ['one that another opened', [{ ...dispute, openedBy: PROVIDER }], undefined],
    ['acts left out without need', [{ ...dispute, omitted: 1 }], undefined],
    ['disputes left out without need', [dispute], 1],
    ['more acts than a report tells', [{ ...dispute, acts: thousand }, accused], undefined],
  ] satisfies [string, DisputeStanding[], number | undefined][])('are refused with %s', (_, disputes, omitted) => {
    const lying = dailyReport({ ...judgement(), disputes, ...(omitted !== undefined && { omittedDisputes: omitted }) });
    expect(() => checkReport(lying)).toThrow(expect.objectContaining({ code: 'DISPUTE' }));
  });

  it('say how much is not told', () => {
    const cut: DisputeStanding = { ...dispute, acts: thousand, omitted: 7 };
    const judged = { ...judgement(), disputes: [cut], omittedDisputes: 1200 };
    const report = checkReport(JSON.parse(JSON.stringify(dailyReport(judged))));
    for (const format of ['html', 'md', 'csv'] as const) {
      const text = rendered(format, report);
      expect(text).toMatch(/7 since the day before was sealed are not told/);
      expect(text).toMatch(/In 1,200 more disputes something was done too/);
      expect(rendered(format, dailyReport(judgement()))).toContain('3 earlier acts are on the ledger');
    }
  });

  it.each(['html', 'md', 'csv', 'json'] as const)('show hostile words harmlessly as %s', (format) => {
    const text = rendered(format, dailyReport(judgement()), { block: '77', disputes: [dispute] });
    expect(text).toContain(dispute.finding.slice(0, 12));
    expect(text.replaceAll('\r\n', '\n')).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    if (format !== 'json') expect(text).not.toMatch(/^=|[,\n]=/m);
    if (format === 'html') expect(text).not.toMatch(/<script|<b>|href="javascript/);
    if (format === 'md') expect(text).toContain('`=1+1 <script>alert(1)</script>');
  });

  it('show with a finding how its dispute stands now only where people read, as of a block', () => {
    const report = dailyReport(threeFindings());
    const now = { block: '77', disputes: [dispute, accused] };
    for (const actor of [USER, PROVIDER]) {
      const as = `**Open dispute**, as of block 77: **${actor}** disputes the finding`;
      expect(rendered('md', report, now)).toContain(as);
    }
    expect(rendered('html', report, now).split('As of block 77.')).toHaveLength(3);
    for (const format of ['json', 'csv'] as const) {
      expect(rendered(format, report, now)).toBe(rendered(format, report));
    }
  });
});
