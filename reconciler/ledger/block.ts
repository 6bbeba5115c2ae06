import { createHash } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import type { Nanos } from '#chaincode';
import { ReconcilerError } from '../errors.js';
import { authoritiesOf, Membership, type Signer } from './membership.js';

/** One call of our chaincode that an actor signed, in a transaction the channel committed as valid. */
export interface Invocation {
  readonly txId: string;
  /** The time that its client wrote into it, nanoseconds; left out where that is no time that the contract takes. */
  readonly time?: Nanos;
  readonly signer: Signer;
  readonly fn: string;
  readonly args: readonly string[];
}

/** What the reconciler takes from a block. */
export interface LedgerBlock {
  readonly number: bigint;
  /** Hash of the header, hex. */
  readonly hash: string;
  readonly previousHash: string;
  /** Valid, genuinely signed calls of our chaincode, in order. */
  readonly invocations: readonly Invocation[];
  /** The channel's organisations from here on, where the block carries a new configuration. */
  readonly membership?: Membership;
}

/** What decides which transactions of a block count. */
export interface BlockContext {
  readonly channel: string;
  readonly chaincode: string;
  /** Undefined before block 0. */
  readonly membership: Membership | undefined;
}

/**
 * Decodes a block. What counts is what actors signed: creator, signature and arguments; never write sets, which two
 * colluding organisations could forge for the third.
 * @throws ReconcilerError `CHAIN` if the data are not what the header says, `BLOCK` if it cannot be decoded.
 */
export function readBlock(block: common.Block, context: BlockContext): LedgerBlock {
  const header = block.getHeader();
  if (header === undefined) throw new ReconcilerError('BLOCK', 'A block without a header arrived; ask another peer.');
  const number = BigInt(header.getNumber());
  const data = block.getData()?.getDataList_asU8() ?? [];
  const dataHash = createHash('sha256');
  for (const envelope of data) dataHash.update(envelope);
  if (!dataHash.digest().equals(header.getDataHash_asU8())) {
    throw new ReconcilerError('CHAIN', `Block ${number} was altered: its data do not have the hash in its header.`);
  }
  const decoded = decodeEnvelopes(number, data, flagsOf(block), context);
  return {
    number,
    hash: blockHash(block),
    previousHash: Buffer.from(header.getPreviousHash_asU8()).toString('hex'),
    ...decoded,
  };
}

/** Hash of a block's header, hex. */
export function blockHash(block: common.Block): string {
  const header = block.getHeader();
  if (header === undefined) throw new ReconcilerError('BLOCK', 'A block without a header arrived; ask another peer.');
  return headerHash(BigInt(header.getNumber()), header.getPreviousHash_asU8(), header.getDataHash_asU8());
}

function decodeEnvelopes(number: bigint, data: Uint8Array[], flags: Uint8Array, context: BlockContext) {
  const invocations: Invocation[] = [];
  let { membership } = context;
  let changed = false;
  for (const [index, bytes] of data.entries()) {
    try {
      const envelope = common.Envelope.deserializeBinary(bytes);
      const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
      const channelHeader = common.ChannelHeader.deserializeBinary(
        payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
      );
      if (channelHeader.getType() === common.HeaderType.CONFIG) {
        membership = new Membership(authoritiesOf(payload.getData_asU8()));
        changed = true;
      } else if (
        channelHeader.getType() === common.HeaderType.ENDORSER_TRANSACTION &&
        flags[index] === peer.TxValidationCode.VALID &&
        channelHeader.getChannelId() === context.channel
      ) {
        const invocation = invocationOf(envelope, payload, channelHeader.getTxId(), context.chaincode, membership);
        if (invocation !== undefined) invocations.push({ ...invocation, ...timeOf(channelHeader) });
      }
    } catch (cause) {
      throw new ReconcilerError('BLOCK', `Transaction ${index} of block ${number} cannot be decoded.`, { cause });
    }
  }
  return changed && membership !== undefined ? { invocations, membership } : { invocations };
}

function flagsOf(block: common.Block): Uint8Array {
  const metadata = block.getMetadata()?.getMetadataList_asU8() ?? [];
  return metadata[common.BlockMetadataIndex.TRANSACTIONS_FILTER] ?? new Uint8Array();
}

function invocationOf(
  envelope: common.Envelope,
  payload: common.Payload,
  txId: string,
  chaincode: string,
  membership: Membership | undefined,
): Invocation | undefined {
  const spec = invocationSpec(payload);
  if (spec?.getChaincodeId()?.getName() !== chaincode || namedInHeader(payload) !== chaincode) return undefined;
  const creator = common.SignatureHeader.deserializeBinary(
    payload.getHeader()?.getSignatureHeader_asU8() ?? new Uint8Array(),
  ).getCreator_asU8();
  const signer = membership?.signerOf(creator, envelope.getPayload_asU8(), envelope.getSignature_asU8());
  if (signer === undefined) return undefined;
  const [fn = '', ...args] = (spec.getInput()?.getArgsList_asU8() ?? []).map(textOf);
  return { txId, signer, fn, args };
}

/** The chaincode that the header names: the one whose endorsement policy the peers applied. */
function namedInHeader(payload: common.Payload): string | undefined {
  const header = common.ChannelHeader.deserializeBinary(
    payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
  );
  return peer.ChaincodeHeaderExtension.deserializeBinary(header.getExtension_asU8()).getChaincodeId()?.getName();
}

/** The time as the contract sees it: to the millisecond. */
function timeOf(header: common.ChannelHeader): Pick<Invocation, 'time'> {
  const millis = header.getTimestamp()?.toDate().getTime() ?? Number.NaN;
  if (!Number.isSafeInteger(millis) || millis < 0) return {};
  return { time: (BigInt(millis) * 1_000_000n).toString() };
}

/** Bytes as text, without copying them first. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function invocationSpec(payload: common.Payload): peer.ChaincodeSpec | undefined {
  const action = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList()[0];
  if (action === undefined) return undefined;
  const proposal = peer.ChaincodeProposalPayload.deserializeBinary(
    peer.ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8()).getChaincodeProposalPayload_asU8(),
  );
  return peer.ChaincodeInvocationSpec.deserializeBinary(proposal.getInput_asU8()).getChaincodeSpec();
}

/** Fabric's block hash: SHA-256 over the DER sequence of number, previous hash and data hash (`protoutil.BlockHeaderHash`). */
function headerHash(number: bigint, previousHash: Uint8Array, dataHash: Uint8Array): string {
  const content = Buffer.concat([derInteger(number), derOctets(previousHash), derOctets(dataHash)]);
  return createHash('sha256').update(derSequence(content)).digest('hex');
}

function derInteger(value: bigint): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const bytes = Buffer.from(hex, 'hex');
  const positive = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
}

function derOctets(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0x04, bytes.length), bytes]);
}

function derSequence(content: Buffer): Buffer {
  // At most 3 + 2 * 34 + 10 bytes: a length of one octet.
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
}
