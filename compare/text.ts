import { isoOfNanos } from '#chaincode';
import { printable } from '../cli/printable.js';
import { FINDING_CLASSES, type Finding, type FindingClass } from '../reconciler/judgement.js';
import { counted, grouped } from '../reports/format.js';
import { nameText, plainText } from '../reports/phrase.js';
import { findingSentence } from '../reports/sentence.js';
import { LAST_TIME } from './holes.js';
import type { ComparedFinding, CompareReport } from './report-form.js';

/** So many findings of each class are printed; `--json` has all. */
const SHOWN = 20;

/** The report for people. */
export function textOf({ logs, coverage, actors, findings }: CompareReport): string {
  const lines: string[] = [];
  for (const { actor, file, lines: count, unreadable } of logs) {
    const bad = unreadable === '0' ? '' : `, ${counted(Number(unreadable), 'unreadable line')}`;
    lines.push(`${nameText(actor)}: ${nameText(file)}, ${counted(Number(count), 'line')}${bad}`);
  }
  const { events, agreed, disputed, unobservable } = coverage;
  const open = unobservable > 0 ? `, ${grouped(unobservable)} that no majority could observe` : '';
  lines.push('', `${counted(events, 'event')}: ${grouped(agreed)} agreed, ${grouped(disputed)} disputed${open}`);
  for (const { actor } of actors) {
    const against = findings.filter(({ dissent }) => dissent.includes(actor));
    const told = FINDING_CLASSES.map((name) => ({ name, count: matters(against, name) }))
      .filter(({ count }) => count > 0)
      .map(({ name, count }) => `${name} ${grouped(count)}`);
    lines.push(`${nameText(actor)}: ${told.length === 0 ? 'nothing against it' : told.join(', ')}`);
  }
  if (findings.length === 0) lines.push('', 'The logs agree.');
  for (const name of FINDING_CLASSES) {
    const own = findings.filter((finding) => finding.class === name);
    if (own.length > 0) lines.push('', `${name} (${grouped(matters(own, name))})`);
    // One that stands for many is told whatever it comes after.
    const single = own.filter(({ folded }) => folded === undefined);
    const left = new Set(single.slice(SHOWN));
    for (const finding of own) if (!left.has(finding)) lines.push(`  ${sentenceOf(finding)}`);
    if (left.size > 0) lines.push(`  … and ${grouped(left.size)} more, which --json has one by one.`);
  }
  return `${lines.join('\n')}\n`;
}

/** How many events, or stretches of time, findings of a class stand for. */
function matters(findings: readonly ComparedFinding[], name: FindingClass): number {
  return findings.filter((finding) => finding.class === name).reduce((sum, { folded = 1 }) => sum + folded, 0);
}

function sentenceOf(finding: ComparedFinding): string {
  const asOnLedger = {
    ...finding,
    variants: finding.variants.map((variant) => ({ ...variant, evidence: [] })),
    absence: finding.absence.map((absence) => ({ ...absence, block: '', tx: '' })),
  } as Finding;
  const places = finding.variants.flatMap(({ evidence }) =>
    evidence.map(({ actor, line }) => `${nameText(actor)}:${line}`),
  );
  const where = places.length === 0 ? '' : ` [${[...new Set(places)].slice(0, 6).join(' ')}]`;
  const folded = finding.folded === undefined ? '' : ` (stands for ${grouped(finding.folded)})`;
  if (finding.gap !== undefined) return gapText(finding, finding.gap);
  return `${plainText(findingSentence(asOnLedger))}${folded}${where}`;
}

/** A log watches all time, so what it did not watch is told by its ends, and with the reason. */
function gapText(
  { dissent, time, folded }: ComparedFinding,
  { to, reason, events }: NonNullable<Finding['gap']>,
): string {
  const who = dissent.map(nameText).join(' and ');
  const from = BigInt(time) === 0n ? 'the beginning' : isoOfNanos(time);
  const end = BigInt(to) >= LAST_TIME ? 'the end' : isoOfNanos(to);
  const among =
    events === 0
      ? 'no event of the others lies'
      : `${counted(events, 'event')} of the others ${events === 1 ? 'lies' : 'lie'}`;
  const several = folded === undefined ? '' : ` (stands for ${grouped(folded)})`;
  return `${who}: nothing counts from ${from} to ${end}, in which ${among}: ${printable(reason.replace(/\.$/, ''), 1000)}${several}.`;
}
