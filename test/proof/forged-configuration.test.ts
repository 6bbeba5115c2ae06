import { common, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerConnection } from '../../network/connection.js';
import { framesOf } from '../../proof/bundle-file.js';
import { verifyBundle } from '../../proof/verify-bundle.js';
import { archivedBlock, framed } from '../../reconciler/archive.js';
import { dayJudgement } from '../../reconciler/day-judgement.js';
import { blockHash } from '../../reconciler/ledger/block.js';
import { checkSignatures } from '../../reconciler/ledger/block-signatures.js';
import { configIn } from '../../reconciler/ledger/chain-check.js';
import { reconcile } from '../../reconciler/reconcile.js';
import { dailyReport, reportText } from '../../reports/model.js';
import { takeBlocks } from '../network/support/blocks.js';
import { headOf } from '../reconciler/support/head.js';
import { MadeChannel } from '../support/made-channel.js';
import {
  configurationTransaction,
  groupAt,
  signedUpdate,
  updateTo,
  valueAt,
  withValue,
} from '../support/made-configuration.js';
import { contentOf, SmallLedger } from './support/small-ledger.js';

const ACTORS = ['AliceMSP', 'BobMSP', 'CarolMSP'];
const PLACE = { groups: ['Application'], name: 'Capabilities' };

/**
 * Those who sign blocks in collusion: their signatures are right, but the configuration in the block names another CA for an
 * actor than its admins ever agreed to.
 */
describe('a configuration that those who sign blocks made up', () => {
  let small: SmallLedger;
  let channel: MadeChannel;
  let last: common.Block;

  beforeAll(async () => {
    small = await SmallLedger.start(ACTORS, 1);
    await small.reconcile('BobMSP');
    channel = MadeChannel.of(small.ledger);
    const { to } = small.report.blocks;
    [last = new common.Block()] = await takeBlocks(small.as('BobMSP'), BigInt(to), 1);
  });
  afterAll(() => small?.close());

  /** The block after the last, with the admins' signatures under a change that they may have asked for. */
  function made(admins: readonly string[], isForged: boolean): common.Block {
    const before = channel.config;
    const after = withValue(before, PLACE, valueAt(before, PLACE).getValue_asU8());
    const update = signedUpdate(
      updateTo(before, after, PLACE),
      admins.map((actor) => channel.as(actor, 'admin')),
    );
    const msp = valueAt(before, { groups: ['Application', 'CarolMSP'], name: 'MSP' });
    if (isForged) groupAt(after, ['Application', 'AliceMSP']).getValuesMap().set('MSP', msp);
    const transaction = configurationTransaction(after, update, channel.as('BobMSP', 'peer'));
    return channel.block(last, [transaction], { lastConfig: (last.getHeader()?.getNumber() ?? 0) + 1 });
  }

  /** A peer that serves one block more. */
  function serving(block: common.Block): LedgerConnection {
    const honest = small.as('BobMSP');
    return {
      profile: honest.profile,
      evaluate: (fn, ...args) => honest.evaluate(fn, ...args),
      submit: (fn, ...args) => honest.submit(fn, ...args),
      endorse: (fn, ...args) => honest.endorse(fn, ...args),
      height: async () => BigInt(block.getHeader()?.getNumber() ?? 0) + 1n,
      close: () => {},
      async *blocks(start) {
        const to = BigInt(block.getHeader()?.getNumber() ?? 0);
        if (start < to) yield* await takeBlocks(honest, start, Number(to - start));
        yield block;
      },
    };
  }

  /** The content of a bundle that ends with the block. */
  async function contentWith(block: common.Block): Promise<Uint8Array> {
    const membership = configIn(channel.genesis);
    if (membership === undefined) throw new Error('block 0 holds no configuration');
    const { metadata } = checkSignatures(block, membership);
    const kept = archivedBlock(block, metadata, Uint8Array.of(peer.TxValidationCode.NOT_VALIDATED));
    const parts: Buffer[] = [];
    for await (const frame of framesOf(contentOf(await small.content())())) parts.push(framed(frame));
    const blocks = { ...small.report.blocks, to: `${block.getHeader()?.getNumber()}`, hash: blockHash(block) };
    const report = dailyReport({ ...dayJudgement(small.dbFile, small.report.day), blocks });
    return Buffer.concat([framed(Buffer.from(reportText(report))), ...parts.slice(1), framed(kept)]);
  }

  it.each([
    ['more than its update says', ['AliceMSP', 'BobMSP'], true, /Value .*AliceMSP\/MSP is not what the update makes/],
    ['signed by one admin', ['AliceMSP'], false, /may be changed by "Admins" alone, and .* by AliceMSP\/admin/],
    ['signed by no admin', [], false, /may be changed by "Admins" alone, and .* signed by nobody/],
  ] as const)('is refused by name where it is %s, by reconcile and by verify', async (_, admins, isForged, words) => {
    const block = made(admins, isForged);
    const refused = { code: 'CONFIGURATION', message: expect.stringMatching(words) };
    const trusted = headOf(small.dbFile);
    await expect(reconcile({ connection: serving(block), dbFile: small.dbFile })).rejects.toMatchObject(refused);
    expect(headOf(small.dbFile)).toEqual(trusted);
    const bytes = await contentWith(block);
    await expect(verifyBundle(contentOf(bytes))).rejects.toMatchObject({ name: 'VerifyError', ...refused });
  });

  it('is another than one that the admins asked for, which is taken', async () => {
    const block = made(['AliceMSP', 'CarolMSP'], false);
    const bytes = await contentWith(block);
    // Every block is taken; but a report that was sealed before it is not of this block's state.
    await expect(verifyBundle(contentOf(bytes))).rejects.toMatchObject({ code: 'JUDGEMENT' });
    await reconcile({ connection: serving(block), dbFile: small.dbFile });
    expect(headOf(small.dbFile)?.hash).toBe(blockHash(block));
  });
});
