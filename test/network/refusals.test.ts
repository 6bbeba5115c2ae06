import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Transaction } from '@hyperledger/fabric-gateway';
import { StatusCode } from '@hyperledger/fabric-gateway';
import { ledger, peer } from '@hyperledger/fabric-protos';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newCa, newIdentity } from '../../network/pki.js';
import type { Profile } from '../../network/profile.js';
import { codesOf, takeBlocks } from './support/blocks.js';
import { batchText, canonicalEvent, DAY_START, TestLedger } from './support/ledger.js';
import { RawClient } from './support/raw.js';

const DAY = [String(DAY_START), String(DAY_START + 86_400_000_000_000n)] as const;

let t: TestLedger;
let honest: Profile;
let raw: RawClient;

/** Everything that a refusal must leave as it was. */
async function contents(): Promise<object> {
  const reader = t.as('ProviderMSP', 'reconciler');
  return {
    height: await reader.height(),
    events: await reader.evaluate('GetEvents', ...DAY, ''),
    collectors: await reader.evaluate('GetCollectors'),
    policies: await reader.evaluate('GetPolicies'),
  };
}

beforeAll(async () => {
  t = await TestLedger.start();
  honest = t.profile('UserMSP', 'collector-1');
  raw = new RawClient(honest);
  await t.with(honest).submit('Attest', batchText({ events: 2 }));
});
afterAll(async () => {
  raw.close();
  await t.end();
});

describe('refused, and nothing is stored:', () => {
  let before: object;
  beforeEach(async () => {
    before = await contents();
  });
  afterEach(async () => {
    expect(await contents()).toEqual(before);
  });

  async function expectStranger(profile: Profile, why: RegExp): Promise<void> {
    const stranger = t.with(profile);
    await expect(stranger.submit('Attest', batchText({ run: 'stranger' }))).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'REFUSED',
      retryable: false,
      message: expect.stringMatching(why),
    });
    await expect(stranger.evaluate('GetCollectors')).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(stranger.height()).rejects.toMatchObject({ code: 'REFUSED' });
    const delivered = takeBlocks(stranger, 0n, 1);
    await expect(delivered).rejects.toMatchObject({ code: 'DELIVERY', retryable: false });
  }

  test('an identity that another CA issued in an actor’s name', async () => {
    const rogue = await newIdentity(await newCa('ca.UserMSP', 'UserMSP'), 'collector-1', 'client');
    await expectStranger({ ...honest, ...rogue }, /not issued by the CA of UserMSP/);
  });

  test('an identity that speaks for another actor', async () => {
    await expectStranger({ ...honest, mspId: 'ProviderMSP' }, /not issued by the CA of ProviderMSP/);
  });

  test('an identity of an actor that is none', async () => {
    await expectStranger({ ...honest, mspId: 'StrangerMSP' }, /no actor of this channel/);
  });

  test('a signature by another key', async () => {
    const { key } = t.profile('UserMSP', 'reconciler');
    await expectStranger({ ...honest, key }, /signature is not its creator's/);
  });

  test('a CA’s certificate as an identity', async () => {
    const folder = join(t.dataDir, 'ca', 'UserMSP');
    const certificate = readFileSync(join(folder, 'cert.pem'), 'utf8');
    const key = readFileSync(join(folder, 'key.pem'), 'utf8');
    await expectStranger({ ...honest, certificate, key }, /no identity/);
  });

  test('a peer’s key as a client', async () => {
    const folder = join(t.dataDir, 'peers', 'UserMSP');
    const certificate = readFileSync(join(folder, 'cert.pem'), 'utf8');
    const key = readFileSync(join(folder, 'key.pem'), 'utf8');
    const client = t.with({ ...honest, certificate, key });
    const text = batchText({ collector: 'peer.UserMSP' });
    await expect(client.submit('Attest', text)).rejects.toMatchObject({ code: 'REFUSED' });
  });

  test('another channel or another chaincode', async () => {
    const elsewhere = t.with({ ...honest, channel: 'others' });
    await expect(elsewhere.submit('Attest', batchText())).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('no channel "others"'),
    });
    await expect(elsewhere.evaluate('GetCollectors')).rejects.toMatchObject({ code: 'REFUSED' });
    const other = t.with({ ...honest, chaincode: 'others' });
    await expect(other.submit('Attest', batchText())).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(other.evaluate('GetCollectors')).rejects.toMatchObject({ code: 'REFUSED' });
  });

  test('a function that the contract does not have', async () => {
    await expect(t.with(honest).submit('Steal', '1')).rejects.toMatchObject({
      code: 'REFUSED',
      message: 'There is no transaction "Steal" in this contract.',
    });
  });

  test('a batch in the name of another certificate’s collector', async () => {
    const batch = batchText({ collector: 'collector-2', run: 'other' });
    await expect(t.with(honest).submit('Attest', batch)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('"collector-2"'),
    });
  });

  test('a batch in the name of another actor', async () => {
    const batch = JSON.parse(batchText({ run: 'other' }));
    const text = JSON.stringify({ ...batch, actor: 'ProviderMSP' });
    await expect(t.with(honest).submit('Attest', text)).rejects.toMatchObject({ code: 'REFUSED' });
  });

  test('a batch with an event that is not in canonical form', async () => {
    const batch = JSON.parse(batchText({ run: 'other' }));
    batch.entries.push({ b: ` ${canonicalEvent(2)}` });
    await expect(t.with(honest).submit('Attest', JSON.stringify(batch))).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('Entry 1 (number 2)'),
    });
  });

  test('a batch over the limits', async () => {
    const text = batchText({ run: 'other', events: 1001 });
    await expect(t.with(honest).submit('Attest', text)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('at most 1000'),
    });
  });

  test('a policy from one who is no admin', async () => {
    await expect(t.with(honest).submit('ProposePolicy', '{}')).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('no admin certificate'),
    });
  });

  test('a transaction that another identity signs', async () => {
    const transaction = await raw.endorse('Attest', batchText({ run: 'other' }));
    const thief = new RawClient(t.profile('UserMSP', 'reconciler'));
    try {
      await expect(thief.gateway.newTransaction(transaction.getBytes()).submit()).rejects.toThrow('access denied');
    } finally {
      thief.close();
    }
  });

  test('a transaction under an ID that is not its own', async () => {
    const transaction = await raw.endorse('Attest', batchText({ run: 'other' }));
    const renamed = raw.reheaded(transaction, (header) => header.setTxId('0'.repeat(64)));
    await expect(renamed.submit()).rejects.toThrow('not the hash of nonce and creator');
    const elsewhere = raw.reheaded(transaction, (header) => header.setChannelId('others'));
    await expect(elsewhere.submit()).rejects.toThrow('no channel "others"');
  });
});

describe('committed as invalid, and the state is as before:', () => {
  /** Submits, waits for the block, and gives its validation codes. */
  async function codesAfter(...transactions: Transaction[]): Promise<number[]> {
    const reader = t.as('UserMSP', 'reconciler');
    const height = await reader.height();
    await Promise.all(transactions.map((transaction) => transaction.submit()));
    const codes: number[] = [];
    for await (const block of reader.blocks(height)) {
      codes.push(...codesOf(block));
      if (codes.length >= transactions.length) break;
    }
    return codes;
  }

  async function eventsNow(): Promise<string> {
    return t.as('UserMSP', 'reconciler').evaluate('GetEvents', ...DAY, '');
  }

  function response(action: peer.ChaincodeActionPayload): peer.ProposalResponsePayload {
    const bytes = action.getAction()?.getProposalResponsePayload_asU8() ?? new Uint8Array();
    return peer.ProposalResponsePayload.deserializeBinary(bytes);
  }

  test('a forged write set', async () => {
    const before = await eventsNow();
    const transaction = await raw.endorse('Attest', batchText({ run: 'forged', first: 500 }));
    const forged = raw.forge(transaction, (action) => {
      const payload = response(action);
      const result = peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8());
      const sets = ledger.rwset.TxReadWriteSet.deserializeBinary(result.getResults_asU8());
      const [set = new ledger.rwset.NsReadWriteSet()] = sets.getNsRwsetList();
      const writes = ledger.rwset.kvrwset.KVRWSet.deserializeBinary(set.getRwset_asU8());
      for (const write of writes.getWritesList()) write.setKey(write.getKey().replace('UserMSP', 'ProviderMSP'));
      set.setRwset(writes.serializeBinary());
      result.setResults(sets.serializeBinary());
      payload.setExtension$(result.serializeBinary());
      action.getAction()?.setProposalResponsePayload(payload.serializeBinary());
    });
    expect(await codesAfter(forged)).toEqual([StatusCode.ENDORSEMENT_POLICY_FAILURE]);
    expect(await eventsNow()).toBe(before);
  });

  test('other arguments than those endorsed', async () => {
    const before = await eventsNow();
    const other = await raw.endorse('Attest', batchText({ run: 'args-b', first: 510 }));
    let arguments_ = new Uint8Array();
    raw.forge(other, (action) => {
      arguments_ = new Uint8Array(action.getChaincodeProposalPayload_asU8());
    });
    const transaction = await raw.endorse('Attest', batchText({ run: 'args-a', first: 520 }));
    const forged = raw.forge(transaction, (action) => action.setChaincodeProposalPayload(arguments_));
    expect(await codesAfter(forged)).toEqual([StatusCode.INVALID_ENDORSER_TRANSACTION]);
    expect(await eventsNow()).toBe(before);
  });

  test('endorsements of a minority, or of one actor several times', async () => {
    const before = await eventsNow();
    const alone = raw.forge(await raw.endorse('Attest', batchText({ run: 'alone', first: 530 })), (action) => {
      const endorsed = action.getAction();
      endorsed?.setEndorsementsList(endorsed.getEndorsementsList().slice(0, 1));
    });
    const repeated = raw.forge(await raw.endorse('Attest', batchText({ run: 'again', first: 540 })), (action) => {
      const endorsed = action.getAction();
      const [first = new peer.Endorsement()] = endorsed?.getEndorsementsList() ?? [];
      endorsed?.setEndorsementsList([first, first, first]);
    });
    const code = StatusCode.ENDORSEMENT_POLICY_FAILURE;
    expect(await codesAfter(alone, repeated)).toEqual([code, code]);
    expect(await eventsNow()).toBe(before);
  });

  test('while a majority of the endorsements is enough', async () => {
    const most = raw.forge(await raw.endorse('Attest', batchText({ run: 'most', first: 550 })), (action) => {
      const endorsed = action.getAction();
      endorsed?.setEndorsementsList(endorsed.getEndorsementsList().slice(1));
    });
    expect(await codesAfter(most)).toEqual([StatusCode.VALID]);
  });

  test('a transaction ID for the second time', async () => {
    const transaction = await raw.endorse('Attest', batchText({ run: 'twice', first: 560 }));
    const again = raw.gateway.newTransaction(transaction.getBytes());
    expect(await codesAfter(transaction)).toEqual([StatusCode.VALID]);
    const after = await eventsNow();
    expect(await codesAfter(again)).toEqual([StatusCode.DUPLICATE_TXID]);
    expect(await eventsNow()).toBe(after);
  });

  test('a read that another transaction has overtaken', async () => {
    const admin = new RawClient(t.profile('UserMSP', 'admin'));
    try {
      const policy = (deadline: number) => {
        const { inForce } = JSON.parse(policies);
        return JSON.stringify({ ...inForce[0].policy, deadline, from: String(DAY_START * 2n) });
      };
      const policies = await t.as('UserMSP', 'admin').evaluate('GetPolicies');
      const first = await admin.endorse('ProposePolicy', policy(700));
      const second = await admin.endorse('ProposePolicy', policy(800));
      const codes = await codesAfter(first, second);
      expect([...codes].sort()).toEqual([StatusCode.VALID, StatusCode.MVCC_READ_CONFLICT]);
      const now = JSON.parse(await t.as('UserMSP', 'admin').evaluate('GetPolicies'));
      expect(now.proposed).toHaveLength(1);
    } finally {
      admin.close();
    }
  });
});
