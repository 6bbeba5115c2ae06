import { common, msp, peer } from '@hyperledger/fabric-protos';
import type { Credentials } from '../pki.js';
import { messageSigner } from '../signer.js';
import { type BlockSigner, sha256 } from './blocks.js';
import type { Simulation } from './contract-host.js';
import type { CheckedProposal } from './proposal.js';
import { encodeReadWriteSet } from './rwset.js';

/** What of a proposal goes into its transaction. */
type ProposalParts = Pick<CheckedProposal, 'transactionId' | 'channelHeader' | 'signatureHeader' | 'payload'>;

/** Signs what a run of the contract came to, once with each actor's peer key. */
export class Endorser {
  readonly #chaincode: string;
  readonly #peers: readonly BlockSigner[];

  /** @param peers each actor's peer credentials, by MSP */
  constructor(chaincode: string, peers: ReadonlyMap<string, Credentials>) {
    this.#chaincode = chaincode;
    this.#peers = [...peers].map(([actor, { certificate, key }]) => {
      const identity = new msp.SerializedIdentity();
      identity.setMspid(actor);
      identity.setIdBytes(Buffer.from(certificate));
      return { identity: identity.serializeBinary(), sign: messageSigner(key) };
    });
  }

  /** The peer keys of all actors. */
  get signers(): readonly BlockSigner[] {
    return this.#peers;
  }

  /** The transaction, ready for its creator's signature. */
  endorse(proposal: ProposalParts, simulation: Simulation): common.Envelope {
    const response = this.#responsePayload(proposal, simulation);
    const action = new peer.ChaincodeEndorsedAction();
    action.setProposalResponsePayload(response);
    action.setEndorsementsList(this.#peers.map((each) => endorsement(each, response)));
    const actionPayload = new peer.ChaincodeActionPayload();
    actionPayload.setChaincodeProposalPayload(proposal.payload);
    actionPayload.setAction(action);
    const transactionAction = new peer.TransactionAction();
    transactionAction.setHeader(proposal.signatureHeader);
    transactionAction.setPayload(actionPayload.serializeBinary());
    const transaction = new peer.Transaction();
    transaction.setActionsList([transactionAction]);
    const header = new common.Header();
    header.setChannelHeader(proposal.channelHeader);
    header.setSignatureHeader(proposal.signatureHeader);
    const payload = new common.Payload();
    payload.setHeader(header);
    payload.setData(transaction.serializeBinary());
    const envelope = new common.Envelope();
    envelope.setPayload(payload.serializeBinary());
    return envelope;
  }

  #responsePayload(proposal: ProposalParts, simulation: Simulation): Uint8Array {
    const id = new peer.ChaincodeID();
    id.setName(this.#chaincode);
    id.setVersion('1');
    const action = new peer.ChaincodeAction();
    action.setResults(encodeReadWriteSet(this.#chaincode, simulation.readWriteSet));
    action.setResponse(responseOf(simulation));
    action.setChaincodeId(id);
    if (simulation.event !== undefined) {
      const event = new peer.ChaincodeEvent();
      event.setChaincodeId(this.#chaincode);
      event.setTxId(proposal.transactionId);
      event.setEventName(simulation.event.name);
      event.setPayload(simulation.event.payload);
      action.setEvents(event.serializeBinary());
    }
    const payload = new peer.ProposalResponsePayload();
    payload.setProposalHash(proposalHash(proposal.channelHeader, proposal.signatureHeader, proposal.payload));
    payload.setExtension$(action.serializeBinary());
    return payload.serializeBinary();
  }
}

/** Binds a response to the proposal it answers. */
export function proposalHash(
  channelHeader: Uint8Array,
  signatureHeader: Uint8Array,
  proposalPayload: Uint8Array,
): Uint8Array {
  return sha256(channelHeader, signatureHeader, proposalPayload);
}

export function responseOf({ status, message, payload }: Simulation): peer.Response {
  const response = new peer.Response();
  response.setStatus(status);
  response.setMessage(message);
  response.setPayload(payload);
  return response;
}

function endorsement({ identity, sign }: BlockSigner, response: Uint8Array): peer.Endorsement {
  const result = new peer.Endorsement();
  result.setEndorser(identity);
  result.setSignature(sign(Buffer.concat([response, identity])));
  return result;
}
