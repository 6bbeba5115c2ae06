import { isAscii, isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import { BATCH_PREFIX, type Nanos } from '#chaincode';
import { decode } from '../../network/messages/decode.js';
import { ReconcilerError } from '../errors.js';
import { headerHash } from './block-header.js';
import { parseChannelConfig } from './channel-config.js';
import { Membership, type Signer } from './membership.js';

/** One call of our chaincode that an actor signed, in a transaction the channel committed as valid. */
export interface Invocation {
  readonly txId: string;
  /** The time that its client wrote into it, nanoseconds; left out where that is no time that the contract takes. */
  readonly time?: Nanos;
  readonly signer: Signer;
  readonly fn: string;
  readonly args: readonly string[];
  /** Of the batch that the first argument is, where it was computed from the bytes. */
  readonly digest?: string;
  /** Length of that batch, where it was told with the digest. */
  readonly bytes?: number;
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
  /** Length of the archive of blocks when this one is in it; left out where there is none. */
  readonly archivedTo?: number;
}

/** A block that was read, with what of its validation codes can be checked. */
export interface ReadBlock extends LedgerBlock {
  /** Of each transaction: `VALID` or `INVALID_OTHER_REASON` of our chaincode's, `NOT_VALIDATED` of all others. */
  readonly codes: Uint8Array;
}

/** What decides which transactions of a block count. */
export interface BlockContext {
  readonly channel: string;
  readonly chaincode: string;
  /** Undefined before block 0. */
  readonly membership: Membership | undefined;
}

/**
 * Decodes a block that `ChainCheck` has accepted. What counts is what actors signed: creator, signature and arguments;
 * never write sets, which two colluding organisations could forge for the third.
 * @throws ReconcilerError `BLOCK` if it cannot be decoded.
 */
export function readBlock(block: common.Block, context: BlockContext): ReadBlock {
  const header = block.getHeader();
  if (header === undefined) throw new ReconcilerError('BLOCK', 'A block without a header arrived; ask another peer.');
  const number = BigInt(header.getNumber());
  const data = block.getData()?.getDataList_asU8() ?? [];
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
  return headerHash(header);
}

function decodeEnvelopes(number: bigint, data: Uint8Array[], flags: Uint8Array, context: BlockContext) {
  const invocations: Invocation[] = [];
  const codes = new Uint8Array(data.length).fill(peer.TxValidationCode.NOT_VALIDATED);
  let { membership } = context;
  let changed = false;
  for (const [index, bytes] of data.entries()) {
    try {
      const envelope = decode(common.Envelope, bytes);
      const payload = decode(common.Payload, envelope.getPayload_asU8());
      const channelHeader = decode(
        common.ChannelHeader,
        payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
      );
      if (channelHeader.getType() === common.HeaderType.CONFIG) {
        if (data.length > 1) throw configurationBeside(number, index);
        membership = new Membership(parseChannelConfig(payload.getData_asU8()));
        changed = true;
      } else if (isOurs(channelHeader, context)) {
        const isValid = flags[index] === peer.TxValidationCode.VALID;
        codes[index] = isValid ? peer.TxValidationCode.VALID : peer.TxValidationCode.INVALID_OTHER_REASON;
        if (!isValid) continue;
        const invocation = invocationOf(envelope, payload, channelHeader.getTxId(), context.chaincode, membership);
        if (invocation !== undefined) invocations.push({ ...invocation, ...timeOf(channelHeader) });
      }
    } catch (cause) {
      if (cause instanceof ReconcilerError) throw cause;
      throw new ReconcilerError('BLOCK', `Transaction ${index} of block ${number} cannot be decoded.`, { cause });
    }
  }
  return changed && membership !== undefined ? { invocations, codes, membership } : { invocations, codes };
}

/** Orderers put each configuration into a block of its own: whoever made this one is none, or meant to deceive. */
export function configurationBeside(block: bigint | number, index: number): ReconcilerError {
  return new ReconcilerError(
    'CONFIGURATION',
    `Block ${block} cannot be trusted: its transaction ${index} is a configuration beside others, and orderers put each into a block of its own. What was read before it is kept; go on with another peer.`,
  );
}

/** The validation codes of a block's transactions, which its header does not cover. */
export function flagsOf(block: common.Block): Uint8Array {
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
  if (spec?.getChaincodeId()?.getName() !== chaincode) return undefined;
  const creator = decode(
    common.SignatureHeader,
    payload.getHeader()?.getSignatureHeader_asU8() ?? new Uint8Array(),
  ).getCreator_asU8();
  const signer = membership?.signerOf(creator, envelope.getPayload_asU8(), envelope.getSignature_asU8());
  if (signer === undefined) return undefined;
  const [called, ...given] = spec.getInput()?.getArgsList_asU8() ?? [];
  const fn = called === undefined ? '' : textOf(called);
  const call = { txId, signer, fn, args: given.map(textOf) };
  const [batch] = given;
  // Of its bytes, which lie there: to write the text as UTF-8 again would take longer than to hash it. What is no UTF-8
  // reads as another text than these bytes.
  return fn === 'Attest' && batch !== undefined && isUtf8(batch)
    ? { ...call, digest: digestOf(batch), bytes: batch.length }
    : call;
}

function digestOf(batch: Uint8Array): string {
  return createHash('sha256').update(BATCH_PREFIX).update(batch).digest('hex');
}

/**
 * Whether a transaction calls our chaincode: by what its header says, for that is the chaincode whose endorsement policy
 * the peers applied.
 */
export function isOurs(
  header: common.ChannelHeader,
  { channel, chaincode }: Omit<BlockContext, 'membership'>,
): boolean {
  if (header.getType() !== common.HeaderType.ENDORSER_TRANSACTION || header.getChannelId() !== channel) return false;
  return chaincodeNamed(header) === chaincode;
}

/**
 * The chaincode that a transaction's header names; empty for none. Orderers do not look at it, so a client may have written
 * anything there: bytes that are no such name are none.
 */
export function chaincodeNamed(header: common.ChannelHeader): string {
  try {
    const extension = decode(peer.ChaincodeHeaderExtension, header.getExtension_asU8());
    return extension.getChaincodeId()?.getName() ?? '';
  } catch {
    return '';
  }
}

/** The time as the contract sees it: to the millisecond. */
function timeOf(header: common.ChannelHeader): Pick<Invocation, 'time'> {
  const millis = header.getTimestamp()?.toDate().getTime() ?? Number.NaN;
  if (!Number.isSafeInteger(millis) || millis < 0) return {};
  return { time: (BigInt(millis) * 1_000_000n).toString() };
}

/** Bytes as text, without copying them first. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

function invocationSpec(payload: common.Payload): peer.ChaincodeSpec | undefined {
  const action = decode(peer.Transaction, payload.getData_asU8()).getActionsList()[0];
  if (action === undefined) return undefined;
  const called = decode(peer.ChaincodeActionPayload, action.getPayload_asU8()).getChaincodeProposalPayload_asU8();
  try {
    const proposal = decode(peer.ChaincodeProposalPayload, called);
    return decode(peer.ChaincodeInvocationSpec, proposal.getInput_asU8()).getChaincodeSpec();
  } catch {
    // Peers that commit do not look at it. What cannot be decoded calls nothing, whoever endorsed it.
    return undefined;
  }
}
