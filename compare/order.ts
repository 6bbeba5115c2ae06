import { isAfter, type Moment } from './line-scan.js';
import { momentAfter } from './neighbours.js';
import { LEAST } from './parts.js';

/** So many places of a log are looked at. */
const SAMPLES = 128;
/** Of each no more than so many bytes: some lines of Docker's. */
const SAMPLE_BYTES = 1 << 17;
/** One in so many of them may be out of order: logs that were put together in the wrong order have a few such places. */
const ONE_IN = 8;

/**
 * Whether a stretch of a log is in no order of time, as far as a few places tell.
 * @param since lines before that time are out of order too
 */
export function isInDisorder(descriptor: number, from: number, to: number, since?: Moment): boolean {
  let before = since;
  let descents = 0;
  let samples = 0;
  for (let index = 0; index < SAMPLES; index++) {
    const place = from + Math.floor(((to - from) * index) / SAMPLES);
    const moment = momentAfter({ descriptor, size: Math.min(to, place + SAMPLE_BYTES) }, place);
    if (moment === undefined) continue;
    samples++;
    if (before !== undefined && isAfter(before, moment)) descents++;
    // Against where it was given up all are held, else each against the one before.
    if (since === undefined) before = moment;
  }
  return descents * ONE_IN > samples;
}

/** The logs that are in no order of time, where most are in one. */
export function disorderedOf(logs: readonly { readonly descriptor: number; readonly size: number }[]): number[] {
  const disordered = logs.flatMap(({ descriptor, size }, log) =>
    size >= LEAST && isInDisorder(descriptor, 0, size) ? [log] : [],
  );
  return disordered.length * 2 < logs.length ? disordered : [];
}
