import type { DayJudgement, Finding, SaidDay } from './judgement.js';

type Amendment = DayJudgement['amends'][number];

/** So many changed findings of one day are told one by one. */
const MAX_CHANGES = 1000;

/**
 * What is said otherwise of a sealed day now: each finding that is withdrawn, changed or new, under its id, then the
 * counts of events as `coverage` and the amounts as `bill`.
 */
export function changesBetween(before: SaidDay, now: SaidDay): Amendment[] {
  const { day } = before;
  const fresh = new Map<string, Finding>();
  for (const finding of now.findings) fresh.set(finding.id, finding);
  const changes: Amendment[] = [];
  for (const finding of before.findings) {
    const { id } = finding;
    const later = fresh.get(id);
    fresh.delete(id);
    if (later === undefined) changes.push({ day, id, change: `withdrawn: ${nameOf(finding)}` });
    else if (contentOf(finding) !== contentOf(later)) changes.push({ day, id, change: changeOf(finding, later) });
  }
  for (const [id, finding] of fresh) changes.push({ day, id, change: `new: ${nameOf(finding)}` });
  changes.sort((a, b) => (a.id < b.id ? -1 : 1));
  const rest = changes.length - MAX_CHANGES;
  return [
    ...changes.slice(0, MAX_CHANGES),
    ...(rest > 0 ? [{ day, id: 'folded', change: `${rest} more findings changed` }] : []),
    ...countsChange(before, now),
    ...billChange(before, now),
  ];
}

function changeOf(before: Finding, now: Finding): string {
  const [from, to] = [nameOf(before), nameOf(now)];
  return from === to ? `${to}: other evidence` : `${from}; now ${to}`;
}

function nameOf({ class: name, verdict, dissent, folded }: Finding): string {
  const who = dissent.length > 0 ? ` of ${dissent.join(', ')}` : '';
  const resolved = verdict === 'unresolved' ? ', unresolved' : '';
  return `${name}${who}${resolved}${folded === undefined ? '' : `, ${folded} folded`}`;
}

/** What a finding says, without where on the ledger that stands. */
function contentOf(finding: Finding): string {
  const { class: name, verdict, time, majority, dissent, variants, diff, gap, folded, numbers } = finding;
  const contents = variants.map(({ eventHash, actors }) => [eventHash, actors]);
  return JSON.stringify([name, verdict, time, majority, dissent, contents, diff, gap, folded, numbers]);
}

function countsChange({ day, coverage: before }: SaidDay, { coverage: now }: SaidDay): Amendment[] {
  const names = ['events', 'agreed', 'disputed', 'pending', 'unobservable'] as const;
  const changed = names.filter((name) => before[name] !== now[name]);
  const change = changed.map((name) => `${name} ${before[name]}; now ${now[name]}`).join(', ');
  return changed.length === 0 ? [] : [{ day, id: 'coverage', change }];
}

function billChange({ day, bill: before }: SaidDay, { bill: now }: SaidDay): Amendment[] {
  const changed = (['agreed', 'disputed'] as const).filter((name) => before[name] !== now[name]);
  const change = changed.map((name) => `${name} ${before[name]}; now ${now[name]}`).join(', ');
  return changed.length === 0 ? [] : [{ day, id: 'bill', change: `${change} ${now.currency}` }];
}
