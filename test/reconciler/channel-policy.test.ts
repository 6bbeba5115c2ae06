import { createPrivateKey, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { messageSigner } from '../../network/signer.js';
import 'reflect-metadata';
import { fc, test as property } from '@fast-check/vitest';
import { msp } from '@hyperledger/fabric-protos';
import { X509Certificate, X509CrlGenerator } from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Credentials, newCa, newIdentity, type Role } from '../../network/pki.js';
import type { ChannelConfig, Organisation } from '../../reconciler/ledger/channel-config.js';
import { genuineSigners, satisfiesSignatures } from '../../reconciler/ledger/channel-policy.js';
import { Membership } from '../../reconciler/ledger/membership.js';
import { peersOf } from '../support/peers-of.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const ACTORS = ['AliceMSP', 'BobMSP', 'CarolMSP'];
const DATA = Buffer.from('what is signed');

describe('signatures by the channel’s configuration', () => {
  const cas = new Map<string, Credentials>();
  const peers = new Map<string, Credentials>();
  let membership: Membership;

  beforeAll(async () => {
    for (const actor of ACTORS) {
      const ca = await newCa(`ca.${actor}`, actor);
      cas.set(actor, ca);
      peers.set(actor, await newIdentity(ca, `peer.${actor}`, 'peer'));
    }
    membership = new Membership(configOf([]));
  });

  const credentials = (map: ReadonlyMap<string, Credentials>, actor: string) => map.get(actor) as Credentials;

  function configOf(revocationLists: readonly Uint8Array[]): ChannelConfig {
    const unit = (name: string) => ({ name, certifier: undefined });
    const nodeUnits = { client: unit('client'), peer: unit('peer'), admin: unit('admin'), orderer: unit('orderer') };
    const organisations = ACTORS.map((mspId): [string, Organisation] => [
      mspId,
      {
        mspId,
        roots: [credentials(cas, mspId).certificate],
        intermediates: [],
        admins: [],
        revocationLists,
        nodeUnits,
        requiredUnits: [],
      },
    ]);
    return {
      bytes: new Uint8Array(),
      sequence: 0,
      organisations: new Map(organisations),
      actors: new Map(ACTORS.map((actor) => [actor, actor])),
      capabilities: new Set(),
      policies: { policies: new Map(), groups: new Map() },
      consenters: [],
      ordererType: '',
    };
  }

  function signed(actor: string, { certificate, key }: Credentials, data = DATA) {
    const identity = new msp.SerializedIdentity();
    identity.setMspid(actor);
    identity.setIdBytes(Buffer.from(certificate));
    return { identity: identity.serializeBinary(), data, signature: messageSigner(key)(DATA) };
  }

  property.prop([fc.array(fc.constantFrom(...ACTORS), { maxLength: 6 }), fc.integer({ min: 1, max: 3 })])(
    'count each signer once, however often it signed',
    (signers, needed) => {
      const found = genuineSigners(
        membership,
        signers.map((actor) => signed(actor, credentials(peers, actor))),
      );
      const different = new Set(signers).size;
      expect(found).toHaveLength(different);
      expect(satisfiesSignatures(peersOf(needed, ACTORS), found)).toBe(different >= needed);
    },
  );

  it('count for nothing over other data, under another’s name, from a foreign CA or from a CA itself', async () => {
    const foreign = await newIdentity(await newCa('ca.AliceMSP', 'AliceMSP'), 'peer.AliceMSP', 'peer');
    const alice = credentials(peers, 'AliceMSP');
    const worthless = [
      signed('AliceMSP', alice, Buffer.from('other')),
      signed('BobMSP', alice),
      signed('MalloryMSP', alice),
      signed('AliceMSP', foreign),
      signed('AliceMSP', credentials(cas, 'AliceMSP')),
      { ...signed('AliceMSP', alice), identity: Buffer.from('no identity') },
    ];
    expect(genuineSigners(membership, worthless)).toEqual([]);
    expect(genuineSigners(membership, [signed('AliceMSP', alice)])).toHaveLength(1);
  });

  it('count for nothing where a certificate begins before its CA does: no clock is asked', async () => {
    const ca = credentials(cas, 'AliceMSP');
    const begins = Date.parse(new NodeCertificate(ca.certificate).validFrom);
    for (const [seconds, expected] of [
      [-60, 0],
      [60, 1],
    ] as const) {
      const notBefore = new Date(begins + seconds * 1000);
      const early = await newIdentity(ca, 'early', 'peer', { notBefore, notAfter: new Date(begins + 120_000) });
      expect(genuineSigners(membership, [signed('AliceMSP', early)])).toHaveLength(expected);
    }
  });

  it.each<Role>(['client', 'admin', 'orderer'])('of a %s are none of a peer', async (role) => {
    const other = await newIdentity(credentials(cas, 'AliceMSP'), 'someone', role);
    const found = genuineSigners(membership, [signed('AliceMSP', other)]);
    expect(found).toHaveLength(1);
    expect(satisfiesSignatures(peersOf(1, ACTORS), found)).toBe(false);
  });

  it('of a revoked certificate satisfy nothing, if the CA that issued it signed the list', async () => {
    const alice = credentials(peers, 'AliceMSP');
    for (const [issuer, isRevoked] of [
      ['AliceMSP', true],
      ['BobMSP', false],
    ] as const) {
      const list = await revocationList(credentials(cas, issuer), credentials(cas, 'AliceMSP'), alice);
      const [found] = genuineSigners(new Membership(configOf([list])), [signed('AliceMSP', alice)]);
      expect(found?.isRevoked).toBe(isRevoked);
      expect(satisfiesSignatures(peersOf(1, ACTORS), found === undefined ? [] : [found])).toBe(!isRevoked);
    }
  });
});

async function revocationList(signer: Credentials, named: Credentials, revoked: Credentials): Promise<Uint8Array> {
  const der = createPrivateKey(signer.key).export({ type: 'pkcs8', format: 'der' });
  const list = await X509CrlGenerator.create(
    {
      issuer: new X509Certificate(named.certificate).subjectName,
      thisUpdate: new Date('2026-11-22T00:00:00Z'),
      nextUpdate: new Date('2027-11-22T00:00:00Z'),
      signingAlgorithm: ALGORITHM,
      signingKey: await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']),
      entries: [
        {
          serialNumber: new NodeCertificate(revoked.certificate).serialNumber,
          revocationDate: new Date('2026-11-22T00:00:00Z'),
        },
      ],
    },
    webcrypto,
  );
  return new Uint8Array(list.rawData);
}
