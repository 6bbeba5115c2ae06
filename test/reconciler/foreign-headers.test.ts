import { fc, test } from '@fast-check/vitest';
import { common, peer } from '@hyperledger/fabric-protos';
import { describe, expect } from 'vitest';
import { chaincodeNamed, readBlock } from '../../reconciler/ledger/block.js';
import { blockWith, dataHash } from '../support/made-channel.js';

const CONTEXT = { channel: 'events', chaincode: 'event2ledger', membership: undefined };

/** A transaction whose client wrote anything into the part of its header that orderers do not read. */
function envelope(extension: Uint8Array): Uint8Array {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setChannelId(CONTEXT.channel);
  channelHeader.setExtension$(extension);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  const made = new common.Envelope();
  made.setPayload(payload.serializeBinary());
  made.setSignature(Buffer.from('signature'));
  return made.serializeBinary();
}

function blockOf(envelopes: readonly Uint8Array[], code: number): common.Block {
  const header = new common.BlockHeader();
  header.setNumber(7);
  header.setDataHash(dataHash(envelopes));
  return blockWith(
    header,
    envelopes,
    envelopes.map(() => code),
  );
}

describe('a block with a transaction whose header names no chaincode that can be read', () => {
  test.prop([fc.uint8Array({ maxLength: 40 })])('is read all the same', (extension) => {
    const block = blockOf([envelope(extension)], peer.TxValidationCode.BAD_HEADER_EXTENSION);
    expect(readBlock(block, CONTEXT).invocations).toEqual([]);
  });

  test('takes bytes that are no name for none', () => {
    const header = new common.ChannelHeader();
    header.setExtension$(Uint8Array.of(0x12, 0x7f, 1));
    expect(chaincodeNamed(header)).toBe('');
  });
});
