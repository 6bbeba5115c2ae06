import { ExchangeError } from './errors.js';
import { type Bound, ITEM_BYTES } from './item-set.js';

/** A number of up to three groups of seven bits. */
const MAX_NUMBER = 2 ** 21 - 1;

/** Writes a message. Bounds and items are written as what they do not share with the last one. */
export class MessageWriter {
  readonly #bytes: Buffer;
  #length = 0;
  #last: Buffer = Buffer.alloc(0);

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.#bytes.length - this.#length;
  }

  byte(value: number): void {
    this.#length = this.#bytes.writeUInt8(value, this.#length);
  }

  number(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  bytes(value: Buffer): void {
    this.#length += value.copy(this.#bytes, this.#length);
  }

  hex(value: string): void {
    this.#length += this.#bytes.write(value, this.#length, 'hex');
  }

  bound(bound: Bound): void {
    const shared = this.#shared(bound);
    this.byte(shared);
    this.byte(bound.length - shared);
    this.bytes(bound.subarray(shared));
  }

  item(item: Buffer): void {
    // An item that is the last bound to its end is written with one byte of its own.
    const shared = Math.min(this.#shared(item), ITEM_BYTES - 1);
    this.byte(shared);
    this.bytes(item.subarray(shared));
  }

  #shared(next: Buffer): number {
    const most = Math.min(this.#last.length, next.length);
    let shared = 0;
    while (shared < most && this.#last[shared] === next[shared]) shared++;
    this.#last = next;
    return shared;
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** Reads a message. All methods throw ExchangeError `PROTOCOL` for what no writer writes. */
export class MessageReader {
  readonly #bytes: Buffer;
  #at = 0;
  #last: Buffer = Buffer.alloc(0);

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    return this.bytes(1)[0] as number;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const group = this.byte();
      value += (group & 0x7f) * scale;
      if (value > MAX_NUMBER) refuse('a number is too large');
      if (group > 0x7f) continue;
      if (group === 0 && scale > 1) refuse('a number is longer than it need be');
      return value;
    }
  }

  bytes(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) refuse('it ends too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  bound(): Bound {
    const shared = this.byte();
    const own = this.byte();
    if (shared > this.#last.length || shared + own > ITEM_BYTES) refuse('a bound is too long');
    const bound = this.#joined(shared, own);
    if (bound.at(-1) === 0) refuse('a bound ends in a zero');
    return bound;
  }

  item(): Buffer {
    const shared = this.byte();
    if (shared > this.#last.length || shared >= ITEM_BYTES) refuse('an item shares too much');
    const item = this.#joined(shared, ITEM_BYTES - shared);
    if ((item[0] as number) > 0x7f) refuse('a time is beyond int64');
    return item;
  }

  #joined(shared: number, own: number): Buffer {
    // A copy: a message is not kept alive by the bounds that were in it.
    this.#last = Buffer.concat([this.#last.subarray(0, shared), this.bytes(own)]);
    return this.#last;
  }

  /** @throws ExchangeError `PROTOCOL` if there is more */
  end(): void {
    if (!this.done) refuse('it goes on behind its end');
  }
}

/** @throws ExchangeError `PROTOCOL` */
export function refuse(why: string): never {
  throw new ExchangeError(
    'PROTOCOL',
    `A message of the other side cannot be read: ${why}; use one version on both sides.`,
  );
}
