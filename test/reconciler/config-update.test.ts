import { fc, test as property } from '@fast-check/vitest';
import { common } from '@hyperledger/fabric-protos';
import { beforeAll, describe, expect, it } from 'vitest';
import { ChainCheck } from '../../reconciler/ledger/chain-check.js';
import { MadeChannel, type MadeSigner } from '../support/made-channel.js';
import {
  configurationTransaction,
  copyOf,
  groupAt,
  innermost,
  pathTo,
  signedUpdate,
  updateTo,
  type ValuePlace,
  valueAt,
  withValue,
} from '../support/made-configuration.js';

const ACTORS = ['AliceMSP', 'BobMSP', 'CarolMSP'];
const ORDERER: ValuePlace = { groups: ['Orderer'], name: 'Capabilities' };
const CHANNEL: ValuePlace = { groups: [], name: 'Capabilities' };
const ALICE: ValuePlace = { groups: ['Application', 'AliceMSP'], name: 'MSP' };
const NEW = new common.Capabilities().serializeBinary();

describe('a block with a new configuration, which all that sign blocks have signed,', () => {
  let channel: MadeChannel;
  let admins: MadeSigner[];
  let before: common.Config;

  beforeAll(async () => {
    channel = await MadeChannel.make(ACTORS);
    admins = ACTORS.map((actor) => channel.as(actor, 'admin'));
    before = channel.config;
  });

  const blockOf = (transaction: Uint8Array) => channel.block(channel.genesis, [transaction], { lastConfig: 1 });

  /** What comes of it: `accepted`, or the code and the words of the refusal; the state stays where it was. */
  function outcome(transaction: Uint8Array): string {
    const check = new ChainCheck();
    check.accept(channel.genesis);
    const trusted = check.state;
    try {
      check.accept(blockOf(transaction));
      expect(check.state.next).toBe(2n);
      return 'accepted';
    } catch (error) {
      expect(check.state).toBe(trusted);
      // The chain goes on from there.
      check.accept(channel.block(channel.genesis, [], { lastConfig: 0 }));
      const { code, message } = error as { code: string; message: string };
      return `${code}: ${message}`;
    }
  }

  function made(
    after: common.Config,
    update: common.ConfigUpdate,
    signers: readonly MadeSigner[],
    over?: Uint8Array,
  ): Uint8Array {
    return configurationTransaction(after, signedUpdate(update, signers, over), channel.as('BobMSP', 'peer'));
  }

  function changing(place: ValuePlace, signers: readonly MadeSigner[], over?: Uint8Array): string {
    const value = place === ALICE ? valueAt(before, ALICE).getValue_asU8() : NEW;
    const after = withValue(before, place, value);
    return outcome(made(after, updateTo(before, after, place), signers, over));
  }

  property.prop([fc.constantFrom(CHANNEL, ORDERER, ALICE), fc.array(fc.constantFrom(0, 1, 2), { maxLength: 4 })], {
    numRuns: 40,
  })('is accepted where enough different admins of those asked have signed the update', (place, who) => {
    const signers = new Set(who);
    const isEnough = place === ALICE ? signers.has(0) : signers.size >= 2;
    const came = changing(
      place,
      who.flatMap((index) => admins[index] ?? []),
    );
    if (isEnough) expect(came).toBe('accepted');
    else expect(came).toMatch(/^CONFIGURATION: Block 1 .*may be changed by "Admins" alone/);
  });

  it('is refused with the names of those who signed, if they are too few, are no admins, or signed something else', () => {
    expect(changing(ORDERER, [])).toMatch(/Value \/Channel\/Orderer\/Capabilities .* signed by nobody/);
    expect(changing(ORDERER, admins.slice(0, 1))).toMatch(/signed by AliceMSP\/admin\.AliceMSP\./);
    const peers = ACTORS.map((actor) => channel.as(actor, 'peer'));
    expect(changing(ORDERER, peers)).toMatch(/signed by AliceMSP\/peer\.AliceMSP, BobMSP/);
    expect(changing(ORDERER, admins, Buffer.from('another update'))).toMatch(/signed by nobody/);
    expect(changing(ALICE, admins.slice(1))).toMatch(/Value \/Channel\/Application\/AliceMSP\/MSP may be changed/);
  });

  it('is refused if it is more than the update says, or less', () => {
    const after = withValue(before, ORDERER, NEW);
    const update = updateTo(before, after, ORDERER);
    expect(outcome(made(after, update, admins))).toBe('accepted');
    const changes: ((config: common.Config) => void)[] = [
      (config) => valueAt(config, CHANNEL).setValue(NEW),
      (config) => valueAt(config, CHANNEL).setVersion(1),
      (config) => valueAt(config, ORDERER).setModPolicy('/Channel/Application/AliceMSP/Admins'),
      (config) => groupAt(config, ['Application']).getGroupsMap().del('CarolMSP'),
      (config) => groupAt(config, ['Application']).getGroupsMap().set('MalloryMSP', new common.ConfigGroup()),
      (config) => groupAt(config, ['Orderer']).getPoliciesMap().get('BlockValidation')?.getPolicy()?.setType(2),
      (config) => valueAt(config, ORDERER).setValue(valueAt(before, ORDERER).getValue_asU8()),
    ];
    for (const change of changes) {
      const more = copyOf(after);
      change(more);
      expect(outcome(made(more, update, admins))).toMatch(/^CONFIGURATION: .* is not what the update makes of it/);
    }
  });

  it('is refused if the update goes by another version, skips one, changes nothing, or is not there', () => {
    const after = withValue(before, ORDERER, NEW);
    const stale = updateTo(before, after, ORDERER);
    stale.getReadSet()?.setVersion(7);
    expect(outcome(made(after, stale, admins))).toMatch(/goes by version 7 of Group \/Channel, not by 0/);
    const absent = updateTo(before, after, ORDERER);
    absent.getReadSet()?.getGroupsMap().set('Nowhere', new common.ConfigGroup());
    expect(outcome(made(after, absent, admins))).toMatch(/version 0 of Group \/Channel\/Nowhere, not by none/);

    const skipping = copyOf(after);
    valueAt(skipping, ORDERER).setVersion(2);
    expect(outcome(made(skipping, updateTo(before, skipping, ORDERER), admins))).toMatch(
      /makes version 2 of .*Capabilities, after version 0/,
    );
    const idle = new common.ConfigUpdate();
    idle.setChannelId(MadeChannel.NAME);
    idle.setReadSet(pathTo(before, []));
    idle.setWriteSet(pathTo(before, []));
    expect(outcome(made(after, idle, admins))).toMatch(/its update changes nothing/);
    const maker = channel.as('BobMSP', 'peer');
    expect(outcome(configurationTransaction(after, undefined, maker))).toMatch(/nobody asked for it/);
  });

  it('is refused if the update writes what no group names, which would take nobody’s signature', () => {
    const same = copyOf(before);
    same.setSequence(1);
    const update = new common.ConfigUpdate();
    update.setChannelId(MadeChannel.NAME);
    update.setReadSet(pathTo(before, []));
    update.setWriteSet(pathTo(before, []));
    const stray = new common.ConfigGroup();
    stray.setModPolicy('Admins');
    update.getWriteSet()?.getGroupsMap().set('Stray', stray);
    for (const signers of [[], admins]) {
      expect(outcome(made(same, update, signers))).toMatch(
        /^CONFIGURATION: .*writes Group \/Channel\/Stray, which no group then names/,
      );
    }
  });

  it('is refused if it is of another channel, is not the next in number, or no member made it', async () => {
    const after = withValue(before, ORDERER, NEW);
    const update = updateTo(before, after, ORDERER);
    const maker = channel.as('BobMSP', 'peer');
    const elsewhere = configurationTransaction(after, signedUpdate(update, admins), maker, 'elsewhere');
    expect(outcome(elsewhere)).toMatch(/^CONFIGURATION: .*it is of the channel "elsewhere"/);
    const other = updateTo(before, after, ORDERER);
    other.setChannelId('elsewhere');
    expect(outcome(made(after, other, admins))).toMatch(/its update is of the channel "elsewhere"/);
    const later = copyOf(after);
    later.setSequence(2);
    expect(outcome(made(later, update, admins))).toMatch(/^CONFIGURATION: .*it is number 2, after number 0/);
    const stranger = (await MadeChannel.make(['BobMSP'])).as('BobMSP', 'peer');
    const forged = configurationTransaction(after, signedUpdate(update, admins), stranger);
    expect(outcome(forged)).toMatch(/it is not signed by a member that made it/);
  });

  it('may add a group where its own group may be changed, whatever the new one holds', () => {
    const after = copyOf(before);
    after.setSequence(1);
    const application = groupAt(after, ['Application']);
    application.setVersion(1);
    const dave = new common.ConfigGroup();
    dave.setModPolicy('Admins');
    application.getGroupsMap().set('DaveMSP', dave);
    const update = new common.ConfigUpdate();
    update.setChannelId(MadeChannel.NAME);
    // A group that is written is written whole: what it does not name is taken out of it, what is read stays as it is.
    update.setReadSet(pathTo(before, []));
    update
      .getReadSet()
      ?.getGroupsMap()
      .set('Application', groupAt(before, ['Application']));
    update.setWriteSet(pathTo(before, []));
    update.getWriteSet()?.getGroupsMap().set('Application', application);
    expect(outcome(made(after, update, admins.slice(0, 2)))).toBe('accepted');
    expect(outcome(made(after, update, admins.slice(0, 1)))).toMatch(/Group \/Channel\/Application may be changed/);
    const [written] = [innermost(update.getWriteSet() ?? dave, ['Application'])];
    written.getGroupsMap().get('DaveMSP')?.setVersion(3);
    expect(outcome(made(after, update, admins))).toMatch(
      /makes Group \/Channel\/Application\/DaveMSP anew at version 3/,
    );
    written.getGroupsMap().get('DaveMSP')?.setVersion(0);
    written.getGroupsMap().get('DaveMSP')?.setModPolicy('');
    expect(outcome(made(after, update, admins))).toMatch(/leaves Group .*DaveMSP without a policy/);
    written.getGroupsMap().set('Dave/MSP', dave);
    expect(outcome(made(after, update, admins))).toMatch(/^BLOCK: Block 1 cannot be decoded/);
  });

  it('is decided by the policy that an element names by its whole path, and by nobody where there is none', () => {
    const own = copyOf(before);
    for (const [path, signer, expected] of [
      ['/Channel/Application/CarolMSP/Admins', 2, 'accepted'],
      ['/Channel/Application/CarolMSP/Admins', 0, 'CONFIGURATION'],
      ['AliceMSP/Admins', 0, 'accepted'],
      ['/Elsewhere/Admins', 0, 'CONFIGURATION'],
      ['Nobody', 0, 'CONFIGURATION'],
      ['', 0, 'CONFIGURATION'],
    ] as const) {
      valueAt(own, ORDERER).setModPolicy(path);
      const after = withValue(own, ORDERER, NEW);
      valueAt(after, ORDERER).setModPolicy('Admins');
      const check = new ChainCheck();
      const first = configurationTransaction(own, undefined, channel.as('BobMSP', 'peer'));
      // Block 0 is signed by nobody and trusted as it is.
      const genesis = channel.block(channel.genesis, [first]);
      genesis.getHeader()?.setNumber(0);
      genesis.getHeader()?.setPreviousHash('');
      check.accept(genesis);
      const update = updateTo(own, after, ORDERER);
      const next = channel.block(genesis, [made(after, update, [admins[signer] as MadeSigner])], { lastConfig: 1 });
      const accept = () => check.accept(next);
      if (expected === 'accepted') expect(accept).not.toThrow();
      else expect(accept).toThrow(expect.objectContaining({ code: expected }));
    }
  });
});
