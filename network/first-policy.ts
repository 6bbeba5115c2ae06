import { setTimeout as sleep } from 'node:timers/promises';
import { completePolicy, type PoliciesAnswer, type Policy, parsePolicy, policyText } from '#chaincode';
import { type Committed, connect, type LedgerConnection } from './connection.js';
import { NetworkError, type NetworkErrorCode } from './errors.js';
import { loadProfile } from './profile.js';

const TRIES = 10;
const PAUSE_MS = 500;

/**
 * The first policy of a new ledger: the defaults, and what its maker wishes beyond them.
 * @throws RecordError if it is malformed; NetworkError `DATA_DIR` if it names actors that the ledger does not have
 */
export function firstPolicy(actors: readonly string[], wishes: Partial<Policy> = {}): Policy {
  const { policy } = parsePolicy(policyText(completePolicy({ from: '0', actors: [...actors], ...wishes })));
  const stranger = policy.actors.find((actor) => !actors.includes(actor));
  if (stranger !== undefined) {
    throw new NetworkError('DATA_DIR', `The policy names ${stranger}, who is no actor of this ledger.`);
  }
  return policy;
}

/**
 * Puts a first policy in force unless one is: proposed by the admin of its first actor and approved by the others', as
 * clients like any other. Goes on where an earlier start was cut off.
 * @param adminProfile path of the profile of an actor's admin
 */
export async function bootstrapPolicy(adminProfile: (actor: string) => string, policy: Policy): Promise<void> {
  const text = policyText(policy);
  const admins = policy.actors.map((actor) => connect(loadProfile(adminProfile(actor))));
  try {
    const [first, ...others] = admins;
    if (first === undefined) return;
    const policies = JSON.parse(await first.evaluate('GetPolicies')) as PoliciesAnswer;
    if (policies.inForce.length > 0) return;
    const { hash } = parsePolicy(text);
    const proposed = policies.proposed.find((each) => each.hash === hash);
    const number = proposed?.number ?? (await propose(first, text));
    for (const admin of proposed === undefined ? others : admins) {
      await submitPatiently(admin, ['CONFLICT', 'REFUSED'], 'ApprovePolicy', String(number), hash);
    }
  } finally {
    for (const admin of admins) admin.close();
  }
}

async function propose(admin: LedgerConnection, text: string): Promise<number> {
  const { result } = await submitPatiently(admin, ['CONFLICT'], 'ProposePolicy', text);
  return (JSON.parse(result) as { number: number }).number;
}

/** Peers may be a block apart: one does not have yet what another told of. Nothing was written where one says so. */
async function submitPatiently(
  admin: LedgerConnection,
  again: readonly NetworkErrorCode[],
  fn: string,
  ...args: string[]
): Promise<Committed> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await admin.submit(fn, ...args);
    } catch (error) {
      if (tries === TRIES || !(error instanceof NetworkError) || !again.includes(error.code)) throw error;
    }
    await sleep(PAUSE_MS);
  }
}
