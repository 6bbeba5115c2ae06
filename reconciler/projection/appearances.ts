import { padNanos } from '#chaincode';
import { majorityOf } from '../ledger/ledger-clock.js';
import type { Db } from './database.js';

export interface AppearancesState {
  /** Number of each actor's latest transaction. */
  readonly latest: Readonly<Record<string, number>>;
  /** The first transaction whose appearance is not known yet. */
  readonly next: number;
}

/**
 * When what a transaction attested first has appeared: the ledger clock once a majority of the actors has sent
 * something at or after it. Later transactions never appear before earlier ones, so one counter is enough.
 */
export class Appearances {
  readonly #latest: Map<string, number>;
  #next: number;
  readonly #known = new Map<number, bigint>();
  readonly #find;
  readonly #update;
  readonly #firstPast;

  constructor(db: Db, state: AppearancesState = { latest: {}, next: 1 }) {
    this.#latest = new Map(Object.entries(state.latest));
    this.#next = state.next;
    this.#find = db.prepare('SELECT appearance FROM transactions WHERE seq = ?').pluck();
    this.#firstPast = db.prepare('SELECT seq FROM transactions WHERE clock > ? ORDER BY clock, seq LIMIT 1').pluck();
    this.#update = db.prepare('UPDATE transactions SET appearance = ? WHERE seq BETWEEN ? AND ?');
  }

  /** Takes in that an actor sent transaction `seq`, after which the ledger clock was `clock`. */
  sent(actor: string, seq: number, actors: readonly string[], clock: bigint | undefined): void {
    this.#latest.set(actor, seq);
    if (clock === undefined || actors.length === 0) return;
    const latest = actors.map((name) => this.#latest.get(name) ?? 0).sort((a, b) => b - a);
    const reached = latest[majorityOf(actors.length) - 1] ?? 0;
    if (reached < this.#next) return;
    this.#update.run(padNanos(clock.toString()), this.#next, reached);
    if (this.#known.size > 100_000) this.#known.clear();
    for (; this.#next <= reached; this.#next++) this.#known.set(this.#next, clock);
  }

  /** The appearance of what transaction `seq` attested first; undefined while it is not known. */
  of(seq: number): bigint | undefined {
    if (seq >= this.#next) return undefined;
    const known = this.#known.get(seq);
    if (known !== undefined) return known;
    const stored = this.#find.get(seq) as string | null | undefined;
    if (!stored) return undefined;
    this.#known.set(seq, BigInt(stored));
    return BigInt(stored);
  }

  /** The first transaction after which the ledger clock was past `limit`; undefined if it is not. */
  firstPast(limit: bigint): number | undefined {
    return this.#firstPast.get(padNanos(limit.toString())) as number | undefined;
  }

  snapshot(): AppearancesState {
    return { latest: Object.fromEntries(this.#latest), next: this.#next };
  }
}
