import type { Status, Transaction } from '@hyperledger/fabric-gateway';
import { gateway, msp } from '@hyperledger/fabric-protos';
import { NetworkError } from './errors.js';
import { invalidTransaction } from './gateway-errors.js';
import { type GatewayPeers, isPeersFault, type PeerConnection, within } from './gateway-peers.js';

/** A block takes a few seconds at the most; a transaction that is in none by now was lost on the way. */
const COMMIT_WITHIN_MS = 8_000;
/** A transaction that is on the ledger already is told of at once. */
const LOOK_UP_WITHIN_MS = 2_000;
const TIMES = 4;

/**
 * Submits an endorsed transaction and waits for its commit status, which alone tells what became of it: an orderer that took
 * a transaction and then died has lost it. Without a status the same transaction is sent again, to another peer if this one
 * does not answer. Sent twice it still counts once, for its ID is the same; and a peer that is asked for the status of an ID
 * answers with the transaction that came first.
 * @param channel where it was endorsed
 * @throws NetworkError `INVALID`, `CONFLICT`, `REFUSED`; `TIMEOUT` or `UNREACHABLE` if its outcome is still open
 */
export async function submitUntilCommitted(
  peers: GatewayPeers,
  transaction: Transaction,
  channel: string,
): Promise<Status> {
  let open: NetworkError | undefined;
  for (let time = 0; time < TIMES; time += 1) {
    for (const peer of peers.inOrder()) {
      try {
        return await (open === undefined ? submit(peers, peer, transaction) : again(peers, peer, transaction, channel));
      } catch (error) {
        if (!isOpen(error, open !== undefined)) throw error;
        // Whoever does not take it the second time says nothing of the first.
        if (!isPeersFault(error)) continue;
        open = error;
        // It answers; that there is no commit is not its fault.
        if (error.code === 'TIMEOUT') break;
        peer.leave();
      }
    }
    if (open?.code === 'UNREACHABLE') break;
  }
  throw open;
}

async function submit(peers: GatewayPeers, peer: PeerConnection, transaction: Transaction): Promise<Status> {
  const status = await peers.on(peer, async () => {
    const submitted = await peer.gateway.newTransaction(transaction.getBytes()).submit();
    return submitted.getStatus(within(COMMIT_WITHIN_MS));
  });
  return valid(status);
}

/** Orderers that had it already may not take it the second time; what became of it, the ledger knows. */
async function again(
  peers: GatewayPeers,
  peer: PeerConnection,
  transaction: Transaction,
  channel: string,
): Promise<Status> {
  try {
    return await submit(peers, peer, transaction);
  } catch (error) {
    if (!isOpen(error, true)) throw error;
    const status = await peers.on(peer, () => lookUp(peer, transaction, channel)).catch(() => undefined);
    if (status === undefined) throw error;
    return valid(status);
  }
}

/** Asks for the commit status of a transaction without sending it. */
function lookUp({ gateway: client }: PeerConnection, transaction: Transaction, channel: string): Promise<Status> {
  const { mspId, credentials } = client.getIdentity();
  const creator = new msp.SerializedIdentity();
  creator.setMspid(mspId);
  creator.setIdBytes(credentials);
  const request = new gateway.CommitStatusRequest();
  request.setChannelId(channel);
  request.setTransactionId(transaction.getTransactionId());
  request.setIdentity(creator.serializeBinary());
  const unsigned = new gateway.SignedCommitStatusRequest();
  unsigned.setRequest(request.serializeBinary());
  return client.newCommit(unsigned.serializeBinary()).getStatus(within(LOOK_UP_WITHIN_MS));
}

/** @throws NetworkError `INVALID`, `CONFLICT` */
function valid(status: Status): Status {
  if (!status.successful) throw invalidTransaction(status);
  return status;
}

/** Whether the transaction may commit, or be committed already, for all this error says. */
function isOpen(error: unknown, sentBefore: boolean): error is NetworkError {
  if (isPeersFault(error)) return true;
  return sentBefore && error instanceof NetworkError && (error.code === 'REFUSED' || error.code === 'BUSY');
}
