// Reads as much of a line's bytes as is needed to tell when and of what kind an event is, without making values of them.
// Whatever is not exactly what Docker writes is left to the full reading.

import { BACKSLASH, CLOSE, COLON, COMMA, NINE, OPEN, QUOTE, SPACE, ZERO } from './ascii.js';

/** A moment in two numbers that a double holds exactly. */
export interface Moment {
  seconds: number;
  /** Below a second. */
  nanos: number;
}

/** Nanoseconds since the epoch. */
export function nanosOf({ seconds, nanos }: Readonly<Moment>): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

export function isAfter(a: Readonly<Moment>, b: Readonly<Moment>): boolean {
  return a.seconds > b.seconds || (a.seconds === b.seconds && a.nanos > b.nanos);
}

/** A name for a moment, the same for the same. */
export function momentOf({ seconds, nanos }: Readonly<Moment>): string {
  return `${seconds}.${nanos}`;
}

/** Bytes in a text at which more must be looked at: its end, an escape, and what no text may hold. */
const ENDS_TEXT = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte < 0x20 || byte === QUOTE || byte === BACKSLASH),
);

const TIME_KEY = Buffer.from(',"timeNano":');
/** So many digits all times from 2001 to 2262 have. */
const DIGITS = 19;
const SECONDS_DIGITS = DIGITS - 9;

/**
 * The time of a line that ends with `"timeNano":<digits>}`, as Docker's do.
 * @param into takes the time
 * @returns false for a line that does not
 */
export function timeAtEnd(bytes: Uint8Array, from: number, to: number, into: Moment): boolean {
  const end = to - 1;
  if (bytes[end] !== CLOSE) return false;
  // A comma before the key: were it in a text, a quote there would be escaped.
  if (end - DIGITS - TIME_KEY.length > from && isAt(bytes, end - DIGITS - TIME_KEY.length, TIME_KEY)) {
    return wholeTime(bytes, end - DIGITS, into);
  }
  let at = end;
  while (at > from && isDigit(bytes[at - 1] as number)) at--;
  const key = at - TIME_KEY.length;
  if (key <= from || !isInt64(bytes, at, end) || !isAt(bytes, key, TIME_KEY)) return false;
  digitsToMoment(bytes, at, end, into);
  return true;
}

/** Nineteen digits of a time. @returns false for what is none, or must be read in full */
function wholeTime(bytes: Uint8Array, from: number, into: Moment): boolean {
  const first = bytes[from] as number;
  if (first <= ZERO || first >= NINE) return false;
  let seconds = 0;
  let nanos = 0;
  let greatest = 0;
  for (let at = from; at < from + SECONDS_DIGITS; at++) {
    // Below zero it wraps to what is greater than nine.
    const digit = ((bytes[at] as number) - ZERO) & 0xff;
    if (digit > greatest) greatest = digit;
    seconds = seconds * 10 + digit;
  }
  for (let at = from + SECONDS_DIGITS; at < from + DIGITS; at++) {
    const digit = ((bytes[at] as number) - ZERO) & 0xff;
    if (digit > greatest) greatest = digit;
    nanos = nanos * 10 + digit;
  }
  if (greatest > 9) return false;
  into.seconds = seconds;
  into.nanos = nanos;
  return true;
}

/** Digits of a time in nanoseconds: no leading zero, at most as many as int64 has. */
export function isNumber(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isDigit(bytes[at] as number)) return false;
  return isInt64(bytes, from, to);
}

function isInt64(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (length < 1 || length > 19 || (length > 1 && bytes[from] === ZERO)) return false;
  // 2^63 begins with 92; what is near it is left to the full reading.
  return length < 19 || (bytes[from] as number) < NINE;
}

export function digitsToMoment(bytes: Uint8Array, from: number, to: number, into: Moment): void {
  const point = Math.max(from, to - 9);
  let seconds = 0;
  for (let at = from; at < point; at++) seconds = seconds * 10 + ((bytes[at] as number) - ZERO);
  let nanos = 0;
  for (let at = point; at < to; at++) nanos = nanos * 10 + ((bytes[at] as number) - ZERO);
  into.seconds = seconds;
  into.nanos = nanos;
}

/** Where type and action stand in a line. */
export interface Kind {
  typeFrom: number;
  typeTo: number;
  actionFrom: number;
  /** Before the detail, if there is one. */
  actionTo: number;
}

const BEFORE_TYPE = Buffer.from('","Type":"');
/** Where in it the T is, a byte that few lines have elsewhere before it. */
const TO_BIG_T = 3;
export const BIG_T = BEFORE_TYPE[TO_BIG_T] as number;
const BEFORE_ACTION = Buffer.from('","Action":"');
const BEFORE_ACTOR = Buffer.from('","Actor":{');

/**
 * Finds type and action of a line in which they stand one after the other before the actor, as in Docker's.
 * @param bigT where the first T of the line is
 * @param into takes the places
 * @returns false for a line in which they do not
 */
export function kindBeforeActor(bytes: Uint8Array, from: number, to: number, bigT: number, into: Kind): boolean {
  const place = bigT - TO_BIG_T;
  if (place <= from || bigT >= to || !isAt(bytes, place, BEFORE_TYPE)) return false;
  const typeFrom = place + BEFORE_TYPE.length;
  let at = typeFrom;
  while (ENDS_TEXT[bytes[at] as number] === 0) at++;
  into.typeFrom = typeFrom;
  into.typeTo = at;
  if (!isAt(bytes, at, BEFORE_ACTION)) return false;
  at += BEFORE_ACTION.length;
  into.actionFrom = at;
  into.actionTo = -1;
  while (ENDS_TEXT[bytes[at] as number] === 0) {
    if (bytes[at] === COLON && bytes[at + 1] === SPACE && into.actionTo < 0) into.actionTo = at;
    at++;
  }
  // What stands after the colon is detail, with or without escapes.
  if (into.actionTo < 0) into.actionTo = at;
  if (into.actionTo === into.actionFrom) return false;
  while (bytes[at] === BACKSLASH && into.actionTo < at) {
    at += 2;
    while (ENDS_TEXT[bytes[at] as number] === 0) at++;
  }
  return at < to && isAt(bytes, at, BEFORE_ACTOR);
}

/**
 * The kind that two values, texts with their quotes, tell.
 * @param into takes the places
 * @returns false where an escape stands in them, but for the detail
 */
export function kindWithin(
  bytes: Uint8Array,
  type: { readonly from: number; readonly to: number },
  action: { readonly from: number; readonly to: number },
  into: Kind,
): boolean {
  if (bytes[type.from] !== QUOTE || bytes[action.from] !== QUOTE || hasEscape(bytes, type.from, type.to)) return false;
  into.typeFrom = type.from + 1;
  into.typeTo = type.to - 1;
  into.actionFrom = action.from + 1;
  into.actionTo = endOfAction(bytes, action.from + 1, action.to - 1);
  return into.actionTo >= 0;
}

/** Whether certain bytes stand at a place. */
export function isAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return false;
  return true;
}

/**
 * Finds type and action of a line that begins with members of text, them among these, as Docker's do.
 * @param into takes the places
 * @returns false for a line that does not
 */
export function kindAtStart(bytes: Uint8Array, from: number, to: number, into: Kind): boolean {
  if (bytes[from] !== OPEN) return false;
  let type: { readonly from: number; readonly to: number } | undefined;
  let action: { readonly from: number; readonly to: number } | undefined;
  for (let at = from + 1; at < to; ) {
    const keyEnd = endOfText(bytes, at, to);
    if (keyEnd < 0 || bytes[keyEnd] !== COLON) return false;
    const value = keyEnd + 1;
    const valueEnd = endOfText(bytes, value, to);
    if (valueEnd < 0) return false;
    const length = keyEnd - at;
    if (length === 6 && isText(bytes, at + 1, 'Type')) {
      type = { from: value, to: valueEnd };
    } else if (length === 8 && isText(bytes, at + 1, 'Action')) {
      action = { from: value, to: valueEnd };
    }
    if (type !== undefined && action !== undefined) return kindWithin(bytes, type, action, into);
    if (bytes[valueEnd] !== COMMA) return false;
    at = valueEnd + 1;
  }
  return false;
}

/** The place after a text's closing quote; -1 if none begins here or it does not end. */
export function endOfText(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] !== QUOTE) return -1;
  for (let at = from + 1; at < to; at++) {
    if (ENDS_TEXT[bytes[at] as number] === 0) continue;
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return -1;
    at++;
  }
  return -1;
}

/** Where an action ends before `: ` and its detail; -1 if an escape stands before. */
function endOfAction(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    if (bytes[at] === BACKSLASH) return -1;
    if (bytes[at] === COLON && bytes[at + 1] === 0x20) return at === from ? -1 : at;
  }
  return from === to ? -1 : to;
}

export function hasEscape(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

export function isText(bytes: Uint8Array, from: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[from + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
