import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { common } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type LedgerConnection } from '../../network/connection.js';
import { type EmbeddedLedger, serveLedger } from '../../network/embedded/ledger.js';
import { loadProfile } from '../../network/profile.js';
import { blockHash } from '../../reconciler/ledger/block.js';
import { reconcile } from '../../reconciler/reconcile.js';
import { trustedGenesis } from '../../reconciler/trusted-genesis.js';
import { takeBlocks } from '../network/support/blocks.js';
import { batchText } from '../network/support/ledger.js';
import { headOf } from './support/head.js';

/** Block 0 and the three that put the policy in force are the same; what follows is not. */
const FORKED_AT = 4;

describe('a reconciler whose peer does not serve the chain that was signed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'e2l-chain-'));
  const open: LedgerConnection[] = [];
  const ledgers: EmbeddedLedger[] = [];
  let honest: LedgerConnection;
  let forked: LedgerConnection;

  async function serve(folder: string, run: string, batches: number): Promise<LedgerConnection> {
    const ledger = await serveLedger({ dataDir: join(directory, folder), port: 0 });
    ledgers.push(ledger);
    const collector = connect(loadProfile(ledger.profilePath('UserMSP', 'collector-1')));
    open.push(collector);
    for (let n = 1; n <= batches; n++) await collector.submit('Attest', batchText({ run: `${run}-${n}` }));
    const reader = connect(loadProfile(ledger.profilePath('UserMSP', 'reconciler')));
    open.push(reader);
    return reader;
  }

  beforeAll(async () => {
    const first = await serveLedger({ dataDir: join(directory, 'honest') });
    await first.close();
    cpSync(join(directory, 'honest'), join(directory, 'forked'), { recursive: true });
    honest = await serve('honest', 'run-1', 4);
    forked = await serve('forked', 'run-2', 3);
  });

  afterAll(async () => {
    for (const connection of open) connection.close();
    for (const ledger of ledgers) await ledger.close();
    rmSync(directory, { recursive: true });
  });

  /** The same connection with its blocks changed on the way. */
  const doctored = (change: (block: common.Block, number: number) => common.Block): LedgerConnection => ({
    profile: honest.profile,
    evaluate: (fn, ...args) => honest.evaluate(fn, ...args),
    submit: (fn, ...args) => honest.submit(fn, ...args),
    endorse: (fn, ...args) => honest.endorse(fn, ...args),
    height: () => honest.height(),
    close: () => {},
    async *blocks(start, signal) {
      for await (const block of honest.blocks(start, signal)) yield change(block, block.getHeader()?.getNumber() ?? 0);
    },
  });

  /** Reads up to block 4 in good faith, meets the doctored peer, and goes on with the honest one. */
  async function refusedAndRecovered(name: string, dishonest: LedgerConnection, code: string, words: RegExp) {
    const dbFile = join(directory, `${name}.db`);
    const short = { ...doctored((block) => block), height: async () => BigInt(FORKED_AT + 1) };
    await reconcile({ connection: short, dbFile });
    const trusted = headOf(dbFile);
    expect(trusted?.block).toBe(String(FORKED_AT));
    await expect(reconcile({ connection: dishonest, dbFile })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words),
    });
    expect(headOf(dbFile)).toEqual(trusted);
    await reconcile({ connection: honest, dbFile });
    expect(headOf(dbFile)?.block).toBe(String((await honest.height()) - 1n));
  }

  const copied = (block: common.Block) => common.Block.deserializeBinary(block.serializeBinary());

  function withAlteredData(block: common.Block): common.Block {
    const made = copied(block);
    const data = made.getData()?.getDataList_asU8() ?? [];
    const envelope = Buffer.from(data[0] ?? []);
    envelope[envelope.length >> 1] = (envelope[envelope.length >> 1] ?? 0) ^ 1;
    made.getData()?.setDataList([envelope]);
    return made;
  }

  it('names an altered block', async () => {
    const peer = doctored((block, number) => (number === 6 ? withAlteredData(block) : block));
    await refusedAndRecovered('altered', peer, 'CHAIN', /^Block 6 cannot be trusted: it was altered/);
  });

  it('names a block whose transaction was cut from its signature, which changes no hash', async () => {
    const peer = doctored((block, number) => {
      const made = copied(block);
      const [envelope = new Uint8Array()] = made.getData()?.getDataList_asU8() ?? [];
      const signature = common.Envelope.deserializeBinary(envelope).getSignature_asU8();
      const cut = envelope.length - signature.length - 2;
      if (number === 6) made.getData()?.setDataList([envelope.slice(0, cut), envelope.slice(cut)]);
      return made;
    });
    await refusedAndRecovered('divided', peer, 'CHAIN', /^Block 6 cannot be trusted: .* not divided into envelopes/);
  });

  /** With valid hashes and nobody's signatures. */
  function writtenAnew(): LedgerConnection {
    let previous: Buffer | undefined;
    return doctored((block, number) => {
      if (number < 6) return block;
      const made = withAlteredData(block);
      const header = made.getHeader();
      const hash = createHash('sha256');
      for (const envelope of made.getData()?.getDataList_asU8() ?? []) hash.update(envelope);
      header?.setDataHash(hash.digest());
      if (previous !== undefined) header?.setPreviousHash(previous);
      previous = Buffer.from(blockHash(made), 'hex');
      return made;
    });
  }

  it('names the first block of a history that was written anew with valid hashes and nobody’s signatures', async () => {
    const words = /^Block 6 cannot be trusted: it is signed by nobody/;
    await refusedAndRecovered('rewritten', writtenAnew(), 'SIGNATURES', words);
  });

  it('takes no block for a fork that those who sign blocks have not signed', async () => {
    const dbFile = join(directory, 'unsigned.db');
    const beside = [writtenAnew()];
    await expect(reconcile({ connection: honest, dbFile, beside })).rejects.toMatchObject({
      code: 'SIGNATURES',
      message: expect.stringMatching(/serves another block \d+, which is not signed as the channel asks/),
    });
    expect(headOf(dbFile)?.block).toBe(String((await honest.height()) - 1n));
  });

  it('says whose signatures are too few', async () => {
    const at = common.BlockMetadataIndex.SIGNATURES;
    const peer = doctored((block, number) => {
      if (number !== 6) return block;
      const made = copied(block);
      const entries = made.getMetadata()?.getMetadataList_asU8() ?? [];
      const metadata = common.Metadata.deserializeBinary(entries[at] ?? new Uint8Array());
      metadata.setSignaturesList(metadata.getSignaturesList().slice(0, 1));
      entries[at] = metadata.serializeBinary();
      made.getMetadata()?.setMetadataList(entries);
      return made;
    });
    await refusedAndRecovered('few', peer, 'SIGNATURES', /^Block 6 .*it is signed by \w+MSP\/peer\.\w+MSP, which/);
  });

  it('names the block from which on a peer serves another chain, though the same keys signed it, and keeps both', async () => {
    const dbFile = join(directory, 'fork.db');
    await reconcile({ connection: honest, dbFile });
    const trusted = headOf(dbFile);
    const evidence = join(directory, 'evidence');
    const [own, theirs] = await Promise.all(
      [honest, forked].map(async (ledger) =>
        blockHash((await takeBlocks(ledger, BigInt(FORKED_AT), 1))[0] ?? new common.Block()),
      ),
    );
    const refused = {
      code: 'FORK',
      message: expect.stringMatching(
        new RegExp(
          `another chain from block ${FORKED_AT} on: ${own}, signed by \\w+MSP.*, \\w+MSP.*; ${theirs}, signed by \\w+MSP`,
        ),
      ),
    };
    await expect(reconcile({ connection: honest, dbFile, beside: [forked], evidence })).rejects.toMatchObject(refused);
    await expect(reconcile({ connection: forked, dbFile, evidence })).rejects.toMatchObject(refused);
    expect(headOf(dbFile)).toEqual(trusted);
    const files = readdirSync(evidence).sort();
    expect(files).toEqual([own, theirs].map((hash) => `block-${FORKED_AT}-${hash?.slice(0, 12)}.block`).sort());
    const hashes = files.map((file) => blockHash(common.Block.deserializeBinary(readFileSync(join(evidence, file)))));
    expect(hashes.sort()).toEqual([own, theirs].sort());
  });

  it('finds nothing beside a peer that serves the same chain, or less of it', async () => {
    const dbFile = join(directory, 'beside.db');
    const behind = { ...doctored((block) => block), height: async () => 3n };
    await reconcile({ connection: honest, dbFile, beside: [behind, honest] });
    expect(headOf(dbFile)?.block).toBe(String((await honest.height()) - 1n));
  });

  it('reads no ledger but that of the block 0 that it is told to trust', async () => {
    const own = trustedGenesis(join(directory, 'honest', 'genesis.block'));
    const [genesis] = await takeBlocks(honest, 0n, 1);
    expect(own).toBe(blockHash(genesis ?? new common.Block()));
    const dbFile = join(directory, 'trust.db');
    const wrong = { connection: honest, dbFile, trusted: 'ab'.repeat(32) };
    await expect(reconcile(wrong)).rejects.toMatchObject({ code: 'GENESIS' });
    expect(headOf(dbFile)).toBeUndefined();
    const told: string[] = [];
    await reconcile({ connection: honest, dbFile, trusted: own, onGenesis: (hash) => told.push(hash) });
    await reconcile({ connection: honest, dbFile, trusted: own, onGenesis: (hash) => told.push(hash) });
    expect(told).toEqual([own]);
    await expect(reconcile(wrong)).rejects.toMatchObject({ code: 'GENESIS' });
  });
});
