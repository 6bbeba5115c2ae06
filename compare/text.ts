import { FINDING_CLASSES, type Finding } from '../reconciler/judgement.js';
import { counted, grouped } from '../reports/format.js';
import { nameText, plainText } from '../reports/phrase.js';
import { findingSentence } from '../reports/sentence.js';
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
  for (const { actor, ...counts } of actors) {
    const told = FINDING_CLASSES.filter((name) => counts[name] > 0).map((name) => `${name} ${grouped(counts[name])}`);
    lines.push(`${nameText(actor)}: ${told.length === 0 ? 'nothing against it' : told.join(', ')}`);
  }
  if (findings.length === 0) lines.push('', 'The logs agree.');
  for (const name of FINDING_CLASSES) {
    const own = findings.filter((finding) => finding.class === name);
    if (own.length > 0) lines.push('', `${name} (${grouped(own.length)})`);
    for (const finding of own.slice(0, SHOWN)) lines.push(`  ${sentenceOf(finding)}`);
    if (own.length > SHOWN) lines.push(`  … and ${grouped(own.length - SHOWN)} more; --json has them all.`);
  }
  return `${lines.join('\n')}\n`;
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
  return `${plainText(findingSentence(asOnLedger))}${folded}${where}`;
}
