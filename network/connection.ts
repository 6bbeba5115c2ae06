import { type CallOptions, Client, credentials } from '@grpc/grpc-js';
import { connect as connectGateway, type Gateway, hash } from '@hyperledger/fabric-gateway';
import { common } from '@hyperledger/fabric-protos';
import { NetworkError } from './errors.js';
import { fromGateway, invalidTransaction } from './gateway-errors.js';
import { type TokenSigner, tokenSigner } from './pkcs11.js';
import type { Profile } from './profile.js';
import { messageSigner } from './signer.js';

/** Blocks and batches outgrow gRPC's own limit of 4 MiB. */
export const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

/** How long each step may take, in milliseconds. */
const DEADLINE = { evaluate: 30_000, endorse: 30_000, submit: 30_000, commitStatus: 30_000 };

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
   * Endorses, submits, and waits for the commit: resolves only after a VALID commit status. A `TIMEOUT` leaves open
   * whether the transaction will commit.
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
  const client = newClient(profile);
  const signer = signerOf(profile);
  const gateway = connectGateway({
    client,
    identity: { mspId: profile.mspId, credentials: Buffer.from(profile.certificate) },
    // The signer hashes natively, in one step.
    hash: hash.none,
    signer: signer.sign,
    evaluateOptions: () => deadline(DEADLINE.evaluate),
    endorseOptions: () => deadline(DEADLINE.endorse),
    submitOptions: () => deadline(DEADLINE.submit),
    commitStatusOptions: () => deadline(DEADLINE.commitStatus),
  });
  return new GatewayConnection(profile, client, gateway, signer.close);
}

class GatewayConnection implements LedgerConnection {
  readonly profile: Profile;
  readonly #client: Client;
  readonly #gateway: Gateway;
  readonly #closeSigner: () => void;

  constructor(profile: Profile, client: Client, gateway: Gateway, closeSigner: () => void) {
    this.profile = profile;
    this.#client = client;
    this.#gateway = gateway;
    this.#closeSigner = closeSigner;
  }

  async evaluate(fn: string, ...args: string[]): Promise<string> {
    return Buffer.from(await this.#evaluate(this.profile.chaincode, fn, args)).toString('utf8');
  }

  async submit(fn: string, ...args: string[]): Promise<Committed> {
    const contract = this.#network().getContract(this.profile.chaincode);
    try {
      const transaction = await contract.newProposal(fn, { arguments: args }).endorse();
      const submitted = await transaction.submit();
      const status = await submitted.getStatus();
      if (!status.successful) throw invalidTransaction(status);
      return {
        transactionId: status.transactionId,
        block: status.blockNumber,
        result: Buffer.from(submitted.getResult()).toString('utf8'),
      };
    } catch (error) {
      throw fromGateway(error, this.profile.endpoint);
    }
  }

  async endorse(fn: string, ...args: string[]): Promise<void> {
    const contract = this.#network().getContract(this.profile.chaincode);
    try {
      await contract.newProposal(fn, { arguments: args }).endorse();
    } catch (error) {
      throw fromGateway(error, this.profile.endpoint);
    }
  }

  async height(): Promise<bigint> {
    const bytes = await this.#evaluate('qscc', 'GetChainInfo', [this.profile.channel]);
    try {
      return BigInt(common.BlockchainInfo.deserializeBinary(bytes).getHeight());
    } catch (error) {
      throw fromGateway(error, this.profile.endpoint);
    }
  }

  async *blocks(start: bigint, signal?: AbortSignal): AsyncGenerator<common.Block> {
    if (signal?.aborted) return;
    const events = await this.#blockEvents(start);
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
      throw brokenDelivery(cause, this.profile.endpoint);
    } finally {
      signal?.removeEventListener('abort', close);
      close();
    }
  }

  close(): void {
    this.#gateway.close();
    this.#client.close();
    this.#closeSigner();
  }

  #network() {
    return this.#gateway.getNetwork(this.profile.channel);
  }

  async #evaluate(chaincode: string, fn: string, args: string[]): Promise<Uint8Array> {
    try {
      return await this.#network().getContract(chaincode).newProposal(fn, { arguments: args }).evaluate();
    } catch (error) {
      throw fromGateway(error, this.profile.endpoint);
    }
  }

  async #blockEvents(startBlock: bigint) {
    try {
      return await this.#network().getBlockEvents({ startBlock });
    } catch (error) {
      throw fromGateway(error, this.profile.endpoint);
    }
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

function newClient(profile: Profile): Client {
  try {
    return new Client(profile.endpoint, credentials.createSsl(Buffer.from(profile.tlsCa)), {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      // A peer that vanished without a word must not leave a block stream waiting for ever.
      'grpc.keepalive_time_ms': 120_000,
      'grpc.keepalive_timeout_ms': 20_000,
      ...(profile.tlsHost === undefined ? {} : { 'grpc.ssl_target_name_override': profile.tlsHost }),
    });
  } catch (cause) {
    throw new NetworkError('PROFILE', "The profile's TLS CA certificate is no valid PEM.", { cause });
  }
}

/** Signs with the profile's own key, or has its token sign. */
function signerOf(profile: Profile): TokenSigner {
  if (profile.pkcs11 !== undefined) return tokenSigner(profile.pkcs11, profile.certificate);
  const sign = messageSigner(profile.key);
  return { sign: async (message) => sign(message), close: () => {} };
}

function deadline(milliseconds: number): CallOptions {
  return { deadline: Date.now() + milliseconds };
}
