import type { Day } from '#chaincode';
import type { Locate } from '../judge/findings.js';
import { LifeCheck } from '../judge/lifecycle.js';
import type { LifeEventRow } from '../judge/load-containers.js';
import type { Source } from '../ledger/sources.js';
import type { Projection } from '../projection/projection.js';
import { LIFE_ACTIONS } from '../running/sweep.js';
import { type Allowance, COST } from './allowance.js';
import type { FindingBook } from './finding-book.js';
import { LifeIndex } from './life-index.js';
import type { OpenDay } from './open-days.js';
import type { Records } from './records.js';

interface Row {
  readonly id: number;
  readonly time: string;
  readonly sourceId: number;
  readonly action: string;
  readonly object: string;
}

/** What is to be looked at of one day. */
interface DayLives {
  readonly index: LifeIndex;
  /** Containers by number of source and object; with what had been earned when each was looked at before, if it is large. */
  readonly dirty: Set<string>;
  readonly judgedAt: Map<string, number>;
  /** Containers with an event that cannot follow the one before, while too few have watched in between. */
  readonly unwatched: Set<string>;
}

/** Judges containers' lives, container by container, when one more of its events stands or does not any more. */
export class LifeParts {
  readonly #days = new Map<Day, DayLives>();
  readonly #find;
  readonly #list;

  constructor(
    private readonly projection: Projection,
    private readonly records: Records,
    private readonly book: FindingBook,
  ) {
    const columns = 'id, time, source AS sourceId, action, object';
    this.#find = projection.db.prepare(`SELECT ${columns} FROM events WHERE id = ?`);
    this.#list = projection.db.prepare(
      `SELECT ${columns} FROM events WHERE time >= ? AND time < ? AND type = 'container'
       AND action IN (${LIFE_ACTIONS.map(() => '?').join()}) ORDER BY time, id`,
    );
  }

  /** A day begins of which nothing is known. */
  begin(day: Day): void {
    this.#days.set(day, { index: new LifeIndex(), dirty: new Set(), judgedAt: new Map(), unwatched: new Set() });
  }

  end(day: Day): void {
    this.#days.delete(day);
  }

  /** An event that was not there before, of this day. */
  added(day: Day, source: number, object: string, event: number): void {
    this.#days.get(day)?.index.add(`${source}/${object}`, event);
  }

  /** One of a container's events has come to stand, or does not stand any more. */
  touched(day: Day, source: number, object: string): void {
    this.#days.get(day)?.dirty.add(`${source}/${object}`);
  }

  /** What an open event says of its container only matters for what was found of that already. */
  doubted(day: Day, source: number, object: string): void {
    const name = `${source}/${object}`;
    const lives = this.#days.get(day);
    if (lives === undefined) return;
    if (lives.unwatched.has(name) || this.book.has(day, `life/${name}`)) lives.dirty.add(name);
  }

  /** More of a source's time is watched, or by more. */
  watched(source: Source): void {
    for (const { unwatched, dirty } of this.#days.values()) {
      for (const name of unwatched) if (name.startsWith(`${source.id}/`)) dirty.add(name);
    }
  }

  /** Looks at all containers of a day, once the records know how each event counts. */
  judgeAll({ day, bounds }: OpenDay, locate: Locate): void {
    this.begin(day);
    const lives = this.#days.get(day) as DayLives;
    const check = new LifeCheck(this.projection);
    const found = new Set<string>();
    for (const row of this.#list.iterate(bounds.from, bounds.to, ...LIFE_ACTIONS) as Iterable<Row>) {
      const name = `${row.sourceId}/${row.object}`;
      lives.index.add(name, row.id);
      const event = this.#lifeEvent(row);
      if (event !== undefined && check.seen(event)) found.add(name);
    }
    for (const name of check.unwatched) lives.unwatched.add(name);
    for (const name of found) this.#judge(day, lives, name, Number.POSITIVE_INFINITY, locate);
  }

  judge(locate: Locate, allowance: Allowance): void {
    for (const [day, lives] of this.#days) {
      for (const name of [...lives.dirty]) {
        const before = lives.judgedAt.get(name);
        const most = allowance.most(COST.read, before ?? 0);
        const looked = this.#judge(day, lives, name, most, locate);
        if (looked > most) continue;
        lives.dirty.delete(name);
        if (allowance.isFew(looked)) lives.judgedAt.delete(name);
        else lives.judgedAt.set(name, allowance.spent);
      }
    }
  }

  /** @returns how many events were looked at; nothing is judged if they are more than `most` */
  #judge(day: Day, lives: DayLives, name: string, most: number, locate: Locate): number {
    const ids = lives.index.eventsOf(name, most);
    if (ids.length > most) return ids.length;
    const rows = ids
      .map((id) => this.#find.get(id) as Row)
      .filter(({ sourceId, object }) => `${sourceId}/${object}` === name)
      .sort((a, b) => (a.time < b.time || (a.time === b.time && a.id < b.id) ? -1 : 1));
    const check = new LifeCheck(this.projection);
    for (const row of rows) {
      const event = this.#lifeEvent(row);
      if (event !== undefined) check.seen(event);
    }
    if (check.unwatched.size > 0) lives.unwatched.add(name);
    else lives.unwatched.delete(name);
    this.book.set(day, `life/${name}`, check.findings(locate));
    return ids.length;
  }

  #lifeEvent(row: Row): LifeEventRow | undefined {
    const record = this.records.byId.get(row.id);
    // One that waits to be judged counts as one that nothing is decided of.
    const counts = record === undefined ? 'stands' : (record.counts ?? 'undecided');
    if (counts === 'left out') return undefined;
    return { ...row, source: this.projection.sources.byId(row.sourceId).name, actors: [], stands: counts };
  }
}
