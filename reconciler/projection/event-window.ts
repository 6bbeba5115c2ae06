import {
  type CanonicalEvent,
  dayOf,
  dayStart,
  isRecorded,
  medianTime,
  type Nanos,
  type NumberedPolicy,
  type ParsedEntry,
  padNanos,
  type SaidTime,
  unpadNanos,
  witnessesOf,
} from '#chaincode';
import type { PolicyBook } from '../ledger/policy-book.js';
import type { Source, Sources } from '../ledger/sources.js';
import type { Db } from './database.js';
import type { Tallies } from './tallies.js';

/** An event that not every expected witness has attested yet. */
export interface OpenEvent {
  readonly id: number;
  /** The time in its key, 19 digits; for a timeless event the start of the day of `at`. */
  time: string;
  /** Its own time; for a timeless event the lower median of what the attesting actors say. 19 digits. */
  at: string;
  readonly source: Source;
  readonly canonical: string;
  readonly timeless: boolean;
  /** Of scope local: stamped by one engine, in the order in which it happened. */
  readonly local: boolean;
  readonly firstSeq: number;
  readonly actors: string[];
  /** Undefined while no policy says who is expected. */
  expected: readonly string[] | undefined;
  stored: boolean;
}

/** What the table knows of an event. */
type KnownEvent = Pick<OpenEvent, 'id' | 'time' | 'at' | 'firstSeq'>;

type EventRow = KnownEvent & { readonly source: number; readonly canonical: string };

const ROW = 'e.id, e.time, e.time AS at, e.source, e.canonical, e.first_seq AS firstSeq';

/** Where an attestation stands, for the projection. */
export interface Attesting {
  readonly actor: string;
  readonly runId: number;
  readonly number: number;
  readonly seq: number;
  readonly t: Nanos | undefined;
}

/**
 * Who attested which event. Only events that somebody has yet to attest are kept in memory; what all have attested is
 * retired to the table, so the window's size follows the disorder between the logs, not their length.
 */
export class EventWindow {
  readonly #open = new Map<string, OpenEvent>();
  readonly #closed: OpenEvent[] = [];
  /** Stored as attested by one actor alone, which is no longer so. */
  readonly #shared: OpenEvent[] = [];
  readonly #expectations = new Map<NumberedPolicy, Map<string, readonly string[]>>();
  readonly #sql;

  constructor(
    private readonly db: Db,
    private readonly policies: PolicyBook,
    private readonly tallies: Tallies,
    private readonly sources: Sources,
  ) {
    this.#sql = {
      find: db.prepare('SELECT id, time, time AS at, first_seq AS firstSeq FROM events WHERE time = ? AND hash = ?'),
      findTimeless: db.prepare(
        "SELECT id, time, time AS at, first_seq AS firstSeq FROM events WHERE action = 'remove' AND hash = ?",
      ),
      said: db.prepare(
        'SELECT r.actor, a.t FROM attestations a JOIN runs r ON r.id = a.run WHERE a.event = ? ORDER BY a.seq',
      ),
      move: [
        db.prepare('UPDATE events SET time = @to WHERE id = @id'),
        db.prepare('UPDATE open_events SET time = @to WHERE time = @from AND event = @id'),
        db.prepare('UPDATE late_attestations SET time = @to WHERE time = @from AND event = @id'),
      ],
      insertEvent: db.prepare(
        'INSERT INTO events (time, hash, source, type, action, object, canonical, first_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ),
      insertAttestation: db.prepare(
        'INSERT OR IGNORE INTO attestations (event, run, number, seq, t) VALUES (?, ?, ?, ?, ?)',
      ),
      actors: db
        .prepare('SELECT DISTINCT r.actor FROM attestations a JOIN runs r ON r.id = a.run WHERE a.event = ?')
        .pluck(),
    };
    this.#restore();
  }

  /** The open event with these canonical bytes, if there is one. */
  open(canonical: string): OpenEvent | undefined {
    return this.#open.get(canonical);
  }

  /**
   * Whether the policy of the event's time has such events recorded; true while there is no policy. No later policy
   * reaches back before the first; but what that time is, one attestation of a timeless event does not decide.
   */
  isJudged({ event, time, t }: ParsedEntry): boolean {
    const policy = this.policies.at(padNanos(t ?? time))?.policy;
    if (policy === undefined) return t !== undefined || this.policies.inForce.length === 0;
    return isRecorded(policy, event);
  }

  /** The event of an entry, made known if it is new; an event that was retired comes back to be looked at. */
  enter(entry: ParsedEntry, source: Source, seq: number): OpenEvent {
    const known = this.#find(entry);
    if (known !== undefined) return this.#opened(known, entry, source, this.#sql.actors.all(known.id) as string[]);
    const time = padNanos(entry.time);
    const { type, action, object } = entry.event;
    const { lastInsertRowid } = this.#sql.insertEvent.run(
      time,
      entry.hash,
      source.id,
      type,
      action,
      object,
      entry.canonical,
      seq,
    );
    const at = padNanos(entry.t ?? entry.time);
    const event = this.#opened({ id: Number(lastInsertRowid), time, at, firstSeq: seq }, entry, source, []);
    this.#open.set(entry.canonical, event);
    return event;
  }

  #opened(row: KnownEvent, { canonical, t, event }: ParsedEntry, source: Source, actors: string[]): OpenEvent {
    return {
      id: row.id,
      time: row.time,
      at: row.at,
      firstSeq: row.firstSeq,
      source,
      canonical,
      timeless: t !== undefined,
      local: event.scope === 'local',
      actors,
      expected: this.#expectedAt(source.name, row.at),
      stored: false,
    };
  }

  /** Adds an attestation; an event is retired with the last one that was expected. */
  attest(event: OpenEvent, { actor, runId, number, seq, t }: Attesting): { readonly first: boolean } {
    this.#sql.insertAttestation.run(event.id, runId, number, seq, t ?? null);
    if (t !== undefined) this.#settle(event);
    if (event.actors.includes(actor)) return { first: false };
    event.actors.push(actor);
    if (event.stored && event.actors.length === 2) this.#shared.push(event);
    this.tallies.add(event.time, actor, event.firstSeq);
    event.expected ??= this.#expectedAt(event.source.name, event.at);
    if (event.expected !== undefined && this.#isComplete(event, event.expected)) this.#retire(event);
    else if (t !== undefined && !this.#open.has(event.canonical)) this.#reopen(event);
    return { first: true };
  }

  /**
   * A policy has come into force that governs from this time on, 19 digits. What was attested ahead of it has other
   * witnesses now: it is complete, or open again.
   */
  governed(from: string): void {
    for (const event of this.#open.values()) {
      if (event.at < from) continue;
      event.expected = this.#expectedAt(event.source.name, event.at);
      if (event.expected !== undefined && this.#isComplete(event, event.expected)) this.#retire(event);
    }
    // A timeless event has its key at the start of its day.
    const day = padNanos(dayStart(dayOf(unpadNanos(from))));
    const rows = this.db.prepare(`SELECT ${ROW} FROM events e WHERE e.time >= ? ORDER BY e.id`).all(day) as EventRow[];
    for (const row of rows) {
      if (this.#open.has(row.canonical)) continue;
      const event = this.#restored(row, false);
      if (event.at >= from) this.#reopen(event);
    }
  }

  /** Writes what is open to the table; call before judging and before a commit. */
  flush(): void {
    const remove = this.db.prepare('DELETE FROM open_events WHERE time = ? AND event = ?');
    for (const event of this.#closed) remove.run(event.time, event.id);
    this.#closed.length = 0;
    const share = this.db.prepare("UPDATE open_events SET sole = '' WHERE time = ? AND event = ?");
    for (const event of this.#shared) share.run(event.time, event.id);
    this.#shared.length = 0;
    const insert = this.db.prepare('INSERT INTO open_events (time, event, sole) VALUES (?, ?, ?)');
    for (const event of this.#open.values()) {
      if (!event.stored) insert.run(event.time, event.id, event.actors.length === 1 ? (event.actors[0] as string) : '');
      event.stored = true;
    }
  }

  #isComplete(event: OpenEvent, expected: readonly string[]): boolean {
    // An attester that nobody expects keeps the event in view.
    return expected.length === event.actors.length && expected.every((actor) => event.actors.includes(actor));
  }

  /** Where a timeless event stands with one attestation more: its median may have moved into another day. */
  #settle(event: OpenEvent): void {
    event.at = this.#medianTime(event.id) ?? event.at;
    event.expected = this.#expectedAt(event.source.name, event.at);
    const from = event.time;
    const to = padNanos(dayStart(dayOf(unpadNanos(event.at))));
    if (to === from) return;
    for (const statement of this.#sql.move) statement.run({ id: event.id, from, to });
    const counted = this.#open.has(event.canonical) ? event.actors : [...event.actors, ''];
    for (const actor of counted) this.tallies.move(from, to, actor, event.firstSeq);
    event.time = to;
    for (const closed of this.#closed) if (closed.id === event.id) closed.time = to;
  }

  #medianTime(event: number): string | undefined {
    const time = medianTime(this.#sql.said.all(event) as SaidTime[]);
    return time === undefined ? undefined : padNanos(time);
  }

  #retire(event: OpenEvent): void {
    if (!this.#open.delete(event.canonical)) return;
    if (event.stored) this.#closed.push(event);
    this.tallies.add(event.time, '', event.firstSeq);
  }

  /** What was complete may be at a time now at which others are expected. */
  #reopen(event: OpenEvent): void {
    const { expected, actors } = event;
    if (expected !== undefined && expected.length > 0 && expected.every((actor) => actors.includes(actor))) return;
    this.tallies.remove(event.time, '');
    this.#open.set(event.canonical, event);
  }

  #find({ hash, time, t }: ParsedEntry): KnownEvent | undefined {
    const { find, findTimeless } = this.#sql;
    const row = t === undefined ? find.get(padNanos(time), hash) : findTimeless.get(hash);
    return row as KnownEvent | undefined;
  }

  #expectedAt(source: string, time: string): readonly string[] | undefined {
    const policy = this.policies.at(time);
    if (policy === undefined) return undefined;
    // A source with an end has two answers; it is not cached.
    if (policy.policy.sources[source]?.until !== undefined)
      return witnessesOf(policy.policy, source, BigInt(time).toString());
    let bySource = this.#expectations.get(policy);
    if (bySource === undefined) {
      bySource = new Map();
      this.#expectations.set(policy, bySource);
    }
    let expected = bySource.get(source);
    if (expected === undefined) {
      expected = witnessesOf(policy.policy, source, BigInt(time).toString());
      bySource.set(source, expected);
    }
    return expected;
  }

  #restore(): void {
    const rows = this.db
      .prepare(`SELECT ${ROW} FROM open_events o JOIN events e ON e.id = o.event ORDER BY e.id`)
      .all() as EventRow[];
    for (const row of rows) this.#open.set(row.canonical, this.#restored(row, true));
  }

  #restored({ source: sourceId, ...row }: EventRow, stored: boolean): OpenEvent {
    const source = this.sources.byId(sourceId);
    const actors = this.#sql.actors.all(row.id) as string[];
    const { time, scope } = JSON.parse(row.canonical) as CanonicalEvent;
    const timeless = time === undefined;
    const at = (timeless ? this.#medianTime(row.id) : undefined) ?? row.at;
    const expected = this.#expectedAt(source.name, at);
    return { ...row, at, source, actors, timeless, local: scope === 'local', expected, stored };
  }
}
