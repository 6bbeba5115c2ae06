import { padNanos, unpadNanos, witnessesOf } from '#chaincode';
import type { CoveredPiece } from '../ledger/coverage.js';
import { type LedgerClock, majorityOf } from '../ledger/ledger-clock.js';
import { nanosOf, type PolicyBook } from '../ledger/policy-book.js';
import type { Source } from '../ledger/sources.js';
import type { Appearances } from './appearances.js';
import type { Db } from './database.js';

/** A stretch of the ledger clock in which an actor's watches of a source did not advance for too long. */
export interface Silence {
  readonly source: number;
  readonly actor: string;
  /** The ledger clock from which it ran, 19 digits. */
  readonly since: string;
  /** The end of the actor's latest watch then, 19 digits. */
  readonly watched: string;
  /** The transaction in which that watch took effect. */
  readonly last: number;
  /** The transaction from which it was too long. */
  readonly established: number;
  /** The transaction in which the watches advanced again; left out while they have not. */
  readonly ended?: number;
}

/**
 * Who has fallen silent. Silence runs from the appearance of the batch that last advanced an actor's watches of a source,
 * not before the end of those watches. It is established once a majority of the actors has sent something after the
 * ledger clock passed the policy's limit: a clock that leaps, as after an outage of the ledger, accuses nobody.
 */
export class SilenceStore {
  readonly #sql;

  constructor(
    db: Db,
    private readonly clock: LedgerClock,
    private readonly policies: PolicyBook,
    private readonly appearances: Appearances,
  ) {
    const columns = 'source, actor, since, watched, last, established, ended';
    this.#sql = {
      insert: db.prepare(`INSERT INTO silences (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`),
      ended: db.prepare(`SELECT ${columns} FROM silences WHERE ended > ? AND established <= ?`),
      senders: db.prepare('SELECT seq, actor FROM transactions WHERE seq >= ? ORDER BY seq'),
    };
  }

  /** Takes note that an actor's watches of a source, which ended with `before`, have advanced in transaction `seq`. */
  advanced(source: Source, actor: string, before: CoveredPiece, seq: number): void {
    const silence = this.#after(source, actor, before);
    if (silence === undefined || silence.established >= seq) return;
    const { since, watched, last, established } = silence;
    this.#sql.insert.run(source.id, actor, since, watched, last, established, seq);
  }

  /** Silences that went on at some time after transaction `after` and were too long by transaction `upTo`. */
  within(sources: readonly Source[], after: number, upTo: number): Silence[] {
    const ongoing = sources.flatMap((source) => this.lasting(source, upTo));
    return [...(this.#sql.ended.all(after, upTo) as Silence[]), ...ongoing];
  }

  /** Silences at a source that were too long by transaction `upTo` and have not ended. */
  lasting(source: Source, upTo: number): Silence[] {
    return [...source.witnesses].flatMap(
      ([
        actor,
        {
          coverage: { latest },
        },
      ]) => {
        const silence = latest === undefined ? undefined : this.#after(source, actor, latest);
        return silence === undefined || silence.established > upTo ? [] : [silence];
      },
    );
  }

  /**
   * When there may be more to say of silences at a source, if nobody says a word: `limit` is what the clock must pass;
   * `isUnclear` that transactions decide it.
   */
  outlook(source: Source): { readonly limit: bigint | undefined; readonly isUnclear: boolean } {
    let least: bigint | undefined;
    let isUnclear = false;
    for (const [
      actor,
      {
        coverage: { latest },
      },
    ] of source.witnesses) {
      const since = latest === undefined ? undefined : this.#since(latest);
      const limit = since === undefined ? undefined : this.#limit(since);
      if (latest !== undefined && since === undefined) isUnclear = true;
      if (latest === undefined || limit === undefined) continue;
      if (this.clock.now === undefined || this.clock.now <= limit) {
        if (least === undefined || limit < least) least = limit;
      } else if (this.#isExpected(source, actor, limit) && this.#after(source, actor, latest) === undefined) {
        isUnclear = true;
      }
    }
    return { limit: least, isUnclear };
  }

  #after(source: Source, actor: string, latest: CoveredPiece): Silence | undefined {
    const { now } = this.clock;
    const { to, seq } = latest;
    const since = this.#since(latest);
    const limit = since === undefined ? undefined : this.#limit(since);
    if (now === undefined || since === undefined || limit === undefined || now <= limit) return undefined;
    const policy = this.policies.at(padNanos(limit.toString()))?.policy;
    if (policy === undefined || !this.#isExpected(source, actor, limit)) return undefined;
    const past = this.appearances.firstPast(limit) as number;
    const established = this.#majorityFrom(past, policy.actors);
    return established === undefined
      ? undefined
      : { source: source.id, actor, since, watched: to, last: seq, established };
  }

  /** From when a silence after a watch runs; undefined while that has not appeared. */
  #since({ to, seq }: CoveredPiece): string | undefined {
    const appearance = this.appearances.of(seq);
    if (appearance === undefined) return undefined;
    const appeared = padNanos(appearance.toString());
    return appeared > to ? appeared : to;
  }

  #isExpected(source: Source, actor: string, limit: bigint): boolean {
    const policy = this.policies.at(padNanos(limit.toString()))?.policy;
    return policy !== undefined && witnessesOf(policy, source.name, limit.toString()).includes(actor);
  }

  #limit(since: string): bigint | undefined {
    const policy = this.policies.at(since)?.policy;
    return policy === undefined ? undefined : this.clock.limit(BigInt(unpadNanos(since)), nanosOf(policy.silence));
  }

  /** The first transaction by which a majority of the actors has sent something at or after another. */
  #majorityFrom(seq: number, actors: readonly string[]): number | undefined {
    const heard = new Set<string>();
    for (const row of this.#sql.senders.iterate(seq) as Iterable<{ seq: number; actor: string }>) {
      if (!actors.includes(row.actor)) continue;
      heard.add(row.actor);
      if (heard.size >= majorityOf(actors.length)) return row.seq;
    }
    return undefined;
  }
}
