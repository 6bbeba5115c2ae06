import {
  status as grpcStatus,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { gateway } from '@hyperledger/fabric-protos';
import { chaincodeEvents } from './chaincode-events.js';
import { Stopped } from './committer.js';
import type { Simulation } from './contract-host.js';
import { responseOf } from './endorser.js';
import { asGatewayError, gatewayError } from './grpc-errors.js';
import { InFlight } from './in-flight.js';
import { AccessDenied } from './members.js';
import type { Peer } from './peer.js';
import { type CheckedProposal, checkChannel, checkProposal, decoded, Malformed } from './proposal.js';
import { QSCC, queryLedger } from './system-chaincode.js';
import { inspectTransaction } from './validator.js';

/** A transaction larger than this goes into no block. */
const MAX_TRANSACTION_BYTES = 10 * 1024 * 1024;

type Unary<Request, Response> = (request: Request, call: ServerUnaryCall<Request, Response>) => Promise<Response>;

/** The services of `gateway.Gateway`. Nothing that a client says is believed before its signature is checked. */
export function gatewayService(peer: Peer) {
  const inFlight = new InFlight();
  return {
    evaluate: unary<gateway.EvaluateRequest, gateway.EvaluateResponse>((request) => evaluate(peer, request)),
    endorse: unary<gateway.EndorseRequest, gateway.EndorseResponse>((request) =>
      inFlight.during(() => endorse(peer, inFlight, request)),
    ),
    submit: unary<gateway.SubmitRequest, gateway.SubmitResponse>((request) => submit(peer, inFlight, request)),
    commitStatus: unary<gateway.SignedCommitStatusRequest, gateway.CommitStatusResponse>((request, call) =>
      commitStatus(peer, request, cancellation(call)),
    ),
    chaincodeEvents: ((call) => {
      void chaincodeEvents(peer, call);
    }) satisfies handleServerStreamingCall<gateway.SignedChaincodeEventsRequest, gateway.ChaincodeEventsResponse>,
  };
}

async function evaluate(peer: Peer, request: gateway.EvaluateRequest): Promise<gateway.EvaluateResponse> {
  checkChannel(peer.channel, request.getChannelId());
  const proposal = checkProposal(peer.members, peer.channel, request.getProposedTransaction());
  const simulation = await simulate(peer, proposal);
  if (simulation.status >= 400) {
    const reason = reasonOf(simulation);
    throw gatewayError(grpcStatus.UNKNOWN, `evaluate call to endorser returned error: ${reason}`, [
      { address: peer.endpoint, mspId: proposal.creator.mspId, message: reason },
    ]);
  }
  const response = new gateway.EvaluateResponse();
  response.setResult(responseOf(simulation));
  return response;
}

async function endorse(
  peer: Peer,
  inFlight: InFlight,
  request: gateway.EndorseRequest,
): Promise<gateway.EndorseResponse> {
  checkChannel(peer.channel, request.getChannelId());
  const proposal = checkProposal(peer.members, peer.channel, request.getProposedTransaction());
  const refuse = (message: string) =>
    gatewayError(
      grpcStatus.ABORTED,
      'failed to endorse transaction, see attached details for more info',
      peer.members.actors.map((mspId) => ({ address: peer.endpoint, mspId, message })),
    );
  if (peer.store.transaction(proposal.transactionId) !== undefined) {
    throw refuse(`duplicate transaction found [${proposal.transactionId}]`);
  }
  if (proposal.chaincode !== peer.chaincode) throw refuse(`${proposal.chaincode} takes no transactions here`);
  const simulation = await simulate(peer, proposal);
  if (simulation.status >= 400) throw refuse(reasonOf(simulation));
  if (simulation.ranged && simulation.readWriteSet.writes.size > 0) {
    throw refuse('a transaction that asks for a range of keys and writes cannot be checked for phantom reads here');
  }
  const response = new gateway.EndorseResponse();
  response.setPreparedTransaction(peer.endorser.endorse(proposal, simulation));
  inFlight.endorsed(proposal.transactionId);
  return response;
}

async function submit(peer: Peer, inFlight: InFlight, request: gateway.SubmitRequest): Promise<gateway.SubmitResponse> {
  checkChannel(peer.channel, request.getChannelId());
  const { channel, chaincode, members } = peer;
  const transaction = inspectTransaction(members, channel, chaincode, request.getPreparedTransaction());
  if (transaction.envelope.length > MAX_TRANSACTION_BYTES) {
    throw new Malformed(`the transaction has ${transaction.envelope.length} bytes, over ${MAX_TRANSACTION_BYTES}`);
  }
  inFlight.submitted(transaction.transactionId);
  peer.committer.submit(transaction, inFlight.any);
  return new gateway.SubmitResponse();
}

async function commitStatus(
  peer: Peer,
  signed: gateway.SignedCommitStatusRequest,
  signal: AbortSignal,
): Promise<gateway.CommitStatusResponse> {
  const bytes = signed.getRequest_asU8();
  const request = decoded(() => gateway.CommitStatusRequest.deserializeBinary(bytes), 'commit status request');
  checkChannel(peer.channel, request.getChannelId());
  const member = peer.members.identify(request.getIdentity_asU8());
  if (!member.signed(bytes, signed.getSignature_asU8())) {
    throw new AccessDenied("the request's signature is not its identity's");
  }
  const { code, block } = await peer.committer.status(request.getTransactionId(), signal);
  const response = new gateway.CommitStatusResponse();
  response.setResult(code as Parameters<gateway.CommitStatusResponse['setResult']>[0]);
  response.setBlockNumber(block);
  return response;
}

async function simulate(peer: Peer, proposal: CheckedProposal): Promise<Simulation> {
  const { channel, store } = peer;
  const { transactionId, input, signedProposal } = proposal;
  if (proposal.chaincode === QSCC) {
    const payload = queryLedger(store, channel, input.getArgsList_asU8());
    const readWriteSet = { reads: new Map(), writes: new Map() };
    return { status: 200, message: '', payload, readWriteSet, ranged: false };
  }
  if (proposal.chaincode !== peer.chaincode) {
    throw new Malformed(`there is no chaincode "${proposal.chaincode.slice(0, 100)}" on this channel`);
  }
  return peer.contract.run({ channel, transactionId, input, signedProposal }, store);
}

function reasonOf({ status, message }: Simulation): string {
  return `chaincode response ${status}, ${message}`;
}

function unary<Request, Response>(run: Unary<Request, Response>): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    run(call.request, call).then(
      (response) => callback(null, response),
      (error: unknown) => callback(asGatewayError(error)),
    );
  };
}

const GONE = new Stopped('the client is gone');

/** Aborted when the client gives up, its deadline passes, or its connection breaks. */
function cancellation(call: Pick<ServerUnaryCall<unknown, unknown>, 'on'>): AbortSignal {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort(GONE));
  return controller.signal;
}
