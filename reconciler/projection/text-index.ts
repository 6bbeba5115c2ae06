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

const PLACES = 1024;

/**
 * Finds things by their text, at the price of hashing its end alone: to hash all of it would be most of what knowing an
 * event costs. Texts that end alike, which anybody can make by the thousand, are told apart by their whole hash.
 *
 * Things come and go by the thousand with every block. A `Map` is written anew each time as many have gone as it has room for, and what it was
 * before holds on to all that it had, until all garbage is looked at: so nothing would ever be collected while it is young.
 * Here a thing that goes leaves its place at once: the next ones move up (Knuth, The Art of Computer Programming 3, 6.4, algorithm R).
 */
export class TextIndex<T extends Texted> {
  #keys: Int32Array;
  /** Of each place what has its key: one thing, or those that end alike, by their texts. */
  #things: (T | Map<string, T> | undefined)[];
  #taken = 0;

  /** @param places room for half as many to begin with; a power of two */
  constructor(places = PLACES) {
    this.#keys = new Int32Array(places);
    this.#things = emptyPlaces(places);
  }

  get(text: string, key: number): T | undefined {
    const found = this.#things[this.#placeOf(key)];
    if (found === undefined) return undefined;
    if (found instanceof Map) return found.get(text);
    return found.text === text ? found : undefined;
  }

  /** Adds a thing, or puts it in the place of another with the same text. */
  set(thing: T): void {
    const place = this.#placeOf(thing.key);
    const found = this.#things[place];
    if (found instanceof Map) {
      // Or the text of the one before is kept, which may have been cut from a long one.
      found.delete(thing.text);
      found.set(thing.text, thing);
    } else if (found === undefined) {
      this.#keys[place] = thing.key;
      this.#things[place] = thing;
      this.#taken += 1;
      if (this.#taken > this.#things.length / 2) this.#grow();
    } else if (found.text === thing.text) this.#things[place] = thing;
    else this.#things[place] = new Map([found, thing].map((one) => [one.text, one]));
  }

  /** Takes out what has the text of a thing. @returns whether there was one */
  delete({ text, key }: Texted): boolean {
    const place = this.#placeOf(key);
    const found = this.#things[place];
    if (found instanceof Map) {
      const isThere = found.delete(text);
      if (found.size === 0) this.#empty(place);
      return isThere;
    }
    if (found?.text !== text) return false;
    this.#empty(place);
    return true;
  }

  /** Where a key is, or would be. */
  #placeOf(key: number): number {
    const last = this.#things.length - 1;
    let place = key & last;
    while (this.#things[place] !== undefined && this.#keys[place] !== key) place = (place + 1) & last;
    return place;
  }

  #empty(emptied: number): void {
    const last = this.#things.length - 1;
    let free = emptied;
    for (let place = (free + 1) & last; this.#things[place] !== undefined; place = (place + 1) & last) {
      const key = this.#keys[place] as number;
      // Not in front of where it is looked for first.
      if (((place - key) & last) < ((place - free) & last)) continue;
      this.#keys[free] = key;
      this.#things[free] = this.#things[place];
      free = place;
    }
    this.#things[free] = undefined;
    this.#taken -= 1;
  }

  #grow(): void {
    const [keys, things] = [this.#keys, this.#things];
    this.#keys = new Int32Array(2 * keys.length);
    this.#things = emptyPlaces(2 * keys.length);
    for (const [index, thing] of things.entries()) {
      if (thing === undefined) continue;
      const key = keys[index] as number;
      const place = this.#placeOf(key);
      this.#keys[place] = key;
      this.#things[place] = thing;
    }
  }
}

function emptyPlaces(count: number): undefined[] {
  return new Array<undefined>(count).fill(undefined);
}
