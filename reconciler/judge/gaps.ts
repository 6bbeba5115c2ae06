import { unpadNanos } from '#chaincode';
import type { Finding } from '../judgement.js';
import { firstIndex, type Interval, insert, subtract } from '../ledger/coverage.js';
import type { Source, Witness } from '../ledger/sources.js';
import { established, findingId } from './findings.js';
import type { Standing } from './standing.js';

// A hostile collector could give ever more.
const MAX_REASONS = 10;

/**
 * The holes in a witness's watches of a source that begin within a day: between two stretches that it covers, and what
 * it declared itself and covered with no other watch.
 */
export function holesOf(witness: Witness, day: Interval): Interval[] {
  const { stretches } = witness.coverage;
  const between = stretches
    .slice(1)
    .map((stretch, index) => ({ from: (stretches[index] as Interval).to, to: stretch.from }));
  const declared = witness.hidden.flatMap((gap) => subtract(gap, stretches));
  const holes: Interval[] = [];
  for (const hole of [...between, ...declared]) insert(holes, hole);
  return holes.filter(({ from }) => from >= day.from && from < day.to);
}

/** The times of a source's events that the actor does not attest, sorted. */
export function timesOfOthers(source: Source, actor: string, standings: readonly Standing[]): string[] {
  return standings
    .filter(({ event, attesters }) => event.source === source && !attesters.includes(actor))
    .map(({ event }) => event.time)
    .sort();
}

/**
 * The finding for one hole of one actor.
 * @param others the times of the source's events that it does not attest, sorted
 */
export function gapFinding(
  source: Source,
  actor: string,
  witness: Witness,
  hole: Interval,
  others: readonly string[],
): Finding {
  const before = (end: string) => firstIndex(others, (time) => time >= end);
  return gapOf(source, actor, witness, hole, before(hole.to) - before(hole.from));
}

/**
 * As `gapFinding`.
 * @param events how many of the source's events that the actor does not attest lie in the hole
 */
export function gapOf(source: Source, actor: string, witness: Witness, hole: Interval, events: number): Finding {
  const reasons = [...witness.declared.values()]
    .filter(({ from, to }) => from < hole.to && to > hole.from)
    .sort((a, b) => (a.from < b.from ? -1 : 1))
    .map(({ reason }) => reason);
  const id = findingId(source.name, `gap/${actor}/${hole.from}`);
  return {
    ...established('gap', { id, source: source.name, time: hole.from, actor }),
    gap: {
      to: unpadNanos(hole.to),
      reason: [...new Set(reasons)].slice(0, MAX_REASONS).join('; ') || 'not declared',
      events,
    },
  };
}
