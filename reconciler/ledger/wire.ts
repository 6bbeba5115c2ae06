/** A field of a protobuf message; of one that is not bytes only that it is there is told. */
export interface Field {
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, beginGroup: 3, endGroup: 4, fixed32: 5 } as const;
/** Groups within groups; nobody sends any. */
const DEEPEST = 8;

/**
 * The fields of a message in the order of its bytes, repeated ones each time: what decoders hide.
 * @throws Error if the bytes are no message
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  for (let at = 0; at < message.length; ) {
    const tag = numberAt(message, at);
    const content = contentAt(message, tag.end, tag.value & 7, 0);
    yield { number: tag.value >>> 3, bytes: content.bytes };
    at = content.end;
  }
}

function contentAt(message: Uint8Array, at: number, wire: number, depth: number): { bytes?: Uint8Array; end: number } {
  switch (wire) {
    case WIRE.varint:
      return { end: endOfVarint(message, at) };
    case WIRE.fixed64:
      return { end: within(message, at + 8) };
    case WIRE.fixed32:
      return { end: within(message, at + 4) };
    case WIRE.bytes: {
      const length = numberAt(message, at);
      const end = within(message, length.end + length.value);
      return { bytes: message.subarray(length.end, end), end };
    }
    case WIRE.beginGroup:
      return { end: endOfGroup(message, at, depth) };
    default:
      throw new Error('a field of no kind that there is');
  }
}

function endOfGroup(message: Uint8Array, begin: number, depth: number): number {
  if (depth === DEEPEST) throw new Error('groups lie too deep');
  for (let at = begin; ; ) {
    const tag = numberAt(message, at);
    if ((tag.value & 7) === WIRE.endGroup) return tag.end;
    at = contentAt(message, tag.end, tag.value & 7, depth + 1).end;
  }
}

/** A tag or a length: at most 31 bits. */
function numberAt(message: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  const end = endOfVarint(message, at);
  let value = 0;
  for (let digit = end - 1; digit >= at; digit -= 1) value = value * 128 + ((message[digit] ?? 0) & 0x7f);
  if (value >= 2 ** 31) throw new Error('a number is too large');
  return { value, end };
}

function endOfVarint(message: Uint8Array, begin: number): number {
  for (let at = begin; at < Math.min(begin + 10, message.length); at += 1) {
    if ((message[at] ?? 0) < 0x80) return at + 1;
  }
  throw new Error('a number is cut off or too long');
}

function within(message: Uint8Array, end: number): number {
  if (end > message.length) throw new Error('a field is cut off');
  return end;
}
