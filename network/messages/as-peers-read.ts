import { isUtf8 } from 'node:buffer';
import type { FieldShape, MessageShape } from './shape.js';
import {
  endOfContent,
  endOfVarint,
  fieldsOf,
  numberBetween,
  numberIn,
  tagBetween,
  varint,
  WIRE,
  within,
} from './wire.js';

const WIRE_OF: Readonly<Record<FieldShape['kind'], number>> = {
  int32: WIRE.varint,
  uint32: WIRE.varint,
  int64: WIRE.varint,
  truth: WIRE.varint,
  bytes: WIRE.bytes,
  text: WIRE.bytes,
  one: WIRE.bytes,
  many: WIRE.bytes,
};
/** Numbers that take more bytes may be above 32 bits. */
const PLAIN_VARINT = 4;

/**
 * A message in the one form in which every decoder reads what Fabric's peers and orderers read. These are programs in Go, whose
 * `proto.Unmarshal` puts the parts of a message together that comes several times, passes over fields of another kind than
 * they should be, and refuses text that is not UTF-8; the decoder for JavaScript keeps the last part, fails at such a field, and takes
 * any text. Clients choose how they write what they sign.
 * @returns the same bytes where they have that form, as whatever Fabric's own programs write has
 * @throws Error for what Go refuses
 */
export function asPeersRead(bytes: Uint8Array, shape: MessageShape): Uint8Array {
  return isPlain(bytes, 0, bytes.length, shape) ? bytes : rewritten(bytes, shape);
}

/** Goes through every field, whatever is found before: for what Go refuses. */
function isPlain(bytes: Uint8Array, begin: number, limit: number, shape: MessageShape): boolean {
  let plain = true;
  let seen = 0;
  for (let at = begin; at < limit; ) {
    const tagEnd = endOfVarint(bytes, at, limit);
    const tag = tagBetween(bytes, at, tagEnd);
    const number = Math.floor(tag / 8);
    const field = shape[number];
    if (field === undefined || WIRE_OF[field.kind] !== tag % 8) {
      plain = false;
      at = endOfContent(bytes, tag, tagEnd, limit);
      continue;
    }
    const contentAt = endOfVarint(bytes, tagEnd, limit);
    if (tagEnd - at > 1 || (contentAt - tagEnd > PLAIN_VARINT && field.kind !== 'int64')) plain = false;
    at = contentAt;
    if (tag % 8 === WIRE.varint) continue;
    at = within(contentAt + numberBetween(bytes, tagEnd, contentAt), limit);
    if (field.kind === 'text') {
      checkText(bytes, contentAt, at);
    } else if (field.kind === 'one' || field.kind === 'many') {
      if (field.kind === 'one' && seen & (1 << number)) plain = false;
      seen |= 1 << number;
      if (!isPlain(bytes, contentAt, at, field.of)) plain = false;
    }
  }
  return plain;
}

function checkText(bytes: Uint8Array, begin: number, end: number): void {
  for (let at = begin; at < end; at += 1) {
    if ((bytes[at] ?? 0) < 0x80) continue;
    if (!isUtf8(bytes.subarray(at, end))) throw new Error('a text is not UTF-8');
    return;
  }
}

function rewritten(bytes: Uint8Array, shape: MessageShape): Uint8Array {
  const fields: Uint8Array[] = [];
  /** The parts of messages that come once, by their fields' numbers. */
  const parts = new Map<number, Uint8Array[]>();
  for (const { number, wire, content } of fieldsOf(bytes)) {
    const field = shape[number];
    if (field === undefined || WIRE_OF[field.kind] !== wire) continue;
    if (field.kind !== 'many' && field.choice) dropOthers(parts, shape, number);
    if (field.kind === 'one') parts.set(number, [...(parts.get(number) ?? []), content]);
    else fields.push(fieldOf(number, field, content));
  }
  for (const [number, contents] of parts) {
    const field = shape[number];
    if (field?.kind === 'one') fields.push(bytesField(number, rewritten(Buffer.concat(contents), field.of)));
  }
  return Buffer.concat(fields);
}

/** What a message's choice was before is forgotten. */
function dropOthers(parts: Map<number, Uint8Array[]>, shape: MessageShape, chosen: number): void {
  for (const number of parts.keys()) {
    const field = shape[number];
    if (number !== chosen && field?.kind === 'one' && field.choice) parts.delete(number);
  }
}

function fieldOf(number: number, field: Exclude<FieldShape, { kind: 'one' }>, content: Uint8Array): Uint8Array {
  switch (field.kind) {
    // Go cuts these to 32 bits, and writes a negative one as of 64.
    case 'int32':
      return numberField(number, BigInt.asUintN(64, BigInt.asIntN(32, numberIn(content))));
    case 'uint32':
      return numberField(number, BigInt.asUintN(32, numberIn(content)));
    case 'truth':
      return numberField(number, numberIn(content) > 0n ? 1n : 0n);
    case 'int64':
      return numberField(number, numberIn(content));
    case 'many':
      return bytesField(number, rewritten(content, field.of));
    default:
      return bytesField(number, content);
  }
}

function numberField(number: number, value: bigint): Uint8Array {
  return Buffer.concat([varint(number * 8 + WIRE.varint), varint(value)]);
}

function bytesField(number: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([varint(number * 8 + WIRE.bytes), varint(content.length), content]);
}
