import { RecordError } from './errors.js';
import { type CanonicalEvent, isTimeless } from './event.js';
import { dayOf, dayStart, type Nanos, padNanos, unpadNanos } from './time.js';

/** `<time>.<event hash>`, time as 19 digits: unique, content-addressed, sorted by time. */
export type EventReference = string;

/** The time under which an event is kept: its own, or for a timeless one the start of the UTC day of `t`. */
export function keyTime(event: CanonicalEvent, t: Nanos | undefined): Nanos {
  if (!isTimeless(event)) return event.time as Nanos;
  return dayStart(dayOf(t as Nanos));
}

/** The reference that commands and reports print. */
export function eventReference(time: Nanos, hash: string): EventReference {
  return `${padNanos(time)}.${hash}`;
}

/**
 * Takes a reference apart.
 * @throws RecordError `REFERENCE` if it is none.
 */
export function parseReference(reference: string): { time: Nanos; hash: string } {
  const match = /^(\d{19})\.([0-9a-f]{64})$/.exec(reference);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new RecordError(
      'REFERENCE',
      'This is no event reference; it is 19 digits of time, a dot and 64 hex digits, as reports print it.',
    );
  }
  return { time: unpadNanos(match[1]), hash: match[2] };
}

/** When an actor says that an event without a time of its own happened. */
export interface SaidTime {
  readonly actor: string;
  readonly t?: Nanos | null;
}

/**
 * The time of an event that carries none: the lower median of the attesting actors' times, the earliest of each
 * actor counting. Undefined where nobody says a time, for the event has its own.
 */
export function medianTime(said: readonly SaidTime[]): Nanos | undefined {
  const earliest = new Map<string, string>();
  for (const { actor, t } of said) {
    if (!t) continue;
    const time = padNanos(t);
    const known = earliest.get(actor);
    if (known === undefined || time < known) earliest.set(actor, time);
  }
  const sorted = [...earliest.values()].sort();
  const median = sorted[Math.floor((sorted.length - 1) / 2)];
  return median === undefined ? undefined : unpadNanos(median);
}
