import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type LedgerConnection } from '../../network/connection.js';
import { newIdentity } from '../../network/pki.js';
import { loadProfile, type Profile } from '../../network/profile.js';
import { batchText } from '../network/support/ledger.js';
import { type Consortium, startConsortium } from '../support/consortium.js';
import { describeWithFabric } from '../support/fabric.js';
import { killNode } from '../support/fabric-nodes.js';
import { revoke } from '../support/revocation.js';

const YEAR_MS = 365 * 86_400_000;

describeWithFabric('what a network refuses', () => {
  let consortium: Consortium;
  const open: LedgerConnection[] = [];
  const as = (profile: Profile) => {
    const ledger = connect(profile);
    open.push(ledger);
    return ledger;
  };
  const profileOf = (actor: 'DeveloperMSP' | 'ProviderMSP' | 'UserMSP', identity = 'collector-1') =>
    loadProfile(consortium.profile(actor, identity));
  const caOf = (actor: string) => ({
    certificate: readFileSync(join(consortium.data, 'ca', actor, 'cert.pem'), 'utf8'),
    key: readFileSync(join(consortium.data, 'ca', actor, 'key.pem'), 'utf8'),
  });

  beforeAll(async () => {
    consortium = await startConsortium({}, 'raft');
  });
  afterAll(async () => {
    for (const ledger of open) ledger.close();
    await consortium?.close();
  });

  it("an actor's client that attests for another actor", async () => {
    const provider = profileOf('ProviderMSP');
    const height = await as(provider).height();
    await expect(as({ ...provider, mspId: 'UserMSP' }).submit('Attest', batchText())).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(/does not admit this identity of UserMSP.*access denied/),
    });
    expect(await as(provider).height()).toBe(height);
  });

  it("a collector's batch in another collector's name", async () => {
    const text = batchText({ collector: 'collector-2' });
    await expect(as(profileOf('UserMSP')).submit('Attest', text)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('collector-2'),
    });
  });

  it('a client whose certificate has expired, saying so', async () => {
    const expired = await newIdentity(caOf('UserMSP'), 'collector-1', 'client', {
      notBefore: new Date(Date.now() - YEAR_MS),
      notAfter: new Date(Date.now() - 60_000),
    });
    const ledger = as({ ...profileOf('UserMSP'), ...expired });
    const refused = {
      code: 'REFUSED',
      retryable: false,
      message: expect.stringMatching(/^The certificate expired at 20/),
    };
    await expect(ledger.submit('Attest', batchText())).rejects.toMatchObject(refused);
    await expect(ledger.evaluate('GetCollectors')).rejects.toMatchObject(refused);
  });

  it('a client whose certificate its actor revoked, and nobody else', async () => {
    await consortium.addIdentity('UserMSP', 'collector-9');
    const profile = profileOf('UserMSP', 'collector-9');
    const ledger = as(profile);
    await ledger.submit('Attest', batchText({ collector: 'collector-9', run: 'before' }));
    await revoke(consortium.data, 'UserMSP', profile.certificate);
    await expect(ledger.submit('Attest', batchText({ collector: 'collector-9', run: 'after' }))).rejects.toMatchObject({
      code: 'REFUSED',
      retryable: false,
      message: expect.stringMatching(/its certificate was revoked/),
    });
    await as(profileOf('UserMSP')).submit('Attest', batchText());
  });

  describe('a chaincode that one organisation altered', () => {
    let bundle: string;
    let honest: string;
    beforeAll(async () => {
      bundle = join(consortium.data, 'organizations', 'ProviderMSP', 'chaincode', 'contract.bundle.js');
      honest = readFileSync(bundle, 'utf8');
      // It puts attestations where nobody looks for them.
      const altered = honest.replaceAll('`a/', '`x/');
      expect(altered).not.toBe(honest);
      writeFileSync(bundle, altered);
      killNode(consortium.data, 'chaincode.ProviderMSP');
      await consortium.serveAgain();
    });
    afterAll(() => writeFileSync(bundle, honest));

    it('cannot put on the ledger what the others do not confirm, and is named as different', async () => {
      const height = await as(profileOf('UserMSP')).height();
      const { alternatives: _, ...own } = profileOf('ProviderMSP');
      await expect(as(own).submit('Attest', batchText())).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringMatching(/another result at DeveloperMSP, UserMSP than .* altered contract/),
      });
      expect(await as(profileOf('UserMSP')).height()).toBe(height);
    });

    it('holds up none of the others', async () => {
      await as(profileOf('UserMSP')).submit('Attest', batchText({ run: 'run-2' }));
      await as(profileOf('DeveloperMSP')).submit('Attest', batchText({ run: 'run-2' }));
    });

    it('shows in the hash that it tells of itself', async () => {
      const bundles = await Promise.all(
        (['DeveloperMSP', 'ProviderMSP', 'UserMSP'] as const).map(async (actor) => {
          const { alternatives: _, ...own } = profileOf(actor);
          return (JSON.parse(await as(own).evaluate('GetVersion')) as { bundle: string }).bundle;
        }),
      );
      expect(bundles[0]).toBe(bundles[2]);
      expect(bundles[1]).not.toBe(bundles[0]);
    });
  });
});
