import type { Db } from './database.js';

/** Events of one object closer together than this may be numbered either way: an engine stamps before it publishes. */
export const ORDER_TOLERANCE = 1_000_000_000n;

// More than any collector has in flight; what is overtaken by more is looked at as a whole.
const MAX_RECENT = 16;

/** Numbers and times of one batch's local events. Times are 19 digits. */
interface Span {
  readonly first: number;
  readonly last: number;
  readonly least: string;
  readonly greatest: string;
}

interface RunTimes {
  recent: Span[];
  /** What was before those, as one. */
  past?: Span;
}

/**
 * Finds the stretches of time in which a run may have numbered events the other way round, whatever they are about, in
 * whatever order its batches land. Judging looks at these stretches alone, so that logs in order cost it nothing.
 */
export class DisorderStore {
  readonly #runs = new Map<number, RunTimes>();
  readonly #changed = new Set<number>();
  readonly #sql;

  constructor(db: Db) {
    this.#sql = {
      insert: db.prepare('INSERT OR IGNORE INTO disorders ("from", "to", run) VALUES (?, ?, ?)'),
      keep: db.prepare('UPDATE runs SET times = ? WHERE id = ?'),
    };
    const rows = db.prepare('SELECT id, times FROM runs WHERE times IS NOT NULL').all() as {
      id: number;
      times: string;
    }[];
    for (const { id, times } of rows) this.#runs.set(id, JSON.parse(times) as RunTimes);
  }

  /**
   * Takes in the local events of a batch.
   * @param first number of the batch's first entry
   * @param last number of its last entry
   * @param times of its local events, in order of number
   */
  arrived(run: number, first: number, last: number, times: readonly string[]): void {
    if (times.length === 0) return;
    const known = this.#runs.get(run) ?? { recent: [] };
    this.#runs.set(run, known);
    this.#changed.add(run);
    const spans = known.past === undefined ? known.recent : [known.past, ...known.recent];
    let before = '';
    let after: string | undefined;
    for (const span of spans) {
      if (span.first <= last && span.greatest > before) before = span.greatest;
      if (span.last >= first && (after === undefined || span.least < after)) after = span.least;
    }
    const span = spanOf(first, last, times);
    // Nearly always: in order, and between what is before and what is after.
    const isInOrder = span.isSorted && before <= span.least && (after === undefined || span.greatest <= after);
    const disorder = isInOrder ? undefined : disorderOf(times, before, after);
    if (disorder !== undefined) this.#sql.insert.run(disorder.from, disorder.to, run);
    const { least, greatest } = span;
    known.recent.push({ first, last, least, greatest });
    if (known.recent.length > MAX_RECENT) {
      const oldest = known.recent.shift() as Span;
      known.past = known.past === undefined ? oldest : joined(known.past, oldest);
    }
  }

  flush(): void {
    for (const run of this.#changed) this.#sql.keep.run(JSON.stringify(this.#runs.get(run)), run);
    this.#changed.clear();
  }
}

function disorderOf(times: readonly string[], before: string, after: string | undefined) {
  let from: string | undefined;
  let to = '';
  let greatest = before;
  const widen = (earlier: string, later: string) => {
    if (from === undefined || earlier < from) from = earlier;
    if (later > to) to = later;
  };
  for (const time of times) {
    if (time < greatest && areApart(time, greatest)) widen(time, greatest);
    if (after !== undefined && time > after && areApart(after, time)) widen(after, time);
    if (time > greatest) greatest = time;
  }
  return from === undefined ? undefined : { from, to };
}

/** Whether two times, the earlier first, are further apart than an engine's stamps may be. */
export function areApart(earlier: string, later: string): boolean {
  return BigInt(later) - BigInt(earlier) > ORDER_TOLERANCE;
}

function spanOf(first: number, last: number, times: readonly string[]): Span & { readonly isSorted: boolean } {
  let least = times[0] as string;
  let greatest = least;
  let isSorted = true;
  for (const time of times) {
    if (time >= greatest) {
      greatest = time;
      continue;
    }
    isSorted = false;
    if (time < least) least = time;
  }
  return { first, last, least, greatest, isSorted };
}

function joined(a: Span, b: Span): Span {
  return {
    first: Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
    least: a.least < b.least ? a.least : b.least,
    greatest: a.greatest > b.greatest ? a.greatest : b.greatest,
  };
}
