import type { Status, Transaction } from '@hyperledger/fabric-gateway';
import { NetworkError } from './errors.js';
import { invalidTransaction } from './gateway-errors.js';
import { type GatewayPeers, isPeersFault, type PeerConnection, within } from './gateway-peers.js';

/** A block takes a few seconds at the most; a transaction that is in none by now was lost on the way. */
const COMMIT_WITHIN_MS = 15_000;
const TIMES = 4;

/**
 * Submits an endorsed transaction and waits for its commit status, which alone tells what became of it: an orderer that took
 * a transaction and then died has lost it. Without a status the same transaction is sent again, to another peer if this one
 * does not answer. Sent twice it still counts once, for its ID is the same; and a peer that is asked for the status of an ID
 * answers with the transaction that came first.
 * @throws NetworkError `INVALID`, `CONFLICT`, `REFUSED`; `TIMEOUT` or `UNREACHABLE` if its outcome is still open
 */
export async function submitUntilCommitted(peers: GatewayPeers, transaction: Transaction): Promise<Status> {
  let open: NetworkError | undefined;
  for (let time = 0; time < TIMES; time += 1) {
    for (const peer of peers.inOrder()) {
      try {
        return await submitOnce(peers, peer, transaction);
      } catch (error) {
        if (!isOpen(error, open !== undefined)) throw error;
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

async function submitOnce(peers: GatewayPeers, peer: PeerConnection, transaction: Transaction): Promise<Status> {
  const status = await peers.on(peer, async () => {
    const submitted = await peer.gateway.newTransaction(transaction.getBytes()).submit();
    return submitted.getStatus(within(COMMIT_WITHIN_MS));
  });
  if (!status.successful) throw invalidTransaction(status);
  return status;
}

/** Whether the transaction may commit, or be committed already, for all this error says. */
function isOpen(error: unknown, sentBefore: boolean): error is NetworkError {
  if (!(error instanceof NetworkError)) return false;
  // Orderers that have it already may refuse it the second time.
  return isPeersFault(error) || (sentBefore && error.code === 'REFUSED');
}
