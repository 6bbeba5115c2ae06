/** What is found by a text that is its own. */
export interface Texted {
  readonly text: string;
}

/** So much of a text tells nearly all apart: an event's time stands near its end. */
const END = 64;

/**
 * Finds things by their text, at the price of hashing its end alone: to hash all of it would be most of what knowing an
 * event costs. Texts that end alike, which anybody can make by the thousand, are told apart by their whole hash.
 */
export class TextIndex<T extends Texted> {
  readonly #byEnd = new Map<string, T | Map<string, T>>();

  get(text: string): T | undefined {
    const found = this.#byEnd.get(text.slice(-END));
    if (found === undefined) return undefined;
    if (found instanceof Map) return found.get(text);
    return found.text === text ? found : undefined;
  }

  /** Adds a thing, or puts it in the place of another with the same text. */
  set(thing: T): void {
    const end = thing.text.slice(-END);
    const found = this.#byEnd.get(end);
    if (found instanceof Map) found.set(thing.text, thing);
    else if (found === undefined || found.text === thing.text) this.#byEnd.set(end, thing);
    else {
      const both = new Map([found, thing].map((one) => [one.text, one]));
      this.#byEnd.delete(end);
      this.#byEnd.set(ownCopy(end), both);
    }
  }

  /** @returns whether there was one */
  delete(text: string): boolean {
    const end = text.slice(-END);
    const found = this.#byEnd.get(end);
    if (found instanceof Map) {
      const isThere = found.delete(text);
      if (found.size === 0) this.#byEnd.delete(end);
      return isThere;
    }
    return found?.text === text && this.#byEnd.delete(end);
  }

  clear(): void {
    this.#byEnd.clear();
  }

  *values(): Generator<T> {
    for (const found of this.#byEnd.values()) {
      if (found instanceof Map) yield* found.values();
      else yield found;
    }
  }
}

/** A part of a text holds the whole in memory, for as long as others are found by the same end. */
function ownCopy(end: string): string {
  return Buffer.from(end, 'utf16le').toString('utf16le');
}
