/** An interval of time, from inclusive, to exclusive, both as 19 digits. */
export interface Interval {
  readonly from: string;
  readonly to: string;
}

/** A stretch of covered time and the transaction in which the watch that first covered it took effect. */
export interface CoveredPiece extends Interval {
  /** Number of the transaction in the projection. */
  readonly seq: number;
}

/**
 * What one actor's watches in effect cover of one source. Time once covered stays covered, and keeps the transaction
 * that first covered it: that is the evidence when the actor denies an event.
 */
export class Coverage {
  /** Disjoint, sorted. */
  readonly #pieces: CoveredPiece[] = [];
  /** The same time as disjoint stretches that do not touch, sorted: few, however many watches there were. */
  readonly #stretches: Interval[] = [];

  constructor(pieces: Iterable<CoveredPiece> = []) {
    for (const piece of pieces) this.add(piece, piece.seq);
  }

  /** The end of the latest watch, 19 digits; empty if there is none. */
  get end(): string {
    return this.#stretches.at(-1)?.to ?? '';
  }

  /** What the latest watch was the first to cover: its end, and the transaction in which that end was reached. */
  get latest(): CoveredPiece | undefined {
    return this.#pieces.at(-1);
  }

  get stretches(): readonly Interval[] {
    return this.#stretches;
  }

  /** Adds a watch that took effect in transaction `seq`; gives the time that it newly covers. */
  add(watch: Interval, seq: number): CoveredPiece[] {
    const fresh = subtract(watch, this.#stretches).map((interval) => ({ ...interval, seq }));
    for (const piece of fresh) {
      const at = firstIndex(this.#pieces, (other) => other.from > piece.from);
      this.#pieces.splice(at, 0, piece);
    }
    if (fresh.length > 0) insert(this.#stretches, watch);
    return fresh;
  }

  /** The piece that covers a time, if any does. */
  pieceAt(time: string): CoveredPiece | undefined {
    const piece = this.#pieces[firstIndex(this.#pieces, ({ from }) => from > time) - 1];
    return piece !== undefined && time < piece.to ? piece : undefined;
  }

  /** The first stretch that ends after a time. */
  stretchAfter(time: string): Interval | undefined {
    return this.#stretches[firstIndex(this.#stretches, ({ to }) => to > time)];
  }

  /** Whether all of an interval is covered. */
  coversAll(interval: Interval): boolean {
    return subtract(interval, this.#stretches).length === 0;
  }
}

/** What remains of an interval outside disjoint sorted stretches. */
export function subtract(interval: Interval, stretches: readonly Interval[]): Interval[] {
  const rest: Interval[] = [];
  let { from } = interval;
  for (let at = firstIndex(stretches, ({ to }) => to > from); at < stretches.length && from < interval.to; at++) {
    const stretch = stretches[at] as Interval;
    if (stretch.from >= interval.to) break;
    if (stretch.from > from) rest.push({ from, to: stretch.from });
    from = stretch.to;
  }
  if (from < interval.to) rest.push({ from, to: interval.to });
  return rest;
}

/** Adds an interval to disjoint sorted stretches that do not touch. */
export function insert(stretches: Interval[], added: Interval): void {
  const first = firstIndex(stretches, ({ to }) => to >= added.from);
  const end = firstIndex(stretches, ({ from }) => from > added.to);
  const touching = [added, ...stretches.slice(first, end)];
  const from = touching.reduce((least, stretch) => (stretch.from < least ? stretch.from : least), added.from);
  const to = touching.reduce((greatest, stretch) => (stretch.to > greatest ? stretch.to : greatest), added.to);
  stretches.splice(first, end - first, { from, to });
}

/** Whether one of disjoint sorted stretches covers a time. */
export function covers(stretches: readonly Interval[], time: string): boolean {
  const stretch = stretches[firstIndex(stretches, ({ to }) => to > time)];
  return stretch !== undefined && stretch.from <= time;
}

/** Index of the first element for which a monotone predicate holds, or the length. */
export function firstIndex<T>(sorted: readonly T[], holds: (element: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sorted[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
