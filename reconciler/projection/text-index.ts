import { randomInt } from 'node:crypto';

/** What is found by a text that is its own. */
export interface Texted {
  readonly text: string;
  /** `keyOf` the text. */
  readonly key: number;
}

/** So much of a text tells nearly all apart: an event's time stands near its end. */
const END = 64;

// Actors choose texts. Without knowing these nobody can have them lie together in a table; whose keys are equal cost what texts
// that end alike cost.
const SEED = randomInt(2 ** 32) | 0;
const MULTIPLIER = randomInt(2 ** 32) | 1;

/** A number for the end of a text, or of a part of one; the same for the same end while the process runs. */
export function keyOf(text: string, begin = 0, end = text.length): number {
  let key = SEED;
  let at = Math.max(begin, end - END);
  for (; at + 1 < end; at += 2) {
    key = Math.imul(((key << 13) | (key >>> 19)) ^ (text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)), MULTIPLIER);
  }
  if (at < end) key = Math.imul(((key << 13) | (key >>> 19)) ^ text.charCodeAt(at), MULTIPLIER);
  return key ^ (key >>> 15);
}

/**
 * Finds things by their text, at the price of hashing its end alone: to hash all of it would be most of what knowing an
 * event costs. Texts that end alike, which anybody can make by the thousand, are told apart by their whole hash.
 */
export class TextIndex<T extends Texted> {
  readonly #byKey = new Map<number, T | Map<string, T>>();

  get(text: string, key: number): T | undefined {
    const found = this.#byKey.get(key);
    if (found === undefined) return undefined;
    if (found instanceof Map) return found.get(text);
    return found.text === text ? found : undefined;
  }

  /** Adds a thing, or puts it in the place of another with the same text. */
  set(thing: T): void {
    const found = this.#byKey.get(thing.key);
    if (found instanceof Map) {
      // Or the text of the one before is kept, which may have been cut from a long one.
      found.delete(thing.text);
      found.set(thing.text, thing);
    } else if (found === undefined || found.text === thing.text) this.#byKey.set(thing.key, thing);
    else this.#byKey.set(thing.key, new Map([found, thing].map((one) => [one.text, one])));
  }

  /** Takes out what has the text of a thing. @returns whether there was one */
  delete({ text, key }: Texted): boolean {
    const found = this.#byKey.get(key);
    if (found instanceof Map) {
      const isThere = found.delete(text);
      if (found.size === 0) this.#byKey.delete(key);
      return isThere;
    }
    return found?.text === text && this.#byKey.delete(key);
  }

  *values(): Generator<T> {
    for (const found of this.#byKey.values()) {
      if (found instanceof Map) yield* found.values();
      else yield found;
    }
  }
}
