import { RecordError } from './errors.js';

/** Nanoseconds since the epoch as a decimal string: int64 does not fit a JavaScript number. */
export type Nanos = string;

/** A UTC day, `YYYY-MM-DD`. */
export type Day = string;

export const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_DAY = 86_400n * NANOS_PER_SECOND;
const MAX_NANOS = 9_223_372_036_854_775_807n;
const CANONICAL_NANOS = /^(?:0|[1-9][0-9]{0,18})$/;

/** Whether `text` is a time in canonical form: decimal, no sign, no leading zero, within int64. */
export function isNanos(text: string): boolean {
  return CANONICAL_NANOS.test(text) && (text.length < 19 || BigInt(text) <= MAX_NANOS);
}

/** `time` as 19 digits, so that text sorts as time does. */
export function padNanos(time: Nanos): string {
  return time.padStart(19, '0');
}

/** The canonical form of a time of 19 digits. */
export function unpadNanos(padded: string): Nanos {
  return padded.replace(/^0{1,18}/, '');
}

/** The UTC day that `time` lies in. */
export function dayOf(time: Nanos): Day {
  // Seconds alone, which a number holds exactly.
  return new Date(Number(time.slice(0, -9)) * 1000).toISOString().slice(0, 10);
}

/**
 * The first nanosecond of a UTC day.
 * @throws RecordError `TIME` if `day` is no calendar day written `YYYY-MM-DD`.
 */
export function dayStart(day: Day): Nanos {
  const millis = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  const valid = millis >= 0 && new Date(millis).toISOString().slice(0, 10) === day;
  if (!valid) {
    throw new RecordError(
      'TIME',
      `"${day.slice(0, 40)}" is not a day; write it as YYYY-MM-DD, in UTC, from 1970-01-01 on.`,
    );
  }
  return (BigInt(millis) * 1_000_000n).toString();
}

/** The first nanosecond after a UTC day. */
export function dayEnd(day: Day): Nanos {
  return (BigInt(dayStart(day)) + NANOS_PER_DAY).toString();
}

/** `time` moved by a number of seconds, never below 0. */
export function addSeconds(time: Nanos, seconds: number): Nanos {
  const moved = BigInt(time) + BigInt(Math.round(seconds * 1e9));
  return (moved < 0n ? 0n : moved).toString();
}

/** ISO 8601 in UTC with all nine digits of the nanoseconds. */
export function isoOfNanos(time: Nanos): string {
  const value = BigInt(time);
  const seconds = new Date(Number(value / NANOS_PER_SECOND) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${(value % NANOS_PER_SECOND).toString().padStart(9, '0')}Z`;
}

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Reads a time as people write it: ISO 8601 (a missing zone means UTC, a missing time the start of the day,
 * up to nine digits of fraction) or nanoseconds since the epoch.
 * @throws RecordError `TIME` for anything else.
 */
export function parseTime(text: string): Nanos {
  if (isNanos(text)) return text;
  const match = ISO.exec(text);
  const [, day, clock = '00:00:00', fraction = '', zone = 'Z'] = match ?? [];
  const millis = day === undefined ? Number.NaN : Date.parse(`${day}T${clock}${zone}`);
  const rolled =
    day !== undefined &&
    Date.parse(`${day}T00:00:00Z`) >= 0 &&
    new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day;
  if (Number.isNaN(millis) || millis < 0 || rolled) {
    throw new RecordError('TIME', `"${text.slice(0, 40)}" is not a time; write ISO 8601 such as 2026-11-22T09:30:00Z.`);
  }
  const time = (BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))).toString();
  if (!isNanos(time)) throw new RecordError('TIME', `"${text.slice(0, 40)}" is later than nanoseconds in int64 reach.`);
  return time;
}
