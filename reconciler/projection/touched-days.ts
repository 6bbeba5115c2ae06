import { type Day, dayEnd, dayOf, padNanos, unpadNanos } from '#chaincode';
import type { Interval } from '../ledger/coverage.js';
import type { Db } from './database.js';

/** The sealed days about which something has been said since they were last judged: what may have to be amended. */
export class TouchedDays {
  readonly #days: Set<Day>;
  readonly #sql;
  /** The end of the latest sealed day, 19 digits: nearly all that comes is later. */
  #sealed: string;
  #changed = false;

  constructor(db: Db) {
    this.#sql = {
      sealed: db.prepare('SELECT day FROM days WHERE day >= ? AND day <= ?').pluck(),
      clear: db.prepare('DELETE FROM touched_days'),
      insert: db.prepare('INSERT INTO touched_days (day) VALUES (?)'),
    };
    this.#days = new Set(db.prepare('SELECT day FROM touched_days').pluck().all() as Day[]);
    const last = db.prepare('SELECT max(day) FROM days').pluck().get() as Day | null;
    this.#sealed = last === null ? '' : padNanos(dayEnd(last));
  }

  /** Sorted. */
  get days(): Day[] {
    return [...this.#days].sort();
  }

  /** Takes note that a day is sealed: the days up to it can be touched from here on. */
  sealed(day: Day): void {
    this.#sealed = padNanos(dayEnd(day));
  }

  /** Something was said of an event of that time, 19 digits. */
  at(time: string): void {
    if (time < this.#sealed) this.over({ from: time, to: time });
  }

  /** Something was said of all time from one on, 19 digits. */
  from(time: string): void {
    this.over({ from: time, to: this.#sealed });
  }

  /** Something was said of a stretch of time. */
  over({ from, to }: Interval): void {
    if (from >= this.#sealed) return;
    const last = to < this.#sealed ? to : this.#sealed;
    const days = this.#sql.sealed.all(dayOf(unpadNanos(from)), dayOf(unpadNanos(last))) as Day[];
    for (const day of days) this.add(day);
  }

  add(day: Day): void {
    this.#changed ||= !this.#days.has(day);
    this.#days.add(day);
  }

  /** Takes note that a day was judged anew. */
  judged(day: Day): void {
    this.#changed = this.#days.delete(day) || this.#changed;
  }

  flush(): void {
    if (!this.#changed) return;
    this.#sql.clear.run();
    for (const day of this.days) this.#sql.insert.run(day);
    this.#changed = false;
  }
}
