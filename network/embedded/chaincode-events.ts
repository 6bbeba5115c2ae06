import type { ServerWritableStream } from '@grpc/grpc-js';
import { common, gateway, peer as peerProtos } from '@hyperledger/fabric-protos';
import { decode } from '../messages/decode.js';
import { startOf } from './deliver-service.js';
import { asGatewayError } from './grpc-errors.js';
import { AccessDenied } from './members.js';
import type { Peer } from './peer.js';
import { checkChannel, decoded } from './proposal.js';
import { followBlocks, writeTo } from './streams.js';

type Call = ServerWritableStream<gateway.SignedChaincodeEventsRequest, gateway.ChaincodeEventsResponse>;

/** `gateway.Gateway/ChaincodeEvents`: the events that valid transactions of one chaincode set, block by block. */
export async function chaincodeEvents(peer: Peer, call: Call): Promise<void> {
  try {
    const { request, start } = checkRequest(peer, call.request);
    for await (const { number, bytes } of followBlocks(peer, start, call)) {
      const events = eventsIn(peer, bytes, request.getChaincodeId(), request.getAfterTransactionId());
      if (events.length === 0) continue;
      const response = new gateway.ChaincodeEventsResponse();
      response.setBlockNumber(number);
      response.setEventsList(events);
      await writeTo(call, response);
    }
    call.end();
  } catch (error) {
    call.emit('error', asGatewayError(error));
  }
}

function checkRequest(peer: Peer, signed: gateway.SignedChaincodeEventsRequest) {
  const bytes = signed.getRequest_asU8();
  const request = decoded(() => gateway.ChaincodeEventsRequest.deserializeBinary(bytes), 'chaincode events request');
  checkChannel(peer.channel, request.getChannelId());
  const member = peer.members.identify(request.getIdentity_asU8());
  if (!member.signed(bytes, signed.getSignature_asU8())) {
    throw new AccessDenied("the request's signature is not its identity's");
  }
  const after = peer.store.transaction(request.getAfterTransactionId());
  return { request, start: after?.block ?? startOf(request.getStartPosition(), peer.store.height) };
}

function eventsIn(peer: Peer, bytes: Uint8Array, chaincode: string, after: string): peerProtos.ChaincodeEvent[] {
  const block = common.Block.deserializeBinary(bytes);
  const filter = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.TRANSACTIONS_FILTER];
  const envelopes = block.getData()?.getDataList_asU8() ?? [];
  const events = envelopes
    .filter((_, index) => filter?.[index] === peerProtos.TxValidationCode.VALID)
    .flatMap((envelope) => eventOf(envelope))
    .filter((event) => event.getChaincodeId() === chaincode);
  const position = after === '' ? -1 : peer.store.transaction(after)?.position;
  const passed = events.findIndex((event) => event.getTxId() === after);
  return position === undefined || passed < 0 ? events : events.slice(passed + 1);
}

function eventOf(envelope: Uint8Array): peerProtos.ChaincodeEvent[] {
  const payload = decode(common.Payload, decode(common.Envelope, envelope).getPayload_asU8());
  const header = decode(common.ChannelHeader, payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array());
  if (header.getType() !== common.HeaderType.ENDORSER_TRANSACTION) return [];
  const [action] = decode(peerProtos.Transaction, payload.getData_asU8()).getActionsList();
  const endorsed = decode(peerProtos.ChaincodeActionPayload, action?.getPayload_asU8() ?? new Uint8Array()).getAction();
  const response = decode(
    peerProtos.ProposalResponsePayload,
    endorsed?.getProposalResponsePayload_asU8() ?? new Uint8Array(),
  );
  const bytes = decode(peerProtos.ChaincodeAction, response.getExtension_asU8()).getEvents_asU8();
  return bytes.length === 0 ? [] : [decode(peerProtos.ChaincodeEvent, bytes)];
}
