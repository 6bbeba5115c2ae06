import { isoOfNanos, type Nanos } from '#chaincode';
import { printable } from '../cli/printable.js';

const NANOS = 1_000_000_000n;

/** A time for people: `2026-11-22 09:30:00.028 UTC`. The fraction is left out where it is zero. */
export function humanTime(time: Nanos): string {
  return `${isoOfNanos(time).slice(0, 10)} ${clockTime(time)} UTC`;
}

/** The time of day: `09:30:00.028`, milliseconds cut. */
export function clockTime(time: Nanos): string {
  return isoOfNanos(time)
    .slice(11, 23)
    .replace(/\.000$/, '');
}

/** A time to the nanosecond: `2026-11-22 09:30:00.028063346`. */
export function exactTime(time: Nanos): string {
  return isoOfNanos(time).replace('T', ' ').slice(0, -1);
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** A day for people: `Sunday, 22 November 2026`. */
export function humanDay(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  return `${WEEKDAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** A span of nanoseconds for people: `1 h 00 m 00 s`, `4 m 07 s`, `12.5 s`, `1.5 ms`, `350 ns`. What is
 * below a second of a minute or more is cut, the sign left out. */
export function humanDuration(nanos: bigint): string {
  const span = nanos < 0n ? -nanos : nanos;
  if (span === 0n) return '0 s';
  if (span < 1_000n) return `${span} ns`;
  if (span < 1_000_000n) return `${scaled(span, 1_000n)} µs`;
  if (span < NANOS) return `${scaled(span, 1_000_000n)} ms`;
  if (span < 60n * NANOS) return `${scaled(span, NANOS)} s`;
  const total = span / NANOS;
  const [hours, minutes, seconds] = [total / 3600n, (total / 60n) % 60n, total % 60n];
  const two = (value: bigint) => value.toString().padStart(2, '0');
  return hours > 0n ? `${grouped(hours)} h ${two(minutes)} m ${two(seconds)} s` : `${minutes} m ${two(seconds)} s`;
}

// With at most three digits of fraction, cut.
function scaled(value: bigint, unit: bigint): string {
  const thousandths = ((value * 1000n) / unit).toString().padStart(4, '0');
  return `${thousandths.slice(0, -3)}.${thousandths.slice(-3)}`.replace(/\.?0+$/, '');
}

/** Decimal seconds as nanoseconds. */
export function nanosOfSeconds(seconds: string): bigint {
  const [whole = '0', fraction = ''] = seconds.split('.');
  return BigInt(whole) * NANOS + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

/** Nanoseconds as decimal seconds, without trailing zeros. */
export function secondsOfNanos(nanos: bigint): string {
  return `${nanos / NANOS}.${(nanos % NANOS).toString().padStart(9, '0')}`.replace(/\.?0+$/, '');
}

/** A whole number with its thousands set apart: `12,000`. */
export function grouped(value: number | bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 event`, `2 events`, `1,200 events`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : plural}`;
}

/** A hash or ID short enough to read; shorter texts stay as they are. */
export function short(id: string): string {
  return printable(id.length > 20 ? `${id.slice(0, 12)}…` : id);
}

/** `A`, `A and B`, `A, B and C`. */
export function joined(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
