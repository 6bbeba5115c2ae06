import { dayOf, dayStart, isNanos, type Nanos } from '#chaincode';
import { CollectorError } from '../errors.js';
import type { ObservedGap, ObservedWatch } from '../observation.js';

interface Interval {
  readonly from: bigint;
  readonly to: bigint;
}

type Bound = bigint | undefined;

/** Good events without an unreadable line between them. */
interface Segment {
  first: bigint;
  last: bigint;
  least: bigint;
  greatest: bigint;
}

/** Unreadable lines without a good event between them, and the segments on both sides. */
interface Hole {
  readonly firstLine: number;
  lastLine: number;
  readonly before: number;
}

/**
 * What a trace can say it watched: from its first to its last event, less the places where an unreadable line may
 * hide an event. Memory grows with the number of such places, not of events.
 */
export class TraceExtent {
  readonly #segments: Segment[] = [];
  readonly #holes: Hole[] = [];
  #open = false;

  event(time: Nanos): void {
    const at = BigInt(time);
    const segment = this.#segments.at(-1);
    if (segment === undefined || !this.#open) {
      this.#segments.push({ first: at, last: at, least: at, greatest: at });
      this.#open = true;
      return;
    }
    segment.last = at;
    if (at < segment.least) segment.least = at;
    if (at > segment.greatest) segment.greatest = at;
  }

  malformed(line: number): void {
    const hole = this.#holes.at(-1);
    if (hole !== undefined && !this.#open && hole.before === this.#segments.length) hole.lastLine = line;
    else this.#holes.push({ firstLine: line, lastLine: line, before: this.#segments.length });
    this.#open = false;
  }

  /** Whether there were lines, and none of them was an event. */
  get unreadable(): boolean {
    return this.#segments.length === 0 && this.#holes.length > 0;
  }

  /**
   * The gaps and watches, in order of time within each kind.
   * @param through the watch's exclusive end, if it shall reach beyond the trace's last event; it then begins with
   * the UTC day of the first event (without any event: with the day of `through`)
   * @throws CollectorError `TRACE` if `through` is not after that beginning.
   */
  claims(source: string, through?: Nanos): { gaps: ObservedGap[]; watches: ObservedWatch[] } {
    const whole = this.#whole(through);
    if (whole === undefined) return { gaps: [], watches: [] };
    const { before, behind } = this.#bounds();
    const holes = this.#holes.map((hole) => ({
      hole,
      interval: this.#interval(hole.before, whole, before[hole.before], behind[hole.before]),
    }));
    const gaps = holes.flatMap(({ hole, interval }) =>
      interval === undefined ? [] : [{ kind: 'gap' as const, source, ...nanos(interval), reason: reasonOf(hole) }],
    );
    const watches = without(
      whole,
      holes.flatMap(({ interval }) => interval ?? []),
    ).map((interval) => ({ kind: 'watch' as const, source, ...nanos(interval) }));
    return { gaps, watches };
  }

  #whole(through: Nanos | undefined): Interval | undefined {
    const least = minimum([undefined, ...this.#segments.map((segment) => segment.least)]);
    const greatest = maximum([undefined, ...this.#segments.map((segment) => segment.greatest)]);
    if (through === undefined) {
      return least === undefined || greatest === undefined ? undefined : { from: least, to: after(greatest) };
    }
    const to = BigInt(through);
    const first = least ?? to - 1n;
    if (first < 0n) return undefined;
    const from = BigInt(dayStart(dayOf(first.toString())));
    if (from >= to) {
      throw new CollectorError(
        'TRACE',
        "--through lies before the day of the trace's first event; give a time at or after the trace's last event.",
      );
    }
    return { from, to };
  }

  /** For each place between segments: the greatest time before it, the least behind it. */
  #bounds(): { before: Bound[]; behind: Bound[] } {
    const count = this.#segments.length;
    const before = new Array<Bound>(count + 1).fill(undefined);
    const behind = new Array<Bound>(count + 1).fill(undefined);
    for (const [index, segment] of this.#segments.entries()) {
      before[index + 1] = maximum([before[index], segment.greatest]);
    }
    for (let index = count - 1; index >= 0; index--) {
      behind[index] = minimum([behind[index + 1], this.#segments[index]?.least]);
    }
    return { before, behind };
  }

  /** Where the events that a hole hides may lie: between what was seen before it and what was seen after it. */
  #interval(at: number, whole: Interval, before: Bound, behind: Bound): Interval | undefined {
    const from = before === undefined ? whole.from : after(before);
    const to = behind === undefined ? whole.to : behind;
    if (from < to) return { from, to };
    const left = this.#segments[at - 1];
    const right = this.#segments[at];
    // Times run backwards here: the lines next to the hole tell where it lies, at least one nanosecond of it.
    if (left !== undefined && right !== undefined) {
      return after(left.last) < right.first
        ? { from: after(left.last), to: right.first }
        : atLeastOne({ from: left.last, to: after(left.last) });
    }
    // At an end of the watch: the hole stands just outside.
    return left === undefined
      ? atLeastOne({ from: to > 0n ? to - 1n : 0n, to })
      : atLeastOne({ from, to: after(from) });
  }
}

function reasonOf({ firstLine, lastLine }: Hole): string {
  return firstLine === lastLine ? `malformed: line ${firstLine}` : `malformed: lines ${firstLine}-${lastLine}`;
}

/** `whole` less the holes, in order of time. */
function without(whole: Interval, holes: readonly Interval[]): Interval[] {
  const rest: Interval[] = [];
  let from = whole.from;
  for (const hole of [...holes].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    if (hole.from > from && hole.from < whole.to) rest.push({ from, to: hole.from });
    if (hole.from < whole.to && hole.to > from) from = hole.to;
  }
  if (from < whole.to) rest.push({ from, to: whole.to });
  return rest;
}

/** The next nanosecond, if int64 has one. */
function after(time: bigint): bigint {
  return isNanos((time + 1n).toString()) ? time + 1n : time;
}

function atLeastOne(interval: Interval): Interval | undefined {
  return interval.from < interval.to ? interval : undefined;
}

function nanos({ from, to }: Interval): { from: Nanos; to: Nanos } {
  return { from: from.toString(), to: to.toString() };
}

function minimum(values: readonly Bound[]): Bound {
  return values.reduce((least, value) =>
    least === undefined || (value !== undefined && value < least) ? value : least,
  );
}

function maximum(values: readonly Bound[]): Bound {
  return values.reduce((most, value) => (most === undefined || (value !== undefined && value > most) ? value : most));
}
