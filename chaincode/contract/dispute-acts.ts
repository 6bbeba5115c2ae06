import type { Context } from 'fabric-contract-api';
import {
  type DisputeAct,
  type DisputeAnswer,
  type DisputeCall,
  disputeRefusal,
  type Nanos,
  parseDispute,
} from '../record/index.js';
import type { Caller } from './caller.js';
import { ContractError, quoted } from './errors.js';
import { policyOfNow } from './policies.js';
import { rowPage } from './row-page.js';
import { get, kindRange, put } from './state.js';

/** The key of a dispute. */
function disputeKey(finding: string): string {
  return `d/${finding}`;
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
  const { finding, deed } = parseDispute(call, json);
  const before = (await get<DisputeAnswer>(ctx, disputeKey(finding))) ?? { finding, acts: [] };
  const refusal = disputeRefusal(before.acts, deed, actor, await policyOfNow(ctx));
  if (refusal !== undefined) throw new ContractError('DISPUTE', refusal);
  const act: DisputeAct = { ...deed, actor, name, tx: ctx.stub.getTxID(), time };
  const after: DisputeAnswer = { finding, acts: [...before.acts, act] };
  await put(ctx, disputeKey(finding), after);
  return JSON.stringify(after);
}

/**
 * One dispute, as JSON.
 * @throws ContractError `ARGUMENT`, `NOT_FOUND`.
 */
export async function disputeAnswer(ctx: Context, finding: string): Promise<string> {
  if (!/^[0-9a-f]{64}$/.test(finding)) {
    throw new ContractError('ARGUMENT', `${quoted(finding)} is no finding's id; it has 64 lower-case hex digits.`);
  }
  const row = await get<DisputeAnswer>(ctx, disputeKey(finding));
  if (row === undefined) throw new ContractError('NOT_FOUND', `Nobody has opened a dispute about finding ${finding}.`);
  return JSON.stringify(row);
}

/** A page of all disputes, as JSON. */
export function disputePage(ctx: Context, bookmark: string): Promise<string> {
  return rowPage<DisputeAnswer>(ctx, kindRange('d'), bookmark, 'disputes', (_, row) => row);
}
