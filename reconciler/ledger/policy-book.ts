import {
  actorsInForce,
  earliestFrom,
  isApproved,
  type NumberedPolicy,
  type Policy,
  padNanos,
  parsePolicy,
  RecordError,
} from '#chaincode';
import type { Interval } from './coverage.js';
import type { Signer } from './membership.js';

interface Proposal extends NumberedPolicy {
  readonly text: string;
  readonly approvals: readonly string[];
}

export interface PolicyBookState {
  readonly proposals: readonly {
    readonly number: number;
    readonly text: string;
    readonly approvals: readonly string[];
  }[];
  readonly inForce: readonly number[];
}

/**
 * The policies as the actors' admins signed them into force, followed from their transactions and not from the
 * contract's state. The first needs every actor it names; a later one a majority of the actors in force, and must
 * begin at least a deadline after the ledger clock of the approval that decides.
 */
export class PolicyBook {
  readonly #proposals: Proposal[];
  readonly #inForce: NumberedPolicy[];
  /** `from` of each policy in force, 19 digits: asked for every event. */
  readonly #froms: string[];

  constructor(state: PolicyBookState = { proposals: [], inForce: [] }) {
    this.#proposals = state.proposals.map(({ number, text, approvals }) => ({
      number,
      text,
      approvals,
      ...parsePolicy(text),
    }));
    this.#inForce = state.inForce.flatMap((number) => this.#proposals[number - 1] ?? []);
    this.#froms = this.#inForce.map(({ policy }) => padNanos(policy.from));
  }

  /** Policies in force in the order in which they came into force. */
  get inForce(): readonly NumberedPolicy[] {
    return this.#inForce;
  }

  /** The policy that governs a padded event time. */
  at(paddedTime: string): NumberedPolicy | undefined {
    for (let at = this.#froms.length - 1; at >= 0; at--) {
      if ((this.#froms[at] as string) <= paddedTime) return this.#inForce[at];
    }
    return undefined;
  }

  /** The parts of an interval of padded times that a policy governs, each with its policy. */
  within({ from, to }: Interval): [Interval, NumberedPolicy][] {
    const starts = this.#froms.filter((start) => start > from && start < to);
    const cuts = [...new Set([from, ...starts.sort(), to])];
    return cuts.slice(1).flatMap((end, index): [Interval, NumberedPolicy][] => {
      const part = { from: cuts[index] as string, to: end };
      const policy = this.at(part.from);
      return policy === undefined ? [] : [[part, policy]];
    });
  }

  /** The policy by whose actors the ledger clock goes. */
  governing(clock: bigint | undefined): NumberedPolicy | undefined {
    return (clock === undefined ? undefined : this.at(padNanos(clock.toString()))) ?? this.#inForce[0];
  }

  /** Takes in a valid `ProposePolicy`. */
  propose(signer: Signer, text: string, clock: bigint | undefined): void {
    let parsed: { policy: Policy; hash: string };
    try {
      parsed = parsePolicy(text);
    } catch (error) {
      if (error instanceof RecordError) return;
      throw error;
    }
    // The contract's own checks: endorsers in collusion might have waived them.
    const known = this.#proposals.some(({ hash }) => hash === parsed.hash);
    if (known || !this.#hasSay(signer, parsed.policy)) return;
    const number = this.#proposals.length + 1;
    this.#proposals.push({ number, text, approvals: [], ...parsed });
    this.approve(signer, parsed.hash, clock);
  }

  /** Takes in a valid `ApprovePolicy`. What was approved is what has the hash. */
  approve(signer: Signer, hash: string, clock: bigint | undefined): void {
    const proposal = this.#proposals.find((one) => one.hash === hash);
    if (proposal === undefined || !this.#hasSay(signer, proposal.policy) || this.#isInForce(proposal.number)) return;
    // As in the contract: an approval given again decides nothing.
    if (proposal.approvals.includes(signer.actor)) return;
    const approved = { ...proposal, approvals: [...new Set([...proposal.approvals, signer.actor])].sort() };
    this.#proposals[proposal.number - 1] = approved;
    if (!this.#isDecided(approved, clock)) return;
    this.#inForce.push(approved);
    this.#froms.push(padNanos(approved.policy.from));
  }

  #hasSay({ actor, admin }: Signer, policy: Policy): boolean {
    return admin && actorsInForce(policy, this.#inForce.at(-1)?.policy).includes(actor);
  }

  #isInForce(number: number): boolean {
    return this.#inForce.some((policy) => policy.number === number);
  }

  #isDecided({ policy, approvals }: Proposal, clock: bigint | undefined): boolean {
    const last = this.#inForce.at(-1)?.policy;
    return (
      isApproved(policy, last, approvals) && BigInt(policy.from) >= BigInt(earliestFrom(last, (clock ?? 0n).toString()))
    );
  }

  snapshot(): PolicyBookState {
    return {
      proposals: this.#proposals.map(({ number, text, approvals }) => ({ number, text, approvals })),
      inForce: this.#inForce.map(({ number }) => number),
    };
  }
}

/** The actors whose word moves the ledger clock under a policy. */
export function clockKeepers(policy: Policy): string[] {
  return [...policy.actors, ...policy.timekeepers];
}

/** A duration of the policy in nanoseconds. */
export function nanosOf(seconds: number): bigint {
  return BigInt(seconds) * 1_000_000_000n;
}
