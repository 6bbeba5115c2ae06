import type { CanonicalEvent, NumberedPolicy } from '#chaincode';
import type { Source } from '../ledger/sources.js';

/** One actor's attestation of an event. */
export interface JudgedAttestation {
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
  readonly number: number;
  /** Number of the transaction. */
  readonly seq: number;
  readonly t?: string;
}

/** An event that somebody may lack. Times are 19 digits. */
export interface JudgedEvent {
  readonly id: number;
  readonly hash: string;
  /** Its own time; for a timeless event the lower median of the attesting actors' times. */
  readonly time: string;
  /** The time in its key on the ledger: for a timeless event the start of a day. */
  readonly keyTime: string;
  readonly source: Source;
  readonly type: string;
  readonly action: string;
  readonly object: string;
  /** All of it. Of very many events none is kept in memory so: it is read when it is asked for. */
  readonly event: CanonicalEvent;
  readonly firstSeq: number;
  /** When it appeared on the ledger clock, nanoseconds; undefined if it has not yet. */
  readonly appearance: bigint | undefined;
  /** All actors that attest it, expected or not, sorted. */
  readonly attesters: readonly string[];
  /** Sorted by actor, collector, run, number; read when asked for, as `event` is. */
  readonly attestations: readonly JudgedAttestation[];
  /** Whether it was retired as attested by exactly those expected, and so is counted already. */
  readonly retired: boolean;
  /** Actors whose first attestation came after appearance plus grace. */
  readonly late: readonly string[];
}

/** The ledger at the transaction up to which is judged. */
export interface Vantage {
  /** The ledger clock, nanoseconds. */
  readonly clock: bigint | undefined;
  /** The policy that governs a time of 19 digits. */
  policyAt(time: string): NumberedPolicy | undefined;
  /** What the ledger clock must have passed for `duration` nanoseconds to have run since `since`. */
  limit(since: bigint, duration: bigint): bigint;
  /** The first transaction after which the ledger clock was past `limit`. */
  firstPast(limit: bigint): number;
}
