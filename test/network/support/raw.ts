import { Client, credentials } from '@grpc/grpc-js';
import { connect, type Gateway, hash, type Transaction } from '@hyperledger/fabric-gateway';
import { common, gateway as gatewayProtos, msp, peer } from '@hyperledger/fabric-protos';
import type { Profile } from '../../../network/profile.js';
import { messageSigner } from '../../../network/signer.js';
import { inParts, payloadInParts } from '../../support/in-parts.js';

/** The official client alone, for what our own connection would never do. */
export class RawClient {
  readonly gateway: Gateway;
  readonly #client: Client;
  readonly #profile: Profile;

  constructor(profile: Profile) {
    this.#profile = profile;
    this.#client = new Client(profile.endpoint, credentials.createSsl(Buffer.from(profile.tlsCa)));
    const sign = messageSigner(profile.key);
    this.gateway = connect({
      client: this.#client,
      identity: { mspId: profile.mspId, credentials: Buffer.from(profile.certificate) },
      hash: hash.none,
      signer: async (message) => sign(message),
    });
  }

  endorse(fn: string, ...args: string[]): Promise<Transaction> {
    const contract = this.gateway.getNetwork(this.#profile.channel).getContract(this.#profile.chaincode);
    return contract.newProposal(fn, { arguments: args }).endorse();
  }

  /**
   * Submits a call that its client writes in parts, wherever it writes and others take it as it is, and waits for its code. Peers
   * put the parts together.
   */
  async submitInParts(fn: string, ...args: string[]): Promise<{ readonly txId: string; readonly code: number }> {
    const contract = this.gateway.getNetwork(this.#profile.channel).getContract(this.#profile.chaincode);
    const proposed = gatewayProtos.ProposedTransaction.deserializeBinary(
      contract.newProposal(fn, { arguments: args }).getBytes(),
    );
    const signed = proposed.getProposal() ?? new peer.SignedProposal();
    const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
    const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
    payload.setInput(inParts(peer.ChaincodeInvocationSpec, payload.getInput_asU8()));
    proposal.setPayload(payload.serializeBinary());
    signed.setProposalBytes(proposal.serializeBinary());
    signed.setSignature('');
    const endorsed = await this.gateway.newProposal(proposed.serializeBinary()).endorse();
    const prepared = gatewayProtos.PreparedTransaction.deserializeBinary(endorsed.getBytes());
    const written = payloadInParts(prepared.getEnvelope()?.getPayload_asU8() ?? new Uint8Array());
    await this.#submit(endorsed.getTransactionId(), written);
    const { code } = await this.#commit(endorsed.getTransactionId()).getStatus();
    return { txId: endorsed.getTransactionId(), code };
  }

  /** The official client reads what it submits, and could not. */
  async #submit(txId: string, payload: Uint8Array): Promise<void> {
    const envelope = new common.Envelope();
    envelope.setPayload(payload);
    envelope.setSignature(messageSigner(this.#profile.key)(payload));
    const request = new gatewayProtos.SubmitRequest();
    request.setTransactionId(txId);
    request.setChannelId(this.#profile.channel);
    request.setPreparedTransaction(envelope);
    await new Promise<void>((resolve, reject) => {
      this.#client.makeUnaryRequest(
        '/gateway.Gateway/Submit',
        (message: gatewayProtos.SubmitRequest) => Buffer.from(message.serializeBinary()),
        (bytes) => gatewayProtos.SubmitResponse.deserializeBinary(bytes),
        request,
        (error) => (error === null ? resolve() : reject(error)),
      );
    });
  }

  #commit(txId: string) {
    const identity = new msp.SerializedIdentity();
    identity.setMspid(this.#profile.mspId);
    identity.setIdBytes(Buffer.from(this.#profile.certificate));
    const asked = new gatewayProtos.CommitStatusRequest();
    asked.setTransactionId(txId);
    asked.setChannelId(this.#profile.channel);
    asked.setIdentity(identity.serializeBinary());
    const request = new gatewayProtos.SignedCommitStatusRequest();
    request.setRequest(asked.serializeBinary());
    return this.gateway.newCommit(request.serializeBinary());
  }

  /** The same transaction with its endorsed action changed, still unsigned. */
  forge(transaction: Transaction, change: (action: peer.ChaincodeActionPayload) => void): Transaction {
    const prepared = gatewayProtos.PreparedTransaction.deserializeBinary(transaction.getBytes());
    const envelope = prepared.getEnvelope() ?? new common.Envelope();
    const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
    const inner = peer.Transaction.deserializeBinary(payload.getData_asU8());
    const [outer = new peer.TransactionAction()] = inner.getActionsList();
    const action = peer.ChaincodeActionPayload.deserializeBinary(outer.getPayload_asU8());
    change(action);
    outer.setPayload(action.serializeBinary());
    payload.setData(inner.serializeBinary());
    envelope.setPayload(payload.serializeBinary());
    envelope.setSignature('');
    prepared.setEnvelope(envelope);
    return this.gateway.newTransaction(prepared.serializeBinary());
  }

  /** The same transaction with its channel header changed, still unsigned. */
  reheaded(transaction: Transaction, change: (header: common.ChannelHeader) => void): Transaction {
    const prepared = gatewayProtos.PreparedTransaction.deserializeBinary(transaction.getBytes());
    const envelope = prepared.getEnvelope() ?? new common.Envelope();
    const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
    const channelHeader = common.ChannelHeader.deserializeBinary(
      payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
    );
    change(channelHeader);
    payload.getHeader()?.setChannelHeader(channelHeader.serializeBinary());
    envelope.setPayload(payload.serializeBinary());
    envelope.setSignature('');
    return this.gateway.newTransaction(prepared.serializeBinary());
  }

  close(): void {
    this.gateway.close();
    this.#client.close();
  }
}
