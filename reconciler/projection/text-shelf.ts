const CHUNK_BYTES = 2 * 1024 * 1024;
/** So many are kept for what comes next. */
const KEPT = 16;
/** Most bytes that a UTF-16 unit takes. */
const MOST_OF_A_UNIT = 3;

/** A text that was laid down. */
export interface ShelvedText {
  readonly chunk: Buffer;
  readonly begin: number;
  readonly end: number;
}

/**
 * Texts that wait to be written, as UTF-8 outside V8's heap: within it each would be copied several times, whenever garbage is
 * collected, and they are most of what waits.
 */
export class TextShelf {
  readonly #chunks: Buffer[] = [];
  #used = 0;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  put(text: string): ShelvedText {
    const most = text.length * MOST_OF_A_UNIT;
    if (most > CHUNK_BYTES) {
      const chunk = Buffer.from(text);
      return { chunk, begin: 0, end: chunk.length };
    }
    if (this.#at + most > this.#chunk.length) this.#next();
    const begin = this.#at;
    this.#at += this.#chunk.write(text, begin);
    return { chunk: this.#chunk, begin, end: this.#at };
  }

  /** Nothing that was put is needed any more. */
  clear(): void {
    this.#chunks.length = Math.min(this.#chunks.length, KEPT);
    this.#used = 0;
    this.#chunk = Buffer.alloc(0);
    this.#at = 0;
  }

  #next(): void {
    const known = this.#chunks[this.#used];
    const chunk = known ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    if (known === undefined) this.#chunks.push(chunk);
    this.#used += 1;
    this.#chunk = chunk;
    this.#at = 0;
  }
}

/** The bytes of a text. */
export function bytesOf({ chunk, begin, end }: ShelvedText): Uint8Array {
  return chunk.subarray(begin, end);
}
