/**
 * An engine skips a listener only while 1,024 events wait for it. All of these reach the listener in the end, so whoever
 * was skipped receives at least so many between the last proof and the first event after the hole. Less a reserve for
 * events that were published at once and overtook each other.
 */
export const LIVE_WITNESS = 1_024 - 256;
/** Fewer than an engine remembers (256), with a reserve for what happens while it answers. */
const SURELY_WHOLE = 128;

/** What a re-read of the engine's memory showed. */
export interface Reread {
  /** What each line is known by again, in the engine's order. */
  readonly ids: readonly string[];
  /** Whether there was more than was read. */
  readonly cut: boolean;
  /** Events that the live stream had brought when it was asked for. */
  readonly live: number;
}

/** Whether the engine has forgotten nothing yet of what it ever published. */
export function isSurelyWhole({ ids, cut }: Reread): boolean {
  return !cut && ids.length < SURELY_WHOLE;
}

/**
 * Judges whether a stream has skipped anything. An engine keeps its last 256 events in order of publication: if a re-read
 * of them holds one that the last re-read held too, it holds everything published since.
 */
export class Continuity {
  #anchors: ReadonlySet<string>;
  #live = 0;

  /** @param ids the events of a first re-read, from which on nothing may be lost */
  constructor(ids: Iterable<string>) {
    this.#anchors = new Set(ids);
  }

  /** Whether this event stood in the last re-read. */
  has(id: string): boolean {
    return this.#anchors.has(id);
  }

  /** Whether there is an event by which the re-read could prove something, and it is missing there. */
  misses({ ids }: Reread): boolean {
    return this.#anchors.size > 0 && !ids.some((id) => this.#anchors.has(id));
  }

  /** How many live events have come since the last proof. */
  since(live: number): number {
    return live - this.#live;
  }

  /**
   * Whether everything published since the last proof is in the re-read or came live. Either the two re-reads overlap; or
   * the engine had no event before and shows few now; or all that it shows came live, with too few events since for the
   * engine to have skipped us.
   * @param missed how many of its events the live stream did not bring
   * @param live events that the live stream has brought by now
   */
  proves(reread: Reread, missed: number, live: number): boolean {
    const { ids, cut } = reread;
    if (!cut && this.#anchors.size > 0 && ids.some((id) => this.#anchors.has(id))) return true;
    if (this.#anchors.size === 0 && isSurelyWhole(reread)) return true;
    const count = this.since(live);
    return ids.length > 0 && missed === 0 && count > 0 && count < LIVE_WITNESS;
  }

  /** From here on: what stands in this re-read is accounted for. */
  settle({ ids, live }: Reread): void {
    // An engine that is quiet shows nothing new: the old events still prove it.
    if (ids.length > 0) this.#anchors = new Set(ids);
    this.#live = live;
  }
}
