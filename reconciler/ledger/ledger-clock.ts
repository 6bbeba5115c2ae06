import type { Nanos } from '#chaincode';

/** Beyond so many, an actor's collectors are not looked at one by one: it can name as many as it likes. */
const MOST_COLLECTORS = 64;

/** The clock is a time of the record, and these end here. */
const END_OF_TIME = 2n ** 63n - 1n;

/** More than half of n. */
export function majorityOf(n: number): number {
  return Math.floor(n / 2) + 1;
}

/**
 * The ledger clock: the lower median, over the actors and timekeepers, of the greatest `sentAt` of each. An actor
 * that has sent nothing counts as minus infinity; so the clock is undefined until a majority has sent. It never goes
 * back, not even when a new policy changes whose word counts.
 *
 * Until all have sent, the lowest of those that have may be the clock, and it may be one that lies, or is hours off. A leap
 * as a collector sends for the first time is no time that has passed: nobody had it to say anything in.
 */
export class LedgerClock {
  readonly #greatest: Map<string, bigint>;
  /** The first time that each said. */
  readonly #first: Map<string, bigint>;
  /** For each what the greatest times were when it last sent. */
  readonly #marks: Map<string, ReadonlyMap<string, bigint>>;
  /** For each its collectors that have sent. */
  readonly #collectors: Map<string, Set<string>>;
  /** Whose collector has just sent for the first time. */
  #newcomer: string | undefined;
  /** Stretches that the clock leapt over as a collector sent for the first time. */
  readonly #leaps: Leap[];
  /** What newcomers' leaps too small to be left out come to, nanoseconds. */
  #leapt: bigint;
  #now: bigint | undefined;

  constructor(state?: ClockState) {
    this.#greatest = timesOf(state?.greatest);
    this.#first = timesOf(state?.first);
    this.#marks = new Map(Object.entries(state?.marks ?? {}).map(([actor, times]) => [actor, timesOf(times)]));
    this.#collectors = new Map(
      Object.entries(state?.collectors ?? {}).map(([actor, names]) => [actor, new Set(names)]),
    );
    this.#leapt = BigInt(state?.leapt ?? 0);
    this.#leaps = (state?.leaps ?? []).map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to) }));
    this.#now = state?.now === undefined ? undefined : BigInt(state.now);
  }

  /** Nanoseconds; undefined until a majority has sent. */
  get now(): bigint | undefined {
    return this.#now;
  }

  /** Takes in what an actor's collector says the time is. */
  sent(actor: string, collector: string, sentAt: Nanos): void {
    const time = BigInt(sentAt);
    if (time > (this.#greatest.get(actor) ?? -1n)) this.#greatest.set(actor, time);
    this.#newcomer = this.#isNew(actor, collector) ? actor : undefined;
    if (!this.#first.has(actor)) this.#first.set(actor, time);
    this.#marks.set(actor, new Map(this.#greatest));
  }

  #isNew(actor: string, collector: string): boolean {
    const known = this.#collectors.get(actor) ?? new Set();
    if (known.has(collector) || known.size >= MOST_COLLECTORS) return false;
    this.#collectors.set(actor, known.add(collector));
    return true;
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

  /** Moves to the lower median over `keepers`. Newcomers' leaps count as time up to `heartbeat` nanoseconds in all. */
  advance(keepers: readonly string[], heartbeat: bigint): void {
    const times = keepers
      .map((keeper) => this.#greatest.get(keeper) ?? -1n)
      .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const median = times[Math.floor((times.length - 1) / 2)] ?? -1n;
    const now = this.#now;
    if (median <= (now ?? -1n)) return;
    this.#now = median;
    const isNew = this.#newcomer !== undefined && keepers.includes(this.#newcomer);
    if (!isNew || now === undefined) return;
    if (this.#leapt + median - now > heartbeat) this.#leaps.push({ from: now, to: median });
    else this.#leapt += median - now;
  }

  /**
   * What the clock must have passed for a time to have run since `since`: leaps are not counted. Where that would be beyond
   * the end of time it never has.
   * @param since nanoseconds since the epoch
   * @param duration nanoseconds
   */
  limit(since: bigint, duration: bigint): bigint {
    let limit = since + duration;
    for (const { from, to } of this.#leaps) {
      if (since >= to || limit < from) continue;
      limit += to - (from > since ? from : since);
    }
    return limit > END_OF_TIME ? END_OF_TIME : limit;
  }

  snapshot(): ClockState {
    return {
      greatest: textsOf(this.#greatest),
      first: textsOf(this.#first),
      marks: Object.fromEntries([...this.#marks].map(([actor, times]) => [actor, textsOf(times)])),
      collectors: Object.fromEntries([...this.#collectors].map(([actor, names]) => [actor, [...names]])),
      leapt: this.#leapt.toString(),
      leaps: this.#leaps.map(({ from, to }) => ({ from: from.toString(), to: to.toString() })),
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

/** The clock before and after. */
interface Leap {
  readonly from: bigint;
  readonly to: bigint;
}

export interface ClockState {
  readonly greatest: Times;
  readonly first: Times;
  readonly marks: Readonly<Record<string, Times>>;
  readonly collectors: Readonly<Record<string, readonly string[]>>;
  readonly leapt: Nanos;
  readonly leaps: readonly { readonly from: Nanos; readonly to: Nanos }[];
  readonly now?: Nanos;
}
