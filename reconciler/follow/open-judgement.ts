import { addSeconds, type CanonicalEvent, type Day, dayEnd, dayOf, dayStart, padNanos } from '#chaincode';
import { foldAlike } from '../judge/fold.js';
import type { JudgedEvent } from '../judge/input.js';
import { conductFindings } from '../judge/judge-day.js';
import { eventLoader, loadEvents, locatorOf, vantageOf } from '../judge/load.js';
import { matterOf } from '../judge/pairing.js';
import { prepared } from '../projection/database.js';
import type { OpenEvent } from '../projection/event-window.js';
import type { Projection } from '../projection/projection.js';
import { openDay } from '../seal.js';
import type { Allowance } from './allowance.js';
import type { Changes } from './changes.js';
import { EventParts, type Judging } from './event-parts.js';
import type { FindingBook } from './finding-book.js';
import { GapParts } from './gap-parts.js';
import { LifeParts } from './life-parts.js';
import { type OpenDay, openDays } from './open-days.js';
import { OrderParts } from './order-parts.js';
import { type EventRecord, isLife, type LifeCount, Records } from './records.js';
import { Soles } from './soles.js';

/** After all time, as 19 digits sort. */
const END_OF_TIME = '~';

/** What the open days look like after one sealed day: all that is judged of them, and what it was judged from. */
export class OpenJudgement {
  readonly #projection: Projection;
  readonly #book: FindingBook;
  readonly #allowance: Allowance;
  readonly #records = new Records();
  readonly #soles: Soles;
  readonly #events: EventParts;
  readonly #gaps: GapParts;
  readonly #lives: LifeParts;
  readonly #order: OrderParts;
  readonly #load;
  readonly #locate;
  readonly #isLate;
  /** Nothing before it matters to an open day, 19 digits. */
  readonly #from: string;
  readonly #witnesses = new Map<number, number>();
  /** Times of events of which something was said. */
  readonly #touched = new Set<string>();
  #lastEvent = 0;
  #days: readonly OpenDay[] = [];
  #conductOf: Day | undefined;

  /** Looks at all that there is. The book must be empty. */
  constructor(
    projection: Projection,
    book: FindingBook,
    allowance: Allowance,
    readonly sealed: Day | undefined,
  ) {
    this.#projection = projection;
    this.#book = book;
    this.#allowance = allowance;
    this.#soles = new Soles(projection);
    this.#events = new EventParts(projection, this.#records, this.#soles, book, this.#counted, ({ time }) =>
      this.#touched.add(time),
    );
    this.#gaps = new GapParts(projection, this.#records, book);
    this.#lives = new LifeParts(projection, this.#records, book);
    this.#order = new OrderParts(projection, book);
    this.#load = eventLoader(projection);
    this.#locate = locatorOf(projection);
    this.#isLate = projection.db.prepare('SELECT 1 FROM late_attestations WHERE time = ? AND event = ?').pluck();
    this.#from = sealed === undefined ? '' : contextBefore(dayOf(dayEnd(sealed)), projection);
    this.#begin();
  }

  /** Judges what has changed. */
  go(changes: Changes): void {
    this.#refreshDays();
    for (const { event, late } of changes.events.values()) this.#attested(event, late);
    for (const id of changes.events.keys()) if (id > this.#lastEvent) this.#lastEvent = id;
    for (const source of changes.sources) {
      if (this.#witnesses.get(source.id) === source.witnesses.size) continue;
      this.#witnesses.set(source.id, source.witnesses.size);
      for (const { group } of this.#records.of(source)) this.#events.touch(group);
      this.#gaps.expected(source);
      this.#lives.watched(source);
    }
    for (const { actor, source: name, changed } of changes.claims) {
      const source = this.#projection.sources.find(name);
      if (source === undefined) continue;
      for (const { from, to } of changed) {
        for (const record of this.#records.within(source, from, to)) {
          if (!record.actors.includes(actor)) this.#events.touch(record.group);
        }
      }
      this.#gaps.claimed(source, actor, changed);
      this.#lives.watched(source);
    }
    this.#judge();
  }

  #begin(): void {
    const projection = this.#projection;
    this.#allowance.earn(0, true);
    this.#days = openDays(projection, this.sealed ?? '');
    for (const event of loadEvents(projection, { from: this.#from, to: END_OF_TIME })) this.#known(event);
    for (const source of projection.sources.all) this.#witnesses.set(source.id, source.witnesses.size);
    this.#lastEvent = projection.db.prepare('SELECT coalesce(max(id), 0) FROM events').pluck().get() as number;
    this.#gaps.all();
    this.#events.judge(this.#judging());
    for (const day of this.#days) this.#lives.judgeAll(day, this.#locate);
    this.#judge();
  }

  #judge(): void {
    const judging = this.#judging();
    this.#events.wake(this.#projection.clock.now);
    this.#events.judge(judging);
    this.#lives.judge(this.#locate, this.#allowance);
    this.#gaps.judge(this.#days);
    this.#order.judge(judging, this.#touched);
    this.#touched.clear();
    this.#judgeConduct();
  }

  #judging(): Judging {
    return {
      vantage: vantageOf(this.#projection),
      locate: this.#locate,
      load: this.#load,
      days: this.#days,
      allowance: this.#allowance,
    };
  }

  /** What the actors did on the ledger is told with one of the open days. */
  #judgeConduct(): void {
    const projection = this.#projection;
    const day = openDay(projection);
    if (this.#conductOf !== undefined && this.#conductOf !== day) this.#book.set(this.#conductOf, 'conduct', []);
    this.#conductOf = this.#days.some((one) => one.day === day) ? day : undefined;
    if (this.#conductOf === undefined) return;
    const range = { after: this.#sealedAt(), upTo: projection.seq };
    this.#book.set(this.#conductOf, 'conduct', foldAlike(conductFindings(projection, range, this.#locate)));
  }

  #sealedAt(): number {
    if (this.sealed === undefined) return 0;
    return prepared(this.#projection.db, 'SELECT seq FROM days WHERE day = ?').pluck().get(this.sealed) as number;
  }

  #refreshDays(): void {
    const before = this.#days;
    this.#days = openDays(this.#projection, this.sealed ?? '');
    const now = new Set(this.#days.map(({ day }) => day));
    for (const { day } of before) {
      if (now.has(day)) continue;
      this.#book.clearDay(day);
      this.#lives.end(day);
      this.#order.end(day);
    }
    const known = new Set(before.map(({ day }) => day));
    const added = this.#days.filter(({ day }) => !known.has(day));
    if (added.length === 0) return;
    // Its events are new, or were moved there: what is said of them is what made it a day.
    for (const { day } of added) this.#lives.begin(day);
    this.#gaps.all();
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
      ...(known ?? this.#read(event, JSON.parse(event.canonical) as CanonicalEvent)),
      time: event.time,
      at: event.at,
      actors: event.actors,
      sole: event.isOpen && event.actors.length === 1 ? (event.actors[0] as string) : '',
      nowhere: false,
    };
    if (isNew && isLife(record)) this.#lives.added(this.#dayOf(record), event.source.id, record.object, event.id);
    if (isLooked) {
      this.#look(record);
      // What is told of the container may show who attests it.
      if (isLife(record)) this.#lives.doubted(this.#dayOf(record), event.source.id, record.object);
    } else if (isLife(record)) this.#lives.touched(this.#dayOf(record), event.source.id, record.object);
  }

  /** Whether an event that all have attested for long may be shown in what is told of a container or a run. */
  #mayTell({ time }: OpenEvent): boolean {
    return this.#days.some(({ bounds }) => time >= bounds.from && time < bounds.to);
  }

  #known(event: JudgedEvent): void {
    const { id, keyTime: time, time: at, source, event: canonical, firstSeq, attestations, retired } = event;
    const actors = [...new Set(attestations.map(({ actor }) => actor))];
    const sole = !retired && actors.length === 1 ? (actors[0] as string) : '';
    this.#look({ ...this.#read({ id, source, firstSeq }, canonical), time, at, actors, sole });
  }

  /** A record of an event of which nothing is known yet. */
  #read({ id, source, firstSeq }: Pick<OpenEvent, 'id' | 'source' | 'firstSeq'>, event: CanonicalEvent): EventRecord {
    const { type, action, object } = event;
    return {
      id,
      time: '',
      at: '',
      source,
      kind: { type, action },
      object,
      firstSeq,
      actors: [],
      sole: '',
      group: this.#records.group(matterOf(event)),
      judged: false,
      counts: undefined,
      nowhere: false,
    };
  }

  #look(record: EventRecord): void {
    this.#records.add(record);
    this.#soles.add(record);
    this.#events.touch(record.group);
    this.#gaps.touched(record);
  }

  #withdraw(record: EventRecord): void {
    this.#gaps.touched(record);
    this.#soles.remove(record);
    this.#events.forget(record);
    this.#records.remove(record);
  }

  readonly #counted = (record: EventRecord, before: LifeCount | undefined): void => {
    this.#touched.add(record.time);
    this.#gaps.touched(record);
    if (!isLife(record)) return;
    const [day, { id }, object] = [this.#dayOf(record), record.source, record.object];
    if (before === undefined && record.counts === 'undecided') this.#lives.doubted(day, id, object);
    else this.#lives.touched(day, id, object);
  };

  #dayOf({ time }: EventRecord): Day {
    return this.#projection.tallies.dayOf(time);
  }
}

/** The earliest time that a day depends on by any policy. */
function contextBefore(day: Day, { policies }: Projection): string {
  const window = Math.max(0, ...policies.inForce.map(({ policy }) => policy.window));
  return padNanos(dayStart(dayOf(addSeconds(dayStart(day), -2 * window))));
}
