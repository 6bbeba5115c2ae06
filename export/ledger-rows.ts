import {
  type CanonicalEvent,
  type Day,
  dayEnd,
  dayOf,
  dayStart,
  isRecorded,
  medianTime,
  type Nanos,
  padNanos,
  type SaidTime,
  unpadNanos,
  witnessesOf,
} from '#chaincode';
import { byText } from '../reconciler/ordering.js';
import type { Projection } from '../reconciler/projection/projection.js';
import { bytesOf } from './columns.js';

/** A stretch of UTC days: from the first on, before the other. Undefined: without that bound. */
export interface DayRange {
  readonly from: Day | undefined;
  readonly to: Day | undefined;
}

/** An attestation, and where it stands on the ledger. */
export interface Attestation {
  readonly run: RunRow;
  readonly number: number;
  readonly transaction: TransactionRow;
  /** The collector's own time, for an event that carries none. */
  readonly said: Nanos | null;
}

/** One unbroken numbering of a collector. */
export interface RunRow {
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
}

/** A batch's transaction. */
export interface TransactionRow {
  readonly block: number;
  readonly tx: string;
  /** The ledger clock after it, 19 digits; null while that is undefined. */
  readonly clock: string | null;
}

/** An event that somebody attested. */
export interface EventRow {
  /** Its own time, nanoseconds; for a timeless event the lower median of what the attesting actors say. */
  readonly time: bigint;
  readonly hash: Uint8Array;
  readonly canonical: string;
  readonly event: CanonicalEvent;
  /** The actors that must witness it by the policy of its time, sorted. */
  readonly expected: readonly string[];
  /** Sorted by actor, collector, run, number. */
  readonly attestations: readonly Attestation[];
}

interface StoredEvent {
  readonly id: number;
  /** The time in its key, 19 digits. */
  readonly time: string;
  readonly hash: string;
  readonly canonical: string;
}

/** An event at its own time, 19 digits. */
interface Placed extends StoredEvent {
  readonly at: string;
  readonly event: CanonicalEvent;
}

/**
 * The events of a projection, those of one time in order of their hashes: one after the other, so that a ledger of any length
 * takes no more memory than a day's timeless events do.
 */
export function* eventRows(projection: Projection, range: DayRange): Generator<EventRow> {
  const attestationsOf = attestationReader(projection);
  const next = projection.db.prepare('SELECT min(time) FROM events WHERE time >= ? AND time < ?').pluck();
  // Behind every time of 19 digits.
  const end = range.to === undefined ? ':' : padNanos(dayStart(range.to));
  let from = range.from === undefined ? '' : padNanos(dayStart(range.from));
  for (let first = next.get(from, end); typeof first === 'string'; first = next.get(from, end)) {
    const day = dayOf(unpadNanos(first));
    for (const { id, hash, canonical, at, event } of placedEvents(projection, day)) {
      const expected = expectedAt(projection, event, at);
      yield { time: BigInt(at), hash: bytesOf(hash), canonical, event, expected, attestations: attestationsOf(id) };
    }
    from = padNanos(dayEnd(day));
  }
}

/** A day's events in order of time: the timeless ones, which have their keys at the start of the day, where they belong. */
function* placedEvents(projection: Projection, day: Day): Generator<Placed> {
  const stored = projection.db.prepare(
    'SELECT id, time, hash, canonical FROM events WHERE time >= ? AND time < ? ORDER BY time, hash',
  );
  const [start, end] = [padNanos(dayStart(day)), padNanos(dayEnd(day))];
  const timeless = timelessEvents(projection, start);
  let next = 0;
  for (const row of stored.iterate(start, end) as IterableIterator<StoredEvent>) {
    const event = JSON.parse(row.canonical) as CanonicalEvent;
    if (event.time === undefined) continue;
    for (let one = timeless[next]; one !== undefined && isBefore(one, row); one = timeless[next]) {
      yield placed(projection, one);
      next += 1;
    }
    yield { ...row, at: row.time, event };
  }
  for (const one of timeless.slice(next)) yield placed(projection, one);
}

/** Where a timeless event belongs. Its content, which may be long, is read when its turn comes. */
interface Place {
  readonly id: number;
  readonly at: string;
  readonly hash: string;
}

function isBefore(one: Place, row: StoredEvent): boolean {
  return one.at < row.time || (one.at === row.time && one.hash < row.hash);
}

function timelessEvents({ db }: Projection, start: string): Place[] {
  const stored = db.prepare(
    "SELECT id, hash FROM events WHERE time = ? AND json_extract(canonical, '$.time') IS NULL ORDER BY hash",
  );
  const said = db.prepare(
    'SELECT r.actor, a.t FROM attestations a JOIN runs r ON r.id = a.run WHERE a.event = ? ORDER BY a.seq',
  );
  const places = (stored.all(start) as { id: number; hash: string }[]).map(({ id, hash }) => {
    const median = medianTime(said.all(id) as SaidTime[]);
    return { id, hash, at: median === undefined ? start : padNanos(median) };
  });
  // Stable: those of one time stay in order of their hashes.
  return places.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function placed({ db }: Projection, { id, at }: Place): Placed {
  const row = db.prepare('SELECT id, time, hash, canonical FROM events WHERE id = ?').get(id) as StoredEvent;
  return { ...row, at, event: JSON.parse(row.canonical) as CanonicalEvent };
}

function expectedAt({ policies }: Projection, event: CanonicalEvent, at: string): readonly string[] {
  const policy = policies.at(at)?.policy;
  return policy !== undefined && isRecorded(policy, event) ? witnessesOf(policy, event.source, unpadNanos(at)) : [];
}

type StoredAttestation = readonly [run: number, number: number, seq: number, said: Nanos | null];

/** Runs and transactions kept in memory: those of events beside each other in time are few. */
const KEPT_ROWS = 4_096;

function attestationReader({ db }: Projection): (event: number) => Attestation[] {
  const stored = db.prepare('SELECT run, number, seq, t FROM attestations WHERE event = ?').raw();
  const runs = cached<RunRow>(db.prepare('SELECT actor, collector, run FROM runs WHERE id = ?'));
  const transactions = cached<TransactionRow>(db.prepare('SELECT block, tx, clock FROM transactions WHERE seq = ?'));
  return (event) =>
    (stored.all(event) as StoredAttestation[])
      .map(([run, number, seq, said]) => ({ run: runs(run), number, transaction: transactions(seq), said }))
      .sort(byPlace);
}

function cached<Row>(statement: { get(key: number): unknown }): (key: number) => Row {
  const known = new Map<number, Row>();
  return (key) => {
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    if (known.size === KEPT_ROWS) known.clear();
    const row = statement.get(key) as Row;
    known.set(key, row);
    return row;
  };
}

function byPlace(a: Attestation, b: Attestation): number {
  return (
    byText(a.run.actor, b.run.actor) ||
    byText(a.run.collector, b.run.collector) ||
    byText(a.run.run, b.run.run) ||
    a.number - b.number
  );
}
