import { type CallOptions, Client, credentials } from '@grpc/grpc-js';
import { connect as connectGateway, type Gateway, hash } from '@hyperledger/fabric-gateway';
import { NetworkError } from './errors.js';
import { fromGateway } from './gateway-errors.js';
import type { TokenSigner } from './pkcs11.js';
import type { GatewayPeer, Profile } from './profile.js';

/** Blocks and batches outgrow gRPC's own limit of 4 MiB. */
export const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

/** How long each step may take, in milliseconds. */
const DEADLINE = { evaluate: 30_000, endorse: 30_000, submit: 10_000 };

/** A peer that did not answer is asked after the others for so long. */
const AWAY_MS = 10_000;

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}):/;

/** One peer's gateway, as one identity uses it. */
export interface PeerConnection {
  readonly endpoint: string;
  readonly gateway: Gateway;
  /** Asks the others first for a while. */
  leave(): void;
}

/** The peers that an identity may reach its channel by: its own, and others while that one does not answer. */
export class GatewayPeers {
  readonly #profile: Profile;
  readonly #signer: TokenSigner;
  readonly #peers: readonly Peer[];
  #closed = false;

  /** @throws NetworkError `PROFILE` if a TLS CA certificate cannot be used */
  constructor(profile: Profile, signer: TokenSigner) {
    this.#profile = profile;
    this.#signer = signer;
    this.#peers = [profile, ...(profile.alternatives ?? [])].map((peer) => new Peer(profile, peer, signer));
  }

  /** In the profile's order; those that did not answer a moment ago come last. */
  inOrder(): PeerConnection[] {
    return [...this.#peers.filter(({ away }) => !away), ...this.#peers.filter(({ away }) => away)];
  }

  /** The one to ask now. */
  first(): PeerConnection {
    const [peer] = this.inOrder();
    if (peer === undefined) throw new NetworkError('PROFILE', 'The profile names no peer.');
    return peer;
  }

  /**
   * Asks one peer after the other, until one answers.
   * @throws NetworkError of the first peer where none does, with what the last one said; any other at once
   */
  async any<T>(call: (peer: PeerConnection) => Promise<T>): Promise<T> {
    const missed: NetworkError[] = [];
    for (const peer of this.inOrder()) {
      try {
        return await this.on(peer, () => call(peer));
      } catch (error) {
        if (!isPeersFault(error)) throw error;
        peer.leave();
        missed.push(error);
      }
    }
    throw noneOf(missed);
  }

  /** Calls one peer. @throws NetworkError */
  async on<T>(peer: PeerConnection, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const known = fromGateway(error, peer.endpoint, this.#profile);
      throw known.code === 'CLOSED' && !this.#closed ? brokenOff(known, peer.endpoint) : known;
    }
  }

  close(): void {
    this.#closed = true;
    for (const peer of this.#peers) peer.close();
    this.#signer.close();
  }
}

function noneOf([first, ...others]: readonly NetworkError[]): NetworkError {
  if (first === undefined) return new NetworkError('PROFILE', 'The profile names no peer.');
  const last = others.at(-1);
  if (last === undefined || last.message === first.message) return first;
  const { code, retryable, transactionId } = first;
  return new NetworkError(code, `${first.message} Of the profile's other peers none helps: ${last.message}`, {
    cause: first,
    retryable,
    ...(transactionId === undefined ? {} : { transactionId }),
  });
}

/** A peer cancels calls of its own accord too, when their time is up or it loses an orderer. */
function brokenOff(error: NetworkError, endpoint: string): NetworkError {
  const { transactionId } = error;
  return new NetworkError('TIMEOUT', `${endpoint} broke the call off; what was submitted may still commit.`, {
    cause: error,
    retryable: true,
    ...(transactionId === undefined ? {} : { transactionId }),
  });
}

/** Whether another peer may do better. */
export function isPeersFault(error: unknown): error is NetworkError {
  return error instanceof NetworkError && (error.code === 'UNREACHABLE' || error.code === 'TIMEOUT');
}

class Peer implements PeerConnection {
  readonly endpoint: string;
  readonly gateway: Gateway;
  readonly #client: Client;
  #awayUntil = 0;

  constructor(profile: Profile, peer: GatewayPeer, signer: TokenSigner) {
    this.endpoint = peer.endpoint;
    this.#client = newClient(peer);
    this.gateway = connectGateway({
      client: this.#client,
      identity: { mspId: profile.mspId, credentials: Buffer.from(profile.certificate) },
      // The signer hashes natively, in one step.
      hash: hash.none,
      signer: signer.sign,
      evaluateOptions: () => within(DEADLINE.evaluate),
      endorseOptions: () => within(DEADLINE.endorse),
      submitOptions: () => within(DEADLINE.submit),
    });
  }

  get away(): boolean {
    return performance.now() < this.#awayUntil;
  }

  leave(): void {
    this.#awayUntil = performance.now() + AWAY_MS;
  }

  close(): void {
    this.gateway.close();
    this.#client.close();
  }
}

/** The deadline of a call that begins now. */
export function within(milliseconds: number): CallOptions {
  return { deadline: Date.now() + milliseconds };
}

/** So much may be on its way: with HTTP/2's own 64 KiB a block takes several turns of two processes that are both busy. */
const WINDOW_BYTES = 8 * 1024 * 1024;

function newClient({ endpoint, tlsCa, tlsHost }: GatewayPeer): Client {
  try {
    return new Client(endpoint, credentials.createSsl(Buffer.from(tlsCa)), {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc-node.flow_control_window': WINDOW_BYTES,
      // A peer that vanished without a word must not leave a block stream waiting for ever.
      'grpc.keepalive_time_ms': 120_000,
      'grpc.keepalive_timeout_ms': 20_000,
      // No proxy reaches our own loopback.
      ...(LOOPBACK.test(endpoint) ? { 'grpc.enable_http_proxy': 0 } : {}),
      ...(tlsHost === undefined ? {} : { 'grpc.ssl_target_name_override': tlsHost }),
    });
  } catch (cause) {
    throw new NetworkError('PROFILE', "The profile's TLS CA certificate is no valid PEM.", { cause });
  }
}
