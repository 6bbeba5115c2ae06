import type { Day } from '#chaincode';
import { foldAlike } from '../judge/fold.js';
import { disorders } from '../judge/order.js';
import { standingOf } from '../judge/standing.js';
import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';
import { COST } from './allowance.js';
import type { Judging } from './event-parts.js';
import type { FindingBook } from './finding-book.js';
import type { OpenDay } from './open-days.js';

/** The stretches of a day in which runs were out of order. */
interface Stretches {
  readonly rows: number;
  readonly from: string | null;
  readonly to: string | null;
}

interface DayOrder {
  rows: number;
  isDirty: boolean;
  judgedAt: number;
}

/** Looks for events that were numbered the other way round, where a run was out of order and something was said of that time. */
export class OrderParts {
  readonly #days = new Map<Day, DayOrder>();
  readonly #any;
  readonly #stretches;
  readonly #count;

  constructor(
    private readonly projection: Projection,
    private readonly book: FindingBook,
  ) {
    this.#any = projection.db.prepare('SELECT 1 FROM disorders LIMIT 1');
    this.#stretches = projection.db.prepare(
      'SELECT count(*) AS rows, min("from") AS "from", max("to") AS "to" FROM disorders WHERE "from" < ? AND "to" >= ?',
    );
    this.#count = projection.db
      .prepare('SELECT count(*) FROM (SELECT 1 FROM events WHERE time >= ? AND time <= ? LIMIT ?)')
      .pluck();
  }

  get isPutOff(): boolean {
    for (const { isDirty } of this.#days.values()) if (isDirty) return true;
    return false;
  }

  end(day: Day): void {
    this.#days.delete(day);
  }

  /** @param touched times of events of which something was said, or that stand otherwise now, 19 digits */
  judge(judging: Judging, touched: Iterable<string>): void {
    if (this.#any.get() === undefined) return;
    const times = [...touched];
    for (const open of judging.days.values()) this.#judge(open, judging, times);
  }

  #judge({ day, bounds }: OpenDay, { allowance, vantage, locate, load }: Judging, times: readonly string[]): void {
    const { rows, from, to } = this.#stretches.get(bounds.to, bounds.from) as Stretches;
    if (from === null || to === null) return;
    const known = this.#days.get(day) ?? { rows: 0, isDirty: false, judgedAt: 0 };
    this.#days.set(day, known);
    known.isDirty ||= rows !== known.rows || times.some((time) => time >= from && time <= to);
    known.rows = rows;
    if (
      !known.isDirty ||
      !this.#isEarned({ from: from > bounds.from ? from : bounds.from, to }, allowance.most(COST.read, known.judgedAt))
    ) {
      return;
    }
    known.isDirty = false;
    known.judgedAt = allowance.spent;
    const standingById = (id: number) => standingOf(load(id), vantage);
    this.book.set(day, 'order', foldAlike(disorders(this.projection, bounds, standingById, locate)));
  }

  #isEarned({ from, to }: Interval, most: number): boolean {
    if (most === Number.POSITIVE_INFINITY) return true;
    return (this.#count.get(from, to, most + 1) as number) <= most;
  }
}
