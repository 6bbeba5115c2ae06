import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type LedgerConnection } from '../connection.js';
import { NetworkError } from '../errors.js';
import { loadProfile } from '../profile.js';

const READY_WITHIN_MS = 90_000;
const ASK_EVERY_MS = 250;

/**
 * Waits until the peer of each of these profiles gets a call endorsed: after a start, peers need a while to know of each
 * other, and none tells when it does.
 * @throws NetworkError of the last failure
 */
export async function untilEndorsing(profiles: readonly string[], signal: AbortSignal): Promise<void> {
  await Promise.all(profiles.map((profile) => untilOneEndorses(profile, signal)));
}

async function untilOneEndorses(file: string, signal: AbortSignal): Promise<void> {
  const { alternatives: _, ...own } = loadProfile(file);
  const ledger = connect(own);
  try {
    const until = performance.now() + READY_WITHIN_MS;
    while (!(await endorses(ledger, performance.now() > until))) await sleep(ASK_EVERY_MS, undefined, { signal });
  } finally {
    ledger.close();
  }
}

async function endorses(ledger: LedgerConnection, last: boolean): Promise<boolean> {
  try {
    await ledger.endorse('GetPolicies');
    return true;
  } catch (error) {
    if (last || !(error instanceof NetworkError) || !error.retryable) throw error;
    return false;
  }
}
