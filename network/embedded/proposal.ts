import { common, peer } from '@hyperledger/fabric-protos';
import { decode } from '../messages/decode.js';
import { sha256 } from './blocks.js';
import { AccessDenied, type Member, type Members } from './members.js';

/** Something a client sent that cannot be accepted; the message is for it. */
export class Malformed extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'Malformed';
  }
}

/** The header of a proposal or a transaction, checked against its own creator. */
export interface CheckedHeader {
  readonly creator: Member;
  readonly transactionId: string;
  readonly chaincode: string;
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
}

/** A signed proposal that its creator may make. */
export interface CheckedProposal extends CheckedHeader {
  readonly signedProposal: peer.SignedProposal;
  readonly input: peer.ChaincodeInput;
  /** The payload without what only the endorsers may see (the transient map): this is what goes on the ledger. */
  readonly payload: Uint8Array;
}

/**
 * Checks a proposal as an endorsing peer does: its form, its channel, its transaction id, and that an identity of one
 * of the actors signed it.
 * @throws Malformed, AccessDenied
 */
export function checkProposal(
  members: Members,
  channel: string,
  signedProposal: peer.SignedProposal | undefined,
): CheckedProposal {
  if (signedProposal === undefined) throw new Malformed('a signed proposal is required');
  const bytes = signedProposal.getProposalBytes_asU8();
  const proposal = decoded(() => peer.Proposal.deserializeBinary(bytes), 'proposal');
  const header = decoded(() => decode(common.Header, proposal.getHeader_asU8()), 'proposal header');
  const checked = checkHeader(members, channel, header);
  if (!checked.creator.signed(bytes, signedProposal.getSignature_asU8())) {
    throw new AccessDenied("the proposal's signature is not its creator's");
  }
  const payload = decoded(() => decode(peer.ChaincodeProposalPayload, proposal.getPayload_asU8()), 'proposal payload');
  const input = inputOf(payload, checked.chaincode);
  payload.clearTransientmapMap();
  return { ...checked, signedProposal, input, payload: payload.serializeBinary() };
}

/**
 * Checks the header of a proposal or of a transaction.
 * @throws Malformed, AccessDenied
 */
export function checkHeader(members: Members, channel: string, header: common.Header): CheckedHeader {
  const channelBytes = header.getChannelHeader_asU8();
  const signatureBytes = header.getSignatureHeader_asU8();
  const channelHeader = decoded(() => decode(common.ChannelHeader, channelBytes), 'channel header');
  const signatureHeader = decoded(() => decode(common.SignatureHeader, signatureBytes), 'signature header');
  if (channelHeader.getType() !== common.HeaderType.ENDORSER_TRANSACTION) {
    throw new Malformed('the header is none of an endorser transaction');
  }
  checkChannel(channel, channelHeader.getChannelId());
  if (channelHeader.getEpoch() !== 0) throw new Malformed('the epoch is not 0');
  const nonce = signatureHeader.getNonce_asU8();
  const creatorBytes = signatureHeader.getCreator_asU8();
  if (nonce.length === 0) throw new Malformed('the nonce is empty');
  const creator = members.identify(creatorBytes);
  const transactionId = sha256(nonce, creatorBytes).toString('hex');
  if (channelHeader.getTxId() !== transactionId) {
    throw new Malformed('the transaction ID is not the hash of nonce and creator');
  }
  const extension = decoded(
    () => decode(peer.ChaincodeHeaderExtension, channelHeader.getExtension_asU8()),
    'chaincode header extension',
  );
  return {
    creator,
    transactionId,
    chaincode: extension.getChaincodeId()?.getName() ?? '',
    channelHeader: channelBytes,
    signatureHeader: signatureBytes,
  };
}

/** @throws Malformed if a request is for another channel. */
export function checkChannel(expected: string, given: string): void {
  if (given !== expected) throw new Malformed(`there is no channel "${given.slice(0, 100)}" here, only "${expected}"`);
}

/** @throws Malformed if `decode` throws. */
export function decoded<T>(decode: () => T, what: string): T {
  try {
    return decode();
  } catch {
    throw new Malformed(`the ${what} cannot be read`);
  }
}

function inputOf(payload: peer.ChaincodeProposalPayload, chaincode: string): peer.ChaincodeInput {
  const specification = decoded(
    () => decode(peer.ChaincodeInvocationSpec, payload.getInput_asU8()),
    'chaincode invocation',
  ).getChaincodeSpec();
  const input = specification?.getInput();
  if (input === undefined) throw new Malformed('the proposal calls nothing');
  if (specification?.getChaincodeId()?.getName() !== chaincode) {
    throw new Malformed('the proposal names one chaincode in its header and another in its payload');
  }
  return input;
}
