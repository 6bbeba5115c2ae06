import { fc, test } from '@fast-check/vitest';
import { common, peer } from '@hyperledger/fabric-protos';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkTransaction } from '../../proof/transaction.js';
import { Validity } from '../../proof/validity.js';
import { readBlock } from '../../reconciler/ledger/block.js';
import { parseChannelConfig } from '../../reconciler/ledger/channel-config.js';
import { Membership } from '../../reconciler/ledger/membership.js';
import { type Cut, inParts } from '../support/in-parts.js';
import { MadeChannel, signatureHeaderOf } from '../support/made-channel.js';
import { type MadeTransaction, madeTransaction } from '../support/made-transaction.js';

const ACTORS = ['AliceMSP', 'BobMSP', 'CarolMSP'];
const OURS = 'event2ledger';
const IDENTITY = { channel: MadeChannel.NAME, chaincode: OURS };
const { VALID, INVALID_OTHER_REASON: NOT, NOT_VALIDATED } = peer.TxValidationCode;

let channel: MadeChannel;
let membership: Membership;
let header: common.SignatureHeader;

beforeAll(async () => {
  channel = await MadeChannel.make(ACTORS);
  const envelope = new common.ConfigEnvelope();
  envelope.setConfig(channel.config);
  membership = new Membership(parseChannelConfig(envelope.serializeBinary()));
  header = signatureHeaderOf(channel.as('AliceMSP', 'client').identity);
});

function transaction(wishes: Partial<MadeTransaction> = {}): Uint8Array {
  return madeTransaction({
    chaincode: OURS,
    creator: channel.as('AliceMSP', 'client'),
    endorsers: ACTORS.map((actor) => channel.as(actor, 'peer')),
    access: [{ namespace: OURS, reads: { old: [0, 0] }, writes: { key: 'value' } }],
    call: ['Attest', 'a batch'],
    eventOf: OURS,
    header,
    ...wishes,
  });
}

/** What is read of a transaction: how peers check it, and what its client called. */
function readingOf(envelope: Uint8Array) {
  const block = channel.block(channel.genesis, [envelope], { codes: [VALID] });
  const { creator, endorsers, ...checked } = checkTransaction(envelope, OURS, membership);
  return {
    ...checked,
    signers: [creator, ...endorsers].map((one) => one?.names.commonName),
    invocations: readBlock(block, { ...IDENTITY, membership }).invocations,
  };
}

/** The codes with which `verify` takes a block of this transaction. */
function codesOf(envelope: Uint8Array): number[] {
  return [VALID, NOT, NOT_VALIDATED].filter((code) => {
    try {
      new Validity(IDENTITY).check(channel.block(channel.genesis, [envelope], { codes: [code] }), membership);
      return true;
    } catch {
      return false;
    }
  });
}

describe('a transaction whose client writes messages in parts', () => {
  test.prop([fc.array(fc.nat(), { minLength: 1, maxLength: 40 })], { numRuns: 40 })(
    'is read as if they were whole, wherever they are cut',
    (places) => {
      const cut = (): Cut => {
        let next = 0;
        return (fields) => (places[next++ % places.length] ?? 0) % (fields + 1);
      };
      const written = transaction({ written: (type, bytes) => inParts(type, bytes, cut()) });
      expect(written.length).toBeGreaterThan(transaction().length);
      expect(readingOf(written)).toEqual(readingOf(transaction()));
    },
  );

  it('is valid, and no bundle may say otherwise', () => {
    const access = [{ namespace: OURS, writes: { key: 'value' } }];
    const written = transaction({ access, written: (type, bytes) => inParts(type, bytes) });
    expect(readingOf(written)).toMatchObject({ fault: undefined, invocations: [{ fn: 'Attest', args: ['a batch'] }] });
    expect(codesOf(written)).toEqual([VALID]);
  });

  it('is of another chaincode for whom the last part names it', () => {
    const [first, last] = [OURS, 'another'].map((name) => {
      const id = new peer.ChaincodeID();
      id.setName(name);
      const extension = new peer.ChaincodeHeaderExtension();
      extension.setChaincodeId(id);
      return extension.serializeBinary();
    });
    const both = (...parts: (Uint8Array | undefined)[]) =>
      transaction({
        written: (type, bytes) =>
          type === peer.ChaincodeHeaderExtension ? Buffer.concat(parts.map((part) => part ?? new Uint8Array())) : bytes,
      });
    expect(codesOf(both(first, last))).toEqual([NOT_VALIDATED]);
    expect(codesOf(both(last, first))).not.toContain(NOT_VALIDATED);
  });
});

describe('a transaction that peers cannot decode', () => {
  const NAMELESS = Buffer.from([0x12, 4, 0x0a, 2, 0xc3, 0x28]);
  const access = [{ namespace: OURS, writes: { key: 'value' } }];
  const spoiled = (kind: unknown, more: Uint8Array) =>
    transaction({ access, written: (type, bytes) => (type === kind ? Buffer.concat([bytes, more]) : bytes) });

  it('is none of our chaincode where text in the part of its header that names it is not UTF-8', () => {
    expect(codesOf(spoiled(peer.ChaincodeHeaderExtension, NAMELESS))).toEqual([NOT_VALIDATED]);
  });

  it.each([
    ['text that is not UTF-8', () => peer.ChaincodeAction, Buffer.from([0x22, 3, 0x0a, 1, 0xff])],
    ['a number of more than 64 bits', () => peer.Transaction, Buffer.from([0x48, ...Array(9).fill(0xff), 0x02])],
    ['a field with a number that none can have', () => peer.ChaincodeActionPayload, Buffer.from([0x00, 1])],
    ['a group that does not end', () => peer.ProposalResponsePayload, Buffer.from([0x4b, 0x08, 1])],
  ])('is not valid for %s', (_, kind, more) => {
    expect(codesOf(spoiled(kind(), more))).toEqual([NOT]);
  });

  it('is valid with fields that are of no use to peers', () => {
    const unknown = Buffer.from([0x78, 1, 0x08, 5, 0x4b, 0x08, 1, 0x4c, 0x80, 0x80, 0x80, 0x80, 0x0f, 1]);
    for (const kind of [common.Payload, peer.ChaincodeHeaderExtension, peer.Transaction, peer.ChaincodeActionPayload]) {
      expect(codesOf(spoiled(kind, unknown))).toEqual([VALID]);
    }
  });

  it('calls nothing where only what it calls cannot be decoded, which peers that commit do not look at', () => {
    const { invocations, fault } = readingOf(spoiled(peer.ChaincodeInvocationSpec, Buffer.from([0x0a, 0x7f])));
    expect({ invocations, fault }).toEqual({ invocations: [], fault: undefined });
  });
});

describe('a configuration beside other transactions', () => {
  it('is refused by name, by whoever reads the block', () => {
    const [genesis = new Uint8Array()] = channel.genesis.getData()?.getDataList_asU8() ?? [];
    const codes = [NOT_VALIDATED, VALID];
    const block = channel.block(channel.genesis, [genesis, transaction()], { codes });
    const refusal = expect.objectContaining({
      code: 'CONFIGURATION',
      message: expect.stringMatching(/^Block 1 cannot be trusted: its transaction 0 is a configuration beside others/),
    });
    expect(() => readBlock(block, { ...IDENTITY, membership })).toThrow(refusal);
    expect(() => new Validity(IDENTITY).check(block, membership)).toThrow(refusal);
  });
});
