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
export function hostOf({ identity, head, db }: Projection): Host {
  if (identity === undefined || head === undefined) throw nothingRead();
  const actors = db.prepare('SELECT DISTINCT actor FROM runs ORDER BY actor LIMIT 100').pluck().all() as string[];
  return { ledger: identity.genesis, channel: identity.channel, block: head.block, actors };
}

/** What a reconciler's database has to offer to whoever asks, as it is at that moment. */
export function offerOf(dbFile: string): Offer {
  return (scope) =>
    withProjection(dbFile, (projection) => ({ host: hostOf(projection), set: attestedSet(projection, scope) }));
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
