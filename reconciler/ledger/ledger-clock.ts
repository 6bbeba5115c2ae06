import type { Nanos } from '#chaincode';

/** More than half of n. */
export function majorityOf(n: number): number {
  return Math.floor(n / 2) + 1;
}

/**
 * The ledger clock: the lower median, over the actors and timekeepers, of the greatest `sentAt` of each. An actor
 * that has sent nothing counts as minus infinity; so the clock is undefined until a majority has sent. It never goes
 * back, not even when a new policy changes whose word counts.
 */
export class LedgerClock {
  readonly #greatest: Map<string, bigint>;
  #now: bigint | undefined;

  constructor(state?: ClockState) {
    this.#greatest = new Map(Object.entries(state?.greatest ?? {}).map(([actor, time]) => [actor, BigInt(time)]));
    this.#now = state?.now === undefined ? undefined : BigInt(state.now);
  }

  /** Nanoseconds; undefined until a majority has sent. */
  get now(): bigint | undefined {
    return this.#now;
  }

  /** Takes in what an actor says the time is. */
  sent(actor: string, sentAt: Nanos): void {
    const time = BigInt(sentAt);
    if (time > (this.#greatest.get(actor) ?? -1n)) this.#greatest.set(actor, time);
  }

  /** Moves to the lower median over `keepers`. */
  advance(keepers: readonly string[]): void {
    const times = keepers
      .map((keeper) => this.#greatest.get(keeper) ?? -1n)
      .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const median = times[Math.floor((times.length - 1) / 2)] ?? -1n;
    if (median > (this.#now ?? -1n)) this.#now = median;
  }

  snapshot(): ClockState {
    return {
      greatest: Object.fromEntries([...this.#greatest].map(([actor, time]) => [actor, time.toString()])),
      ...(this.#now === undefined ? {} : { now: this.#now.toString() }),
    };
  }
}

export interface ClockState {
  readonly greatest: Readonly<Record<string, Nanos>>;
  readonly now?: Nanos;
}
