import { createHash, verify, X509Certificate } from 'node:crypto';
import { common, msp } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchDigest } from '#chaincode';
import { headerHash } from '../../network/embedded/blocks.js';
import { serveLedger } from '../../network/embedded/ledger.js';
import { actionOf, codesOf, digestOf, endorserOf, envelopesOf, numberOf, takeBlocks } from './support/blocks.js';
import { batchText, DAY_START, TestLedger, temporaryFolder } from './support/ledger.js';
import { RawClient } from './support/raw.js';

const ACTORS = ['ProviderMSP', 'DeveloperMSP', 'UserMSP'];
const DAY = [String(DAY_START), String(DAY_START + 86_400_000_000_000n)] as const;

describe('a served ledger', () => {
  let t: TestLedger;
  beforeAll(async () => {
    t = await TestLedger.start();
  });
  afterAll(() => t.end());

  test('has a first policy in force, approved by every actor', async () => {
    const policies = JSON.parse(await t.as('UserMSP', 'reconciler').evaluate('GetPolicies'));
    expect(policies.proposed).toEqual([]);
    expect(policies.inForce).toHaveLength(1);
    expect(policies.inForce[0]).toMatchObject({ number: 1, inForce: true, approvals: [...ACTORS].sort() });
    expect(policies.inForce[0].policy).toMatchObject({ from: '0', actors: ACTORS });
  });

  test('commits a batch and answers with it', async () => {
    const collector = t.as('UserMSP', 'collector-1');
    const before = await collector.height();
    const text = batchText({ events: 3 });
    const committed = await collector.submit('Attest', text);
    expect(committed.block).toBe(before);
    expect(committed.transactionId).toMatch(/^[0-9a-f]{64}$/);
    expect(committed.result).toBe(batchDigest(text));
    expect(await collector.height()).toBe(before + 1n);
    const page = JSON.parse(await collector.evaluate('GetEvents', ...DAY, ''));
    expect(page.events).toHaveLength(3);
    expect(page.events[0].attestations).toEqual([
      { actor: 'UserMSP', collector: 'collector-1', run: 'run-1', number: 1 },
    ]);
  });

  test('takes many transactions at once, each valid, in fewer blocks than transactions', async () => {
    const collector = t.as('DeveloperMSP', 'collector-1');
    const before = await collector.height();
    const texts = Array.from({ length: 60 }, (_, index) =>
      batchText({ run: `many-${index}`, events: 1, first: index + 1 }),
    );
    const committed = await Promise.all(texts.map((text) => collector.submit('Attest', text)));
    const height = await collector.height();
    expect(new Set(committed.map(({ transactionId }) => transactionId)).size).toBe(60);
    expect(Number(height - before)).toBeLessThan(60);
    const blocks = await takeBlocks(collector, before, Number(height - before));
    expect(blocks.flatMap(codesOf)).toEqual(Array(60).fill(0));
  });

  test('delivers all blocks from a number on, then new ones as they come, until aborted', async () => {
    const reader = t.as('ProviderMSP', 'reconciler');
    const height = await reader.height();
    const all = await takeBlocks(reader, 0n, Number(height));
    expect(all.map(numberOf)).toEqual(Array.from({ length: Number(height) }, (_, number) => number));
    const some = await takeBlocks(reader, 2n, 2);
    expect(some.map((block) => Buffer.from(block.serializeBinary()).toString('hex'))).toEqual(
      all.slice(2, 4).map((block) => Buffer.from(block.serializeBinary()).toString('hex')),
    );
    const stop = new AbortController();
    const seen: number[] = [];
    const collector = t.as('ProviderMSP', 'collector-1');
    await collector.submit('Attest', batchText({ run: 'live-1' }));
    for await (const block of reader.blocks(height, stop.signal)) {
      seen.push(numberOf(block));
      if (seen.length === 1) await collector.submit('Attest', batchText({ run: 'live-2' }));
      else stop.abort();
    }
    expect(seen).toEqual([Number(height), Number(height) + 1]);
  });

  test('chains its blocks by the hashes of Fabric', async () => {
    const reader = t.as('UserMSP', 'reconciler');
    const blocks = await takeBlocks(reader, 0n, Number(await reader.height()));
    let previous: Buffer = Buffer.alloc(0);
    for (const [number, block] of blocks.entries()) {
      const header = block.getHeader() ?? new common.BlockHeader();
      const dataHash = createHash('sha256')
        .update(Buffer.concat(envelopesOf(block)))
        .digest();
      expect(Buffer.from(header.getDataHash_asU8())).toEqual(dataHash);
      expect(Buffer.from(header.getPreviousHash_asU8())).toEqual(previous);
      expect(codesOf(block)).toHaveLength(envelopesOf(block).length);
      previous = headerHash(BigInt(number), previous, dataHash);
    }
  });

  test('has every transaction endorsed by the peer key of each actor', async () => {
    const collector = t.as('UserMSP', 'collector-1');
    const { block } = await collector.submit('Attest', batchText({ run: 'endorsed' }));
    const [taken = new common.Block()] = await takeBlocks(collector, block, 1);
    for (const envelope of envelopesOf(taken)) {
      const action = actionOf(envelope);
      const endorsements = action.getEndorsementsList();
      expect(endorsements.map((each) => endorserOf(each).getMspid())).toEqual(ACTORS);
      for (const each of endorsements) {
        const certificate = new X509Certificate(endorserOf(each).getIdBytes_asU8());
        const signed = Buffer.concat([action.getProposalResponsePayload_asU8(), each.getEndorser_asU8()]);
        expect(certificate.subject).toContain('OU=peer');
        expect(verify('sha256', signed, certificate.publicKey, each.getSignature_asU8())).toBe(true);
      }
    }
  });

  test('begins with the channel configuration, from which each actor’s CA can be read', async () => {
    const [genesis = new common.Block()] = await takeBlocks(t.as('UserMSP', 'reconciler'), 0n, 1);
    const [envelope = new Uint8Array()] = envelopesOf(genesis);
    const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(envelope).getPayload_asU8());
    const header = common.ChannelHeader.deserializeBinary(
      payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
    );
    expect(header.getType()).toBe(common.HeaderType.CONFIG);
    expect(header.getChannelId()).toBe('events');
    const config = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig();
    const application = config?.getChannelGroup()?.getGroupsMap().get('Application');
    expect([...(application?.getGroupsMap().keys() ?? [])].sort()).toEqual([...ACTORS].sort());
    for (const actor of ACTORS) {
      const value = application?.getGroupsMap().get(actor)?.getValuesMap().get('MSP')?.getValue_asU8();
      const fabric = msp.FabricMSPConfig.deserializeBinary(
        msp.MSPConfig.deserializeBinary(value ?? new Uint8Array()).getConfig_asU8(),
      );
      const ca = new X509Certificate(fabric.getRootCertsList_asU8()[0] ?? '');
      expect(fabric.getName()).toBe(actor);
      expect(fabric.getFabricNodeOus()?.getAdminOuIdentifier()?.getOrganizationalUnitIdentifier()).toBe('admin');
      expect(new X509Certificate(t.profile(actor, 'collector-1').certificate).verify(ca.publicKey)).toBe(true);
    }
  });

  test('answers questions about blocks and transactions', async () => {
    const raw = new RawClient(t.profile('UserMSP', 'reconciler'));
    try {
      const { transactionId, block } = await t
        .as('UserMSP', 'collector-1')
        .submit('Attest', batchText({ run: 'qscc' }));
      const qscc = raw.gateway.getNetwork('events').getContract('qscc');
      const byNumber = await qscc.evaluateTransaction('GetBlockByNumber', 'events', String(block));
      const byTransaction = await qscc.evaluateTransaction('GetBlockByTxID', 'events', transactionId);
      expect(Buffer.from(byTransaction)).toEqual(Buffer.from(byNumber));
      expect(numberOf(common.Block.deserializeBinary(byNumber))).toBe(Number(block));
      const transaction = await qscc.evaluateTransaction('GetTransactionByID', 'events', transactionId);
      expect(transaction.length).toBeGreaterThan(0);
      await expect(qscc.evaluateTransaction('GetBlockByNumber', 'events', '99999')).rejects.toThrow('no such entry');
    } finally {
      raw.close();
    }
  });

  test('serves one folder from one process at a time', async () => {
    await expect(serveLedger({ dataDir: t.dataDir })).rejects.toMatchObject({ name: 'NetworkError', code: 'LOCKED' });
    expect(await t.as('UserMSP', 'reconciler').height()).toBeGreaterThan(0n);
  });

  test('says so when its port is taken', async () => {
    const folder = temporaryFolder();
    const port = Number(t.ledger.endpoint.split(':')[1]);
    try {
      await expect(serveLedger({ dataDir: folder.path, port })).rejects.toMatchObject({ code: 'PORT' });
    } finally {
      folder.remove();
    }
  });

  test('keeps everything over a restart, at the same endpoint', async () => {
    const reader = t.as('UserMSP', 'reconciler');
    const height = await reader.height();
    const events = await reader.evaluate('GetEvents', ...DAY, '');
    const hash = digestOf(await takeBlocks(reader, 0n, Number(height)));
    const { endpoint } = t.ledger;
    const profile = t.profile('UserMSP', 'reconciler');
    await t.restart();
    const again = t.with(profile);
    expect(t.ledger.endpoint).toBe(endpoint);
    expect(await again.height()).toBe(height);
    expect(await again.evaluate('GetEvents', ...DAY, '')).toBe(events);
    expect(digestOf(await takeBlocks(again, 0n, Number(height)))).toBe(hash);
    const { block } = await t.as('UserMSP', 'collector-1').submit('Attest', batchText({ run: 'after-restart' }));
    expect(block).toBe(height);
  });

  test('keeps its actors', async () => {
    await t.ledger.close();
    await expect(serveLedger({ dataDir: t.dataDir, actors: ['A', 'B'] })).rejects.toMatchObject({ code: 'DATA_DIR' });
    await t.restart();
  });

  test('ends block streams when it shuts down, and clients hear that they may come back', async () => {
    const reader = t.as('UserMSP', 'reconciler');
    const height = await reader.height();
    const following = (async () => {
      for await (const block of reader.blocks(height - 1n))
        if (numberOf(block) === Number(height) - 1) void t.ledger.close();
    })();
    await expect(following).rejects.toMatchObject({ code: 'DELIVERY', retryable: true });
    await expect(reader.height()).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
    await t.restart();
  });
});

test('a ledger can have other actors, and wishes for its first policy', async () => {
  const t = await TestLedger.start({ actors: ['AliceMSP', 'BobMSP'], policy: { deadline: 60, ignore: ['secret'] } });
  try {
    const policies = JSON.parse(await t.as('BobMSP', 'admin').evaluate('GetPolicies'));
    expect(policies.inForce[0].policy).toMatchObject({
      actors: ['AliceMSP', 'BobMSP'],
      deadline: 60,
      ignore: ['secret'],
      grace: 30,
    });
  } finally {
    await t.end();
  }
});

test('a first policy that is wrong is refused before anything is served', async () => {
  const folder = temporaryFolder();
  try {
    const serve = (policy: object) => serveLedger({ dataDir: folder.path, policy });
    await expect(serve({ deadline: -1 })).rejects.toMatchObject({ name: 'RecordError', code: 'POLICY_SHAPE' });
    await expect(serve({ actors: ['ProviderMSP', 'Nobody'] })).rejects.toMatchObject({ code: 'DATA_DIR' });
  } finally {
    folder.remove();
  }
});
