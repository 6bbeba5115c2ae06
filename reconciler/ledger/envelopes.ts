/** Of protobuf's encoding: how a field's content is delimited. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, beginGroup: 3, endGroup: 4, fixed32: 5 } as const;
/** A field's number and its wire type: field 1, bytes. */
const PAYLOAD_TAG = 0x0a;
/** Groups within groups; nobody sends any. */
const DEEPEST = 8;

/**
 * Whether bytes in a block begin with an envelope's payload and hold no other. A block's data hash is over all envelopes one
 * behind the other, with nothing between them: whoever hands a block over could put two into one, of which a reader sees the
 * second alone, or cut a transaction from its signature, and no hash or signature would change. Orderers write each envelope
 * anew, its payload first and once, so that only one division of the same bytes has this form.
 */
export function isOneEnvelope(bytes: Uint8Array): boolean {
  if (bytes[0] !== PAYLOAD_TAG) return false;
  const reader = new Fields(bytes);
  let payloads = 0;
  while (!reader.atEnd) {
    const field = reader.skip();
    if (field === undefined) return false;
    if (field === 1) payloads += 1;
  }
  return payloads === 1;
}

/** Goes over a message's fields without decoding them. */
class Fields {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get atEnd(): boolean {
    return this.#at === this.bytes.length;
  }

  /** Passes over one field. @returns its number; undefined if the bytes are no message */
  skip(depth = 0): number | undefined {
    const tag = this.#varint();
    if (tag === undefined || tag < 8) return undefined;
    return this.#content(tag & 7, depth) ? tag >>> 3 : undefined;
  }

  #content(wire: number, depth: number): boolean {
    switch (wire) {
      case WIRE.varint:
        return this.#number();
      case WIRE.fixed64:
        return this.#forward(8);
      case WIRE.fixed32:
        return this.#forward(4);
      case WIRE.bytes: {
        const length = this.#varint();
        return length !== undefined && this.#forward(length);
      }
      case WIRE.beginGroup:
        return depth < DEEPEST && this.#group(depth);
      default:
        return false;
    }
  }

  #group(depth: number): boolean {
    while (!this.atEnd) {
      if (((this.bytes[this.#at] ?? 0) & 7) === WIRE.endGroup) return this.#number();
      if (this.skip(depth + 1) === undefined) return false;
    }
    return false;
  }

  #forward(count: number): boolean {
    this.#at += count;
    return this.#at <= this.bytes.length;
  }

  /** Any number, of at most ten bytes. */
  #number(): boolean {
    for (let length = 1; length <= 10; length += 1) {
      const byte = this.bytes[this.#at];
      if (byte === undefined) return false;
      this.#at += 1;
      if (byte < 0x80) return true;
    }
    return false;
  }

  /** A tag or a length: at most 31 bits. */
  #varint(): number | undefined {
    const begin = this.#at;
    if (!this.#number() || this.#at - begin > 5) return undefined;
    let value = 0;
    for (let at = this.#at - 1; at >= begin; at -= 1) value = value * 128 + ((this.bytes[at] ?? 0) & 0x7f);
    return value < 2 ** 31 ? value : undefined;
  }
}
