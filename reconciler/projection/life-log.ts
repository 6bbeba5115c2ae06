import { type CanonicalEvent, type Day, dayEnd, dayStart, padNanos } from '#chaincode';
import type { Source } from '../ledger/sources.js';
import { SERVICE_LABEL } from '../running/sums.js';
import { LIFE_ACTIONS, nanosBetween } from '../running/sweep.js';
import type { EventFields } from './canonical-scan.js';
import type { Db } from './database.js';
import { ownText } from './own-text.js';

/**
 * Most that is held of all open days together, about; a day beyond it is read from the table of events. With several times as much,
 * a block costs more the more is known.
 */
const MOST_BYTES = 64 * 1024 * 1024;
/** Besides its texts, which are the actors' own. */
const BYTES_OF_CONTAINER = 250;
/** Actors choose times: so many days are kept at once. */
const MOST_DAYS = 16;

const CODES: ReadonlyMap<string, number> = new Map(LIFE_ACTIONS.map((action, code) => [action, code]));
/** A container of which a day tells. */
export interface LoggedContainer {
  readonly source: Source;
  readonly object: string;
  /** As the first of its events has them, in order of time. */
  name: string;
  image: string;
  service: string | undefined;
  /** Where that event lies in the log, and where the one that came last. */
  first: number;
  last: number;
}

/**
 * The events of one day in which containers begin and end, in the order in which they came: the same as the table of events has,
 * at a twentieth of its size. An event's place is its index.
 */
export class DayLives {
  readonly start: string;
  /** Nanoseconds since the day began. */
  #offsets = new Float64Array(64);
  #ids = new Float64Array(64);
  /** Of the action in `LIFE_ACTIONS`. */
  #codes = new Uint8Array(64);
  /** Place of the container's event that came before; -1 for none. */
  #before = new Int32Array(64);
  #length = 0;
  #containers = 0;
  #texts = 0;
  readonly #bySource = new Map<Source, Map<string, LoggedContainer>>();

  constructor(readonly day: Day) {
    this.start = padNanos(dayStart(day));
  }

  /** About how much of memory it takes. */
  get bytes(): number {
    return this.#offsets.length * 21 + this.#containers * BYTES_OF_CONTAINER + this.#texts;
  }

  find(source: Source, object: string): LoggedContainer | undefined {
    return this.#bySource.get(source)?.get(object);
  }

  *containers(): Generator<LoggedContainer> {
    for (const byObject of this.#bySource.values()) yield* byObject.values();
  }

  offset(place: number): number {
    return this.#offsets[place] as number;
  }

  id(place: number): number {
    return this.#ids[place] as number;
  }

  code(place: number): number {
    return this.#codes[place] as number;
  }

  /** The places of a container's events, in order of time and, of one time, as they came. */
  placesOf({ last }: LoggedContainer): number[] {
    const places: number[] = [];
    for (let place = last; place >= 0; place = this.#before[place] as number) places.push(place);
    places.reverse();
    const isSorted = places.every(
      (place, at) => at === 0 || this.offset(places[at - 1] as number) <= this.offset(place),
    );
    return isSorted ? places : places.sort((a, b) => this.compare(a, b));
  }

  /** Orders places by time and, of one time, as the events came. */
  compare(a: number, b: number): number {
    return this.offset(a) - this.offset(b) || a - b;
  }

  /** @param canonical of the event */
  add(source: Source, { object, time = '' }: EventFields, code: number, id: number, canonical: string): void {
    if (this.#length === this.#offsets.length) this.#grow();
    const place = this.#length;
    this.#length += 1;
    this.#offsets[place] = nanosBetween(this.start, padNanos(time));
    this.#ids[place] = id;
    this.#codes[place] = code;
    const known = this.find(source, object);
    if (known === undefined) {
      this.#before[place] = -1;
      this.#put({ source, object: ownText(object), ...namesIn(canonical), first: place, last: place });
      return;
    }
    this.#before[place] = known.last;
    known.last = place;
    if (this.offset(place) >= this.offset(known.first)) return;
    this.#texts -= textsOf(known);
    Object.assign(known, { first: place, ...namesIn(canonical) });
    this.#texts += textsOf(known);
  }

  #put(container: LoggedContainer): void {
    let byObject = this.#bySource.get(container.source);
    if (byObject === undefined) {
      byObject = new Map();
      this.#bySource.set(container.source, byObject);
    }
    byObject.set(container.object, container);
    this.#containers += 1;
    this.#texts += textsOf(container);
  }

  #grow(): void {
    const length = this.#length * 2;
    const [offsets, ids, codes, before] = [this.#offsets, this.#ids, this.#codes, this.#before];
    this.#offsets = new Float64Array(length);
    this.#ids = new Float64Array(length);
    this.#codes = new Uint8Array(length);
    this.#before = new Int32Array(length);
    this.#offsets.set(offsets);
    this.#ids.set(ids);
    this.#codes.set(codes);
    this.#before.set(before);
  }
}

/**
 * Keeps what containers' lives are judged by while it comes in, day by day, so that no seal reads a day's events again. A day is
 * kept from its first event on or not at all: one that began before the process did is read from the table, as is one
 * that was sealed, or for which there is no room.
 */
export class LifeLog {
  readonly #days = new Map<Day, DayLives>();
  /** Days that are not kept, since the last flush: the table tells afterwards. */
  readonly #others = new Set<Day>();
  readonly #known;
  #current: { readonly day: Day; readonly lives: DayLives | undefined } | undefined;
  #sealedTo: Day;
  #untilWeighed = 0;

  constructor(db: Db) {
    this.#sealedTo = db.prepare("SELECT coalesce(max(day), '') FROM days").pluck().get() as Day;
    this.#known = db.prepare('SELECT 1 FROM events WHERE time >= ? AND time < ? LIMIT 1').pluck();
  }

  /**
   * Takes note of an event that the table of events does not have yet, of that day.
   * @param id its number
   */
  entered(day: Day, source: Source, event: EventFields, id: number, canonical: string): void {
    if (this.#current?.day !== day) this.#current = { day, lives: this.#livesOf(day) };
    const { lives } = this.#current;
    if (lives === undefined || event.type !== 'container' || event.time === undefined) return;
    const code = CODES.get(event.action);
    if (code === undefined) return;
    lives.add(source, event, code, id, canonical);
    if (this.#untilWeighed-- <= 0) this.#weigh();
  }

  /** The lives of a day, all of them; undefined if the table has to tell. */
  of(day: Day): DayLives | undefined {
    return this.#days.get(day);
  }

  /** A day has been sealed: days are in order, so all before it are. What comes of them later is read from the table. */
  sealed(day: Day): void {
    this.#sealedTo = day;
    for (const one of [...this.#days.keys()]) if (one <= day) this.#forget(one);
  }

  #forget(day: Day): void {
    this.#days.delete(day);
    this.#others.add(day);
    this.#current = undefined;
  }

  /** Every event that was entered is in the table now. */
  flushed(): void {
    this.#others.clear();
    if (this.#current?.lives === undefined) this.#current = undefined;
  }

  #livesOf(day: Day): DayLives | undefined {
    const known = this.#days.get(day);
    if (known !== undefined || day <= this.#sealedTo || this.#others.has(day)) return known;
    const isTold = this.#known.get(padNanos(dayStart(day)), padNanos(dayEnd(day))) !== undefined;
    if (isTold || !this.#hasRoom(day)) {
      this.#others.add(day);
      return undefined;
    }
    const lives = new DayLives(day);
    this.#days.set(day, lives);
    return lives;
  }

  /** Days that are due sooner come first: nobody keeps them out by naming times far ahead. */
  #hasRoom(day: Day): boolean {
    if (this.#days.size < MOST_DAYS) return true;
    const latest = [...this.#days.keys()].sort().at(-1) ?? '';
    if (latest < day) return false;
    this.#forget(latest);
    return true;
  }

  #weigh(): void {
    this.#untilWeighed = 1000;
    const days = [...this.#days.values()].sort((a, b) => b.bytes - a.bytes);
    let bytes = days.reduce((sum, lives) => sum + lives.bytes, 0);
    for (const lives of days) {
      if (bytes <= MOST_BYTES) return;
      bytes -= lives.bytes;
      this.#forget(lives.day);
    }
  }
}

function textsOf({ object, name, image, service = '' }: LoggedContainer): number {
  return object.length + name.length + image.length + service.length;
}

type Names = Pick<LoggedContainer, 'name' | 'image' | 'service'>;

/** Name, image and service of a container, as its canonical event has them. */
function namesIn(canonical: string): Names {
  if (!canonical.includes('\\')) {
    // Without escapes every quotation mark begins or ends a text, and only attributes have these names.
    const textAfter = (name: string) => {
      const at = canonical.indexOf(name);
      return at < 0 ? undefined : ownText(canonical.slice(at + name.length, canonical.indexOf('"', at + name.length)));
    };
    return { name: textAfter(NAME) ?? '', image: textAfter(IMAGE) ?? '', service: textAfter(SERVICE) };
  }
  const { attributes } = JSON.parse(canonical) as CanonicalEvent;
  // A set of attributes that was too large is there as its digest alone.
  if (typeof attributes === 'string') return { name: '', image: '', service: undefined };
  const { name = '', image = '' } = attributes;
  return { name, image, service: Object.hasOwn(attributes, SERVICE_LABEL) ? attributes[SERVICE_LABEL] : undefined };
}

const [NAME, IMAGE, SERVICE] = ['"name":"', '"image":"', `"${SERVICE_LABEL}":"`] as const;
