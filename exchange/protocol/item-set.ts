import { ExchangeError } from './errors.js';

/** A time of 8 bytes, big endian, then an event hash of 32: bytes sort as time, then hash. */
export const ITEM_BYTES = 40;
const TIME_BYTES = 8;

/**
 * A place between items: up to 40 bytes, behind which zeros are to be thought. An item is at or behind a bound if it is
 * not less, byte by byte. Bounds do not end in a zero, so that each place has one form.
 */
export type Bound = Buffer;

/** Before every item. */
export const BEGIN: Bound = Buffer.alloc(0);
/** Behind every item: times are below 2^63. */
export const END: Bound = Buffer.from([0xff]);

/** One event of a set. */
export interface Item {
  /** Nanoseconds, 19 digits. */
  readonly time: string;
  /** The event hash, 64 hexadecimal digits. */
  readonly hash: string;
}

/** The bytes of an item, for time and hash as the record format has them. */
export function itemBytes({ time, hash }: Item): Buffer {
  const bytes = Buffer.alloc(ITEM_BYTES);
  writeItem(bytes, 0, time, hash);
  return bytes;
}

function writeItem(bytes: Buffer, at: number, time: string, hash: string): void {
  bytes.writeBigUInt64BE(BigInt(time), at);
  bytes.write(hash, at + TIME_BYTES, 'hex');
}

/** The shortest bound at or before `item` that lies behind `before`, the item next to it. */
export function boundBetween(before: Buffer, item: Buffer): Bound {
  let shared = 0;
  while (before[shared] === item[shared]) shared++;
  return item.subarray(0, shared + 1);
}

/** A set of items, each once, in order, in one piece of memory. */
export class ItemSet {
  readonly #bytes: Buffer;
  readonly count: number;

  /** @param bytes items in order, each once */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.count = bytes.length / ITEM_BYTES;
  }

  /** The bytes of the item at a place from 0 on. */
  at(index: number): Buffer {
    return this.#bytes.subarray(index * ITEM_BYTES, (index + 1) * ITEM_BYTES);
  }

  /** Time and hash of the item at a place. */
  item(index: number): Item {
    const bytes = this.at(index);
    const time = bytes.readBigUInt64BE(0).toString().padStart(19, '0');
    return { time, hash: bytes.toString('hex', TIME_BYTES) };
  }

  items(): Item[] {
    return Array.from({ length: this.count }, (_, index) => this.item(index));
  }

  /** How many items are before a bound: the place of the first one that is not. */
  indexOf(bound: Bound): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * ITEM_BYTES;
      if (bound.compare(this.#bytes, at, at + ITEM_BYTES) > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(item: Buffer): boolean {
    const index = this.indexOf(item);
    return index < this.count && this.at(index).equals(item);
  }
}

/** Gathers items in any order. Order costs least where they come nearly sorted, as logs do. */
export class ItemSetBuilder {
  #bytes = Buffer.allocUnsafe(ITEM_BYTES * 1024);
  #count = 0;
  #sorted = true;

  get count(): number {
    return this.#count;
  }

  /** @param time nanoseconds in decimal; @param hash 64 hexadecimal digits */
  add(time: string, hash: string): void {
    this.#room();
    writeItem(this.#bytes, this.#count * ITEM_BYTES, time, hash);
    this.#added();
  }

  addBytes(item: Buffer): void {
    this.#room();
    item.copy(this.#bytes, this.#count * ITEM_BYTES);
    this.#added();
  }

  #room(): void {
    if ((this.#count + 1) * ITEM_BYTES <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }

  #added(): void {
    const at = this.#count * ITEM_BYTES;
    if (this.#sorted && this.#count > 0) {
      this.#sorted = this.#bytes.compare(this.#bytes, at, at + ITEM_BYTES, at - ITEM_BYTES, at) < 0;
    }
    this.#count++;
  }

  /** The set of what was added, each once. */
  build(): ItemSet {
    const used = this.#bytes.subarray(0, this.#count * ITEM_BYTES);
    if (this.#sorted) return new ItemSet(used);
    const items = Array.from({ length: this.#count }, (_, at) => used.subarray(at * ITEM_BYTES, (at + 1) * ITEM_BYTES));
    items.sort(Buffer.compare);
    return new ItemSet(Buffer.concat(items.filter((item, at) => at === 0 || !item.equals(items[at - 1] as Buffer))));
  }

  /**
   * The set of what was added.
   * @throws ExchangeError `PROTOCOL` if something was added twice
   */
  buildDistinct(): ItemSet {
    const set = this.build();
    if (set.count === this.#count) return set;
    throw new ExchangeError('PROTOCOL', 'The other side named an event twice; use one version on both sides.');
  }
}

/** The set of some items, in any order. */
export function itemSetOf(items: Iterable<Item>): ItemSet {
  const builder = new ItemSetBuilder();
  for (const { time, hash } of items) builder.add(time, hash);
  return builder.build();
}
