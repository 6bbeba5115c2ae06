import { type CanonicalEvent, eventReference, unpadNanos, witnessesOf } from '#chaincode';
import type { Finding, Variant } from '../judgement.js';
import type { Interval } from '../ledger/coverage.js';
import { majorityOf } from '../ledger/ledger-clock.js';
import { areApart } from '../projection/disorder-store.js';
import type { Projection } from '../projection/projection.js';
import { established, findingId, type Locate } from './findings.js';
import type { Standing } from './standing.js';

interface NumberedEvent {
  readonly id: number;
  readonly time: string;
  readonly hash: string;
  readonly source: number;
  readonly type: string;
  readonly object: string;
  readonly number: number;
  readonly seq: number;
}

interface RunName {
  readonly id: number;
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
}

/**
 * Agreed events of one object, of scope local, more than a second apart, that a run numbers the other way round: one
 * finding for each run and object, about the earliest event of the day with which that is so. Where a majority of the
 * witnesses numbers two events so, they came so: the engine's clock was set back. Goes through the stretches alone in
 * which a run was not in order.
 * @param standingById where events stand that not everybody attests
 */
export function disorders(
  projection: Projection,
  day: Interval,
  standingById: (id: number) => Standing | undefined,
  locate: Locate,
): Finding[] {
  const { db } = projection;
  const rows = db
    .prepare(
      `SELECT min(d."from") AS "from", max(d."to") AS "to", r.id, r.actor, r.collector, r.run FROM disorders d
       JOIN runs r ON r.id = d.run WHERE d."from" < ? AND d."to" >= ? GROUP BY r.id ORDER BY r.id`,
    )
    .all(day.to, day.from) as (Interval & RunName)[];
  const numbered = db.prepare(
    `SELECT e.id, e.time, e.hash, e.source, e.type, e.object, a.number, a.seq
     FROM events e JOIN attestations a ON a.event = e.id AND a.run = ? WHERE e.time >= ? AND e.time <= ?
     ORDER BY e.time, e.hash`,
  );
  const open = db.prepare('SELECT 1 FROM open_events WHERE time = ? AND event = ?');
  const isAgreed = ({ id, time }: NumberedEvent) => {
    if (open.get(time, id) === undefined) return true;
    const standing = standingById(id);
    return standing?.verdict === 'stands' && standing.lacking.length === 0;
  };
  const isCommon = commonOrder(projection);
  return rows.flatMap(({ from, to, ...run }) => {
    const start = from > day.from ? from : day.from;
    const events = numbered.all(run.id, start, to) as NumberedEvent[];
    return [...byObject(events).values()].flatMap((list) => {
      const pair = firstInverted(
        list,
        day.to,
        (event) => eventOf(projection, event).scope === 'local' && isAgreed(event),
        (earlier, later) => !isCommon(earlier, later),
      );
      return pair === undefined ? [] : orderFinding(projection, run, pair, locate);
    });
  });
}

function byObject(events: readonly NumberedEvent[]): Map<string, NumberedEvent[]> {
  const objects = new Map<string, NumberedEvent[]>();
  for (const event of events) {
    const key = JSON.stringify([event.source, event.type, event.object]);
    const list = objects.get(key);
    if (list === undefined) objects.set(key, [event]);
    else list.push(event);
  }
  return objects;
}

/** The first of the events, and the first after it, that have their numbers the other way round. */
function firstInverted(
  list: readonly NumberedEvent[],
  end: string,
  counts: (event: NumberedEvent) => boolean,
  isOdd: (earlier: NumberedEvent, later: NumberedEvent) => boolean,
): readonly [NumberedEvent, NumberedEvent] | undefined {
  // Nearly all objects are in order: that is told without asking who agrees.
  if (list.every(({ number }, at) => at === 0 || number > (list[at - 1] as NumberedEvent).number)) return undefined;
  const agreed = list.filter(counts);
  const leastAfter = leastNumbersAfter(agreed);
  for (const [at, earlier] of agreed.entries()) {
    if (earlier.time >= end) return undefined;
    if ((leastAfter[at] as number) >= earlier.number) continue;
    const later = agreed.find(
      (other, index) =>
        index > at && other.number < earlier.number && areApart(earlier.time, other.time) && isOdd(earlier, other),
    );
    if (later !== undefined) return [earlier, later];
  }
  return undefined;
}

/** Tells whether a majority of the witnesses numbers two events the other way round than their times are. */
function commonOrder({ db, policies, sources }: Projection) {
  const reversed = db
    .prepare(
      `SELECT DISTINCT r.actor FROM attestations a JOIN attestations b ON b.run = a.run JOIN runs r ON r.id = a.run
       WHERE a.event = ? AND b.event = ? AND b.number < a.number`,
    )
    .pluck();
  return (earlier: NumberedEvent, later: NumberedEvent): boolean => {
    const policy = policies.at(earlier.time)?.policy;
    if (policy === undefined) return false;
    const witnesses = witnessesOf(policy, sources.byId(earlier.source).name, unpadNanos(earlier.time));
    const actors = reversed.all(earlier.id, later.id) as string[];
    return witnesses.filter((witness) => actors.includes(witness)).length >= majorityOf(witnesses.length);
  };
}

/** For each of the events the least number of those after it. */
function leastNumbersAfter(events: readonly NumberedEvent[]): number[] {
  const least: number[] = [];
  let soFar = Number.POSITIVE_INFINITY;
  for (let at = events.length - 1; at >= 0; at--) {
    least[at] = soFar;
    soFar = Math.min(soFar, (events[at] as NumberedEvent).number);
  }
  return least;
}

function eventOf({ db }: Projection, { id }: NumberedEvent): CanonicalEvent {
  return JSON.parse(
    db.prepare('SELECT canonical FROM events WHERE id = ?').pluck().get(id) as string,
  ) as CanonicalEvent;
}

function orderFinding(
  projection: Projection,
  run: RunName,
  [earlier, later]: readonly [NumberedEvent, NumberedEvent],
  locate: Locate,
): Finding {
  const source = projection.sources.byId(earlier.source).name;
  const event = eventOf(projection, earlier);
  const about = {
    id: findingId(source, earlier.hash, 'order', run.actor, run.collector, run.run),
    source,
    time: earlier.time,
    actor: run.actor,
  };
  return {
    ...established('order', about),
    type: event.type,
    object: event.object,
    action: event.action,
    variants: [earlier, later].map((one) => variantIn(projection, run, one, locate)),
  };
}

function variantIn(
  projection: Projection,
  { actor, collector, run }: RunName,
  event: NumberedEvent,
  locate: Locate,
): Variant {
  const { hash, time, number, seq } = event;
  return {
    eventHash: hash,
    reference: eventReference(unpadNanos(time), hash),
    actors: [actor],
    event: eventOf(projection, event),
    evidence: [{ actor, collector, run, number: number.toString(), ...locate(seq) }],
  };
}
