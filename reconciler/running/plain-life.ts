import type { Interval } from '../ledger/coverage.js';
import { BEGINS, ENDS_RUNNING, LIFE_ACTIONS, type LogState, nanosBetween } from './sweep.js';

/** What all logs say alike of a container's day. Nanoseconds. */
export interface PlainLife {
  readonly agreed: number;
  readonly unknown: number;
  readonly final: LogState;
}

/** A container's events that every witness attests, in order of time. */
export interface PlainEvents {
  readonly length: number;
  /** Nanoseconds since the day began. */
  offset(at: number): number;
  /** Of the action in `LIFE_ACTIONS`. */
  code(at: number): number;
}

/** Where each of the actions leads. */
const STATES: readonly LogState[] = LIFE_ACTIONS.map((action) => (BEGINS.has(action) ? 'on' : 'off'));
const SHOWS_RUNNING: readonly boolean[] = LIFE_ACTIONS.map((action) => ENDS_RUNNING.has(action));

/**
 * What `measure` gives where every event is attested by all witnesses and all logs began the day alike: one log stands for all.
 * @param carried what all logs said at the end of the day before; undefined if none knew the container
 * @param holes where the witnesses' holes begin, in nanoseconds since the day began, sorted
 * @returns undefined where a hole may make a log lose sight of it while it runs
 */
export function plainLife(
  length: number,
  events: PlainEvents,
  carried: LogState | undefined,
  holes: readonly number[],
): PlainLife | undefined {
  const count = events.length;
  let state = carried ?? (count > 0 && SHOWS_RUNNING[events.code(0)] === true ? 'presumed' : 'off');
  if (holes.length > 0 && !isSeenThroughout(events, state, holes)) return undefined;
  let [agreed, unknown, from] = [0, 0, 0];
  for (let at = 0; at < count; at++) {
    const time = events.offset(at);
    if (state === 'on') agreed += time - from;
    else if (state === 'presumed') unknown += time - from;
    from = time;
    state = STATES[events.code(at)] ?? state;
  }
  if (state === 'on') agreed += length - from;
  else if (state === 'presumed') unknown += length - from;
  return { agreed, unknown, final: state };
}

/** Whether a container that does not run then is all that the holes may hide: neither what went before nor what follows changes that. */
function isSeenThroughout(events: PlainEvents, initial: LogState, holes: readonly number[]): boolean {
  if (events.length === 0) return false;
  const first = events.offset(0);
  const last = events.offset(events.length - 1);
  const least = holes[0] ?? first;
  if (least <= first && initial !== 'off') return false;
  const next = firstAfter(holes, first);
  return next === undefined || (next >= last && STATES[events.code(events.length - 1)] === 'off');
}

function firstAfter(sorted: readonly number[], value: number): number | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return sorted[low];
}

/** Where holes begin, in nanoseconds since the day began, sorted. */
export function beginningsOf(day: Interval, views: readonly { readonly holes: readonly Interval[] }[]): number[] {
  const begins = views.flatMap(({ holes }) => holes.map(({ from }) => nanosBetween(day.from, from)));
  return [...new Set(begins)].sort((a, b) => a - b);
}
