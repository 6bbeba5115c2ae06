import { type Day, dayEnd, dayStart, padNanos } from '#chaincode';
import { FLOOD_COLUMNS, type FloodRow, FloodTally } from '../judge/flood.js';
import { absentAfter } from '../judge/standing.js';
import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';
import { COST } from './allowance.js';
import type { Judging } from './event-parts.js';
import type { FindingBook } from './finding-book.js';
import type { Moved, Soles } from './soles.js';

/** What is known of one flood. */
interface FloodWork {
  readonly day: Day;
  readonly bounds: Interval;
  isDirty: boolean;
  /** What had been earned when it was counted last; undefined before the first time. */
  judgedAt: number | undefined;
  count: Count | undefined;
  /** The ledger clock, and the number of the transaction still to appear, at which something more is decided of it. */
  due: bigint | undefined;
  unseen: number | undefined;
}

/** A count of a flood's events that is under way. */
interface Count {
  readonly tally: FloodTally;
  /** The number of the last event that was counted. */
  last: number;
  due: bigint | undefined;
  unseen: number | undefined;
}

/** Judges floods: their events lie in the database alone, and are counted some at a time. */
export class FloodParts {
  readonly #floods = new Map<string, FloodWork>();
  /** Of days before nothing is told any more. */
  #first: Day = '';
  readonly #find;

  constructor(
    private readonly projection: Projection,
    private readonly soles: Soles,
    private readonly book: FindingBook,
  ) {
    this.#find = projection.db.prepare(`SELECT ${FLOOD_COLUMNS} FROM events e WHERE e.id = ?`);
  }

  /** Whether there is a flood that has changed since it was told. */
  get isPutOff(): boolean {
    for (const { isDirty, count } of this.#floods.values()) if (isDirty || count !== undefined) return true;
    return false;
  }

  /** A flood has begun, is over, or has other events. */
  moved({ key, day }: Moved): void {
    if (day < this.#first) return;
    const known = this.#floods.get(key);
    if (this.soles.flood(key) === undefined) {
      this.#floods.delete(key);
      this.book.set(day, partOf(key), []);
    } else if (known !== undefined) known.isDirty = true;
    else {
      const fresh = { judgedAt: undefined, count: undefined, due: undefined, unseen: undefined };
      this.#floods.set(key, { day, bounds: boundsOf(day), isDirty: true, ...fresh });
    }
  }

  /** More is known of who watched a stretch of time. */
  claimed({ from, to }: Interval): void {
    for (const flood of this.#floods.values()) {
      if (from < flood.bounds.to && to > flood.bounds.from) flood.isDirty = true;
    }
  }

  /** A source may exist that did not. */
  named(): void {
    for (const flood of this.#floods.values()) flood.isDirty = true;
  }

  /** Forgets the days before one. */
  dropBefore(day: Day): void {
    this.#first = day;
    for (const [key, flood] of this.#floods) if (flood.day < day) this.#floods.delete(key);
  }

  judge(judging: Judging): void {
    const { clock } = judging.vantage;
    const { next } = this.projection.appearances.snapshot();
    for (const [key, flood] of this.#floods) {
      if (!judging.days.has(flood.day)) continue;
      const { due, unseen } = flood;
      if ((unseen !== undefined && unseen < next) || (due !== undefined && clock !== undefined && clock > due)) {
        flood.isDirty = true;
      }
      // What changed while it was counted may have come too late for that count.
      while (this.#mayCount(key, flood, judging)) {
        if (judging.slice.isOver) return;
        this.#count(key, flood, judging);
      }
    }
  }

  #mayCount(key: string, { isDirty, judgedAt, count }: FloodWork, { allowance }: Judging): boolean {
    if (this.soles.flood(key) === undefined) return false;
    if (count !== undefined) return true;
    return isDirty && (judgedAt === undefined || allowance.covers(this.soles.size(key), COST.decide, judgedAt));
  }

  #count(key: string, work: FloodWork, judging: Judging): void {
    const flood = this.soles.flood(key);
    if (flood === undefined) return;
    if (work.count === undefined) {
      work.isDirty = false;
      const tally = new FloodTally(this.projection, flood);
      work.count = { tally, last: flood.first - 1, due: undefined, unseen: undefined };
    }
    const { count } = work;
    for (;;) {
      const id = flood.ids.after(count.last);
      if (id === undefined) break;
      if (judging.slice.isOver) return;
      this.#take(id, count, judging);
      count.last = id;
      judging.slice.spend(COST.decide);
    }
    this.book.set(work.day, partOf(key), count.tally.findings(judging.locate));
    work.judgedAt = judging.allowance.spent;
    work.due = count.due;
    work.unseen = count.unseen;
    work.count = undefined;
  }

  #take(id: number, count: Count, { vantage }: Judging): void {
    const row = this.#find.get(id) as FloodRow;
    const { subject, pending } = count.tally.take(row, vantage);
    if (subject.appearance === undefined && !(count.unseen !== undefined && count.unseen <= row.firstSeq)) {
      count.unseen = row.firstSeq;
    }
    for (const actor of pending) {
      const limit = absentAfter(subject, actor, vantage);
      if (limit !== undefined && !(count.due !== undefined && count.due <= limit)) count.due = limit;
    }
  }
}

function partOf(key: string): string {
  return `flood/${key}`;
}

function boundsOf(day: Day): Interval {
  return { from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) };
}
