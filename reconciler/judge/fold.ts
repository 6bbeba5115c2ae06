import type { Finding } from '../judgement.js';
import { findingId } from './findings.js';

/** So many findings of one class about one actor and source are told one by one. */
export const MAX_ALIKE = 100;

/** Findings that were counted and not made: more than are told one by one are there that are like them and earlier. */
export interface CountedFindings extends Pick<Finding, 'class' | 'source' | 'dissent'> {
  readonly findings: number;
}

export interface FoldOptions {
  readonly counted?: readonly CountedFindings[];
  /** So many of one class about one actor and source are told one by one. */
  readonly most?: number;
}

/**
 * Folds what is told of one actor, source and class too often: the rest, the later ones, are one finding that stands for
 * them all. Nobody can make a report as long as he likes.
 */
export function foldAlike(
  findings: readonly Finding[],
  { counted = [], most = MAX_ALIKE }: FoldOptions = {},
): Finding[] {
  const further = new Map(counted.map((one) => [groupOf(one), one.findings]));
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = groupOf(finding);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  const lost = [...further.keys()].find((key) => (groups.get(key)?.length ?? 0) <= most);
  // Nothing that was counted may go untold.
  if (lost !== undefined) throw new Error(`There are too few findings like those that were counted: ${lost}.`);
  return [...groups].flatMap(([key, group]) => {
    if (group.length <= most) return group;
    const sorted = [...group].sort(byTimeAndId);
    return [...sorted.slice(0, most), folded(sorted.slice(most), further.get(key) ?? 0)];
  });
}

function groupOf({ class: name, source, dissent }: Pick<Finding, 'class' | 'source' | 'dissent'>): string {
  return JSON.stringify([name, source, dissent]);
}

function folded(rest: readonly Finding[], further: number): Finding {
  const first = rest[0] as Finding;
  const gaps = rest.flatMap(({ gap }) => gap ?? []);
  const to = gaps.map((gap) => BigInt(gap.to)).reduce((a, b) => (a > b ? a : b), 0n);
  const events = gaps.reduce((sum, gap) => sum + gap.events, 0);
  return {
    ...first,
    id: findingId(first.source, first.id, 'folded'),
    folded: rest.reduce((sum, finding) => sum + (finding.folded ?? 1), further),
    ...(first.gap && { gap: { to: to.toString(), reason: first.gap.reason, events } }),
  };
}

function byTimeAndId(a: Finding, b: Finding): number {
  const apart = BigInt(a.time) - BigInt(b.time);
  if (apart !== 0n) return apart < 0n ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
