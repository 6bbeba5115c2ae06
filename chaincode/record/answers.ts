import type { Gap, Watch } from './batch.js';
import type { CanonicalEvent } from './event.js';
import type { NumberedPolicy } from './policy.js';
import type { EventReference } from './reference.js';
import type { Nanos } from './time.js';

/** One attestation, as the contract's queries give it. */
export interface AttestationAnswer {
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
  readonly number: number;
  /** The collector's time, for an event that has none of its own. */
  readonly t?: Nanos;
}

/**
 * An event and who attested it: `GetEvent`, `GetEvents`. Of `QueryEvents`: the attestations that the selector names, and
 * of these the page's own.
 */
export interface EventAnswer {
  readonly reference: EventReference;
  readonly eventHash: string;
  readonly event: CanonicalEvent;
  readonly attestations: readonly AttestationAnswer[];
}

/** An event whose attesting actors are not the expected ones: `GetDisputedEvents`. */
export interface DisputedEventAnswer extends EventAnswer {
  /** Expected actors without an attestation: a watch covers the time, a hole does, or neither is known yet. */
  readonly absent: readonly { readonly actor: string; readonly state: 'lacking' | 'blind' | 'undecided' }[];
  /** Attesting actors that the policy does not expect. */
  readonly unexpected: readonly string[];
}

/** One page; ask again with `bookmark` until it is empty. */
export interface Page<T> {
  readonly events: readonly T[];
  readonly bookmark: string;
}

/** A collector's latest state: `GetCollectors`. Provisional, for parallel batches may land in any order. */
export interface CollectorAnswer {
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
  readonly n: number;
  readonly sentAt: Nanos;
  readonly watches: readonly Watch[];
  readonly gaps: readonly Gap[];
}

/** One policy on the ledger with its approvals: `GetPolicy`. */
export interface PolicyAnswer extends NumberedPolicy {
  readonly proposedBy: string;
  readonly approvals: readonly string[];
  readonly inForce: boolean;
}

/** `GetPolicies`: those in force in the order in which they came into force, and those still open. */
export interface PoliciesAnswer {
  readonly inForce: readonly PolicyAnswer[];
  readonly proposed: readonly PolicyAnswer[];
}

/** `GetVersion`. */
export interface VersionAnswer {
  readonly version: string;
  readonly record: number;
  /** SHA-256 of the deployed bundle, hex. */
  readonly bundle: string;
}
