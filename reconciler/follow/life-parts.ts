import type { Day } from '#chaincode';
import type { Locate } from '../judge/findings.js';
import { LifeCheck } from '../judge/lifecycle.js';
import type { LifeEventRow } from '../judge/load-containers.js';
import type { Source } from '../ledger/sources.js';
import type { Projection } from '../projection/projection.js';
import { LIFE_ACTIONS } from '../running/sweep.js';
import { COST } from './allowance.js';
import { Buckets } from './buckets.js';
import type { Judging } from './event-parts.js';
import type { FindingBook } from './finding-book.js';
import { LifeIndex } from './life-index.js';
import type { OpenDay } from './open-days.js';
import type { Records } from './records.js';
import { advance } from './slice.js';
import type { Soles } from './soles.js';

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
  /** Containers too large to be looked at before so much has been earned. */
  readonly unearned: Buckets<string>;
  readonly unearnedAt: Map<string, number>;
  /** Containers with an event that cannot follow the one before, while too few have watched in between. */
  readonly unwatched: Set<string>;
  /** Goes through all that there was when this began; no container is judged meanwhile. */
  reading: Iterator<number> | undefined;
}

/** So many rows are read at a time: no statement may be open when anything is written. */
const PAGE = 500;

/** Judges containers' lives, container by container, when one more of its events stands or does not any more. */
export class LifeParts {
  readonly #days = new Map<Day, DayLives>();
  readonly #find;
  readonly #list;

  constructor(
    private readonly projection: Projection,
    private readonly records: Records,
    private readonly soles: Soles,
    private readonly book: FindingBook,
  ) {
    const columns = 'id, time, source AS sourceId, action, object';
    this.#find = projection.db.prepare(`SELECT ${columns} FROM events WHERE id = ?`);
    this.#list = projection.db.prepare(
      `SELECT ${columns}, hash FROM events WHERE (time, hash) > (?, ?) AND time < ? AND type = 'container'
       AND action IN (${LIFE_ACTIONS.map(() => '?').join()}) AND id <= ? ORDER BY time, hash LIMIT ${PAGE}`,
    );
  }

  get isPutOff(): boolean {
    for (const { dirty, reading, unearnedAt } of this.#days.values()) {
      if (dirty.size + unearnedAt.size > 0 || reading !== undefined) return true;
    }
    return false;
  }

  /** A day begins of which nothing is known. */
  begin(day: Day): DayLives {
    const [dirty, unwatched] = [new Set<string>(), new Set<string>()];
    const unearned = { unearned: new Buckets<string>(), unearnedAt: new Map<string, number>() };
    const lives = { index: new LifeIndex(), dirty, judgedAt: new Map(), ...unearned, unwatched, reading: undefined };
    this.#days.set(day, lives);
    return lives;
  }

  /** A day begins of which there are events up to a number: they are gone through once the records know how each counts. */
  beginKnown(day: OpenDay, lastEvent: number): void {
    const lives = this.begin(day.day);
    lives.reading = this.#read(day, lives, lastEvent);
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
    const isFound = lives.unwatched.has(name) || this.book.has(day, `life/${name}`);
    if (isFound || lives.reading !== undefined) lives.dirty.add(name);
  }

  /** More of a source's time is watched, or by more. */
  watched(source: Source): void {
    for (const { unwatched, dirty } of this.#days.values()) {
      for (const name of unwatched) if (name.startsWith(`${source.id}/`)) dirty.add(name);
    }
  }

  judge(judging: Judging): void {
    const { slice } = judging;
    for (const [day, lives] of this.#days) {
      if (lives.reading !== undefined) {
        if (!advance(lives.reading, slice)) return;
        lives.reading = undefined;
      }
      const { reach } = judging.allowance;
      for (const name of lives.unearned.between(Number.NEGATIVE_INFINITY, reach)) lives.dirty.add(name);
      for (const name of lives.dirty) {
        if (slice.isOver) break;
        lives.dirty.delete(name);
        this.#judgeIfEarned(day, lives, name, judging);
      }
    }
  }

  /** Goes through a day's events, and notes which containers there is something to say of. */
  *#read({ bounds }: OpenDay, lives: DayLives, lastEvent: number): Generator<number> {
    // What waits is looked at with all the rest.
    lives.dirty.clear();
    const check = new LifeCheck(this.projection);
    const see = (moment: readonly LifeEventRow[]) => {
      for (const event of inOrder(moment)) if (check.seen(event)) lives.dirty.add(nameOf(event));
    };
    let moment: LifeEventRow[] = [];
    let last: Pick<Row & { hash: string }, 'time' | 'hash'> = { time: bounds.from, hash: '' };
    for (;;) {
      const rows = this.#list.all(last.time, last.hash, bounds.to, ...LIFE_ACTIONS, lastEvent) as (Row & {
        hash: string;
      })[];
      for (const row of rows) {
        lives.index.add(nameOf(row), row.id);
        if (moment[0] !== undefined && moment[0].time !== row.time) {
          see(moment);
          moment = [];
        }
        const event = this.#lifeEvent(row);
        if (event !== undefined) moment.push(event);
      }
      yield rows.length * COST.look;
      const end = rows.at(-1);
      if (end === undefined || rows.length < PAGE) break;
      last = end;
    }
    see(moment);
    for (const name of check.unwatched) {
      lives.unwatched.add(name);
      lives.dirty.add(name);
    }
  }

  #judgeIfEarned(day: Day, lives: DayLives, name: string, { locate, allowance, slice }: Judging): void {
    const before = lives.judgedAt.get(name) ?? 0;
    const most = allowance.most(COST.read, before);
    const looked = this.#judge(day, lives, name, most, locate);
    slice.spend(Math.min(looked, most) * COST.read);
    // How many there are is not known: twice as many are tried next.
    setUnearned(lives, name, looked > most ? before + 2 * looked * COST.read : undefined);
    if (looked > most) return;
    if (allowance.isFew(looked)) lives.judgedAt.delete(name);
    else lives.judgedAt.set(name, allowance.spent);
  }

  /** @returns how many events were looked at; nothing is judged if they are more than `most` */
  #judge(day: Day, lives: DayLives, name: string, most: number, locate: Locate): number {
    const ids = lives.index.eventsOf(name, most);
    if (ids.length > most) return ids.length;
    const rows = inOrder(ids.map((id) => this.#find.get(id) as Row).filter((row) => nameOf(row) === name));
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
    if (record === undefined && this.soles.isFlooded(this.projection.tallies.dayOf(row.time), row.id)) return undefined;
    return { ...row, source: this.projection.sources.byId(row.sourceId).name, actors: [], stands: counts };
  }
}

function inOrder<T extends Row | LifeEventRow>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => (a.time < b.time || (a.time === b.time && a.id < b.id) ? -1 : 1));
}

function nameOf({ sourceId, object }: Pick<Row, 'sourceId' | 'object'>): string {
  return `${sourceId}/${object}`;
}

function setUnearned({ unearned, unearnedAt }: DayLives, name: string, at: number | undefined): void {
  const before = unearnedAt.get(name);
  if (before !== undefined) unearned.remove(before, name);
  if (at === undefined) unearnedAt.delete(name);
  else {
    unearnedAt.set(name, at);
    unearned.add(at, name);
  }
}
