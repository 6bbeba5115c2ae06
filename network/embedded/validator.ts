import { common, peer } from '@hyperledger/fabric-protos';
import { decode } from '../messages/decode.js';
import { proposalHash } from './endorser.js';
import { AccessDenied, type Members } from './members.js';
import { type CheckedHeader, checkHeader, decoded, Malformed } from './proposal.js';
import { decodeReadWriteSet, type ReadWriteSet } from './rwset.js';

const { TxValidationCode } = peer;
const EMPTY: ReadWriteSet = { reads: new Map(), writes: new Map() };

/** A transaction that its creator signed, and what can be said of it without looking at the state. */
export interface Inspected {
  readonly transactionId: string;
  /** VALID, or why it cannot become valid whatever the state is. */
  readonly code: number;
  readonly readWriteSet: ReadWriteSet;
  /** The envelope as it goes into a block. */
  readonly envelope: Uint8Array;
}

/**
 * Inspects a submitted transaction. What its creator did not sign is turned away here, as an orderer does; all else
 * goes into a block with a validation code, as on a real channel.
 * @throws Malformed, AccessDenied
 */
export function inspectTransaction(
  members: Members,
  channel: string,
  chaincode: string,
  envelope: common.Envelope | undefined,
): Inspected {
  if (envelope === undefined) throw new Malformed('a prepared transaction is required');
  const payloadBytes = envelope.getPayload_asU8();
  const payload = decoded(() => decode(common.Payload, payloadBytes), 'transaction');
  const header = payload.getHeader();
  if (header === undefined) throw new Malformed('the transaction has no header');
  const checked = checkHeader(members, channel, header);
  if (checked.creator.role === 'peer') throw new AccessDenied('a peer submits no transactions');
  if (!checked.creator.signed(payloadBytes, envelope.getSignature_asU8())) {
    throw new AccessDenied("the transaction's signature is not its creator's");
  }
  const action = readAction(members, chaincode, checked, payload.getData_asU8());
  return {
    transactionId: checked.transactionId,
    code: typeof action === 'number' ? action : TxValidationCode.VALID,
    readWriteSet: typeof action === 'number' ? EMPTY : action,
    envelope: envelope.serializeBinary(),
  };
}

/** The transaction's read-write set, or the code of what is wrong with it. */
function readAction(
  members: Members,
  chaincode: string,
  header: CheckedHeader,
  data: Uint8Array,
): ReadWriteSet | number {
  try {
    const actions = decode(peer.Transaction, data).getActionsList();
    const [action] = actions;
    if (action === undefined || actions.length !== 1) return TxValidationCode.INVALID_ENDORSER_TRANSACTION;
    const { proposalPayload, endorsed } = unpack(action);
    if (endorsed === undefined || !Buffer.from(action.getHeader_asU8()).equals(header.signatureHeader)) {
      return TxValidationCode.INVALID_ENDORSER_TRANSACTION;
    }
    const responseBytes = endorsed.getProposalResponsePayload_asU8();
    const response = decode(peer.ProposalResponsePayload, responseBytes);
    const hash = proposalHash(header.channelHeader, header.signatureHeader, proposalPayload);
    if (!Buffer.from(response.getProposalHash_asU8()).equals(hash)) {
      return TxValidationCode.INVALID_ENDORSER_TRANSACTION;
    }
    const result = decode(peer.ChaincodeAction, response.getExtension_asU8());
    if (header.chaincode !== chaincode || result.getChaincodeId()?.getName() !== chaincode) {
      return TxValidationCode.INVALID_CHAINCODE;
    }
    if (!isEndorsed(members, responseBytes, endorsed.getEndorsementsList())) {
      return TxValidationCode.ENDORSEMENT_POLICY_FAILURE;
    }
    return decodeReadWriteSet(chaincode, result.getResults_asU8()) ?? TxValidationCode.ILLEGAL_WRITESET;
  } catch {
    // Whatever a client made of its bytes: they cannot be read.
    return TxValidationCode.BAD_PAYLOAD;
  }
}

function unpack(action: peer.TransactionAction) {
  const payload = decode(peer.ChaincodeActionPayload, action.getPayload_asU8());
  return { proposalPayload: payload.getChaincodeProposalPayload_asU8(), endorsed: payload.getAction() };
}

/** Whether peers of a majority of the actors signed these very bytes. */
function isEndorsed(members: Members, response: Uint8Array, endorsements: readonly peer.Endorsement[]): boolean {
  const actors = new Set<string>();
  for (const endorsement of endorsements) {
    const endorser = endorsement.getEndorser_asU8();
    try {
      const member = members.identify(endorser);
      const signed = member.signed(Buffer.concat([response, endorser]), endorsement.getSignature_asU8());
      if (member.role === 'peer' && signed) actors.add(member.mspId);
    } catch (error) {
      if (!(error instanceof AccessDenied)) throw error;
    }
  }
  return actors.size > members.actors.length / 2;
}
