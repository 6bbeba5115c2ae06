import { type Day, dayEnd, dayOf, dayStart, padNanos, unpadNanos } from '#chaincode';
import type { Db } from './database.js';

interface Tally {
  count: number;
  firstSeq: number;
  changed: boolean;
}

/** Counts per day: of events that every expected witness attested, and of events that each actor attested. */
export class Tallies {
  readonly #tallies = new Map<Day, Map<string, Tally>>();
  readonly #db: Db;
  #current: { from: string; to: string; day: Day; tallies: Map<string, Tally> | undefined } = {
    from: '',
    to: '',
    day: '',
    tallies: undefined,
  };

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
      this.#current = {
        day,
        from: padNanos(dayStart(day)),
        to: padNanos(dayEnd(day)),
        tallies: this.#tallies.get(day),
      };
    }
    return this.#current.day;
  }

  /** One event more that all (`actor` is empty) or that this actor attested. */
  add(time: string, actor: string, seq: number): void {
    const name = this.dayOf(time);
    this.#current.tallies ??= this.#of(name);
    const day = this.#current.tallies;
    const tally = day.get(actor);
    if (tally === undefined) day.set(actor, { count: 1, firstSeq: seq, changed: true });
    else {
      tally.count += 1;
      if (seq < tally.firstSeq) tally.firstSeq = seq;
      tally.changed = true;
    }
  }

  /** An event counted at one time belongs to another. */
  move(from: string, to: string, actor: string, seq: number): void {
    this.remove(from, actor);
    this.add(to, actor, seq);
  }

  /** An event counted at that time is not counted any more. */
  remove(time: string, actor: string): void {
    const tally = this.#of(this.dayOf(time)).get(actor);
    if (tally === undefined) return;
    tally.count -= 1;
    tally.changed = true;
  }

  count(day: Day, actor: string): number {
    return this.#tallies.get(day)?.get(actor)?.count ?? 0;
  }

  /** How many events all actors together attested of a day, each counted for each of them: what looking at it anew costs. */
  total(day: Day): number {
    let total = 0;
    for (const [actor, { count }] of this.#tallies.get(day) ?? []) if (actor !== '') total += count;
    return total;
  }

  /** The actors that attested more than so many events of a day. */
  attesters(day: Day, moreThan: number): string[] {
    const tallies = [...(this.#tallies.get(day) ?? [])];
    return tallies.flatMap(([actor, { count }]) => (actor !== '' && count > moreThan ? [actor] : [])).sort();
  }

  /** Number of the transaction that first attested an event of that day. */
  firstSeq(day: Day): number | undefined {
    const tallies = this.#tallies.get(day);
    if (tallies === undefined) return undefined;
    const counted = [...tallies.values()].filter(({ count }) => count > 0);
    return counted.length === 0 ? undefined : Math.min(...counted.map(({ firstSeq }) => firstSeq));
  }

  /** Days with events, sorted. */
  get days(): Day[] {
    const days = [...this.#tallies].filter(([, tallies]) => [...tallies.values()].some(({ count }) => count > 0));
    return days.map(([day]) => day).sort();
  }

  /** The first day from this one on that has events. Cheaper than all in order, for it is asked after each batch. */
  dayFrom(from: Day): Day | undefined {
    let first: Day | undefined;
    for (const [day, tallies] of this.#tallies) {
      if (day < from || (first !== undefined && day >= first)) continue;
      if ([...tallies.values()].some(({ count }) => count > 0)) first = day;
    }
    return first;
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
