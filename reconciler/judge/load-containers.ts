import { unpadNanos, witnessesOf } from '#chaincode';
import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';
import type { ContainerEvent } from '../running/day.js';
import { LIFE_ACTIONS } from '../running/sweep.js';
import type { Standing } from './standing.js';

/** The events of a day in which containers begin and end, in order of time, with those who attest them. */
export function* containerEvents(
  projection: Projection,
  bounds: Interval,
  standings: readonly Standing[],
): Iterable<ContainerEvent> {
  const open = new Map(standings.map(({ event, attesters }) => [event.id, attesters]));
  const rows = projection.db
    .prepare(
      `SELECT id, time, source, action, object, canonical FROM events
       WHERE time >= ? AND time < ? AND type = 'container' AND action IN (${LIFE_ACTIONS.map(() => '?').join()})
       ORDER BY time, id`,
    )
    .iterate(bounds.from, bounds.to, ...LIFE_ACTIONS) as Iterable<{
    id: number;
    time: string;
    source: number;
    action: string;
    object: string;
    canonical: string;
  }>;
  for (const { id, source: sourceId, ...event } of rows) {
    const source = projection.sources.byId(sourceId).name;
    const policy = projection.policies.at(event.time)?.policy;
    // What is not open was attested by all who were expected.
    const actors = open.get(id) ?? (policy === undefined ? [] : witnessesOf(policy, source, unpadNanos(event.time)));
    yield { ...event, source, actors };
  }
}
