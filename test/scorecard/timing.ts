import { addSeconds, type Day, dayOf } from '#chaincode';
import { DAY_START } from '../reconciler/support/history.js';

const SECOND = 1_000_000_000n;
/** Seconds from one batch of a collector to the next; a place is one such stretch of the engine's time. */
export const PACE = 1800;
/** The policy's durations, in places. */
export const GRACE = 5;
export const SILENCE = 6;
export const DEADLINE = 8;
/** Seconds by which the variants of one event may lie apart. */
export const WINDOW = 4 * PACE;
/** How many places collectors go on after the last event: two deadlines, a clock that is hours behind, and some. */
export const AFTER = 32;
/** Places from one batch to the next after the last event. */
export const AFTER_STEP = 2;

/** Nanoseconds since the epoch of a second of the history. */
export function nanosAt(second: number): bigint {
  return DAY_START + BigInt(Math.floor(second)) * SECOND;
}

/** The UTC day of a second of the history. */
export function dayAt(second: number): Day {
  return dayOf(addSeconds(DAY_START.toString(), Math.floor(second)));
}

/** The place in which a second lies. */
export function placeOf(second: number): number {
  return Math.floor(second / PACE);
}
