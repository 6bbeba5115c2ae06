import type { Db } from './database.js';
import type { OpenEvent } from './open-event.js';

/** Where an event stands in the table. */
type Place = Pick<OpenEvent, 'id' | 'time'>;

/** What the table of events has of an open one. */
export interface OpenRow extends Place {
  readonly at: string;
  readonly firstSeq: number;
  readonly source: number;
  readonly canonical: string;
}

const PAGE = 500;

/** The table of events that somebody has yet to attest, and who alone attests them. */
export class OpenTable {
  readonly #sql;
  readonly #closed = new Map<number, Place>();
  /** Stored as attested by one actor alone, which is no longer so. */
  readonly #shared: Place[] = [];

  constructor(db: Db) {
    const page = (where: string) =>
      db.prepare(
        `SELECT e.id, e.time, e.time AS at, e.source, e.canonical, e.first_seq AS firstSeq
         FROM open_events o JOIN events e ON e.id = o.event
         WHERE ${where} ORDER BY o.time DESC, o.event DESC LIMIT ${PAGE}`,
      );
    this.#sql = {
      has: db.prepare('SELECT 1 FROM open_events WHERE time = ? AND event = ?').pluck(),
      insert: db.prepare('INSERT INTO open_events (time, event, sole) VALUES (?, ?, ?)'),
      remove: db.prepare('DELETE FROM open_events WHERE time = ? AND event = ?'),
      share: db.prepare("UPDATE open_events SET sole = '' WHERE time = ? AND event = ?"),
      latest: page('true'),
      before: page('(o.time, o.event) < (?, ?)'),
    };
  }

  /** Whether an event is open, that is not held in memory. */
  has({ time, id }: Place): boolean {
    return !this.#closed.has(id) && this.#sql.has.get(time, id) !== undefined;
  }

  insert({ time, id, sole }: OpenEvent): void {
    this.#sql.insert.run(time, id, sole);
  }

  /** One that is stored has been attested by all; its row is removed with the next `flush`. */
  closed({ time, id }: Place): void {
    this.#closed.set(id, { time, id });
  }

  /** One that is stored is attested by a second actor. */
  shared(event: Place): void {
    this.#shared.push(event);
  }

  /** The row of an event has another time now. */
  moved({ time, id }: Place): void {
    if (this.#closed.has(id)) this.#closed.set(id, { time, id });
  }

  flush(): void {
    for (const { time, id } of this.#closed.values()) this.#sql.remove.run(time, id);
    this.#closed.clear();
    for (const { time, id } of this.#shared) this.#sql.share.run(time, id);
    this.#shared.length = 0;
  }

  /** All rows, the latest first, some at a time: there may be any number of them. */
  *pages(): Generator<readonly OpenRow[]> {
    let rows = this.#sql.latest.all() as OpenRow[];
    for (let last = rows.at(-1); last !== undefined; last = rows.at(-1)) {
      yield rows;
      rows = rows.length < PAGE ? [] : (this.#sql.before.all(last.time, last.id) as OpenRow[]);
    }
  }
}
