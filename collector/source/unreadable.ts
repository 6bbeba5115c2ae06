import { sha256Hex } from '#chaincode';
import type { SourceMemory } from './source.js';

/** So many texts are known again: more than an engine keeps and holds for a listener together. */
const REMEMBERED = 2_048;

/** What a session received that cannot be read as events: each may have been one to attest. */
export class Unreadable {
  readonly #memory: SourceMemory;
  #begun = false;
  /** What is in no gap yet. */
  #owed: number;
  /** What the engine's memory held at the beginning and the live stream has yet to bring: that is no news then. */
  readonly #awaited = new Set<string>();
  /** What the live stream had brought again before that. */
  readonly #repeated = new Set<string>();
  /** What was met on this connection, the newest last. */
  readonly #met = new Set<string>();

  constructor(memory: SourceMemory) {
    this.#memory = memory;
    this.#owed = memory.undeclared();
  }

  /** How many are in no gap yet. */
  get owed(): number {
    return this.#owed;
  }

  /** A gap was told for all of them. */
  declared(): void {
    this.#owed = 0;
  }

  /** The engine's memory was read: from here on nothing is repeated. */
  begin(): void {
    this.#begun = true;
    for (const digest of this.#repeated) this.#awaited.delete(digest);
    this.#repeated.clear();
  }

  /**
   * The stream has brought it.
   * @param text undefined if it was too long to keep
   * @returns whether it is news, or only comes again because the stream was opened again
   */
  hears(text: string | undefined): boolean {
    if (text !== undefined) {
      const digest = sha256Hex(text);
      this.#meet(digest);
      if (this.#memory.quarantined(text) && this.#repeats(digest)) return false;
    }
    this.#owed++;
    return true;
  }

  /** The engine's memory shows it. @returns whether it is known, or has yet to come over the stream */
  knows(text: string): boolean {
    const digest = sha256Hex(text);
    if (this.#begun) return this.#met.has(digest) || this.#memory.quarantined(text);
    if (!this.#repeated.has(digest)) this.#awaited.add(digest);
    this.#meet(digest);
    return true;
  }

  #repeats(digest: string): boolean {
    if (this.#begun) return this.#awaited.delete(digest);
    if (this.#repeated.has(digest)) return false;
    this.#repeated.add(digest);
    return true;
  }

  #meet(digest: string): void {
    this.#met.delete(digest);
    this.#met.add(digest);
    if (this.#met.size <= REMEMBERED) return;
    for (const oldest of this.#met) {
      this.#met.delete(oldest);
      break;
    }
  }
}
