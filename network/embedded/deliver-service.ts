import { status as grpcStatus, type handleBidiStreamingCall, type ServerDuplexStream } from '@grpc/grpc-js';
import { common, orderer, peer as protos } from '@hyperledger/fabric-protos';
import { asGatewayError, gatewayError } from './grpc-errors.js';
import { AccessDenied } from './members.js';
import type { Peer } from './peer.js';
import { checkChannel, decoded, Malformed } from './proposal.js';
import { followBlocks, writeTo } from './streams.js';

const BLOCK_FIELD_TAG = 0x12;
/** A signed request is good for so long: whoever overheard one cannot use it for ever. */
const TIME_WINDOW_MS = 15 * 60 * 1000;

/**
 * `protos.Deliver` with the difference that answers are sent as the bytes they are stored as: to decode a block for
 * the sake of encoding it again is what following would cost most.
 */
export const deliverDefinition = {
  ...protos.DeliverService,
  deliver: { ...protos.DeliverService.deliver, responseSerialize: (bytes: Buffer): Buffer => bytes },
};

type Call = ServerDuplexStream<common.Envelope, Buffer>;

/** The services of `protos.Deliver`: whole blocks, past and to come. */
export function deliverService(peer: Peer) {
  return {
    deliver: ((call: Call) => {
      // One request after the other, each until its last block.
      let work = Promise.resolve();
      call.on('data', (envelope: common.Envelope) => {
        work = work.then(() => deliver(peer, call, envelope));
      });
      call.on('end', () => {
        void work.then(() => call.end());
      });
    }) satisfies handleBidiStreamingCall<common.Envelope, Buffer>,
    deliverFiltered: unimplemented,
    deliverWithPrivateData: unimplemented,
  };
}

async function deliver(peer: Peer, call: Call, envelope: common.Envelope): Promise<void> {
  try {
    const status = await answer(peer, call, envelope);
    if (status !== undefined) await writeTo(call, statusResponse(status));
  } catch (error) {
    call.emit('error', asGatewayError(error));
  }
}

/** Sends the blocks that one request asks for. @returns the closing status, `undefined` if the client left */
async function answer(peer: Peer, call: Call, envelope: common.Envelope): Promise<number | undefined> {
  let seek: orderer.SeekInfo;
  try {
    seek = checkSeek(peer, envelope);
  } catch (error) {
    if (error instanceof AccessDenied) return common.Status.FORBIDDEN;
    if (error instanceof Malformed) return common.Status.BAD_REQUEST;
    throw error;
  }
  const start = startOf(seek.getStart(), peer.store.height);
  const stop = stopOf(seek.getStop(), peer.store.height);
  if (stop < start) return common.Status.BAD_REQUEST;
  if (seek.getBehavior() === orderer.SeekInfo.SeekBehavior.FAIL_IF_NOT_READY && start >= peer.store.height) {
    return common.Status.NOT_FOUND;
  }
  for await (const { number, bytes } of followBlocks(peer, start, call)) {
    await writeTo(call, blockResponse(bytes));
    if (number >= stop) return common.Status.SUCCESS;
  }
  return undefined;
}

function checkSeek(peer: Peer, envelope: common.Envelope): orderer.SeekInfo {
  const bytes = envelope.getPayload_asU8();
  const payload = decoded(() => common.Payload.deserializeBinary(bytes), 'seek request');
  const header = payload.getHeader();
  if (header === undefined) throw new Malformed('the seek request has no header');
  const channel = decoded(() => common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8()), 'header');
  const signature = decoded(() => common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8()), 'header');
  checkChannel(peer.channel, channel.getChannelId());
  const sent = channel.getTimestamp()?.toDate().getTime() ?? 0;
  if (Math.abs(Date.now() - sent) > TIME_WINDOW_MS) throw new Malformed('the seek request is too old');
  const member = peer.members.identify(signature.getCreator_asU8());
  if (!member.signed(bytes, envelope.getSignature_asU8())) {
    throw new AccessDenied("the seek request's signature is not its creator's");
  }
  return decoded(() => orderer.SeekInfo.deserializeBinary(payload.getData_asU8()), 'seek request');
}

/** The number of the first block that a position means; without one, the next to come. */
export function startOf(position: orderer.SeekPosition | undefined, height: number): number {
  if (position?.hasOldest()) return 0;
  if (position?.hasSpecified()) return position.getSpecified()?.getNumber() ?? 0;
  if (position?.hasNewest()) return height - 1;
  return height;
}

function stopOf(position: orderer.SeekPosition | undefined, height: number): number {
  if (position?.hasOldest()) return 0;
  if (position?.hasSpecified()) return position.getSpecified()?.getNumber() ?? 0;
  if (position?.hasNewest()) return height - 1;
  return Number.MAX_SAFE_INTEGER;
}

/** A `DeliverResponse` around the stored bytes of a block. */
function blockResponse(block: Buffer): Buffer {
  const head = [BLOCK_FIELD_TAG];
  let rest = block.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) head.push((rest % 128) | 0x80);
  head.push(rest);
  return Buffer.concat([Buffer.from(head), block]);
}

function statusResponse(status: number): Buffer {
  const response = new protos.DeliverResponse();
  response.setStatus(status as Parameters<protos.DeliverResponse['setStatus']>[0]);
  return Buffer.from(response.serializeBinary());
}

const unimplemented: handleBidiStreamingCall<common.Envelope, protos.DeliverResponse> = (call) => {
  call.emit('error', gatewayError(grpcStatus.UNIMPLEMENTED, 'the embedded ledger delivers whole blocks only'));
};
