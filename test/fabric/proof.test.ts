import { join } from 'node:path';
import { orderer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completePolicy, type FindingDisputesAnswer, parsePolicy, policyText } from '#chaincode';
import { blockAt, connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { event2ledger } from '../support/command.js';
import { ACTORS, type Actor, type Consortium, startConsortium } from '../support/consortium.js';
import { actsRead, disputeInParts } from '../support/disputed-in-parts.js';
import { describeWithFabric } from '../support/fabric.js';
import { collectLyingTraces, DAY } from '../support/lying-traces.js';
import { updateTo, withValue } from '../support/made-configuration.js';
import { NetworkAdmin } from '../support/network-admin.js';
import { revoke } from '../support/revocation.js';

interface Verified {
  readonly verified: boolean;
  readonly isTrusted: boolean;
  readonly ordererType: string;
  readonly blocks: number;
  readonly configurations: number;
  readonly blockSignatures: number;
  readonly transactions: Readonly<Record<string, number>>;
  readonly endorsement: readonly { readonly fromBlock: number; readonly rule: string }[];
  readonly findings: number;
}

/** What the dispute is about that is opened by a transaction in parts. */
const IN_PARTS = 'd'.repeat(64);
/** How many orderers' signatures a block has at the least. */
const QUORUM = { raft: 1, bft: 3 } as const;

describeWithFabric.each(['raft', 'bft'])('on a real %s network', (kind) => {
  let consortium: Consortium;
  const trust = () => ['--trust', join(consortium.data, 'channel', 'genesis.block')];
  const reconcile = (...args: string[]) =>
    event2ledger([
      'reconcile',
      '--profile',
      consortium.profile('UserMSP', 'reconciler'),
      '--db',
      join(consortium.dir, 'proof.db'),
      ...trust(),
      ...args,
    ]);

  beforeAll(async () => {
    consortium = await startConsortium({}, kind);
    // New configurations, by which what follows is checked: one that an actor may ask for alone, one for a majority.
    await consortium.addIdentity('UserMSP', 'collector-9');
    await revoke(consortium.data, 'UserMSP', loadProfile(consortium.profile('UserMSP', 'collector-9')).certificate);
    const admin = new NetworkAdmin(consortium.data);
    await changeBatchTimeout(admin, '300ms');
    await admin.redefine(ACTORS, `AND(${ACTORS.map((actor) => `'${actor}.peer'`).join(',')})`);
    for (const { code, stderr } of Object.values(await collectLyingTraces(consortium))) expect(code, stderr).toBe(0);
  }, 240_000);
  afterAll(() => consortium?.close());

  it('a transaction that its client writes in parts counts for peers, and so for the reconciler', async () => {
    const txId = await disputeInParts(loadProfile(consortium.profile('UserMSP', 'reconciler')), IN_PARTS, DAY);
    const read = await reconcile();
    expect(read.code, read.stderr).toBe(1);
    expect(actsRead(join(consortium.dir, 'proof.db'), { finding: IN_PARTS, openedBy: 'UserMSP' })).toEqual([
      ['open', txId],
      ['close', expect.any(String)],
    ]);
  }, 60_000);

  it('every block is signed as the channel’s configuration asks, at every peer, and a bundle of them verifies', async () => {
    const others = (['DeveloperMSP', 'ProviderMSP'] as const).map((actor) => consortium.profile(actor, 'reconciler'));
    const read = await reconcile('--beside', others.join(','));
    expect(read.code, read.stderr).toBe(1);

    const out = join(consortium.dir, 'proof');
    const made = await event2ledger([
      'report',
      '--db',
      join(consortium.dir, 'proof.db'),
      '--day',
      DAY,
      '--out',
      out,
      '--bundle',
    ]);
    expect(made.code, made.stderr).toBe(1);
    const checked = await event2ledger(['verify', join(out, `${DAY}.bundle`), ...trust(), '--json']);
    expect(checked.code, `${checked.stdout}${checked.stderr}`).toBe(0);
    const verified = JSON.parse(checked.stdout) as Verified;
    expect(verified).toMatchObject({
      verified: true,
      isTrusted: true,
      ordererType: kind === 'raft' ? 'etcdraft' : 'BFT',
      findings: 5,
      configurations: 3,
      transactions: { unfollowed: 0, outsideValidity: 0 },
    });
    expect(verified.blockSignatures).toBeGreaterThanOrEqual((verified.blocks - 1) * QUORUM[kind]);
    expect(verified.transactions.valid).toBeGreaterThan(3);
    expect(verified.endorsement.map(({ rule }) => rule)).toEqual([
      '/Channel/Application/Endorsement',
      `OutOf(3, ${ACTORS.map((actor) => `'${actor}.peer'`).join(', ')})`,
    ]);
    // The contract was deployed by transactions of another chaincode.
    expect(verified.transactions.others).toBeGreaterThan(0);
    console.info(`${kind}: ${checked.stdout.trim()}`);
  }, 60_000);

  describe('the contract refuses in disputes', () => {
    const [finding, unknown, hash] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];
    const open = { finding, hash, day: DAY, text: 'Why?', answerWithin: 86_400 };
    const of = { finding, openedBy: 'UserMSP' };
    const as = async <T>(
      actor: Actor,
      run: (ledger: ReturnType<typeof connect>) => Promise<T>,
      name = 'reconciler',
    ) => {
      const ledger = connect(loadProfile(consortium.profile(actor, name)));
      try {
        return await run(ledger);
      } finally {
        ledger.close();
      }
    };
    /** Submits, and waits until every actor's peer has it. */
    const say = async (actor: Actor, fn: string, said: object | readonly string[], name?: string) => {
      const args = Array.isArray(said) ? (said as string[]) : [JSON.stringify(said)];
      const { block } = await as(actor, (ledger) => ledger.submit(fn, ...args), name);
      for (const each of ACTORS) await as(each, (ledger) => blockAt(ledger, block));
    };
    /** What a refusal must leave as it is. */
    const standing = () =>
      as('DeveloperMSP', async (ledger) => {
        const { disputes } = JSON.parse(await ledger.evaluate('GetDispute', finding)) as FindingDisputesAnswer;
        const acts = disputes.map(({ openedBy, acts: all }) => [
          openedBy,
          ...all.map(({ act, actor }) => [act, actor]),
        ]);
        return { acts, height: await ledger.height() };
      });
    const refuses = async (actor: Actor, fn: string, said: object, message: string) => {
      const before = await standing();
      await expect(say(actor, fn, said)).rejects.toMatchObject({
        code: 'REFUSED',
        retryable: false,
        message: expect.stringContaining(message),
      });
      expect(await standing()).toEqual(before);
    };

    beforeAll(async () => {
      await say('UserMSP', 'OpenDispute', open);
    }, 60_000);

    it.each([
      ['closing by another actor', 'ProviderMSP', 'CloseDispute', of, 'Only UserMSP can close this dispute'],
      ['opening twice by the same', 'UserMSP', 'OpenDispute', open, 'is open already: UserMSP opened it'],
      [
        'answering one that is not known',
        'ProviderMSP',
        'AnswerDispute',
        { ...of, finding: unknown, answer: 'contest', text: '' },
        'UserMSP has opened no dispute about this finding',
      ],
      [
        'acceptance by its opener',
        'UserMSP',
        'AnswerDispute',
        { ...of, answer: 'accept', text: '' },
        'who opened it can only explain',
      ],
    ] as const)('%s', (_, actor, fn, said, message) => refuses(actor, fn, said, message), 60_000);

    it('nothing to another actor that opens one about the same finding', async () => {
      await say('ProviderMSP', 'OpenDispute', { ...open, text: 'It is not so.' });
      expect((await standing()).acts).toEqual([
        ['ProviderMSP', ['open', 'ProviderMSP']],
        ['UserMSP', ['open', 'UserMSP']],
      ]);
    }, 60_000);

    it('an outsider, whom the policy in force does not name', async () => {
      const inAnHour = (BigInt(Date.now() + 3_600_000) * 1_000_000n).toString();
      const text = policyText(completePolicy({ from: inAnHour, actors: ['DeveloperMSP', 'ProviderMSP'] }));
      await say('DeveloperMSP', 'ProposePolicy', [text], 'admin');
      await say('ProviderMSP', 'ApprovePolicy', ['2', parsePolicy(text).hash], 'admin');
      const answer = { finding, openedBy: 'ProviderMSP', answer: 'contest', text: '' };
      await refuses('UserMSP', 'AnswerDispute', answer, 'UserMSP has no say in disputes');
      await refuses('UserMSP', 'OpenDispute', { ...open, finding: unknown }, 'UserMSP has no say in disputes');
    }, 60_000);
  });
});

async function changeBatchTimeout(admin: NetworkAdmin, text: string): Promise<void> {
  const before = await admin.config('UserMSP');
  const timeout = new orderer.BatchTimeout();
  timeout.setTimeout(text);
  const place = { groups: ['Orderer'], name: 'BatchTimeout' };
  await admin.update(updateTo(before, withValue(before, place, timeout.serializeBinary()), place), ACTORS);
}
