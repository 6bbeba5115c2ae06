import type { Policy } from './policy.js';
import { addSeconds, type Nanos } from './time.js';

/** The actors who may propose and approve: those of the last approved policy, for the first one those it names. */
export function actorsInForce(policy: Policy, last: Policy | undefined): readonly string[] {
  return (last ?? policy).actors;
}

/**
 * Whether these approvals bring a policy into force: for the first one those of every actor it names, for a later
 * one those of a majority of the actors in force. Approvals of others do not count. Asked at each approval, not
 * between: what a proposal already has may suffice once another policy is in force, but a further approval decides.
 * @param last the last approved policy, `undefined` while there is none
 */
export function isApproved(policy: Policy, last: Policy | undefined, approvals: readonly string[]): boolean {
  const voters = actorsInForce(policy, last);
  const votes = voters.filter((actor) => approvals.includes(actor)).length;
  return last === undefined ? votes === voters.length : votes * 2 > voters.length;
}

/**
 * The earliest `from` of a policy that is decided now: a deadline of the last approved policy after the clock, so
 * that nothing already recorded changes its rules. The first policy may reach back.
 * @param clock the ledger clock of the deciding approval, nanoseconds
 */
export function earliestFrom(last: Policy | undefined, clock: Nanos): Nanos {
  return last === undefined ? '0' : addSeconds(clock, last.deadline);
}
