/** How a field's content is written. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, beginGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** A field of a protobuf message. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  /** What it holds, of bytes without their length. */
  readonly content: Uint8Array;
}

/** Largest number of a field. */
const LARGEST = 2 ** 29 - 1;
/** Within groups Go looks at numbers less closely. */
const LARGEST_IN_GROUP = 2 ** 31 - 1;
/** Groups within groups that Go still takes: `protowire.DefaultRecursionLimit`, counted from 0 and ending below 0. */
const DEEPEST = 10_001;
const LONGEST_VARINT = 10;

/**
 * The fields of a message in the order of its bytes, repeated ones each time: what decoders hide.
 * @throws Error if the bytes are no message
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  for (let at = 0; at < message.length; ) {
    const begin = endOfVarint(message, at, message.length);
    const tag = tagBetween(message, at, begin);
    at = endOfContent(message, tag, begin, message.length);
    const wire = tag % 8;
    const from = wire === WIRE.bytes ? endOfVarint(message, begin, at) : begin;
    yield { number: Math.floor(tag / 8), wire, content: message.subarray(from, at) };
  }
}

/** Where a field's content ends, of bytes their length included. @throws Error if it does not end before `limit` */
export function endOfContent(message: Uint8Array, tag: number, at: number, limit: number): number {
  return tag % 8 === WIRE.beginGroup
    ? endOfGroup(message, Math.floor(tag / 8), at, limit)
    : endOfValue(message, tag % 8, at, limit);
}

function endOfValue(message: Uint8Array, wire: number, at: number, limit: number): number {
  switch (wire) {
    case WIRE.varint:
      return endOfVarint(message, at, limit);
    case WIRE.fixed64:
      return within(at + 8, limit);
    case WIRE.fixed32:
      return within(at + 4, limit);
    case WIRE.bytes: {
      const begin = endOfVarint(message, at, limit);
      return within(begin + numberBetween(message, at, begin), limit);
    }
    default:
      throw new Error('a field of no kind that there is');
  }
}

function endOfGroup(message: Uint8Array, number: number, begin: number, limit: number): number {
  const open = [number];
  let at = begin;
  while (open.length > 0) {
    const end = endOfVarint(message, at, limit);
    const tag = tagBetween(message, at, end, LARGEST_IN_GROUP);
    const inner = Math.floor(tag / 8);
    if (tag % 8 === WIRE.endGroup) {
      if (open.pop() !== inner) throw new Error('a group ends that did not begin');
      at = end;
    } else if (tag % 8 === WIRE.beginGroup) {
      if (open.push(inner) > DEEPEST) throw new Error('groups lie too deep');
      at = end;
    } else {
      at = endOfValue(message, tag % 8, end, limit);
    }
  }
  return at;
}

/** Number and kind of a field, as they stand before it. @throws Error if there are no fields of that number */
export function tagBetween(message: Uint8Array, begin: number, end: number, largest = LARGEST): number {
  const tag = numberBetween(message, begin, end);
  if (tag < 8 || tag >= (largest + 1) * 8) throw new Error('a field has a number that no field can have');
  return tag;
}

/** A number; above 2^53 it is not exact. */
export function numberBetween(message: Uint8Array, begin: number, end: number): number {
  let value = 0;
  for (let digit = end - 1; digit >= begin; digit -= 1) value = value * 128 + ((message[digit] ?? 0) & 0x7f);
  return value;
}

/** @throws Error if no number of at most 64 bits ends before `limit` */
export function endOfVarint(message: Uint8Array, begin: number, limit: number): number {
  const last = begin + LONGEST_VARINT - 1;
  for (let at = begin; at < limit && at <= last; at += 1) {
    const byte = message[at] ?? 0;
    if (byte >= 0x80) continue;
    if (at === last && byte > 1) break;
    return at + 1;
  }
  throw new Error('a number is cut off or too long');
}

/** @throws Error if a field does not end before `limit` */
export function within(end: number, limit: number): number {
  if (end > limit) throw new Error('a field is cut off');
  return end;
}

/** A number that is not negative, as fields write it. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  for (let left = BigInt(value); ; left >>= 7n) {
    if (left < 0x80n) return Buffer.of(...bytes, Number(left));
    bytes.push(Number(left & 0x7fn) | 0x80);
  }
}

/** The exact number that a varint writes. */
export function numberIn(content: Uint8Array): bigint {
  return content.reduceRight((value, byte) => value * 128n + BigInt(byte & 0x7f), 0n);
}
