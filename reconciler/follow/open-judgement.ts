import { addSeconds, type Day, dayEnd, dayOf, dayStart, padNanos } from '#chaincode';
import { eventLoader, locatorOf, vantageOf } from '../judge/load.js';
import type { OpenEvent } from '../projection/open-event.js';
import type { Projection } from '../projection/projection.js';
import { type Allowance, COST } from './allowance.js';
import type { Changes } from './changes.js';
import { ConductParts } from './conduct-parts.js';
import { EventParts, type Judging } from './event-parts.js';
import type { FindingBook } from './finding-book.js';
import { FloodParts } from './flood-parts.js';
import { GapParts } from './gap-parts.js';
import { LifeParts } from './life-parts.js';
import { type OpenDay, OpenDays } from './open-days.js';
import { latePages, OpenRows, openPages } from './open-rows.js';
import { OrderParts } from './order-parts.js';
import { type EventRecord, isLife, type LifeCount, Records } from './records.js';
import { advance, type Slice } from './slice.js';
import { type Moved, Soles } from './soles.js';
import type { SortedIds } from './sorted-ids.js';

/** What the open days look like: all that is judged of them, and what it was judged from. */
export class OpenJudgement {
  readonly #projection: Projection;
  readonly #book: FindingBook;
  readonly #allowance: Allowance;
  readonly #records = new Records();
  readonly #rows: OpenRows;
  readonly #soles: Soles;
  readonly #events: EventParts;
  readonly #floods: FloodParts;
  readonly #gaps: GapParts;
  readonly #lives: LifeParts;
  readonly #order: OrderParts;
  readonly #conduct: ConductParts;
  readonly #openDays: OpenDays;
  readonly #load;
  readonly #locate;
  readonly #isLate;
  readonly #witnesses = new Map<number, number>();
  /** Times of events of which something was said. */
  readonly #touched = new Set<string>();
  /** Nothing before it matters to an open day, 19 digits. */
  #from: string;
  #sealed: Day | undefined;
  #lastEvent: number;
  #days: ReadonlyMap<Day, OpenDay>;
  /** What is still to be read; nothing of events is judged meanwhile. */
  #reading: Iterator<number> | undefined;
  #expiring: Iterator<number> | undefined;

  /** Looks at all that there is, from the next `go` on. The book must be empty. */
  constructor(projection: Projection, book: FindingBook, allowance: Allowance, sealed: Day | undefined) {
    this.#projection = projection;
    this.#book = book;
    this.#allowance = allowance;
    this.#rows = new OpenRows(projection);
    this.#soles = new Soles(projection);
    this.#events = new EventParts(projection, this.#records, book, {
      counted: this.#counted,
      decided: ({ time }) => this.#touched.add(time),
      judged: (record) => this.#gaps.touched(record),
    });
    this.#floods = new FloodParts(projection, this.#soles, book);
    this.#openDays = new OpenDays(projection);
    this.#gaps = new GapParts(projection, this.#records, this.#openDays, book);
    this.#lives = new LifeParts(projection, this.#records, this.#soles, book);
    this.#order = new OrderParts(projection, book);
    this.#conduct = new ConductParts(projection, book, sealed);
    this.#load = eventLoader(projection);
    this.#locate = locatorOf(projection);
    this.#isLate = projection.db.prepare('SELECT 1 FROM late_attestations WHERE time = ? AND event = ?').pluck();
    this.#from = beginOf(sealed, projection);
    if (sealed !== undefined) this.#floods.dropBefore(dayOf(dayEnd(sealed)));
    this.#days = this.#openDays.after(sealed);
    this.#sealed = sealed;
    for (const source of projection.sources.all) this.#witnesses.set(source.id, source.witnesses.size);
    this.#lastEvent = projection.db.prepare('SELECT coalesce(max(id), 0) FROM events').pluck().get() as number;
    for (const day of this.#days.values()) this.#lives.beginKnown(day, this.#lastEvent);
    this.#reading = this.#read();
  }

  /** How many events are held in memory. */
  get held(): number {
    return this.#records.byId.size;
  }

  /** The last sealed day. */
  get sealed(): Day | undefined {
    return this.#sealed;
  }

  /** Whether there is anything of which nothing is said yet. */
  get isPutOff(): boolean {
    const parts = [this.#events, this.#floods, this.#gaps, this.#lives, this.#order, this.#conduct];
    return this.#reading !== undefined || parts.some(({ isPutOff }) => isPutOff);
  }

  /** Takes note that days up to this one cannot change any more; call before `go`. */
  seal(day: Day): void {
    this.#sealed = day;
    this.#from = beginOf(day, this.#projection);
    const first = dayOf(dayEnd(day));
    this.#conduct.sealed(day);
    this.#floods.dropBefore(first);
    this.#events.dropBefore(first);
    this.#gaps.dropBefore(first);
    this.#soles.dropBefore(dayOf(BigInt(this.#from).toString()));
    this.#expiring = this.#expire();
  }

  /** Judges what has changed. */
  go(changes: Changes, slice: Slice): void {
    this.#refreshDays();
    for (const { event } of changes.events.values()) this.#placeSole(event);
    const moved = this.#soles.settle();
    for (const { event, late } of changes.events.values()) this.#attested(event, late);
    for (const one of moved) this.#flooded(one);
    for (const id of changes.events.keys()) if (id > this.#lastEvent) this.#lastEvent = id;
    for (const source of changes.sources) {
      if (this.#witnesses.get(source.id) === source.witnesses.size) continue;
      this.#witnesses.set(source.id, source.witnesses.size);
      for (const { group } of this.#records.of(source)) this.#events.touchLater(group);
      this.#floods.named();
      this.#gaps.expected(source);
      this.#lives.watched(source);
      this.#conduct.named(source);
    }
    for (const { actor, source: name, changed } of changes.claims) {
      const source = this.#projection.sources.find(name);
      if (source === undefined) continue;
      for (const interval of changed) {
        for (const record of this.#records.within(source, interval.from, interval.to)) {
          if (!record.actors.includes(actor)) this.#events.touchLater(record.group);
        }
        this.#floods.claimed(interval);
      }
      this.#gaps.claimed(source, actor, changed);
      this.#lives.watched(source);
      this.#conduct.watched(source);
    }
    if (this.#reading !== undefined && !advance(this.#reading, slice)) return;
    this.#reading = undefined;
    this.#judge(slice);
    this.#book.sweep(slice);
    if (this.#expiring !== undefined && advance(this.#expiring, slice)) this.#expiring = undefined;
  }

  /** Reads what judging looks at; what is beyond a quota is only counted. */
  *#read(): Generator<number> {
    const { db, tallies } = this.#projection;
    for (const rows of openPages(db, this.#from)) {
      for (const { time, id, sole } of rows) if (sole !== '') this.#soles.add(tallies.dayOf(time), sole, id);
      yield rows.length;
    }
    for (const moved of this.#soles.settle()) this.#flooded(moved);
    for (const pages of [openPages(db, this.#from), latePages(db, this.#from)]) {
      for (const rows of pages) {
        for (const { time, id, sole } of rows) {
          if (this.#records.byId.has(id) || this.#soles.isFlooded(tallies.dayOf(time), id)) continue;
          this.#lookLater(this.#known(id, sole));
        }
        yield rows.length * COST.look;
      }
    }
    this.#gaps.all();
  }

  /** Forgets events that no open day depends on. */
  *#expire(): Generator<number> {
    for (const record of this.#records.before(this.#from)) {
      if (this.#records.byId.get(record.id) !== record) continue;
      this.#gaps.forget(record);
      this.#records.remove(record);
      this.#events.expired(record);
      yield 1;
    }
  }

  #judge(slice: Slice): void {
    const judging: Judging = {
      vantage: vantageOf(this.#projection),
      locate: this.#locate,
      load: this.#load,
      days: this.#days,
      allowance: this.#allowance,
      slice,
    };
    this.#events.wake(this.#projection.clock.now);
    this.#events.judge(judging);
    this.#lives.judge(judging);
    this.#gaps.judge(judging);
    this.#order.judge(judging, this.#touched);
    this.#touched.clear();
    this.#conduct.judge(judging);
    this.#floods.judge(judging);
  }

  #refreshDays(): void {
    const before = this.#days;
    this.#days = this.#openDays.after(this.#sealed);
    if (this.#days === before) return;
    for (const day of before.keys()) {
      if (this.#days.has(day)) continue;
      this.#book.clearDay(day, day <= (this.#sealed ?? ''));
      this.#lives.end(day);
      this.#order.end(day);
    }
    for (const day of this.#days.keys()) {
      if (before.has(day)) continue;
      // Its events are new, or were moved there: what is said of them is what made it a day.
      this.#lives.begin(day);
      this.#gaps.begun(day);
    }
  }

  /** Takes note of who alone attests an event, or that somebody else does too. */
  #placeSole({ id, time, isOpen, actors, timeless }: OpenEvent): void {
    const { tallies } = this.#projection;
    const [first = ''] = actors;
    const known = this.#records.byId.get(id);
    // Whoever attested it first was alone at first.
    if (known !== undefined && known.sole !== '') this.#soles.remove(tallies.dayOf(known.time), known.sole, id);
    else if (known === undefined && id <= this.#lastEvent) {
      if (timeless) this.#soles.removeAnywhere(first, id);
      else this.#soles.remove(tallies.dayOf(time), first, id);
    }
    if (isOpen && actors.length === 1 && time >= this.#from) this.#soles.add(tallies.dayOf(time), first, id);
  }

  /** Drops the records of events that have come to belong to a flood, and looks at those that do not any more. */
  #flooded(moved: Moved): void {
    const { day, actor, before, now, ids } = moved;
    if (now !== undefined && (before === undefined || now < before)) {
      for (const record of this.#among(now, before, ids)) {
        if (!this.#soles.isFlooded(day, record.id)) continue;
        this.#withdraw(record);
        if (isLife(record)) this.#lives.touched(day, record.source.id, record.object);
      }
    } else if (before !== undefined) {
      for (let id = ids.after(before - 1); id !== undefined && id < (now ?? id + 1); id = ids.after(id)) {
        if (!this.#records.byId.has(id)) this.#look(this.#known(id, actor));
      }
    }
    this.#floods.moved(moved);
  }

  /** The records of a stretch of numbers: most of what there is beyond a quota has none. */
  *#among(from: number, to: number | undefined, ids: SortedIds): Generator<EventRecord> {
    const { byId } = this.#records;
    if (ids.countFrom(from) > byId.size) {
      for (const record of byId.values()) if (record.id >= from && ids.has(record.id)) yield record;
      return;
    }
    for (let id = ids.after(from - 1); id !== undefined && id < (to ?? id + 1); id = ids.after(id)) {
      const record = byId.get(id);
      if (record !== undefined) yield record;
    }
  }

  #attested(event: OpenEvent, late: boolean): void {
    this.#touched.add(event.time);
    const isNew = event.id > this.#lastEvent;
    const known = this.#records.byId.get(event.id);
    const isLooked =
      event.isOpen || late || (known !== undefined && this.#isLate.get(event.time, event.id) !== undefined);
    if (known !== undefined) this.#withdraw(known);
    if (event.time < this.#from) return;
    if (!isNew && known === undefined && !isLooked && !this.#mayTell(event)) return;
    const record: EventRecord = {
      ...(known ?? this.#known(event.id, '')),
      time: event.time,
      at: event.at,
      actors: event.actors,
      sole: event.isOpen ? event.sole : '',
      nowhere: false,
      holes: [],
    };
    const day = this.#dayOf(record);
    const isFlooded = this.#soles.isFlooded(day, event.id);
    if (isNew && isLife(record)) this.#lives.added(day, event.source.id, record.object, event.id);
    if (isLooked && !isFlooded) {
      this.#look(record);
      // What is told of the container may show who attests it.
      if (isLife(record)) this.#lives.doubted(day, event.source.id, record.object);
    } else if (isLife(record) && (known !== undefined || !isFlooded))
      this.#lives.touched(day, event.source.id, record.object);
  }

  /** Whether an event that all have attested for long may be shown in what is told of a container or a run. */
  #mayTell({ time }: OpenEvent): boolean {
    return this.#days.has(this.#projection.tallies.dayOf(time));
  }

  /** A record of an event that the table has. */
  #known(id: number, sole: string): EventRecord {
    const { matter, type, action, ...row } = this.#rows.read(id);
    return { ...row, kind: { type, action }, sole, group: this.#records.group(matter), ...NOTHING_SAID, holes: [] };
  }

  #look(record: EventRecord): void {
    this.#records.add(record);
    this.#events.touch(record.group);
    this.#gaps.touched(record);
  }

  #lookLater(record: EventRecord): void {
    this.#records.add(record);
    this.#events.touchLater(record.group);
  }

  #withdraw(record: EventRecord): void {
    this.#gaps.forget(record);
    this.#events.forget(record);
    this.#records.remove(record);
  }

  readonly #counted = (record: EventRecord, before: LifeCount | undefined): void => {
    this.#touched.add(record.time);
    if (!isLife(record)) return;
    const [day, { id }, object] = [this.#dayOf(record), record.source, record.object];
    if (before === undefined && record.counts === 'undecided') this.#lives.doubted(day, id, object);
    else this.#lives.touched(day, id, object);
  };

  #dayOf({ time }: EventRecord): Day {
    return this.#projection.tallies.dayOf(time);
  }
}

const NOTHING_SAID = { judged: false, counts: undefined, nowhere: false } as const;

/** Before that nothing matters to the days after a sealed one, by any policy. */
function beginOf(sealed: Day | undefined, { policies }: Projection): string {
  if (sealed === undefined) return '';
  const window = Math.max(0, ...policies.inForce.map(({ policy }) => policy.window));
  return padNanos(dayStart(dayOf(addSeconds(dayStart(dayOf(dayEnd(sealed))), -2 * window))));
}
