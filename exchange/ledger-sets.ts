import { dayOf, dayStart, type Nanos, padNanos, parseCanonicalEvent } from '#chaincode';
import { nothingRead } from '../reconciler/projection/database.js';
import type { Projection } from '../reconciler/projection/projection.js';
import { withProjection } from '../reconciler/projection/with-projection.js';
import { type Item, type ItemSet, ItemSetBuilder } from './protocol/item-set.js';
import type { Host, Offer, Scope } from './session.js';

const LAST = '9'.repeat(19);

interface AttestedRow {
  readonly time: string;
  readonly hash: string;
  /** What the actor says of a timeless event's time; empty for one that has its own, null if it has not attested it. */
  readonly said: Nanos | null;
}

/**
 * What a reconciler's database is, for the other side of an exchange.
 * @throws ReconcilerError `EMPTY`
 */
export function hostOf(projection: Projection): Host {
  const { identity, head, db } = projection;
  if (identity === undefined || head === undefined) throw nothingRead();
  const actors = db.prepare('SELECT DISTINCT actor FROM runs ORDER BY actor LIMIT 100').pluck().all() as string[];
  return { ledger: identity.genesis, channel: identity.channel, block: head.block, actors };
}

/** Whom the policies name, and of those who have attested something the one that is asked for, and some others. */
export function knownActors(projection: Projection, asked: string): string[] {
  const { db, policies } = projection;
  const attesting = db
    .prepare('SELECT DISTINCT actor FROM runs ORDER BY actor <> ?, actor LIMIT 100')
    .pluck()
    .all(asked) as string[];
  return [...new Set([...attesting, ...policies.inForce.flatMap(({ policy }) => policy.actors)])];
}

/** What a reconciler's database has to offer to whoever asks, as it is at that moment. */
export function offerOf(dbFile: string): Offer {
  return (scope) =>
    withProjection(dbFile, (projection) => ({
      host: { ...hostOf(projection), ...(scope.source !== undefined && sourcesFor(projection, scope, scope.source)) },
      set: attestedSet(projection, scope),
    }));
}

/** So many sources, and so many characters of their names, are told. */
const MOST_SOURCES = 20;
const MOST_NAMES = 4096;

/** The sources of which an actor has said anything, or if of none those of all; the one that is asked for first. */
function sourcesFor({ db }: Projection, { actor }: Scope, asked: string): Required<Pick<Host, 'sources'>> {
  const own = db
    .prepare(
      `SELECT s.name FROM witnesses w JOIN sources s ON s.id = w.source WHERE w.actor = ?
       ORDER BY s.name <> ?, s.id LIMIT ${MOST_SOURCES}`,
    )
    .pluck()
    .all(actor, asked) as string[];
  const all = db.prepare(`SELECT name FROM sources ORDER BY name <> ?, id LIMIT ${MOST_SOURCES}`).pluck();
  const names = own.length > 0 ? own : (all.all(asked) as string[]);
  const sources: string[] = [];
  let characters = 0;
  for (const name of names) {
    characters += name.length;
    // Actors name sources, too.
    if (characters <= MOST_NAMES) sources.push(name);
  }
  return { sources };
}

/** The events within a scope that its actor has attested, whatever others say of them. */
export function attestedSet({ db, sources }: Projection, { actor, source, from = '0', to }: Scope): ItemSet {
  const set = new ItemSetBuilder();
  const named = source === undefined ? undefined : sources.find(source);
  if (source !== undefined && named === undefined) return set.build();
  const [first, end] = [padNanos(from), to === undefined ? LAST : padNanos(to)];
  const rows = db
    .prepare(
      `SELECT e.time, e.hash, (
         SELECT min(coalesce(a.t, '')) FROM attestations a
         WHERE a.event = e.id AND a.run IN (SELECT id FROM runs WHERE actor = @actor)
       ) AS said
       FROM events e WHERE e.time >= @first AND e.time < @end ${named === undefined ? '' : 'AND e.source = @source'}
       ORDER BY e.time, e.hash`,
    )
    .iterate({
      actor,
      // A timeless event stands at the begin of its day.
      first: padNanos(dayStart(dayOf(from))),
      end,
      ...(named === undefined ? {} : { source: named.id }),
    }) as IterableIterator<AttestedRow>;
  for (const { time, hash, said } of rows) {
    if (said === null) continue;
    const at = said === '' ? time : padNanos(said);
    // The projection's own time of a timeless event is what all actors say; this one's own is what its log has.
    if (at >= first && at < end) set.add(said === '' ? time : dayStart(dayOf(said)), hash);
  }
  return set.build();
}

/** What is known of an event, for people. */
export interface KnownEvent {
  readonly source: string;
  readonly type: string;
  readonly action: string;
  readonly object: string;
}

/** What a database knows of an item. */
export function eventOf({ db }: Projection, { time, hash }: Item): KnownEvent | undefined {
  const canonical =
    db.prepare('SELECT canonical FROM events WHERE time = ? AND hash = ?').pluck().get(time, hash) ??
    db.prepare("SELECT canonical FROM events WHERE action = 'remove' AND hash = ?").pluck().get(hash);
  if (typeof canonical !== 'string') return undefined;
  const { source, type, action, object } = parseCanonicalEvent(canonical);
  return { source, type, action, object };
}
