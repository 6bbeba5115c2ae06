import { type NumberedPolicy, witnessesOf } from '#chaincode';
import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';
import type { ContainerEvent } from '../running/day.js';
import { LIFE_ACTIONS } from '../running/sweep.js';
import { sharedTexts } from '../shared-texts.js';
import type { Standing } from './standing.js';

/** An event in a container's life, with whether it counts for what may follow. */
export interface LifeEventRow extends ContainerEvent {
  readonly id: number;
  /** Number of its source in the projection. */
  readonly sourceId: number;
  /** Ignored: a majority denies it, or it is told in another form. Undecided: nobody can say that it did not happen. */
  readonly stands: 'stands' | 'ignored' | 'undecided';
}

/** An event in which a container begins or ends, as it is kept. */
export type EventRow = readonly [id: number, time: string, source: number, action: string, object: string];

/** The events of a day in which containers begin and end, as the table of events has them, in order of time and number. */
export function storedLives(projection: Projection, bounds: Interval): Iterable<EventRow> {
  const rows = projection.db
    .prepare(
      `SELECT id, time, source, action, object FROM events
       WHERE time >= ? AND time < ? AND type = 'container' AND action IN (${LIFE_ACTIONS.map(() => '?').join()})
       ORDER BY time`,
    )
    .raw()
    .iterate(bounds.from, bounds.to, ...LIFE_ACTIONS) as Iterable<EventRow>;
  return inOrder(rows);
}

/**
 * Events in which containers begin and end with those who attest them.
 * @param rows in order of time and number
 * @param instead events that are told in another form: what dissenting actors attest instead of one that stands
 * @param isFlood whether an event, by its number, is beyond a quota: of those nothing counts
 */
export function* containerEvents(
  projection: Projection,
  rows: Iterable<EventRow>,
  standings: readonly Standing[],
  instead: ReadonlySet<Standing>,
  isFlood: (id: number) => boolean,
): Iterable<LifeEventRow> {
  const open = new Map(standings.map((standing) => [standing.event.id, standing]));
  const expected = expectedWitnesses(projection);
  const shared = sharedTexts();
  for (const [id, time, sourceId, action, name] of rows) {
    const standing = open.get(id);
    if (standing === undefined && isFlood(id)) continue;
    const source = projection.sources.byId(sourceId).name;
    const object = shared(name);
    // What is not open was attested by all who were expected.
    const actors = standing?.attesters ?? expected(source, time);
    const stands = standing === undefined ? 'stands' : countsAs(standing, instead.has(standing));
    yield { id, sourceId, time, action: shared(action), object, source, actors, stands };
  }
}

/** Those of one time in the order of their numbers: to have the database sort a whole day would cost more than to read it. */
function* inOrder(rows: Iterable<EventRow>): Iterable<EventRow> {
  let moment: EventRow[] = [];
  for (const row of rows) {
    if (moment[0] !== undefined && moment[0][1] !== row[1]) {
      yield* moment.sort(([a], [b]) => a - b);
      moment = [];
    }
    moment.push(row);
  }
  yield* moment.sort(([a], [b]) => a - b);
}

function countsAs({ verdict, sourceExists }: Standing, isInstead: boolean): LifeEventRow['stands'] {
  if (isInstead || verdict === 'uncorroborated' || !sourceExists) return 'ignored';
  return verdict === 'stands' ? 'stands' : 'undecided';
}

/** The expected witnesses of a source at a time, remembered: a day has many events of few sources. */
export function expectedWitnesses(projection: Projection): (source: string, time: string) => readonly string[] {
  const known = new Map<NumberedPolicy, Map<string, readonly string[]>>();
  return (source, time) => {
    const policy = projection.policies.at(time);
    if (policy === undefined) return [];
    const bySource = known.get(policy) ?? new Map<string, readonly string[]>();
    known.set(policy, bySource);
    let witnesses = bySource.get(source);
    if (witnesses === undefined) {
      // Whoever was complete was so under the rule of the event's time; a source's end changes nothing about that.
      witnesses = witnessesOf(policy.policy, source, policy.policy.from);
      bySource.set(source, witnesses);
    }
    return witnesses;
  };
}
