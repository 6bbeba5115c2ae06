import { describe, expect, it } from 'vitest';
import type { DisputesNow } from '../../reconciler/day-judgement.js';
import type { DisputeStanding, ReportedAnchor } from '../../reconciler/exchange-form.js';
import { findingHash } from '../../reconciler/finding-form.js';
import type { DayJudgement } from '../../reconciler/judgement.js';
import { checkReport } from '../../reports/check.js';
import { type DailyReport, dailyReport, reportHash } from '../../reports/model.js';
import { RENDERERS } from '../../reports/render.js';
import { at, DAY, DEVELOPER, PROVIDER, threeFindings, USER } from './fixtures.js';

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
const judgement = (): DayJudgement => ({ ...threeFindings(), disputes: [dispute, strange], anchors });

describe('disputes and anchors in a report', () => {
  it('are part of what is hashed, in one order', () => {
    const report = checkReport(JSON.parse(JSON.stringify(dailyReport(judgement()))));
    const turned = { ...judgement(), disputes: [strange, dispute], anchors: [...anchors].reverse() };
    expect(dailyReport(turned).hash).toBe(report.hash);
    expect(dailyReport(threeFindings()).hash).not.toBe(report.hash);
  });

  it('are checked: a report knows whether its own findings are the ones disputed', () => {
    const body: DailyReport = { ...dailyReport(judgement()), disputes: [{ ...dispute, known: 'other' }] };
    const lying = { ...body, hash: reportHash(body) };
    expect(() => checkReport(lying)).toThrow(expect.objectContaining({ code: 'DISPUTE' }));
  });

  it.each(['html', 'md', 'csv', 'json'] as const)('show hostile words harmlessly as %s', (format) => {
    const text = RENDERERS[format](dailyReport(judgement()), { block: '77', disputes: [dispute] });
    expect(text).toContain(dispute.finding.slice(0, 12));
    expect(text.replaceAll('\r\n', '\n')).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    if (format !== 'json') expect(text).not.toMatch(/^=|[,\n]=/m);
    if (format === 'html') expect(text).not.toMatch(/<script|<b>|href="javascript/);
    if (format === 'md') expect(text).toContain('`=1+1 <script>alert(1)</script>');
  });

  it('show with a finding how its dispute stands now only where people read, as of a block', () => {
    const report = dailyReport(threeFindings());
    const now = { block: '77', disputes: [dispute] };
    expect(RENDERERS.md(report, now)).toContain('**Open dispute**, as of block 77: **UserMSP** disputes the finding');
    expect(RENDERERS.html(report, now)).toContain('As of block 77.');
    for (const format of ['json', 'csv'] as const) {
      const render: (report: DailyReport, now?: DisputesNow) => string = RENDERERS[format];
      expect(render(report, now)).toBe(render(report));
    }
  });
});
