import {
  type CanonicalEvent,
  dayOf,
  dayStart,
  isRecorded,
  type Nanos,
  type NumberedPolicy,
  padNanos,
  type SaidTime,
  unpadNanos,
  witnessesOf,
} from '#chaincode';
import type { PolicyBook } from '../ledger/policy-book.js';
import type { Source, Sources } from '../ledger/sources.js';
import type { EventFields } from './canonical-scan.js';
import type { Db } from './database.js';
import type { LifeLog } from './life-log.js';
import { jsonText, type KnownEvent, medianOf, OpenEvent, type ReadEvent, rowOf, weightOf } from './open-event.js';
import { type OpenRow, OpenTable } from './open-table.js';
import { ownText } from './own-text.js';
import type { Tallies } from './tallies.js';
import { keyOf, TextIndex } from './text-index.js';
import { bytesOf, type ShelvedText, TextShelf } from './text-shelf.js';

/** How much the window holds. What is said of the events does not depend on it. */
export interface WindowLimits {
  /** So many bytes of open events are held in memory, about. */
  readonly mostHeld?: number | undefined;
  /** So many retired events are written together, and denied ones put away with them. */
  readonly retiredAtOnce?: number | undefined;
}

/**
 * So many retired events are written together: fewer than collectors' batches have, so that those of one are not held in memory
 * up to the end of the next, where collecting garbage would copy them.
 */
const RETIRED_AT_ONCE = 500;

/**
 * So many bytes of open events are held in memory, about: some hundred thousand of a few hundred bytes. One that is put away costs a
 * look-up when somebody attests it after all; of what one actor makes up nobody does.
 */
const MOST_HELD = 256 * 1024 * 1024;

/** An event that the table does not have yet. */
interface Fresh {
  readonly event: OpenEvent;
  readonly hash: string;
  readonly of: Pick<EventFields, 'type' | 'action' | 'object'>;
  readonly canonical: ShelvedText;
}

/** Whose batch attests, and where it stands. */
export interface Attesting {
  readonly actor: string;
  readonly runId: number;
  readonly seq: number;
}

/**
 * Who attested which event. Only events that somebody has yet to attest are kept in memory; what all have attested is
 * retired to the table, so the window's size follows the disorder between the logs, not their length.
 */
export class EventWindow {
  /** By their bytes as JSON has them within quotation marks, see `jsonText`. */
  readonly #known = new TextIndex<OpenEvent>();
  /** Of these, those that the table of open events has too; what has been looked at least lately first, after a start what is earliest. */
  readonly #kept = new Set<OpenEvent>();
  /** Those that are not open, but not written as they are either. */
  #unwritten: OpenEvent[] = [];
  /** Opened since the last commit: to go through all that is open would cost more with every difference. */
  #opening: OpenEvent[] = [];
  /** So many of these, the first ones, have a text of their own. */
  #detached = 0;
  /** So many, the first ones, were open when last looked through. */
  #lasting = 0;
  #fresh: Fresh[] = [];
  readonly #shelf = new TextShelf();
  #retired = 0;
  #mark = 0;
  readonly #changed = new Set<OpenEvent>();
  #lastId: number;
  /** The greatest time in a key, 19 digits: nearly all that is new is later. */
  #latest: string;
  readonly #table: OpenTable;
  /** Bytes that open events take, about. */
  #held = 0;
  /** Whether the table may have open ones that are not held. */
  #isAnyAway = false;
  /** Actors' names, each once: a database gives another copy with each row. */
  readonly #names = new Map<string, string>();
  readonly #expectations = new Map<NumberedPolicy, Map<string, readonly string[]>>();
  readonly #mostHeld: number;
  readonly #retiredAtOnce: number;
  readonly #sql;

  constructor(
    db: Db,
    private readonly policies: PolicyBook,
    private readonly tallies: Tallies,
    private readonly sources: Sources,
    private readonly lives: LifeLog,
    limits: WindowLimits = {},
  ) {
    this.#mostHeld = limits.mostHeld ?? MOST_HELD;
    this.#retiredAtOnce = limits.retiredAtOnce ?? RETIRED_AT_ONCE;
    this.#table = new OpenTable(db);
    this.#sql = {
      find: db.prepare('SELECT id, time, time AS at, first_seq AS firstSeq FROM events WHERE time = ? AND hash = ?'),
      findTimeless: db.prepare(
        "SELECT id, time, time AS at, first_seq AS firstSeq FROM events WHERE action = 'remove' AND hash = ?",
      ),
      said: db.prepare(
        'SELECT r.actor, a.run, a.number, a.seq, a.t FROM attestations a JOIN runs r ON r.id = a.run WHERE a.event = ? ORDER BY a.seq',
      ),
      move: [
        db.prepare('UPDATE events SET time = @to WHERE id = @id'),
        db.prepare('UPDATE open_events SET time = @to WHERE time = @from AND event = @id'),
        db.prepare('UPDATE late_attestations SET time = @to WHERE time = @from AND event = @id'),
      ],
      insertEvent: db.prepare(
        'INSERT INTO events (id, time, hash, source, type, action, object, canonical, first_seq, attested) VALUES (?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?)',
      ),
      updateEvent: db.prepare('UPDATE events SET attested = ? WHERE id = ?'),
      completeFrom: db.prepare(
        `SELECT e.id, e.time, e.time AS at, e.source, e.canonical, e.first_seq AS firstSeq FROM events e
         WHERE e.time >= ? AND NOT EXISTS (SELECT 1 FROM open_events o WHERE o.time = e.time AND o.event = e.id) ORDER BY e.id`,
      ),
    };
    this.#lastId = db.prepare('SELECT coalesce(max(id), 0) FROM events').pluck().get() as number;
    this.#latest = db.prepare("SELECT coalesce(max(time), '') FROM events").pluck().get() as string;
    this.#restore();
  }

  /** The open event with these canonical bytes, in the form of `jsonText`, if there is one. */
  open(text: string, key = keyOf(text)): OpenEvent | undefined {
    const known = this.#known.get(text, key);
    return known?.isOpen ? known : undefined;
  }

  /** A number to mark a batch's events with: cheaper than a set of them, to tell that none is there twice. */
  mark(): number {
    this.#mark += 1;
    return this.#mark;
  }

  /** Whether an event of a time of its own, 19 digits, is later than all that was ever attested: so nobody knows it. */
  isAhead(time: string): boolean {
    return time > this.#latest;
  }

  /**
   * Whether the policy of the event's time has such events recorded; true while there is no policy. No later policy
   * reaches back before the first; but what that time is, one attestation of a timeless event does not decide.
   */
  isJudged({ event, time, t }: ReadEvent): boolean {
    const policy = this.policies.at(padNanos(t ?? time))?.policy;
    if (policy === undefined) return t !== undefined || this.policies.inForce.length === 0;
    return isRecorded(policy, event);
  }

  /** Whether an event is open, though the window holds it no more: what is open is attested whatever has come into force since. */
  isAway(entry: ReadEvent): boolean {
    if (!this.#isAnyAway) return false;
    const known = this.#find(entry, padNanos(entry.time));
    return known !== undefined && this.#table.has(known);
  }

  /** The event of an entry, made known if it is new; an event that was retired comes back to be looked at. */
  enter(entry: ReadEvent, source: Source, seq: number, text = jsonText(entry.canonical), key = keyOf(text)): OpenEvent {
    const time = padNanos(entry.time);
    const isAhead = time > this.#latest;
    if (!isAhead || entry.t !== undefined) {
      const unwritten = this.#known.get(text, key);
      if (unwritten !== undefined) return unwritten;
      const known = this.#find(entry, time);
      if (known !== undefined) {
        const event = this.#opened(known, entry, text, key, source);
        this.#recall(event);
        event.written = true;
        event.stored = this.#table.has(event);
        event.isOpen = event.stored;
        this.#known.set(event);
        if (event.isOpen) this.#opening.push(event);
        else this.#unwritten.push(event);
        return event;
      }
    }
    const at = entry.t === undefined ? time : padNanos(entry.t);
    this.#lastId += 1;
    const event = this.#opened({ id: this.#lastId, time, at, firstSeq: seq }, entry, text, key, source);
    if (isAhead) this.#latest = time;
    const { type, action, object } = entry.event;
    this.#fresh.push({
      event,
      hash: entry.hash,
      of: { type, action, object },
      canonical: this.#shelf.put(entry.canonical),
    });
    this.lives.entered(this.tallies.dayOf(time), source, entry.event, event.id, entry.canonical);
    event.isOpen = true;
    this.#known.set(event);
    this.#opening.push(event);
    return event;
  }

  #opened(row: KnownEvent, { t, event }: ReadEvent, text: string, key: number, source: Source): OpenEvent {
    const opened = new OpenEvent(row, { source, text, key, timeless: t !== undefined, local: event.scope === 'local' });
    opened.expected = this.#expectedAt(source.name, row.at);
    return opened;
  }

  /** Has an event know what the table says of its attestations. */
  #recall(event: OpenEvent): void {
    const rows = this.#sql.said.all(event.id) as (SaidTime & { run: number; number: number; seq: number })[];
    for (const { actor, run, number, seq, t } of rows) {
      const name = this.#names.get(actor) ?? actor;
      this.#names.set(name, name);
      event.add(name, run, number, seq, t ?? undefined);
    }
  }

  /** Takes note that one event came after another in a batch. */
  follows(event: OpenEvent, before: OpenEvent): void {
    if (before.isOpen) before.next ??= event;
  }

  /**
   * Adds an attestation; an event is retired with the last one that was expected.
   * @param number of the entry in its run
   * @param t the collector's time, for a timeless event
   * @returns whether it is the actor's first of that event
   */
  attest(event: OpenEvent, { actor, runId, seq }: Attesting, number: number, t: Nanos | undefined): boolean {
    let isFirst = false;
    if (!event.isSaidIn(runId)) {
      isFirst = event.add(actor, runId, number, seq, t);
      if (event.written) this.#changed.add(event);
    }
    if (t !== undefined) this.#settle(event, isFirst ? actor : undefined);
    if (!isFirst) return false;
    if (event.stored && event.attesters === 2) this.#table.shared(event);
    this.tallies.add(event.time, actor, event.firstSeq);
    event.expected ??= this.#expectedAt(event.source.name, event.at);
    // An attester that nobody expects keeps the event in view.
    if (event.expected !== undefined && event.isAttestedByJust(event.expected)) this.#retire(event);
    else if (t !== undefined && !event.isOpen) this.#reopen(event);
    return true;
  }

  /**
   * A policy has come into force that governs from this time on, 19 digits. What was attested ahead of it has other
   * witnesses now: it is complete, or open again.
   */
  governed(from: string): void {
    this.flush();
    for (const event of this.#kept) this.#expectAnew(event, from);
    for (const rows of this.#table.pages()) {
      for (const row of rows) {
        const event = this.#restored(row, true);
        if (this.#known.get(event.text, event.key) === undefined) this.#expectAnew(event, from);
      }
    }
    // A timeless event has its key at the start of its day.
    const day = padNanos(dayStart(dayOf(unpadNanos(from))));
    const rows = this.#sql.completeFrom.all(day) as OpenRow[];
    for (const row of rows) {
      const event = this.#restored(row, false);
      if (event.at >= from) this.#reopen(event);
    }
    // What was put away and is complete now is nowhere to be found before.
    this.flush();
  }

  #expectAnew(event: OpenEvent, from: string): void {
    if (event.at < from) return;
    event.expected = this.#expectedAt(event.source.name, event.at);
    if (event.expected !== undefined && event.isAttestedByJust(event.expected)) this.#retire(event);
  }

  /** Writes events and what is open to their tables; call before judging and before a commit. */
  flush(): void {
    this.#write(() => true);
    this.#fresh.length = 0;
    this.#shelf.clear();
    this.lives.flushed();
    this.#table.flush();
    this.#putAway();
    for (const [index, event] of this.#opening.entries()) {
      if (!event.isOpen) continue;
      this.#store(event);
      if (this.#isDenied(event)) {
        this.#forget(event);
        continue;
      }
      if (index >= this.#detached) this.#detach(event);
      this.#kept.add(event);
      this.#weigh(event);
    }
    this.#opening.length = 0;
    this.#detached = 0;
    this.#lasting = 0;
  }

  #weigh(event: OpenEvent): void {
    this.#held -= event.weight;
    event.weight = weightOf(event);
    this.#held += event.weight;
  }

  /** Holds no more than half of what may be held, once that is passed. */
  #putAway(): void {
    if (this.#held <= this.#mostHeld) return;
    for (const event of this.#kept) {
      if (this.#held <= this.#mostHeld / 2) return;
      this.#kept.delete(event);
      this.#held -= event.weight;
      event.weight = 0;
      this.#forget(event);
    }
  }

  /** Leaves an open event to the table. */
  #forget(event: OpenEvent): void {
    this.#known.delete(event);
    event.isAway = true;
    this.#isAnyAway = true;
    event.next = undefined;
    event.text = '';
  }

  #store(event: OpenEvent): void {
    if (!event.stored) this.#table.insert(event);
    event.stored = true;
  }

  /**
   * Whether all who lack an event have watched past it: they deny it, or were blind, and hardly anybody says otherwise later. To hold
   * what one actor makes up would cost more than anything else about it.
   */
  #isDenied(event: OpenEvent): boolean {
    const { expected, at, source, timeless } = event;
    if (expected === undefined || timeless) return false;
    for (const actor of expected) {
      if (!event.isAttestedBy(actor) && (source.witnesses.get(actor)?.coverage.end ?? '') <= at) return false;
    }
    return true;
  }

  /** Gives what stays open a text of its own: one that was cut from a batch holds all of the batch in memory. */
  #detach(event: OpenEvent): void {
    this.#known.delete(event);
    event.text = ownText(event.text);
    this.#known.set(event);
  }

  /** Writes what is retired or denied, once that is much: what nobody looks for need not stay in memory up to the next commit. */
  trim(): void {
    if (this.#retired < this.#retiredAtOnce) return;
    this.#lookThrough();
    const isHeld = ({ isOpen, isAway }: OpenEvent) => isOpen && !isAway;
    this.#write((event) => !isHeld(event));
    this.#fresh = this.#fresh.filter(({ event }) => isHeld(event));
  }

  /**
   * Puts away what is denied. What was open the last time too may well stay so: one event in a batch would hold all of its
   * text.
   */
  #lookThrough(): void {
    let detached = 0;
    const open: OpenEvent[] = [];
    for (const [index, event] of this.#opening.entries()) {
      if (!event.isOpen) continue;
      if (this.#isDenied(event)) {
        this.#store(event);
        this.#forget(event);
        continue;
      }
      open.push(event);
      if (index >= this.#lasting) continue;
      if (index >= this.#detached) this.#detach(event);
      detached = open.length;
    }
    this.#opening = open;
    this.#detached = detached;
    this.#lasting = open.length;
  }

  /** Writes events that the table does not have, or has with fewer attestations. */
  #write(which: (event: OpenEvent) => boolean): void {
    const { insertEvent, updateEvent } = this.#sql;
    for (const { event, hash, of, canonical } of this.#fresh) {
      if (!which(event)) continue;
      const { id, time, source, firstSeq } = event;
      const { type, action, object } = of;
      insertEvent.run(id, time, hash, source.id, type, action, object, bytesOf(canonical), firstSeq, rowOf(event));
      event.written = true;
    }
    for (const event of this.#changed) {
      if (!which(event)) continue;
      updateEvent.run(rowOf(event), event.id);
      this.#changed.delete(event);
      if (event.weight > 0) this.#weigh(event);
    }
    for (const event of this.#unwritten) {
      if (event.isOpen) continue;
      this.#known.delete(event);
      // What came before it may stay open for ever, and point here: then a text that was cut from a batch would hold all of that.
      event.text = '';
    }
    this.#unwritten = [];
    this.#retired = 0;
  }

  /**
   * Where a timeless event stands with one attestation more: its median may have moved into another day.
   * @param added who attests it first by that, and was not counted in the day that it was in
   */
  #settle(event: OpenEvent, added: string | undefined): void {
    event.at = medianOf(event) ?? event.at;
    event.expected = this.#expectedAt(event.source.name, event.at);
    const from = event.time;
    const to = padNanos(dayStart(dayOf(unpadNanos(event.at))));
    if (to === from) return;
    for (const statement of this.#sql.move) statement.run({ id: event.id, from, to });
    const actors = event.actors.filter((actor) => actor !== added);
    const counted = event.isOpen ? actors : [...actors, ''];
    for (const actor of counted) this.tallies.move(from, to, actor, event.firstSeq);
    event.time = to;
    this.#table.moved(event);
  }

  #retire(event: OpenEvent): void {
    if (!event.isOpen) return;
    event.isOpen = false;
    // Or what is retired would hold on to all that came after it.
    event.next = undefined;
    if (event.stored) this.#table.closed(event);
    if (event.weight > 0) this.#kept.delete(event);
    this.#held -= event.weight;
    event.weight = 0;
    event.stored = false;
    this.#unwritten.push(event);
    this.#retired += 1;
    this.tallies.add(event.time, '', event.firstSeq);
  }

  /** What was complete may be at a time now at which others are expected. */
  #reopen(event: OpenEvent): void {
    const { expected } = event;
    if (expected !== undefined && expected.length > 0 && expected.every((actor) => event.isAttestedBy(actor))) return;
    this.tallies.remove(event.time, '');
    event.isOpen = true;
    this.#known.set(event);
    this.#opening.push(event);
  }

  #find({ hash, t }: ReadEvent, time: string): KnownEvent | undefined {
    const { find, findTimeless } = this.#sql;
    return (t === undefined ? find.get(time, hash) : findTimeless.get(hash)) as KnownEvent | undefined;
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

  /** What is latest is most likely looked for. */
  #restore(): void {
    const events: OpenEvent[] = [];
    for (const rows of this.#table.pages()) {
      for (const row of rows) {
        const event = this.#restored(row, true);
        events.push(event);
        this.#weigh(event);
      }
      if (this.#held > this.#mostHeld / 2) {
        this.#isAnyAway = true;
        break;
      }
    }
    for (const event of events.reverse()) {
      this.#known.set(event);
      this.#kept.add(event);
    }
  }

  #restored({ source: sourceId, canonical, ...row }: OpenRow, stored: boolean): OpenEvent {
    const source = this.sources.byId(sourceId);
    const { time, scope } = JSON.parse(canonical) as CanonicalEvent;
    const text = jsonText(canonical);
    const of = { source, text, key: keyOf(text), timeless: time === undefined, local: scope === 'local' };
    const event = new OpenEvent(row, of);
    this.#recall(event);
    if (of.timeless) event.at = medianOf(event) ?? row.at;
    event.expected = this.#expectedAt(source.name, event.at);
    event.isOpen = stored;
    event.stored = stored;
    event.written = true;
    return event;
  }
}
