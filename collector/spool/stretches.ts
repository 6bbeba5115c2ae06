import type { Nanos, Watch } from '#chaincode';

/** A batch restates at most so many stretches of one source, and of all sources together. */
export const STRETCHES_PER_SOURCE = 50;
export const STRETCHES = 100;
/** … and of those only what ends within two days of the newest. */
const RESTATED = 2n * 86_400n * 1_000_000_000n;

/** An unbroken watch, `from` inclusive, `to` exclusive. */
export interface Stretch {
  readonly source: string;
  readonly from: bigint;
  readonly to: bigint;
}

/** The stretches after `added`, which joins those of its source that it overlaps or touches. */
export function join(stretches: readonly Stretch[], added: Stretch): Stretch[] {
  const apart: Stretch[] = [];
  let { from, to } = added;
  for (const stretch of stretches) {
    if (stretch.source !== added.source || stretch.to < from || stretch.from > to) {
      apart.push(stretch);
    } else {
      if (stretch.from < from) from = stretch.from;
      if (stretch.to > to) to = stretch.to;
    }
  }
  return [...apart, { source: added.source, from, to }];
}

/**
 * What a batch states: the stretches that changed since the last one, and the newest of each source that end within two
 * days of the latest of all, so that the latest batch alone tells where a collector covers.
 */
export function stated(stretches: readonly Stretch[], changed: readonly Stretch[]): Watch[] {
  const newest = [...stretches].sort((a, b) => compare(b.to, a.to));
  const latest = newest[0]?.to ?? 0n;
  const perSource = new Map<string, number>();
  const restated = newest.filter(({ source, to }) => {
    const rank = (perSource.get(source) ?? 0) + 1;
    perSource.set(source, rank);
    return rank <= STRETCHES_PER_SOURCE && latest - to <= RESTATED;
  });
  const chosen = new Set(restated.slice(0, STRETCHES));
  for (const claim of changed) for (const stretch of stretches) if (covers(stretch, claim)) chosen.add(stretch);
  return [...chosen]
    .sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : compare(a.from, b.from)))
    .map(({ source, from, to }) => ({ source, from: text(from), to: text(to) }));
}

function covers(stretch: Stretch, claim: Stretch): boolean {
  return stretch.source === claim.source && stretch.from <= claim.from && stretch.to >= claim.to;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function text(time: bigint): Nanos {
  return time.toString();
}
