import type { Context } from 'fabric-contract-api';
import {
  actorsInForce,
  earliestFrom,
  isApproved,
  isoOfNanos,
  type Nanos,
  type NumberedPolicy,
  type PoliciesAnswer,
  type Policy,
  type PolicyAnswer,
  parsePolicy,
} from '../record/index.js';
import type { Caller } from './caller.js';
import { ContractError, quoted } from './errors.js';
import { get, kindRange, put, rows } from './state.js';

const CURRENT = 'p/current';

/** What follows `p/<no>`. */
interface PolicyRow {
  readonly text: string;
  readonly hash: string;
  readonly proposedBy: string;
  /** Actors in the order in which they approved, the proposer first. */
  readonly approvals: readonly string[];
}

/** What follows `p/current`. */
interface CurrentRow {
  /** The hash of every proposal; the first has number 1. */
  readonly proposed: readonly string[];
  /** Numbers in the order in which they came into force. */
  readonly inForce: readonly number[];
}

const NONE: CurrentRow = { proposed: [], inForce: [] };

/** The key of a policy: padded, so that keys sort as numbers do. */
export function policyKey(number: number): string {
  return `p/${String(number).padStart(9, '0')}`;
}

/**
 * Puts a policy up for approval; the proposal is its proposer's approval.
 * @throws RecordError `POLICY_JSON`, `POLICY_SHAPE`; ContractError `POLICY`.
 */
export async function propose(ctx: Context, caller: Caller, text: string): Promise<{ number: number; hash: string }> {
  const { policy, hash } = parsePolicy(text);
  const current = (await get<CurrentRow>(ctx, CURRENT)) ?? NONE;
  const known = current.proposed.indexOf(hash) + 1;
  if (known > 0) refuse(`This policy was proposed already; approve number ${known}.`);
  checkVoter(caller, policy, await lastApproved(ctx, current));
  const number = current.proposed.length + 1;
  const row: PolicyRow = { text, hash, proposedBy: caller.actor, approvals: [caller.actor] };
  await put(ctx, policyKey(number), row);
  await put(ctx, CURRENT, { ...current, proposed: [...current.proposed, hash] });
  return { number, hash };
}

/**
 * Approves a proposal; the approval that decides puts it in force. Approving twice changes nothing.
 * @param now the transaction's time. A provisional check only: the ledger clock is what counts, and the contract
 *   cannot know it without reading every actor's batches. The reconciler judges `from` by the ledger clock.
 * @throws ContractError `NOT_FOUND`, `POLICY`.
 */
export async function approve(
  ctx: Context,
  caller: Caller,
  number: number,
  hash: string,
  now: Nanos,
): Promise<PolicyAnswer> {
  const current = (await get<CurrentRow>(ctx, CURRENT)) ?? NONE;
  const row = await rowOf(ctx, number, current);
  if (row.hash !== hash) {
    refuse(`Policy ${number} has the hash ${row.hash}, not ${quoted(hash)}; read it again before you approve it.`);
  }
  const inForce = current.inForce.includes(number);
  if (inForce || row.approvals.includes(caller.actor)) return answer(number, row, inForce);
  const { policy } = parsePolicy(row.text);
  const last = await lastApproved(ctx, current);
  checkVoter(caller, policy, last);
  const approved = { ...row, approvals: [...row.approvals, caller.actor] };
  const decided = isApproved(policy, last, approved.approvals);
  if (decided) checkFrom(policy, last, now);
  await put(ctx, policyKey(number), approved);
  if (decided) await put(ctx, CURRENT, { ...current, inForce: [...current.inForce, number] });
  return answer(number, approved, decided);
}

/**
 * One policy with its approvals.
 * @throws ContractError `NOT_FOUND`.
 */
export async function policyAnswer(ctx: Context, number: number): Promise<PolicyAnswer> {
  const current = (await get<CurrentRow>(ctx, CURRENT)) ?? NONE;
  return answer(number, await rowOf(ctx, number, current), current.inForce.includes(number));
}

/** Every policy: those in force in the order in which they came into force, and those still open. For queries only. */
export async function allPolicies(ctx: Context): Promise<PoliciesAnswer> {
  const current = (await get<CurrentRow>(ctx, CURRENT)) ?? NONE;
  const answers: PolicyAnswer[] = [];
  for await (const { key, value } of rows<PolicyRow>(ctx, kindRange('p'))) {
    if (key === CURRENT) continue;
    const number = Number(key.slice(2));
    answers.push(answer(number, value, current.inForce.includes(number)));
  }
  const byNumber = new Map(answers.map((each) => [each.number, each]));
  return {
    inForce: current.inForce.flatMap((number) => byNumber.get(number) ?? []),
    proposed: answers.filter(({ inForce }) => !inForce),
  };
}

/**
 * The policies in force, for a query that needs one.
 * @throws ContractError `POLICY` while there is none.
 */
export async function policiesInForce(ctx: Context): Promise<readonly NumberedPolicy[]> {
  const { inForce } = await allPolicies(ctx);
  if (inForce.length === 0) {
    refuse('No policy is in force, so nothing is in dispute; propose one and have the actors approve it.');
  }
  return inForce;
}

/** The last approved policy, by whose actors and deadline disputes go; undefined while there is none. */
export async function policyOfNow(ctx: Context): Promise<Policy | undefined> {
  return lastApproved(ctx, (await get<CurrentRow>(ctx, CURRENT)) ?? NONE);
}

function answer(number: number, row: PolicyRow, inForce: boolean): PolicyAnswer {
  const { text, hash, proposedBy, approvals } = row;
  return { number, hash, policy: JSON.parse(text) as Policy, proposedBy, approvals: [...approvals].sort(), inForce };
}

async function rowOf(ctx: Context, number: number, current: CurrentRow): Promise<PolicyRow> {
  const row = number <= current.proposed.length ? await get<PolicyRow>(ctx, policyKey(number)) : undefined;
  if (row === undefined) {
    throw new ContractError(
      'NOT_FOUND',
      `There is no policy ${number}; ${current.proposed.length} have been proposed so far.`,
    );
  }
  return row;
}

async function lastApproved(ctx: Context, current: CurrentRow): Promise<Policy | undefined> {
  const number = current.inForce.at(-1);
  return number === undefined ? undefined : (JSON.parse((await rowOf(ctx, number, current)).text) as Policy);
}

function checkVoter({ actor }: Caller, policy: Policy, last: Policy | undefined): void {
  const voters = actorsInForce(policy, last);
  if (voters.includes(actor)) return;
  const who = last === undefined ? 'the actors that the first policy names' : 'the actors of the policy in force';
  refuse(`${actor} has no say in this policy; only ${who} have: ${voters.join(', ')}.`);
}

function checkFrom(policy: Policy, last: Policy | undefined, now: Nanos): void {
  const earliest = earliestFrom(last, now);
  if (BigInt(policy.from) >= BigInt(earliest)) return;
  refuse(
    `This approval would decide, but the policy begins at ${isoOfNanos(policy.from)}; from now on it may begin at ` +
      `${isoOfNanos(earliest)} at the earliest (a deadline from now). Propose it again with a later "from".`,
  );
}

function refuse(why: string): never {
  throw new ContractError('POLICY', why);
}
