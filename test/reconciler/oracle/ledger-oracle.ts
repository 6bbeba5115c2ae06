/**
 * The rules of judging, written down a second time straight from the design: slow, stateless, without a database. It
 * reads all transactions anew for every question, so that it shares no idea with the reconciler that it is held against.
 */
import {
  type Batch,
  batchDigest,
  type CanonicalEvent,
  eventHash,
  isRecorded,
  type Policy,
  witnessesOf,
} from '#chaincode';
import type { Invocation } from '../../../reconciler/ledger/block.js';

export const SECOND = 1_000_000_000n;

export interface Attestation {
  readonly tx: number;
  readonly actor: string;
  /** What each of the actor's runs said first of a timeless event's time. */
  readonly said: Map<string, bigint>;
  /** The number under which each of the actor's runs has it first. */
  readonly numbers: Map<string, number>;
}

export interface SeenEvent {
  readonly hash: string;
  readonly event: CanonicalEvent;
  /** In ledger order, the first of each actor. */
  readonly attestations: readonly Attestation[];
}

export interface Sent {
  readonly tx: number;
  readonly actor: string;
  readonly batch: Batch;
  readonly digest: string;
  /** Another content came under its number before: it attests, but claims nothing. */
  readonly isSecond: boolean;
  /** The transaction from which its watches count; undefined while an earlier batch of its run is missing. */
  readonly effective: number | undefined;
}

export interface Interval {
  readonly from: bigint;
  readonly to: bigint;
}

/** The ledger up to one of its transactions, and what follows from it. */
export class LedgerOracle {
  protected readonly sent: readonly Sent[];
  readonly #clocks: readonly (bigint | undefined)[];
  readonly #events: readonly SeenEvent[];

  /** @param last the index of the last transaction that counts */
  constructor(
    readonly transactions: readonly Invocation[],
    readonly policy: Policy,
    readonly last: number = transactions.length - 1,
  ) {
    this.sent = this.#read();
    this.#clocks = transactions.map((_, tx) => this.#clockAt(tx));
    this.#events = this.#seenEvents();
  }

  #read(): Sent[] {
    const known = new Set<string>();
    const batches = this.transactions.slice(0, this.last + 1).flatMap(({ fn, args, signer }, tx) => {
      if (fn !== 'Attest') return [];
      const [text = ''] = args;
      const batch = JSON.parse(text) as Batch;
      const digest = batchDigest(text);
      const number = JSON.stringify([signer.actor, batch.collector, batch.run, batch.n]);
      const key = `${number}${digest}`;
      // The same digest twice is a retry, nothing else.
      if (known.has(key)) return [];
      const isSecond = known.has(number);
      known.add(number).add(key);
      return [{ tx, actor: signer.actor, batch, digest, isSecond }];
    });
    return batches.map((sent) => {
      const { tx, actor, batch } = sent;
      let effective: number | undefined = tx;
      for (let n = 1; n < batch.n; n++) {
        const earlier = batches.find(
          (other) =>
            other.actor === actor &&
            other.batch.collector === batch.collector &&
            other.batch.run === batch.run &&
            other.batch.n === n,
        );
        effective = earlier === undefined || effective === undefined ? undefined : Math.max(effective, earlier.tx);
      }
      return { ...sent, effective: sent.isSecond ? undefined : effective };
    });
  }

  /** The ledger clock after a transaction, undefined until a majority has sent. */
  clock(tx: number): bigint | undefined {
    return this.#clocks[tx];
  }

  #clockAt(tx: number): bigint | undefined {
    const keepers = [...this.policy.actors, ...this.policy.timekeepers];
    const greatest = keepers.map((actor) =>
      maximum(
        this.sent.filter((sent) => sent.actor === actor && sent.tx <= tx).map((sent) => BigInt(sent.batch.sentAt)),
      ),
    );
    const median = greatest.map((value) => value ?? -1n).sort(ascending)[(keepers.length - 1) >> 1] as bigint;
    return median < 0n ? undefined : median;
  }

  /** What the clock must pass for `seconds` to have run since `since`, where leaps of somebody's first batch are no time. */
  protected limit(since: bigint, seconds: number): bigint {
    const keepers = [...this.policy.actors, ...this.policy.timekeepers];
    let small = 0n;
    const leaps = this.sent.flatMap(({ tx, actor, batch }) => {
      if (!keepers.includes(actor)) return [];
      const isFirst = (other: Sent) => other.actor === actor && other.batch.collector === batch.collector;
      if (this.sent.find(isFirst)?.tx !== tx) return [];
      const before = this.#clocks[tx - 1];
      const after = this.#clocks[tx];
      if (before === undefined || after === undefined) return [];
      if (small + after - before > BigInt(this.policy.heartbeat) * SECOND) return [{ before, after }];
      small += after - before;
      return [];
    });
    // Leaps in order of the clock: one may put off the end into the next.
    leaps.sort((a, b) => ascending(a.before, b.before));
    let left = BigInt(seconds) * SECOND;
    let at = since;
    for (const { before, after } of leaps) {
      if (at >= after) continue;
      const run = before > at ? before - at : 0n;
      if (run > left) break;
      left -= run;
      at = after;
    }
    return at + left;
  }

  protected firstTx(from: number, holds: (tx: number) => boolean): number | undefined {
    for (let tx = from; tx <= this.last; tx++) if (holds(tx)) return tx;
    return undefined;
  }

  /** The clock once a majority of the actors has sent something from this transaction on. */
  appearance(first: number): bigint | undefined {
    const { actors } = this.policy;
    const tx = this.firstTx(first, (at) => {
      const senders = actors.filter((actor) =>
        this.sent.some((sent) => sent.actor === actor && sent.tx >= first && sent.tx <= at),
      );
      return senders.length * 2 > actors.length && this.clock(at) !== undefined;
    });
    return tx === undefined ? undefined : this.clock(tx);
  }

  /** Everything attested under the policy, each hash once. */
  events(): readonly SeenEvent[] {
    return this.#events;
  }

  #seenEvents(): SeenEvent[] {
    const byHash = new Map<string, { event: CanonicalEvent; attestations: Attestation[] }>();
    for (const { tx, actor, batch } of this.sent) {
      for (const [index, { b, t }] of batch.entries.entries()) {
        const event = JSON.parse(b) as CanonicalEvent;
        const hash = eventHash(b);
        const seen = byHash.get(hash) ?? { event, attestations: [] };
        byHash.set(hash, seen);
        const known = seen.attestations.find((other) => other.actor === actor);
        const attestation = known ?? { tx, actor, said: new Map(), numbers: new Map() };
        if (known === undefined) seen.attestations.push(attestation);
        const run = `${batch.collector}/${batch.run}`;
        if (t !== undefined && !attestation.said.has(run)) attestation.said.set(run, BigInt(t));
        if (!attestation.numbers.has(run)) attestation.numbers.set(run, batch.from + index);
      }
    }
    return [...byHash]
      .map(([hash, seen]) => ({ hash, ...seen }))
      .filter((seen) => isRecorded(this.policy, seen.event) && timeOf(seen) >= BigInt(this.policy.from));
  }

  /** An actor's watches of a source that are in effect. */
  protected watches(actor: string, source: string): (Interval & { readonly tx: number })[] {
    return this.sent.flatMap((sent) =>
      sent.actor !== actor || sent.effective === undefined
        ? []
        : sent.batch.watches
            .filter((watch) => watch.source === source)
            .map((watch) => ({ ...interval(watch), tx: sent.effective as number })),
    );
  }

  /** The holes that an actor declared itself. */
  protected declared(actor: string, source: string): Interval[] {
    return this.sent
      .filter((sent) => sent.actor === actor && sent.effective !== undefined)
      .flatMap((sent) => sent.batch.gaps.filter((gap) => gap.source === source).map(interval));
  }

  /** The first transaction of an actor that puts anything on a source. */
  protected firstOn(actor: string, source: string): number | undefined {
    return this.sent.find(
      ({ batch, actor: sender }) =>
        sender === actor &&
        (batch.watches.some((watch) => watch.source === source) ||
          batch.gaps.some((gap) => gap.source === source) ||
          batch.entries.some(({ b }) => this.#isJudgedOn(source, JSON.parse(b) as CanonicalEvent))),
    )?.tx;
  }

  /** Whether an event is one of the source's that the policy has recorded; others say nothing of it. */
  #isJudgedOn(source: string, event: CanonicalEvent): boolean {
    const { policy } = this;
    return (
      event.source === source &&
      isRecorded(policy, event) &&
      (event.time === undefined || BigInt(event.time) >= BigInt(policy.from))
    );
  }

  /** Whether the policy lists a source or a majority of its witnesses has put something on it. */
  exists(source: string): boolean {
    if (source !== '*' && Object.hasOwn(this.policy.sources, source)) return true;
    const witnesses = witnessesOf(this.policy, source, '0');
    return witnesses.filter((actor) => this.firstOn(actor, source) !== undefined).length * 2 > witnesses.length;
  }

  sources(): string[] {
    const named = this.sent.flatMap(({ batch }) => [
      ...batch.entries.map(({ b }) => (JSON.parse(b) as CanonicalEvent).source),
      ...[...batch.watches, ...batch.gaps].map(({ source }) => source),
    ]);
    const listed = Object.keys(this.policy.sources).filter((source) => source !== '*');
    return [...new Set([...named, ...listed])].filter((source) => this.exists(source));
  }
}

/** An event's time; for a timeless one the lower median of the earliest that each attesting actor says. */
export function timeOf({ event, attestations }: SeenEvent): bigint {
  if (event.time !== undefined) return BigInt(event.time);
  const earliest = attestations.map(({ said }) => [...said.values()].sort(ascending)[0] as bigint).sort(ascending);
  return earliest[(earliest.length - 1) >> 1] as bigint;
}

export function byTimeAndHash(a: SeenEvent, b: SeenEvent): number {
  return ascending(timeOf(a), timeOf(b)) || (a.hash < b.hash ? -1 : 1);
}

export function interval({ from, to }: { readonly from: string; readonly to: string }): Interval {
  return { from: BigInt(from), to: BigInt(to) };
}

export function within(time: bigint, { from, to }: Interval): boolean {
  return from <= time && time < to;
}

export function maximum(values: readonly bigint[]): bigint | undefined {
  return [...values].sort(ascending).at(-1);
}

export function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
