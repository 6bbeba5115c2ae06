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
  /** The first time that each said. */
  readonly #first: Map<string, bigint>;
  /** For each what the greatest times were when it last sent. */
  readonly #marks: Map<string, ReadonlyMap<string, bigint>>;
  #now: bigint | undefined;

  constructor(state?: ClockState) {
    this.#greatest = timesOf(state?.greatest);
    this.#first = timesOf(state?.first);
    this.#marks = new Map(Object.entries(state?.marks ?? {}).map(([actor, times]) => [actor, timesOf(times)]));
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
    if (!this.#first.has(actor)) this.#first.set(actor, time);
    this.#marks.set(actor, new Map(this.#greatest));
  }

  /**
   * Those of the keepers for whose silence the clock stands still: they have not sent since another's clock went on by
   * more than `silence`, and without them too few are left to move it. Only what a clock says of itself is compared, so
   * that one that is hours off accuses nobody.
   * @param silence nanoseconds
   * @returns sorted; undefined while the clock is not held
   */
  stalledBy(keepers: readonly string[], silence: bigint): string[] | undefined {
    const quiet = keepers.filter((keeper) =>
      keepers.some((other) => other !== keeper && this.#progressSince(keeper, other) > silence),
    );
    const needed = keepers.length - Math.floor((keepers.length - 1) / 2);
    return keepers.length - quiet.length < needed ? quiet.sort() : undefined;
  }

  /** By how much another's time has gone on since a keeper last sent. */
  #progressSince(keeper: string, other: string): bigint {
    const now = this.#greatest.get(other);
    const then = this.#marks.get(keeper)?.get(other) ?? this.#first.get(other);
    return now === undefined || then === undefined ? 0n : now - then;
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
      greatest: textsOf(this.#greatest),
      first: textsOf(this.#first),
      marks: Object.fromEntries([...this.#marks].map(([actor, times]) => [actor, textsOf(times)])),
      ...(this.#now === undefined ? {} : { now: this.#now.toString() }),
    };
  }
}

type Times = Readonly<Record<string, Nanos>>;

function timesOf(times: Times = {}): Map<string, bigint> {
  return new Map(Object.entries(times).map(([actor, time]) => [actor, BigInt(time)]));
}

function textsOf(times: ReadonlyMap<string, bigint>): Times {
  return Object.fromEntries([...times].map(([actor, time]) => [actor, time.toString()]));
}

export interface ClockState {
  readonly greatest: Times;
  readonly first: Times;
  readonly marks: Readonly<Record<string, Times>>;
  readonly now?: Nanos;
}
