import { dayEnd, dayStart } from '#chaincode';
import type { Finding, Severity } from '../../reconciler/judgement.js';
import { clockTime, counted } from '../format.js';
import type { DailyReport } from '../model.js';
import { nameText } from '../phrase.js';
import { CLASS_WORDS, SEVERITY_ORDER } from '../words.js';
import { html, type Markup } from './markup.js';

// The strip is 1440 units wide, one a minute; marks stand in slots of six minutes, so thousands stay readable.
const MINUTES = 1440;
const SLOT = 6;
const HEIGHT = 34;
// Height tells severity apart as colour does.
const MARK_HEIGHT: Readonly<Record<Severity, number>> = { high: 30, medium: 21, low: 12 };

/** The day as a strip: a lane for each actor that dissents, its findings as marks, its gaps as bands. */
export function timelineHtml(report: DailyReport): Markup {
  const lanes = lanesOf(report);
  return html`<div class="strip">
${lanes.map(({ name, findings }) => laneHtml(report.day, name, findings))}
<div class="lane axis"><span></span><div class="hours" aria-hidden="true"><span>00:00</span><span>06:00</span><span>12:00</span><span>18:00</span><span>24:00 UTC</span></div></div>
<ul class="key">${(['high', 'medium', 'low'] as const).map(
    (severity) =>
      html`<li><svg viewBox="0 0 10 34" aria-hidden="true"><rect class="mark-${severity}" x="1" y="${HEIGHT - MARK_HEIGHT[severity]}" width="8" height="${MARK_HEIGHT[severity]}"/></svg>${severity} severity</li>`,
  )}<li><svg viewBox="0 0 10 34" aria-hidden="true"><rect class="mark-gap" x="0" y="10" width="10" height="14"/></svg>gap: the actor did not watch</li></ul>
</div>`;
}

function lanesOf({ actors, findings }: DailyReport): { name: string; findings: readonly Finding[] }[] {
  const lanes = actors.map(({ actor }) => ({
    name: actor,
    findings: findings.filter(({ dissent }) => dissent.includes(actor)),
  }));
  const nobody = findings.filter(({ dissent }) => dissent.length === 0);
  return nobody.length > 0 ? [...lanes, { name: 'No dissenter', findings: nobody }] : lanes;
}

function laneHtml(day: string, name: string, findings: readonly Finding[]): Markup {
  const label = `${nameText(name)}: ${findings.length === 0 ? 'no findings' : counted(findings.length, 'finding')}`;
  return html`<div class="lane"><span>${nameText(name)}</span><svg viewBox="0 0 ${MINUTES} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">
<rect class="track" x="0" y="${HEIGHT - 4}" width="${MINUTES}" height="4"/>${[0, 360, 720, 1080, 1440].map(
    (minute) =>
      html`<line class="tick" x1="${minute}" x2="${minute}" y1="0" y2="${HEIGHT}" vector-effect="non-scaling-stroke"/>`,
  )}${findings.map((finding) => bandHtml(day, finding))}${[...slotsOf(day, findings)].map(markHtml)}</svg></div>
`;
}

function bandHtml(day: string, { time, gap }: Finding): Markup | undefined {
  if (gap === undefined) return undefined;
  const [from, to] = [minuteOf(day, time), minuteOf(day, gap.to)];
  const title = `gap, ${clockTime(time)} to ${clockTime(gap.to)}`;
  return html`<rect class="mark-gap" x="${from}" y="10" width="${Math.max(to - from, 2)}" height="${HEIGHT - 14}"><title>${title}</title></rect>`;
}

function slotsOf(day: string, findings: readonly Finding[]): Map<number, Finding[]> {
  const slots = new Map<number, Finding[]>();
  for (const finding of findings) {
    const slot = Math.min(Math.floor(minuteOf(day, finding.time) / SLOT), MINUTES / SLOT - 1);
    const found = slots.get(slot);
    if (found === undefined) slots.set(slot, [finding]);
    else found.push(finding);
  }
  return slots;
}

function markHtml([slot, findings]: readonly [number, readonly Finding[]]): Markup {
  const [worst] = [...findings].sort((a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity]);
  if (worst === undefined) return html``;
  const labels = [...new Set(findings.map((finding) => CLASS_WORDS[finding.class].label.toLowerCase()))].join(', ');
  const title = `${clockTime(worst.time)} UTC: ${findings.length === 1 ? labels : `${counted(findings.length, 'finding')}: ${labels}`}`;
  const height = MARK_HEIGHT[worst.severity];
  return html`<rect class="mark-${worst.severity}" x="${slot * SLOT}" y="${HEIGHT - height}" width="${SLOT - 1}" height="${height}"><title>${title}</title></rect>`;
}

// Minutes since the day began, held within the day: a moved event may lie outside.
function minuteOf(day: string, time: string): number {
  const from = BigInt(dayStart(day));
  const held = [BigInt(time), from, BigInt(dayEnd(day))].sort((a, b) => (a < b ? -1 : 1))[1] ?? from;
  return Number((held - from) / 1_000_000n) / 60_000;
}
