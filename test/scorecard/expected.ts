import { unpadNanos } from '#chaincode';
import type { Finding, FindingClass } from '../../reconciler/judgement.js';

/** What one finding must say. Two of them are of one matter if all but `dissent` and `shownBy` is the same. */
export interface Expected {
  readonly class: FindingClass;
  readonly verdict: Finding['verdict'];
  /** What it is about: an event's hash, or what an actor did, by whom and where. */
  readonly about: string;
  readonly dissent: readonly string[];
  /** From what on the ledger it could be known: contents of events by their hashes, transactions by their IDs. */
  readonly shownBy: readonly string[];
}

/** One for each matter: several may dissent in it. */
export function merged(expected: readonly Expected[]): Expected[] {
  const matters = new Map<string, Expected>();
  for (const one of expected) {
    const key = `${one.class} ${one.verdict} ${one.about}`;
    const known = matters.get(key);
    const dissent = [...new Set([...(known?.dissent ?? []), ...one.dissent])].sort();
    matters.set(key, { ...one, dissent, shownBy: [...(known?.shownBy ?? []), ...one.shownBy] });
  }
  return [...matters.values()];
}

export function keyOf({ class: name, verdict, about, dissent }: Omit<Expected, 'shownBy'>): string {
  return `${name} (${verdict}) of ${about} against ${dissent.join(' and ') || 'nobody'}`;
}

/** The name under which the contents of an event stand side by side. */
export function besides(hashes: readonly string[]): string {
  return [...hashes].sort().join(' beside ');
}

/** A finding in the same words. */
export function keyOfFinding(finding: Finding): string {
  const { class: name, verdict, dissent } = finding;
  return keyOf({ class: name, verdict, about: aboutOf(finding), dissent });
}

function aboutOf(finding: Finding): string {
  const { class: name, source, dissent, variants, batches, numbers, gap, time, folded } = finding;
  const [actor = ''] = dissent;
  const { collector, run, n } = batches?.[0] ?? {};
  const first = variants[0];
  switch (name) {
    case 'gap':
      return `${source}/${actor}/${time}-${gap?.to}`;
    case 'silent':
      return `${source}/${actor}`;
    case 'equivocation':
      return `${actor}/${collector}/${run}/${n}`;
    case 'sequence':
      return `${actor}/${collector}/${run}/${numbers?.from}-${numbers?.to}`;
    case 'order': {
      const evidence = first?.evidence[0];
      const { type, object } = finding;
      return orderedAs([actor, evidence?.collector ?? '', evidence?.run ?? '', source, type ?? '', object ?? ''], time);
    }
    default:
      if (folded !== undefined) return `${folded} events of ${source}`;
      if (verdictOfMany(finding)) return besides(variants.map(({ eventHash }) => eventHash));
      return (
        (variants.find(({ actors }) => actors.some((one) => finding.majority.includes(one))) ?? first)?.eventHash ?? ''
      );
  }
}

function verdictOfMany({ class: name, verdict }: Finding): boolean {
  return name === 'differs' && verdict === 'unresolved';
}

/** A run that numbers events of an object the wrong way round, on the day of the earlier one. */
export function orderedAs(parts: readonly string[], time: string): string {
  const day = BigInt(unpadNanos(time)) / 86_400_000_000_000n;
  return [...parts, day.toString()].join('/');
}
