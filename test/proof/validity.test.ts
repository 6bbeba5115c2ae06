import { common, orderer, peer } from '@hyperledger/fabric-protos';
import { beforeAll, describe, expect, it } from 'vitest';
import { Validity } from '../../proof/validity.js';
import { parseChannelConfig } from '../../reconciler/ledger/channel-config.js';
import { Membership } from '../../reconciler/ledger/membership.js';
import { MadeChannel, type MadeSigner, signatureHeaderOf } from '../support/made-channel.js';
import { groupAt, valueAt } from '../support/made-configuration.js';
import {
  channelPolicy,
  collectionsInfo,
  type MadeAccess,
  type MadeTransaction,
  madeTransaction,
  ownPolicy,
  validationInfo,
} from '../support/made-transaction.js';

const ACTORS = ['AliceMSP', 'BobMSP', 'CarolMSP'];
const OURS = 'event2ledger';
const { VALID, INVALID_OTHER_REASON: NOT, NOT_VALIDATED: OTHER } = peer.TxValidationCode;
const DEFINED = `namespaces/fields/${OURS}/ValidationInfo`;

let channel: MadeChannel;
let peers: MadeSigner[];

beforeAll(async () => {
  channel = await MadeChannel.make(ACTORS);
  peers = ACTORS.map((actor) => channel.as(actor, 'peer'));
});

/** The channel's configuration as a real Fabric network has it, or as the embedded ledger does. */
function membership(kind: 'etcdraft' | 'embedded', change: (config: common.Config) => void = () => {}): Membership {
  const { config } = channel;
  const consensus = new orderer.ConsensusType();
  consensus.setType(kind);
  valueAt(config, { groups: ['Orderer'], name: 'ConsensusType' }).setValue(consensus.serializeBinary());
  change(config);
  const envelope = new common.ConfigEnvelope();
  envelope.setConfig(config);
  return new Membership(parseChannelConfig(envelope.serializeBinary()));
}

/** A ledger of blocks whose codes are checked one after the other. */
class Checked {
  readonly validity = new Validity({ channel: MadeChannel.NAME, chaincode: OURS });
  readonly #members: Membership;
  #last = channel.genesis;

  constructor(members: Membership) {
    this.#members = members;
  }

  get next(): number {
    return (this.#last.getHeader()?.getNumber() ?? 0) + 1;
  }

  /** Checks a block of transactions with their codes; what it is refused with, or `good`. */
  block(...transactions: readonly (readonly [Uint8Array, number])[]): string {
    const block = channel.block(
      this.#last,
      transactions.map(([bytes]) => bytes),
      { codes: transactions.map(([, code]) => code) },
    );
    this.#last = block;
    try {
      this.validity.check(block, this.#members);
      return 'good';
    } catch (error) {
      return (error as Error).message;
    }
  }
}

function transaction(wishes: Partial<MadeTransaction> = {}): Uint8Array {
  return madeTransaction({
    chaincode: OURS,
    creator: channel.as('AliceMSP', 'client'),
    endorsers: peers.slice(0, 2),
    access: [{ namespace: OURS, writes: { key: 'value' } }],
    ...wishes,
  });
}

const reading = (key: string, version: readonly [number, number] | undefined, wishes: Partial<MadeTransaction> = {}) =>
  transaction({ access: [{ namespace: OURS, reads: { [key]: version }, writes: { [key]: 'new' } }], ...wishes });

/** A ledger on which either code is refused, or only the wrong one, or none. */
function takes(prepare: () => Checked, made: Uint8Array): 'valid' | 'not' | 'either' {
  const good = [VALID, NOT].filter((code) => prepare().block([made, code]) === 'good');
  if (good.length === 2) return 'either';
  return good[0] === VALID ? 'valid' : 'not';
}

describe('two transactions of one ID', () => {
  const twins = () => {
    const header = signatureHeaderOf(channel.as('AliceMSP', 'client').identity);
    return { good: transaction({ header }), spoiled: transaction({ header, endorsers: [] }) };
  };

  it('in one block: a copy that is no good does not spoil the one behind it', () => {
    const { good, spoiled } = twins();
    const check = (...codes: readonly [number, number]) =>
      new Checked(membership('embedded')).block([spoiled, codes[0]], [good, codes[1]]);
    expect(check(NOT, VALID)).toBe('good');
    expect(check(NOT, NOT)).toMatch(/^Transaction 1 of block 1 is said not to be valid, but nothing speaks against it/);
    expect(check(VALID, NOT)).toMatch(/^Transaction 0 of block 1 is said to be valid, but its endorsements/);
  });

  it('in one block: of two that are good the first counts', () => {
    const { good } = twins();
    const check = (...codes: readonly [number, number]) =>
      new Checked(membership('embedded')).block([good, codes[0]], [good, codes[1]]);
    expect(check(VALID, NOT)).toBe('good');
    expect(check(VALID, VALID)).toMatch(/^Transaction 1 .* its ID is that of an earlier one/);
    expect(check(NOT, VALID)).toMatch(/^Transaction 0 .* nothing speaks against it/);
  });

  it('in two blocks: the first takes the ID, even if it is no good', () => {
    const { good, spoiled } = twins();
    for (const [first, code] of [
      [good, VALID],
      [spoiled, NOT],
    ] as const) {
      const checked = new Checked(membership('embedded'));
      expect(checked.block([first, code])).toBe('good');
      expect(checked.block([good, VALID])).toMatch(/its ID is that of an earlier one/);
    }
  });
});

describe('what a transaction read', () => {
  it('is held against what valid transactions wrote, in other blocks and in its own', () => {
    const prepare = () => {
      const checked = new Checked(membership('embedded'));
      expect(checked.block([transaction(), VALID])).toBe('good');
      return checked;
    };
    expect(takes(prepare, reading('key', [1, 0]))).toBe('valid');
    for (const version of [undefined, [0, 0], [1, 1], [2, 0]] as const) {
      expect(takes(prepare, reading('key', version))).toBe('not');
    }
    const both = prepare();
    expect(both.block([reading('key', [1, 0]), VALID], [reading('key', [1, 0]), NOT])).toBe('good');
    expect(both.block([reading('key', [2, 0]), VALID])).toBe('good');
  });

  it('is not what was written before it in its own block, whatever version it names', () => {
    const deletion = transaction({ access: [{ namespace: OURS, writes: { key: undefined } }] });
    for (const [first, version] of [
      [reading('key', [1, 0]), [2, 0]],
      [deletion, undefined],
    ] as const) {
      const check = (code: number) => {
        const checked = new Checked(membership('embedded'));
        expect(checked.block([transaction(), VALID])).toBe('good');
        return checked.block([first, VALID], [reading('key', version), code]);
      };
      expect(check(NOT)).toBe('good');
      expect(check(VALID)).toMatch(/^Transaction 1 .* what it read had changed/);
    }
  });

  it('is not known of a key that got a policy of its own, for that may have been a new version', () => {
    const prepare = () => {
      const checked = new Checked(membership('embedded'));
      const access = [{ namespace: OURS, keyPolicies: ['key'] }];
      expect(checked.block([transaction(), VALID])).toBe('good');
      expect(checked.block([transaction({ access }), VALID])).toBe('good');
      return checked;
    };
    for (const version of [
      [1, 0],
      [2, 0],
    ] as const) {
      expect(takes(prepare, transaction({ access: [{ namespace: OURS, reads: { key: version } }] }))).toBe('either');
    }
    expect(takes(prepare, transaction({ access: [{ namespace: OURS, reads: { other: [1, 0] } }] }))).toBe('not');
  });

  it.each([
    ['ours that too few endorsed', { endorsers: [] }, NOT],
    ['ours that no client of the channel signed', { creator: undefined }, NOT],
    ['another chaincode’s that too few endorsed', { chaincode: 'other', endorsers: [] }, OTHER],
    ['another chaincode’s that clients endorsed', { chaincode: 'other', endorsers: 'clients' }, OTHER],
  ] as const)('is not changed by a transaction, %s, that says that it wrote it', async (_, wishes, code) => {
    const stranger = (await MadeChannel.make(['AliceMSP'])).as('AliceMSP', 'client');
    const clients = ACTORS.map((actor) => channel.as(actor, 'client'));
    const worthless = transaction({
      ...wishes,
      creator: 'creator' in wishes ? stranger : channel.as('BobMSP', 'client'),
      endorsers: 'endorsers' in wishes ? (wishes.endorsers === 'clients' ? clients : wishes.endorsers) : peers,
    });
    const prepare = () => {
      const checked = new Checked(membership('embedded'));
      expect(checked.block([transaction(), VALID], [worthless, code])).toBe('good');
      return checked;
    };
    expect(takes(prepare, reading('key', [1, 0]))).toBe('valid');
    expect(takes(prepare, reading('key', [1, 1]))).toBe('not');
  });

  it('is changed by another chaincode’s transaction that is endorsed as ours must be', () => {
    const other = transaction({ chaincode: 'other' });
    const prepare = () => {
      const checked = new Checked(membership('embedded'));
      expect(checked.block([transaction(), VALID], [other, OTHER])).toBe('good');
      return checked;
    };
    expect(takes(prepare, reading('key', [1, 1]))).toBe('valid');
    expect(takes(prepare, reading('key', [1, 0]))).toBe('not');
  });

  it('is taken as said, with the reason, where it is a range, or another chaincode’s', () => {
    for (const access of [
      [{ namespace: OURS, ranges: true, writes: { key: 'value' } }],
      [{ namespace: 'other', reads: { key: [1, 0] as const } }],
    ] satisfies MadeAccess[][]) {
      const checked = new Checked(membership('embedded'));
      expect(checked.block([transaction({ access }), VALID], [transaction({ access }), NOT])).toBe('good');
      expect(checked.validity.counts.unfollowed).toBe(2);
      expect(checked.validity.whyUnfollowed).toEqual(['it read what is not followed']);
      // What too few endorsed is not valid, whatever it read.
      expect(checked.block([transaction({ access, endorsers: [] }), VALID])).toMatch(/its endorsements are not/);
    }
  });

  it('is refused as a whole where a namespace is named twice', () => {
    const access = [{ namespace: OURS, writes: { a: '1' } }, { namespace: OURS }];
    expect(takes(() => new Checked(membership('embedded')), transaction({ access }))).toBe('not');
  });
});

describe('the headers of a transaction', () => {
  /** The same in other bytes: a field that is not known is behind it. */
  const otherwise = (header: Uint8Array) => Buffer.concat([header, Buffer.from([0x98, 0x06, 0x01])]);

  it('may be written otherwise than in the proposal, as peers take it; on the embedded ledger they may not', () => {
    const own = transaction({ access: [], actionHeader: otherwise });
    const prepare = () => {
      const checked = new Checked(membership('etcdraft'));
      const policy = validationInfo(ownPolicy(2, ACTORS));
      const access = [{ namespace: '_lifecycle', writes: { [DEFINED]: policy } }];
      expect(checked.block([transaction({ chaincode: '_lifecycle', access }), OTHER])).toBe('good');
      return checked;
    };
    expect(takes(prepare, own)).toBe('valid');
    expect(takes(() => new Checked(membership('embedded')), own)).toBe('not');
    const empty = transaction({ actionHeader: () => new Uint8Array() });
    expect(takes(prepare, empty)).toBe('not');
    expect(takes(prepare, transaction({ epoch: 1 }))).toBe('not');
  });
});

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
