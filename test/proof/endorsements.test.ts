import { common, peer } from '@hyperledger/fabric-protos';
import { beforeAll, describe, expect, it } from 'vitest';
import { MadeChannel, type MadeSigner, signatureHeaderOf } from '../support/made-channel.js';
import { groupAt, valueAt } from '../support/made-configuration.js';
import {
  channelPolicy,
  collectionsInfo,
  type MadeAccess,
  type MadeTransaction,
  ownPolicy,
  validationInfo,
} from '../support/made-transaction.js';
import {
  ACTORS,
  Checked,
  channel,
  DEFINED,
  makeChannel,
  membership,
  NOT,
  OTHER,
  OURS,
  peers,
  takes,
  transaction,
  VALID,
} from './support/checked-ledger.js';

beforeAll(makeChannel);

describe('what endorsers say of a transaction', () => {
  it('must name a version of the chaincode, and an event of no other', () => {
    const prepare = () => new Checked(membership('embedded'));
    expect(takes(prepare, transaction({ eventOf: OURS }))).toBe('valid');
    expect(takes(prepare, transaction({ eventOf: 'other' }))).toBe('not');
    expect(takes(prepare, transaction({ version: '' }))).toBe('not');
  });
});

describe('the endorsements that a transaction needs on a Fabric network', () => {
  const definition = (info: Uint8Array, wishes: Partial<MadeTransaction> = {}, access: Partial<MadeAccess> = {}) =>
    transaction({
      chaincode: '_lifecycle',
      access: [{ namespace: '_lifecycle', writes: { [DEFINED]: info }, ...access }],
      ...wishes,
    });
  const infoOf = (policy: peer.ApplicationPolicy) => validationInfo(policy);

  const defined = (info: Uint8Array, members = membership('etcdraft')) => {
    const checked = new Checked(members);
    expect(checked.block([definition(info), OTHER])).toBe('good');
    return checked;
  };

  it('are the channel’s where the definition says so', () => {
    const prepare = () => defined(infoOf(channelPolicy('/Channel/Application/Endorsement')));
    expect(takes(prepare, transaction())).toBe('valid');
    expect(takes(prepare, transaction({ endorsers: peers.slice(0, 1) }))).toBe('not');
    const checked = prepare();
    checked.block();
    expect(checked.validity.rules).toEqual([{ fromBlock: 2, rule: '/Channel/Application/Endorsement' }]);
  });

  it('are another policy of the channel’s where the definition names that, and nobody’s where it is not there', () => {
    const admins = ACTORS.map((actor) => channel.as(actor, 'admin'));
    const prepare = () => defined(infoOf(channelPolicy('/Channel/Application/Admins')));
    expect(takes(prepare, transaction({ endorsers: admins }))).toBe('valid');
    expect(takes(prepare, transaction({ endorsers: peers }))).toBe('not');
    const nowhere = () => defined(infoOf(channelPolicy('/Channel/Application/Nowhere')));
    expect(takes(nowhere, transaction({ endorsers: peers }))).toBe('not');
  });

  it('are the definition’s own from the block after it on', () => {
    const before = infoOf(channelPolicy('/Channel/Application/Endorsement'));
    const after = infoOf(ownPolicy(3, ACTORS));
    const checked = defined(before);
    expect(checked.block([definition(after), OTHER], [transaction(), VALID])).toBe('good');
    expect(checked.block([transaction(), NOT])).toBe('good');
    expect(checked.block([transaction({ endorsers: peers }), VALID])).toBe('good');
    expect(checked.validity.rules).toEqual([
      { fromBlock: 2, rule: '/Channel/Application/Endorsement' },
      { fromBlock: 3, rule: "OutOf(3, 'AliceMSP.peer', 'BobMSP.peer', 'CarolMSP.peer')" },
    ]);
    const single = () => defined(infoOf(ownPolicy(1, ['CarolMSP'])));
    expect(takes(single, transaction({ endorsers: peers.slice(2) }))).toBe('valid');
    expect(takes(single, transaction({ endorsers: peers.slice(0, 2) }))).toBe('not');
  });

  it('cannot be had before there is a definition', () => {
    expect(takes(() => new Checked(membership('etcdraft')), transaction({ endorsers: peers }))).toBe('not');
    expect(takes(() => new Checked(membership('embedded')), transaction({ endorsers: peers }))).toBe('valid');
  });

  it('are not changed by a definition that was not committed', async () => {
    const weak = infoOf(ownPolicy(1, ['CarolMSP']));
    const stranger = (await MadeChannel.make(ACTORS)).as('AliceMSP', 'client');
    for (const worthless of [
      definition(weak, { endorsers: peers.slice(2) }),
      definition(weak, { endorsers: ACTORS.map((actor) => channel.as(actor, 'client')) }),
      definition(weak, { creator: stranger }),
      // What it read had changed.
      definition(weak, {}, { reads: { [DEFINED]: [0, 0] } }),
      // Another chaincode may write there only what is endorsed as definitions are.
      definition(weak, { chaincode: OURS, endorsers: peers.slice(2) }),
      // A collection is not where definitions are.
      definition(weak, {}, { writes: {}, collections: { _implicit_org_AliceMSP: { writes: { [DEFINED]: weak } } } }),
    ]) {
      const prepare = () => {
        const checked = defined(infoOf(ownPolicy(2, ACTORS)));
        const [code] = [OTHER, NOT].filter((one) => checked.block([worthless, one]) === 'good');
        expect(code).toBeDefined();
        return checked;
      };
      expect(takes(prepare, transaction({ endorsers: peers.slice(2) }))).toBe('not');
      expect(takes(prepare, transaction())).toBe('valid');
    }
  });

  it('follow what actors approved, each in its own collection, before it was committed', () => {
    const weak = infoOf(ownPolicy(1, ['CarolMSP']));
    const approval = (actor: string, endorser: MadeSigner | undefined) =>
      transaction({
        chaincode: '_lifecycle',
        endorsers: endorser === undefined ? [] : [endorser],
        access: [{ namespace: '_lifecycle', collections: { [`_implicit_org_${actor}`]: { writes: { seen: 'yes' } } } }],
      });
    for (const [endorser, version, expected] of [
      [peers[0], [2, 0], 'valid'],
      [peers[0], undefined, 'not'],
      // Another's peer cannot approve for Alice.
      [peers[1], [2, 0], 'not'],
      [peers[1], undefined, 'valid'],
      [undefined, [2, 0], 'not'],
    ] as const) {
      const prepare = () => {
        const checked = defined(infoOf(channelPolicy('/Channel/Application/Endorsement')));
        expect(checked.block([approval('AliceMSP', endorser), OTHER])).toBe('good');
        const collections = { _implicit_org_AliceMSP: { reads: { seen: version } } };
        expect(checked.block([definition(weak, {}, { collections }), OTHER])).toBe('good');
        return checked;
      };
      expect(takes(prepare, transaction({ endorsers: peers.slice(2) }))).toBe(expected);
    }
  });

  it('are those of LifecycleEndorsement for a definition, or a majority of members where there is none', () => {
    const without = membership('etcdraft', (config) => {
      groupAt(config, ['Application']).getPoliciesMap().del('LifecycleEndorsement');
    });
    const weak = infoOf(ownPolicy(1, ['CarolMSP']));
    const clients = ACTORS.map((actor) => channel.as(actor, 'client'));
    for (const [endorsers, expected] of [
      [clients.slice(0, 2), 'valid'],
      [clients.slice(0, 1), 'not'],
    ] as const) {
      const prepare = () => {
        const checked = new Checked(without);
        expect(checked.block([definition(weak, { endorsers }), OTHER])).toBe('good');
        return checked;
      };
      expect(takes(prepare, transaction({ endorsers: peers.slice(2) }))).toBe(expected);
    }
  });

  it('are said not to be known, and codes taken as they are, where a definition names what cannot be read', () => {
    for (const info of [
      validationInfo(ownPolicy(2, ACTORS), 'a plugin'),
      validationInfo(channelPolicy('/Channel/Application/Endorsement')).slice(0, -3),
      Buffer.from('nothing of the kind'),
      new Uint8Array(),
    ]) {
      expect(takes(() => defined(info), transaction())).toBe('either');
      const checked = defined(info);
      checked.block([transaction(), VALID]);
      expect(checked.validity.counts.unfollowed).toBe(1);
      expect(checked.validity.whyUnfollowed[0]).toMatch(/definition/);
      expect(checked.validity.rules[0]?.rule).toMatch(/^not known: its definition/);
    }
    // Whoever made the definition read a range: whether it was committed is not known.
    const prepare = () => {
      const checked = new Checked(membership('etcdraft'));
      checked.block([definition(infoOf(ownPolicy(1, ['CarolMSP'])), {}, { ranges: true }), OTHER]);
      return checked;
    };
    expect(takes(prepare, transaction())).toBe('either');
  });

  it('are said not to be known on a channel that may have chaincodes from before Fabric 2.0', () => {
    const old = membership('etcdraft', (config) => {
      const capabilities = new common.Capabilities();
      capabilities.getCapabilitiesMap().set('V1_4_2', new common.Capability());
      valueAt(config, { groups: ['Application'], name: 'Capabilities' }).setValue(capabilities.serializeBinary());
    });
    expect(takes(() => new Checked(old), transaction())).toBe('either');
    expect(takes(() => defined(infoOf(ownPolicy(3, ACTORS)), old), transaction())).toBe('not');
  });

  it('are asked of every chaincode that a transaction writes to', () => {
    const info = infoOf(ownPolicy(2, ACTORS));
    const both = (endorsers: readonly MadeSigner[]) =>
      transaction({
        endorsers,
        access: [
          { namespace: OURS, writes: { key: 'value' } },
          { namespace: 'other', writes: { key: 'value' } },
        ],
      });
    expect(takes(() => defined(info), both(peers))).toBe('not');
    const prepare = () => {
      const checked = defined(info);
      const other = { writes: { 'namespaces/fields/other/ValidationInfo': infoOf(ownPolicy(3, ACTORS)) } };
      expect(checked.block([definition(info, {}, other), OTHER])).toBe('good');
      return checked;
    };
    expect(takes(prepare, both(peers))).toBe('valid');
    expect(takes(prepare, both(peers.slice(0, 2)))).toBe('not');
  });

  it('are not known once single keys, or collections, have policies of their own', () => {
    const info = infoOf(ownPolicy(2, ACTORS));
    const prepare = () => {
      const checked = defined(info);
      const access = [{ namespace: OURS, keyPolicies: ['key'] }];
      expect(checked.block([transaction({ access }), VALID])).toBe('good');
      return checked;
    };
    expect(takes(prepare, transaction({ endorsers: [] }))).toBe('either');
    const access = [{ namespace: OURS, collections: { secret: { writes: { a: 'b' } } } }];
    expect(takes(() => defined(info), transaction({ access, endorsers: [] }))).toBe('either');
    // But of a chaincode that nobody defined nothing is, so that nobody can take an ID with it.
    const header = signatureHeaderOf(channel.as('AliceMSP', 'client').identity);
    const undefinedOne = transaction({
      header,
      chaincode: 'nobody',
      access: [{ namespace: 'nobody', collections: { secret: { writes: { a: 'b' } } } }],
    });
    const good = transaction({ header });
    expect(defined(info).block([undefinedOne, OTHER], [good, VALID])).toBe('good');
    expect(defined(info).block([undefinedOne, OTHER], [good, NOT])).toMatch(/nothing speaks against it/);
  });

  it('are at least an actor’s own for what is in its own collection alone', () => {
    const prepare = () => defined(infoOf(ownPolicy(2, ACTORS)));
    const collections = { _implicit_org_AliceMSP: { writes: { a: 'b' } } };
    const own = [{ namespace: OURS, collections }];
    expect(takes(prepare, transaction({ access: own, endorsers: peers.slice(0, 1) }))).toBe('either');
    expect(takes(prepare, transaction({ access: own, endorsers: peers.slice(1) }))).toBe('not');
    const more = [{ namespace: OURS, collections, writes: { key: 'value' } }];
    expect(takes(prepare, transaction({ access: more, endorsers: peers.slice(0, 1) }))).toBe('not');
    expect(takes(prepare, transaction({ access: more, endorsers: peers.slice(1) }))).toBe('not');
    expect(takes(prepare, transaction({ access: more, endorsers: peers }))).toBe('either');
  });

  it('are the same for all others where an actor gave keys in its own collection policies', () => {
    for (const namespace of [OURS, '_lifecycle']) {
      const prepare = () => {
        const checked = defined(infoOf(ownPolicy(2, ACTORS)));
        const access = [{ namespace, collections: { _implicit_org_AliceMSP: { keyPolicies: ['a'] } } }];
        const made = transaction({ chaincode: namespace, access, endorsers: peers.slice(0, 1) });
        expect(checked.block([made, namespace === OURS ? VALID : OTHER])).toBe('good');
        expect(checked.block([definition(infoOf(ownPolicy(3, ACTORS))), OTHER])).toBe('good');
        return checked;
      };
      expect(takes(prepare, transaction({ endorsers: peers.slice(0, 2) }))).toBe('not');
      expect(takes(prepare, transaction({ endorsers: peers }))).toBe('valid');
    }
  });

  it('cannot be had for a collection that the definition does not have', () => {
    const info = infoOf(ownPolicy(2, ACTORS));
    const fields = (names: readonly string[]) => ({
      writes: { [DEFINED]: info, [`namespaces/fields/${OURS}/Collections`]: collectionsInfo(names) },
    });
    const access = [{ namespace: OURS, collections: { secret: { writes: { a: 'b' } } } }];
    for (const [names, expected] of [
      [[], 'not'],
      [['other'], 'not'],
      [['other', 'secret'], 'either'],
    ] as const) {
      const prepare = () => {
        const checked = new Checked(membership('etcdraft'));
        expect(checked.block([definition(info, {}, fields(names)), OTHER])).toBe('good');
        return checked;
      };
      expect(takes(prepare, transaction({ access, endorsers: peers }))).toBe(expected);
    }
    expect(takes(() => new Checked(membership('embedded')), transaction({ access }))).toBe('not');
  });
});
