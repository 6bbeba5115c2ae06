import { setTimeout as delay } from 'node:timers/promises';
import type { Contract, Network } from '@hyperledger/fabric-gateway';
import { common } from '@hyperledger/fabric-protos';
import { NetworkError } from './errors.js';
import { fromGateway } from './gateway-errors.js';
import { GatewayPeers, type PeerConnection } from './gateway-peers.js';
import { type TokenSigner, tokenSigner } from './pkcs11.js';
import { loadProfile, type Profile } from './profile.js';
import { messageSigner } from './signer.js';
import { submitUntilCommitted } from './submission.js';

/** What a transaction read may have changed, or be older at one peer than at another: then it is endorsed anew. */
const ENDORSED_TIMES = 5;
const CONFLICT_PAUSE_MS = 200;
/** One that is there comes at once; a peer may take the request and say nothing. */
const BLOCK_WITHIN_MS = 30_000;

/** A transaction that is on the ledger and valid. */
export interface Committed {
  readonly transactionId: string;
  readonly block: bigint;
  /** What the contract returned. */
  readonly result: string;
}

/** One identity's connection to its channel. All methods throw NetworkError. */
export interface LedgerConnection {
  readonly profile: Profile;
  /** Asks the contract without changing anything. */
  evaluate(fn: string, ...args: string[]): Promise<string>;
  /**
   * Endorses, submits, and waits for the commit: resolves only after a VALID commit status. Where that does not come, the
   * same transaction is sent again, for an orderer that took it may lose it. A `TIMEOUT` or `UNREACHABLE` with a
   * transaction ID leaves open whether it will commit.
   */
  submit(fn: string, ...args: string[]): Promise<Committed>;
  /** Has the peers endorse a call, and lets it go: shows that they would. */
  endorse(fn: string, ...args: string[]): Promise<void>;
  /** Number of blocks on the channel. */
  height(): Promise<bigint>;
  /**
   * Full blocks from number `start` on, following new ones until `signal` aborts (then it ends quietly).
   * @throws NetworkError `DELIVERY` when the stream breaks: open it again from the next block you need.
   */
  blocks(start: bigint, signal?: AbortSignal): AsyncIterable<common.Block>;
  close(): void;
}

/**
 * Connects an identity to its channel. Nothing is sent until the first call.
 * @throws NetworkError `PROFILE` if the profile's key or certificates cannot be used.
 * @example
 * const ledger = connect(loadProfile('ledger/actors/UserMSP/reconciler/profile.json'));
 * for await (const block of ledger.blocks(0n, signal)) console.log(block.getHeader()?.getNumber());
 */
export function connect(profile: Profile): LedgerConnection {
  return new GatewayConnection(profile, new GatewayPeers(profile, signerOf(profile)));
}

/**
 * Connects with a profile's file, runs, and closes; a signal to stop closes early.
 * @throws NetworkError
 */
export async function withConnection<T>(
  profileFile: string,
  signal: AbortSignal,
  run: (ledger: LedgerConnection) => Promise<T>,
): Promise<T> {
  const ledger = connect(loadProfile(profileFile));
  const stop = () => ledger.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await run(ledger);
  } finally {
    signal.removeEventListener('abort', stop);
    ledger.close();
  }
}

/**
 * One block that the channel has.
 * @throws NetworkError `DELIVERY`, also if the peer does not deliver it in time
 */
export async function blockAt(ledger: LedgerConnection, number: bigint): Promise<common.Block> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(BLOCK_WITHIN_MS)]);
  try {
    for await (const block of ledger.blocks(number, signal)) return block;
  } finally {
    stop.abort();
  }
  const { endpoint } = ledger.profile;
  throw new NetworkError('DELIVERY', `${endpoint} did not deliver block ${number} in time; ask another peer.`, {
    retryable: true,
  });
}

class GatewayConnection implements LedgerConnection {
  readonly profile: Profile;
  readonly #peers: GatewayPeers;

  constructor(profile: Profile, peers: GatewayPeers) {
    this.profile = profile;
    this.#peers = peers;
  }

  evaluate(fn: string, ...args: string[]): Promise<string> {
    return this.#peers.any(async (peer) => {
      const answer = await this.#contract(peer).newProposal(fn, { arguments: args }).evaluate();
      return Buffer.from(answer).toString('utf8');
    });
  }

  async submit(fn: string, ...args: string[]): Promise<Committed> {
    for (let time = 1; ; time += 1) {
      try {
        return await this.#submitOnce(fn, args);
      } catch (error) {
        if (time === ENDORSED_TIMES || !(error instanceof NetworkError && error.code === 'CONFLICT')) throw error;
        await delay(CONFLICT_PAUSE_MS * time);
      }
    }
  }

  async #submitOnce(fn: string, args: string[]): Promise<Committed> {
    const transaction = await this.#endorse(fn, args);
    const { transactionId, blockNumber } = await submitUntilCommitted(this.#peers, transaction, this.profile.channel);
    return {
      transactionId,
      block: blockNumber,
      result: Buffer.from(transaction.getResult()).toString('utf8'),
    };
  }

  async endorse(fn: string, ...args: string[]): Promise<void> {
    await this.#endorse(fn, args);
  }

  async height(): Promise<bigint> {
    return this.#peers.any(async (peer) => {
      const arguments_ = { arguments: [this.profile.channel] };
      const bytes = await this.#network(peer).getContract('qscc').newProposal('GetChainInfo', arguments_).evaluate();
      return BigInt(common.BlockchainInfo.deserializeBinary(bytes).getHeight());
    });
  }

  async *blocks(start: bigint, signal?: AbortSignal): AsyncGenerator<common.Block> {
    if (signal?.aborted) return;
    const peer = this.#peers.first();
    const events = await this.#peers.on(peer, () => this.#network(peer).getBlockEvents({ startBlock: start }));
    // Leaving the loop does not cancel the client's stream; closing it does.
    const close = () => events.close();
    signal?.addEventListener('abort', close, { once: true });
    try {
      for await (const block of events) {
        if (signal?.aborted) return;
        yield block;
      }
      if (!signal?.aborted) throw new Error('the peer ended it');
    } catch (cause) {
      if (signal?.aborted) return;
      const broken = brokenDelivery(cause, peer.endpoint);
      // Whoever opens the stream again gets it from the next peer that answers.
      if (broken.retryable) peer.leave();
      throw broken;
    } finally {
      signal?.removeEventListener('abort', close);
      close();
    }
  }

  close(): void {
    this.#peers.close();
  }

  #endorse(fn: string, args: string[]) {
    return this.#peers.any((peer) => this.#contract(peer).newProposal(fn, { arguments: args }).endorse());
  }

  #contract(peer: PeerConnection): Contract {
    return this.#network(peer).getContract(this.profile.chaincode);
  }

  #network(peer: PeerConnection): Network {
    return peer.gateway.getNetwork(this.profile.channel);
  }
}

/** Fabric's delivery statuses for requests that will not get better: bad request, forbidden. */
const REFUSED_DELIVERY = /status response: (?:400|403)\b/;

function brokenDelivery(cause: unknown, endpoint: string): NetworkError {
  const why = fromGateway(cause, endpoint);
  const said = (why.code === 'ANSWER' && cause instanceof Error ? cause.message : why.message).replace(/\.$/, '');
  if (why.code === 'REFUSED' || REFUSED_DELIVERY.test(said)) {
    return new NetworkError('DELIVERY', `The peer refuses to deliver blocks to this identity (${said}).`, { cause });
  }
  return new NetworkError('DELIVERY', `The stream of blocks broke (${said}); open it again.`, {
    cause,
    retryable: true,
  });
}

/** Signs with the profile's own key, or has its token sign. */
function signerOf(profile: Profile): TokenSigner {
  if (profile.pkcs11 !== undefined) return tokenSigner(profile.pkcs11, profile.certificate);
  const sign = messageSigner(profile.key);
  return { sign: async (message) => sign(message), close: () => {} };
}
