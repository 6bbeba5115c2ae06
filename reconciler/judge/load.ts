import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';
import { sharedTexts } from '../shared-texts.js';
import type { Flood } from './beyond-quota.js';
import type { Locate } from './findings.js';
import type { JudgedEvent, Vantage } from './input.js';
import { EVENT_COLUMNS, type EventRow, rowReader } from './stored-event.js';

/** The ledger as the projection has it, up to its latest transaction. */
export function vantageOf(projection: Projection): Vantage {
  return {
    clock: projection.clock.now,
    policyAt: (time) => projection.policies.at(time),
    limit: (since, duration) => projection.clock.limit(since, duration),
    firstPast: (limit) => projection.appearances.firstPast(limit) as number,
  };
}

/** Where transactions stand on the ledger. */
export function locatorOf({ db }: Pick<Projection, 'db'>): Locate {
  const find = db.prepare('SELECT block, tx FROM transactions WHERE seq = ?');
  const known = new Map<number, { readonly block: string; readonly tx: string }>();
  return (seq) => {
    let place = known.get(seq);
    if (place === undefined) {
      const { block, tx } = find.get(seq) as { block: number; tx: string };
      place = { block: block.toString(), tx };
      // A transaction tells of a thousand events; but whoever follows asks for ever.
      if (known.size >= MOST_PLACES) known.clear();
      known.set(seq, place);
    }
    return place;
  };
}

/** So many places of transactions are remembered. */
const MOST_PLACES = 10_000;

/**
 * The events of an interval that somebody may lack, and those that somebody attested late, in order of time.
 * @param floods what to leave out
 */
export function loadEvents(projection: Projection, interval: Interval, floods: readonly Flood[] = []): JudgedEvent[] {
  const { leaveOut, left } = without(floods);
  const { from, to } = interval;
  const { db } = projection;
  const late = lateOnes(projection, interval);
  const read = rowReader(projection, ({ id }) => late.get(id) ?? [], sharedTexts());
  const open = db
    .prepare(
      `SELECT ${EVENT_COLUMNS}, 0 AS retired FROM open_events o JOIN events e ON e.id = o.event
       WHERE o.time >= ? AND o.time < ?${leaveOut}`,
    )
    .iterate(from, to, ...left) as Iterable<EventRow>;
  // Row by row: what was read is much smaller than the rows, and to have the database sort them is to write them twice.
  const events: JudgedEvent[] = [];
  for (const row of open) events.push(read(row));
  if (late.size > 0) {
    const retired = db
      .prepare(
        `SELECT DISTINCT ${EVENT_COLUMNS}, 1 AS retired FROM late_attestations l JOIN events e ON e.id = l.event
         WHERE l.time >= ? AND l.time < ?
         AND NOT EXISTS (SELECT 1 FROM open_events o WHERE o.time = l.time AND o.event = l.event)`,
      )
      .iterate(from, to) as Iterable<EventRow>;
    for (const row of retired) events.push(read(row));
  }
  return events.sort(byKey);
}

/** Who attested which event of an interval late. */
function lateOnes({ db }: Projection, { from, to }: Interval): Map<number, string[]> {
  const rows = db
    .prepare('SELECT event, actor FROM late_attestations WHERE time >= ? AND time < ? ORDER BY time, event, actor')
    .raw()
    .iterate(from, to) as Iterable<readonly [event: number, actor: string]>;
  const late = new Map<number, string[]>();
  for (const [event, actor] of rows) {
    const known = late.get(event);
    if (known === undefined) late.set(event, [actor]);
    else known.push(actor);
  }
  return late;
}

/**
 * As `loadEvents`, but only those that may be contents of one event with one of these: nearly always few of very many.
 */
export function loadRelated(
  projection: Projection,
  interval: Interval,
  floods: readonly Flood[],
  others: readonly JudgedEvent[],
): JudgedEvent[] {
  if (others.length === 0) return [];
  const { leaveOut, left } = without(floods);
  const { from, to } = interval;
  const columns = 'e.id, e.source, e.type, e.action, e.object';
  const rows = projection.db
    .prepare(
      `SELECT ${columns} FROM open_events o JOIN events e ON e.id = o.event
       WHERE o.time >= ? AND o.time < ?${leaveOut}
       UNION ALL
       SELECT ${columns} FROM late_attestations l JOIN events e ON e.id = l.event
       WHERE l.time >= ? AND l.time < ?
       AND NOT EXISTS (SELECT 1 FROM open_events o WHERE o.time = l.time AND o.event = l.event)`,
    )
    .raw()
    .iterate(from, to, ...left, from, to) as Iterable<RelatedRow>;
  const ids = new Set<number>();
  let isRelated: ((row: RelatedRow) => boolean) | undefined;
  for (const row of rows) {
    // Most often there is nothing that might be.
    isRelated ??= relatedTo(others);
    if (isRelated(row)) ids.add(row[0]);
  }
  return [...ids].map(eventLoader(projection, sharedTexts())).sort(byKey);
}

type RelatedRow = readonly [id: number, source: number, type: string, action: string, object: string];

function relatedTo(others: readonly JudgedEvent[]): (row: RelatedRow) => boolean {
  const objects = new Set(others.map(({ object }) => object));
  const related = new Set(others.map(({ source, type, action, object: of }) => kinOf(source.id, type, action, of)));
  return ([, source, type, action, object]) => objects.has(object) && related.has(kinOf(source, type, action, object));
}

function kinOf(source: number, type: string, action: string, object: string): string {
  return `${source}/${type}/${action}/${object}`;
}

/** A condition that leaves floods out, of open events as `o`, and its values. */
function without(floods: readonly Flood[]) {
  const leaveOut = floods.map(() => ' AND NOT (o.sole = ? AND o.event >= ? AND o.time >= ? AND o.time < ?)').join('');
  return { leaveOut, left: floods.flatMap(({ actor, first, from, to }) => [actor, first, from, to]) };
}

function byKey(a: JudgedEvent, b: JudgedEvent): number {
  if (a.keyTime !== b.keyTime) return a.keyTime < b.keyTime ? -1 : 1;
  return a.hash < b.hash ? -1 : 1;
}

/** One event by its number in the projection. */
export function loadEvent(projection: Projection, id: number): JudgedEvent {
  return eventLoader(projection)(id);
}

/**
 * As `loadEvent`, for one after the other.
 * @param shared see `rowReader`
 */
export function eventLoader(projection: Projection, shared?: (text: string) => string): (id: number) => JudgedEvent {
  const find = projection.db.prepare(
    `SELECT ${EVENT_COLUMNS}, NOT EXISTS (SELECT 1 FROM open_events o WHERE o.time = e.time AND o.event = e.id) AS retired
     FROM events e WHERE e.id = ?`,
  );
  const late = projection.db
    .prepare('SELECT actor FROM late_attestations WHERE time = ? AND event = ? ORDER BY actor')
    .pluck();
  const read = rowReader(projection, ({ time, id }) => late.all(time, id) as string[], shared);
  return (id) => read(find.get(id) as EventRow);
}
