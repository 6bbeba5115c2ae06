import { hash } from 'node:crypto';
import { ITEM_BYTES, type ItemSet } from './item-set.js';

export const KEY_BYTES = 32;
export const FINGERPRINT_BYTES = 16;
export const SHORT_BYTES = 8;

/** A sum is kept for every so many items; between two, items are hashed again. */
const STRIDE = 16;
const LIMBS = 8;
const FINGERPRINT_PREFIX = Buffer.from('event2ledger/fingerprint/v1\n');

/** A sum of hashes, modulo 2^256: eight limbs of 32 bits, the lowest first. */
export type Sum = Uint32Array;

/**
 * Hashes items under a session's key. Who chose the events did not know the key, so no choice of events makes sums of these
 * hashes meet: see docs/exchange.md. The input's length is fixed, so that a plain prefix makes SHA-256 a keyed function.
 */
export class ItemHash {
  readonly #input = Buffer.alloc(KEY_BYTES + ITEM_BYTES);

  constructor(key: Buffer) {
    key.copy(this.#input);
  }

  of(item: Buffer): Buffer {
    item.copy(this.#input, KEY_BYTES);
    return hash('sha256', this.#input, 'buffer');
  }
}

export function addTo(sum: Sum, digest: Buffer): void {
  let carry = 0;
  for (let limb = 0; limb < LIMBS; limb++) {
    const total = (sum[limb] as number) + digest.readUInt32LE(limb * 4) + carry;
    sum[limb] = total;
    carry = total > 0xffffffff ? 1 : 0;
  }
}

export function takeFrom(sum: Sum, other: Uint32Array): void {
  let borrow = 0;
  for (let limb = 0; limb < LIMBS; limb++) {
    const total = (sum[limb] as number) - (other[limb] as number) - borrow;
    sum[limb] = total;
    borrow = total < 0 ? 1 : 0;
  }
}

export function newSum(): Sum {
  return new Uint32Array(LIMBS);
}

/** The fingerprint of a set whose hashes have this sum. */
export function fingerprintOf(sum: Sum, count: number): Buffer {
  const input = Buffer.alloc(FINGERPRINT_PREFIX.length + 4 * LIMBS + 8);
  FINGERPRINT_PREFIX.copy(input);
  for (let limb = 0; limb < LIMBS; limb++) {
    input.writeUInt32LE(sum[limb] as number, FINGERPRINT_PREFIX.length + 4 * limb);
  }
  input.writeBigUInt64LE(BigInt(count), FINGERPRINT_PREFIX.length + 4 * LIMBS);
  return hash('sha256', input, 'buffer').subarray(0, FINGERPRINT_BYTES);
}

/** A set under a session's key: the fingerprint of any range of it, whatever its length, costs some 16 hashes. */
export class KeyedSet {
  readonly #set: ItemSet;
  readonly #hash: ItemHash;
  /** The sum of all items before each multiple of the stride. */
  readonly #sums: Uint32Array;

  constructor(set: ItemSet, key: Buffer) {
    this.#set = set;
    this.#hash = new ItemHash(key);
    this.#sums = new Uint32Array((Math.floor(set.count / STRIDE) + 1) * LIMBS);
    const sum = newSum();
    for (let index = 0; index < set.count; index++) {
      if (index % STRIDE === 0) this.#sums.set(sum, (index / STRIDE) * LIMBS);
      addTo(sum, this.hashAt(index));
    }
    if (set.count % STRIDE === 0) this.#sums.set(sum, (set.count / STRIDE) * LIMBS);
  }

  hashOf(item: Buffer): Buffer {
    return this.#hash.of(item);
  }

  hashAt(index: number): Buffer {
    return this.#hash.of(this.#set.at(index));
  }

  /** What names an item in a list of few: the first 8 bytes of its hash, as hexadecimal digits. */
  shortAt(index: number): string {
    return this.hashAt(index).toString('hex', 0, SHORT_BYTES);
  }

  /** The fingerprint of the items from place `from` up to, not including, `to`. */
  fingerprint(from: number, to: number): Buffer {
    return fingerprintOf(this.sum(from, to), to - from);
  }

  sum(from: number, to: number): Sum {
    const sum = this.#sumBefore(to);
    takeFrom(sum, this.#sumBefore(from));
    return sum;
  }

  #sumBefore(index: number): Sum {
    const stride = Math.floor(index / STRIDE);
    const sum = this.#sums.slice(stride * LIMBS, (stride + 1) * LIMBS);
    for (let at = stride * STRIDE; at < index; at++) addTo(sum, this.hashAt(at));
    return sum;
  }
}
