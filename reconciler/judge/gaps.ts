import { unpadNanos } from '#chaincode';
import type { Finding } from '../judgement.js';
import { type Interval, merge, subtract } from '../ledger/coverage.js';
import type { Source, Witness } from '../ledger/sources.js';
import { findingId, severityOf } from './findings.js';
import type { Standing } from './standing.js';

/**
 * The holes in a witness's watches of a source that begin within a day: between two stretches that it covers, and what
 * it declared itself and covered with no other watch.
 */
export function holesOf(witness: Witness, day: Interval): Interval[] {
  const { stretches } = witness.coverage;
  const between = stretches
    .slice(1)
    .map((stretch, index) => ({ from: (stretches[index] as Interval).to, to: stretch.from }));
  const declared = witness.declared.flatMap((gap) => subtract(gap, stretches));
  let holes: Interval[] = [];
  for (const hole of [...between, ...declared]) holes = merge(holes, hole);
  return holes.filter(({ from }) => from >= day.from && from < day.to);
}

/** The finding for one hole of one actor. */
export function gapFinding(
  source: Source,
  actor: string,
  witness: Witness,
  hole: Interval,
  standings: readonly Standing[],
): Finding {
  const reasons = witness.declared
    .filter(({ from, to }) => from < hole.to && to > hole.from)
    .sort((a, b) => (a.from < b.from ? -1 : 1))
    .map(({ reason }) => reason);
  const events = standings.filter(
    ({ event, attesters }) =>
      event.source === source && event.time >= hole.from && event.time < hole.to && !attesters.includes(actor),
  ).length;
  return {
    id: findingId(source.name, `gap/${actor}/${hole.from}`),
    class: 'gap',
    severity: severityOf('gap'),
    source: source.name,
    time: unpadNanos(hole.from),
    majority: [],
    dissent: [actor],
    verdict: 'established',
    variants: [],
    absence: [],
    diff: [],
    gap: { to: unpadNanos(hole.to), reason: [...new Set(reasons)].join('; ') || 'not declared', events },
  };
}
