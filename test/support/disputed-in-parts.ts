import { connect } from '../../network/connection.js';
import type { Profile } from '../../network/profile.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { RawClient } from '../network/support/raw.js';

/**
 * Has a client open a dispute by a transaction whose messages it writes in parts, and close it by one as all write them, which
 * reads what the first wrote.
 * @returns the ID of the first
 */
export async function disputeInParts(profile: Profile, finding: string, day: string): Promise<string> {
  const raw = new RawClient(profile);
  const ledger = connect(profile);
  try {
    const opening = { finding, hash: finding, day, text: 'Why?', answerWithin: 86_400 };
    const { txId, code } = await raw.submitInParts('OpenDispute', JSON.stringify(opening));
    if (code !== 0) throw new Error(`the transaction in parts has the code ${code}`);
    await ledger.submit('CloseDispute', JSON.stringify({ finding, openedBy: profile.mspId }));
    return txId;
  } finally {
    ledger.close();
    raw.close();
  }
}

/** What was done in a dispute, as a reconciler read it, each with its transaction. */
export function actsRead(dbFile: string, dispute: { readonly finding: string; readonly openedBy: string }) {
  const projection = new Projection(dbFile);
  try {
    return projection.disputes.answer(dispute)?.acts.map(({ act, tx }) => [act, tx]);
  } finally {
    projection.close();
  }
}
