import type { Context } from 'fabric-contract-api';
import {
  type DisputeAct,
  type DisputeAnswer,
  type DisputeCall,
  type DisputeName,
  disputeRefusal,
  type FindingDisputesAnswer,
  type Nanos,
  parseDispute,
} from '../record/index.js';
import type { Caller } from './caller.js';
import { ContractError, quoted } from './errors.js';
import { policyOfNow } from './policies.js';
import { rowPage } from './row-page.js';
import { get, kindRange, put, rows } from './state.js';

/** The key of a dispute. */
function disputeKey({ finding, openedBy }: DisputeName): string {
  return `d/${finding}/${openedBy}`;
}

/**
 * Does something in a dispute, if the caller may.
 * @param time the transaction's own
 * @returns the dispute as it then stands, as JSON
 * @throws RecordError `DISPUTE_JSON`, `DISPUTE_SHAPE`, `TIME`; ContractError `DISPUTE`.
 */
export async function takeDeed(
  ctx: Context,
  { actor, name }: Caller,
  call: DisputeCall,
  json: string,
  time: Nanos,
): Promise<string> {
  const { dispute, deed } = parseDispute(call, json, actor);
  const before = (await get<DisputeAnswer>(ctx, disputeKey(dispute))) ?? { ...dispute, acts: [] };
  const refusal = disputeRefusal(before, deed, actor, await policyOfNow(ctx));
  if (refusal !== undefined) throw new ContractError('DISPUTE', refusal);
  const act: DisputeAct = { ...deed, actor, name, tx: ctx.stub.getTxID(), time };
  const after: DisputeAnswer = { ...dispute, acts: [...before.acts, act] };
  await put(ctx, disputeKey(dispute), after);
  return JSON.stringify(after);
}

/**
 * All disputes about a finding, one of an actor at the most, as JSON.
 * @throws ContractError `ARGUMENT`, `NOT_FOUND`.
 */
export async function findingDisputes(ctx: Context, finding: string): Promise<string> {
  if (!/^[0-9a-f]{64}$/.test(finding)) {
    throw new ContractError('ARGUMENT', `${quoted(finding)} is no finding's id; it has 64 lower-case hex digits.`);
  }
  const disputes: DisputeAnswer[] = [];
  for await (const { value } of rows<DisputeAnswer>(ctx, kindRange(`d/${finding}`))) disputes.push(value);
  if (disputes.length === 0) {
    throw new ContractError('NOT_FOUND', `Nobody has opened a dispute about finding ${finding}.`);
  }
  return JSON.stringify({ finding, disputes } satisfies FindingDisputesAnswer);
}

/** A page of all disputes, as JSON. */
export function disputePage(ctx: Context, bookmark: string): Promise<string> {
  return rowPage<DisputeAnswer>(ctx, kindRange('d'), bookmark, 'disputes', (_, row) => row);
}
