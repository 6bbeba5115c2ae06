import { type Day, dayEnd, dayOf, dayStart, padNanos, unpadNanos } from '#chaincode';
import type { Db } from './database.js';

interface Tally {
  count: number;
  readonly firstSeq: number;
  changed: boolean;
}

/** Counts per day: of events that every expected witness attested, and of events that each actor attested. */
export class Tallies {
  readonly #tallies = new Map<Day, Map<string, Tally>>();
  readonly #db: Db;
  #current = { from: '', to: '', day: '' };

  constructor(db: Db) {
    this.#db = db;
    const rows = db.prepare('SELECT day, actor, count, first_seq AS firstSeq FROM tallies').all() as {
      day: Day;
      actor: string;
      count: number;
      firstSeq: number;
    }[];
    for (const { day, actor, count, firstSeq } of rows) this.#of(day).set(actor, { count, firstSeq, changed: false });
  }

  /** The UTC day of a padded time. Events come in runs of one day, so the last answer is tried first. */
  dayOf(time: string): Day {
    if (time < this.#current.from || time >= this.#current.to) {
      const day = dayOf(unpadNanos(time));
      this.#current = { day, from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) };
    }
    return this.#current.day;
  }

  /** One event more that all (`actor` is empty) or that this actor attested. */
  add(time: string, actor: string, seq: number): void {
    const day = this.#of(this.dayOf(time));
    const tally = day.get(actor);
    if (tally === undefined) day.set(actor, { count: 1, firstSeq: seq, changed: true });
    else {
      tally.count += 1;
      tally.changed = true;
    }
  }

  count(day: Day, actor: string): number {
    return this.#tallies.get(day)?.get(actor)?.count ?? 0;
  }

  /** Number of the transaction that first attested an event of that day. */
  firstSeq(day: Day): number | undefined {
    const tallies = this.#tallies.get(day);
    return tallies === undefined ? undefined : Math.min(...[...tallies.values()].map(({ firstSeq }) => firstSeq));
  }

  /** Days with events, sorted. */
  get days(): Day[] {
    return [...this.#tallies.keys()].sort();
  }

  flush(): void {
    const put = this.#db.prepare('INSERT OR REPLACE INTO tallies (day, actor, count, first_seq) VALUES (?, ?, ?, ?)');
    for (const [day, tallies] of this.#tallies) {
      for (const [actor, tally] of tallies) {
        if (tally.changed) put.run(day, actor, tally.count, tally.firstSeq);
        tally.changed = false;
      }
    }
  }

  #of(day: Day): Map<string, Tally> {
    const known = this.#tallies.get(day);
    if (known !== undefined) return known;
    const made = new Map<string, Tally>();
    this.#tallies.set(day, made);
    return made;
  }
}
