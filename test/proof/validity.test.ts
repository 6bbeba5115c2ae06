import { beforeAll, describe, expect, it } from 'vitest';
import { MadeChannel, signatureHeaderOf } from '../support/made-channel.js';
import { type MadeAccess, type MadeTransaction, ownPolicy, validationInfo } from '../support/made-transaction.js';
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

const reading = (key: string, version: readonly [number, number] | undefined, wishes: Partial<MadeTransaction> = {}) =>
  transaction({ access: [{ namespace: OURS, reads: { [key]: version }, writes: { [key]: 'new' } }], ...wishes });

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
