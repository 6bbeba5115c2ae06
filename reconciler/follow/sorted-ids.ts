import { firstIndex } from '../ledger/coverage.js';

/** So many numbers lie together: what is put in or taken out moves no more than these. */
const CHUNK = 1024;

/** Very many numbers in ascending order, none twice: cheap to add, to take out, and to count from one on. */
export class SortedIds {
  readonly #chunks: number[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns whether it is new */
  add(id: number): boolean {
    const last = this.#chunks.at(-1);
    // Nearly always the greatest.
    if (last === undefined || (id > (last.at(-1) as number) && last.length >= CHUNK)) {
      this.#chunks.push([id]);
      this.#size += 1;
      return true;
    }
    const at = Math.min(this.#chunkOf(id), this.#chunks.length - 1);
    const chunk = this.#chunks[at] as number[];
    const index = firstIndex(chunk, (other) => other >= id);
    if (chunk[index] === id) return false;
    chunk.splice(index, 0, id);
    if (chunk.length > 2 * CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK));
    this.#size += 1;
    return true;
  }

  /** @returns whether it was there */
  delete(id: number): boolean {
    const at = this.#chunkOf(id);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const index = firstIndex(chunk, (other) => other >= id);
    if (chunk[index] !== id) return false;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
    this.#size -= 1;
    return true;
  }

  has(id: number): boolean {
    const chunk = this.#chunks[this.#chunkOf(id)];
    return chunk !== undefined && chunk[firstIndex(chunk, (other) => other >= id)] === id;
  }

  /** The number with so many before it. */
  at(rank: number): number | undefined {
    let rest = rank;
    for (const chunk of this.#chunks) {
      if (rest < chunk.length) return chunk[rest];
      rest -= chunk.length;
    }
    return undefined;
  }

  /** How many there are from one on. */
  countFrom(id: number): number {
    const at = this.#chunkOf(id);
    let count = 0;
    for (const chunk of this.#chunks.slice(at)) count += chunk.length;
    const first = this.#chunks[at];
    return first === undefined ? 0 : count - firstIndex(first, (other) => other >= id);
  }

  /** The least number after another. */
  after(id: number): number | undefined {
    const chunk = this.#chunks[firstIndex(this.#chunks, (one) => (one.at(-1) as number) > id)];
    return chunk?.[firstIndex(chunk, (other) => other > id)];
  }

  /** The chunk in which a number lies, if it is there. */
  #chunkOf(id: number): number {
    return firstIndex(this.#chunks, (chunk) => (chunk.at(-1) as number) >= id);
  }
}
