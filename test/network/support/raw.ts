import { Client, credentials } from '@grpc/grpc-js';
import { connect, type Gateway, hash, type Transaction } from '@hyperledger/fabric-gateway';
import { common, gateway as gatewayProtos, peer } from '@hyperledger/fabric-protos';
import type { Profile } from '../../../network/profile.js';
import { messageSigner } from '../../../network/signer.js';

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
