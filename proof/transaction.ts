import { createHash } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import { decode } from '../network/messages/decode.js';
import { genuineSigners } from '../reconciler/ledger/channel-policy.js';
import { hasSigned, type Identity } from '../reconciler/ledger/identity.js';
import type { Membership } from '../reconciler/ledger/membership.js';
import { type Access, accessOf } from './access.js';

/** An endorser transaction, as far as it can be judged by itself. */
export interface CheckedTransaction {
  readonly txId: string;
  /** Undefined if the certificate is none of the channel's or the signature is wrong. */
  readonly creator: Identity | undefined;
  /** What the client's clock said, in milliseconds; undefined if it said nothing. */
  readonly timestamp: number | undefined;
  /** Genuine ones. */
  readonly endorsers: readonly Identity[];
  /** Why it cannot be valid, whatever the state is and whoever has to endorse it; undefined if nothing speaks against it. */
  readonly fault: string | undefined;
  readonly access: readonly Access[];
}

const NONE = new Uint8Array();

/**
 * Checks an endorser transaction as a committing peer does: its form, its ID, its creator's signature, that what was
 * endorsed answers this proposal, and who genuinely endorsed it. Whether these are enough is another question.
 * @throws Error if it cannot be decoded
 */
export function checkTransaction(bytes: Uint8Array, chaincode: string, membership: Membership): CheckedTransaction {
  const envelope = decode(common.Envelope, bytes);
  const payload = decode(common.Payload, envelope.getPayload_asU8());
  const channelBytes = payload.getHeader()?.getChannelHeader_asU8() ?? NONE;
  const signatureBytes = payload.getHeader()?.getSignatureHeader_asU8() ?? NONE;
  const header = decode(common.ChannelHeader, channelBytes);
  const signer = decode(common.SignatureHeader, signatureBytes);
  const creator = membership.identityOf(signer.getCreator_asU8());
  const isSigned =
    creator !== undefined && hasSigned(creator, envelope.getPayload_asU8(), envelope.getSignature_asU8());
  const known = {
    txId: header.getTxId(),
    creator: isSigned ? creator : undefined,
    timestamp: header.getTimestamp()?.toDate().getTime(),
  };
  const without = (fault: string): CheckedTransaction => ({ ...known, endorsers: [], fault, access: [] });
  if (!isSigned) return without("its signature is not that of a member's certificate");
  if (!creator.isValid) return without("its creator's certificate was revoked or has no clear role");
  if (sha256(signer.getNonce_asU8(), signer.getCreator_asU8()) !== known.txId) {
    return without('its ID is not the hash of its nonce and creator');
  }
  const [action, ...more] = decode(peer.Transaction, payload.getData_asU8()).getActionsList();
  if (action === undefined || more.length > 0) return without('it has not exactly one action');
  const body = decode(peer.ChaincodeActionPayload, action.getPayload_asU8());
  const response = body.getAction()?.getProposalResponsePayload_asU8() ?? NONE;
  const answer = decode(peer.ProposalResponsePayload, response);
  // Fabric's peers take the action's own header for the proposal's: it may be written otherwise than the transaction's.
  const actionBytes = action.getHeader_asU8();
  const isOtherwise = !Buffer.from(actionBytes).equals(signatureBytes);
  if (isOtherwise && membership.config.ordererType === 'embedded') return without('its action is of another creator');
  if (![signer, decode(common.SignatureHeader, actionBytes)].every(isWhole) || header.getEpoch() !== 0) {
    return without('its headers are not as they must be');
  }
  const proposal = sha256(channelBytes, actionBytes, body.getChaincodeProposalPayload_asU8());
  if (Buffer.from(answer.getProposalHash_asU8()).toString('hex') !== proposal) {
    return without('what was endorsed answers another proposal');
  }
  const result = decode(peer.ChaincodeAction, answer.getExtension_asU8());
  if (result.getChaincodeId()?.getName() !== chaincode) return without('what was endorsed is of another chaincode');
  if (result.getChaincodeId()?.getVersion() === '') return without('what was endorsed names no version');
  if (!isEventOf(chaincode, result.getEvents_asU8())) return without('its event is of another chaincode');
  const access = accessOf(result.getResults_asU8());
  const namespaces = access.filter(({ collection }) => collection === undefined).map(({ namespace }) => namespace);
  if (new Set(namespaces).size < namespaces.length) return without('it names a namespace twice');
  const endorsements = body.getAction()?.getEndorsementsList() ?? [];
  const endorsers = genuineSigners(
    membership,
    endorsements.map((endorsement) => ({
      identity: endorsement.getEndorser_asU8(),
      data: Buffer.concat([response, endorsement.getEndorser_asU8()]),
      signature: endorsement.getSignature_asU8(),
    })),
  );
  return { ...known, endorsers, fault: undefined, access };
}

function isWhole(header: common.SignatureHeader): boolean {
  return header.getNonce_asU8().length > 0 && header.getCreator_asU8().length > 0;
}

/** An event, if there is one, is of the chaincode that was called. @throws Error if it cannot be decoded */
function isEventOf(chaincode: string, bytes: Uint8Array): boolean {
  return bytes.length === 0 || decode(peer.ChaincodeEvent, bytes).getChaincodeId() === chaincode;
}

function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
