import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadProfile } from '../../network/profile.js';
import { verifyBundle } from '../../proof/verify-bundle.js';
import { DAY } from '../reconciler/support/history.js';
import { actsRead, disputeInParts } from '../support/disputed-in-parts.js';
import { contentOf, SmallLedger } from './support/small-ledger.js';

const FINDING = 'd'.repeat(64);

describe('a transaction that is written in parts, on a served ledger', () => {
  let small: SmallLedger;

  beforeAll(async () => {
    small = await SmallLedger.start(['ProviderMSP', 'UserMSP'], 1);
  });
  afterAll(() => small?.close());

  it('counts for everybody: contract, reconciler and verification', async () => {
    const txId = await disputeInParts(loadProfile(small.ledger.profilePath('UserMSP', 'reconciler')), FINDING, DAY);
    await small.reconcile('ProviderMSP');
    expect(actsRead(small.dbFile, { finding: FINDING, openedBy: 'UserMSP' })).toEqual([
      ['open', txId],
      ['close', expect.any(String)],
    ]);
    const { transactions } = await verifyBundle(contentOf(await small.content()));
    expect(transactions).toMatchObject({ invalid: 0, unfollowed: 0 });
  });
});
