import { firstIndex } from '../ledger/coverage.js';

/** So many nanoseconds of the ledger clock, as a power of two, are looked at together: some 67 milliseconds. */
const TICK = 26n;

/** The number under which something lies that waits for the ledger clock. */
export function tickOf(time: bigint): number {
  return Number(time >> TICK);
}

/** Things in order of a number of theirs, which many share: cheap to add, to take out and to walk from one number to another. */
export class Buckets<T> {
  readonly #at = new Map<number, Set<T>>();
  /** Ascending. */
  readonly #keys: number[] = [];

  add(key: number, thing: T): void {
    const bucket = this.#at.get(key);
    if (bucket !== undefined) {
      bucket.add(thing);
      return;
    }
    this.#at.set(key, new Set([thing]));
    // Nearly always the greatest.
    if (key > (this.#keys.at(-1) ?? Number.NEGATIVE_INFINITY)) this.#keys.push(key);
    else this.#keys.splice(this.#indexOf(key), 0, key);
  }

  remove(key: number, thing: T): void {
    const bucket = this.#at.get(key);
    if (bucket === undefined) return;
    bucket.delete(thing);
    if (bucket.size > 0) return;
    this.#at.delete(key);
    this.#keys.splice(this.#indexOf(key), 1);
  }

  /** Those of a stretch of numbers, both ends included, as they are now. */
  between(from: number, to: number): T[] {
    const things: T[] = [];
    for (let at = this.#indexOf(from); at < this.#keys.length; at += 1) {
      const key = this.#keys[at] as number;
      if (key > to) break;
      for (const thing of this.#at.get(key) as Set<T>) things.push(thing);
    }
    return things;
  }

  #indexOf(key: number): number {
    return firstIndex(this.#keys, (other) => other >= key);
  }
}
