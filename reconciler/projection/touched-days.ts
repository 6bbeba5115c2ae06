import { type Day, dayEnd, dayOf, dayStart, padNanos, unpadNanos } from '#chaincode';
import { firstIndex, type Interval } from '../ledger/coverage.js';
import type { Db } from './database.js';

/** The sealed days about which something has been said since they were last judged: what may have to be amended. */
export class TouchedDays {
  readonly #days: Set<Day>;
  /** All sealed days, in order: their rows are long, and to find one in the table is to read it. */
  readonly #sealedDays: Day[];
  readonly #sql;
  /** The end of the latest sealed day, 19 digits: nearly all that comes is later. */
  #sealed: string;
  /** A day of which note is taken already, if it is sealed: what comes late comes in great numbers. */
  #known: Interval = { from: '', to: '' };
  #changed = false;

  constructor(db: Db) {
    this.#sql = {
      clear: db.prepare('DELETE FROM touched_days'),
      insert: db.prepare('INSERT INTO touched_days (day) VALUES (?)'),
    };
    this.#days = new Set(db.prepare('SELECT day FROM touched_days').pluck().all() as Day[]);
    this.#sealedDays = db.prepare('SELECT day FROM days ORDER BY day').pluck().all() as Day[];
    const last = this.#sealedDays.at(-1);
    this.#sealed = last === undefined ? '' : padNanos(dayEnd(last));
  }

  /** Sorted. */
  get days(): Day[] {
    return [...this.#days].sort();
  }

  /** Takes note that a day is sealed: the days up to it can be touched from here on. */
  sealed(day: Day): void {
    this.#sealedDays.push(day);
    this.#sealed = padNanos(dayEnd(day));
    this.#known = { from: '', to: '' };
  }

  /** Something was said of an event of that time, 19 digits. */
  at(time: string): void {
    if (time >= this.#sealed || (time >= this.#known.from && time < this.#known.to)) return;
    const day = dayOf(unpadNanos(time));
    const known = { from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) };
    this.over({ from: known.from, to: known.from });
    this.#known = known;
  }

  /** Something was said of all time from one on, 19 digits. */
  from(time: string): void {
    this.over({ from: time, to: this.#sealed });
  }

  /** Something was said of a stretch of time. */
  over({ from, to }: Interval): void {
    if (from >= this.#sealed) return;
    const last = to < this.#sealed ? to : this.#sealed;
    const [first, end] = [dayOf(unpadNanos(from)), dayOf(unpadNanos(last))];
    for (let at = firstIndex(this.#sealedDays, (day) => day >= first); at < this.#sealedDays.length; at++) {
      const day = this.#sealedDays[at] as Day;
      if (day > end) return;
      this.add(day);
    }
  }

  add(day: Day): void {
    this.#changed ||= !this.#days.has(day);
    this.#days.add(day);
  }

  /** Takes note that a day was judged anew. */
  judged(day: Day): void {
    this.#changed = this.#days.delete(day) || this.#changed;
    this.#known = { from: '', to: '' };
  }

  flush(): void {
    if (!this.#changed) return;
    this.#sql.clear.run();
    for (const day of this.days) this.#sql.insert.run(day);
    this.#changed = false;
  }
}
