import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { printable } from '../../cli/printable.js';
import { ReconcilerError, type ReconcilerErrorCode } from '../errors.js';
import { headerHash } from './block-header.js';
import { checkSignatures, type SignedBlock } from './block-signatures.js';
import { parseChannelConfig } from './channel-config.js';
import { type ConfigTransaction, configTransaction, faultOfConfiguration } from './config-update.js';
import { isOneEnvelope } from './envelopes.js';
import type { Identity } from './identity.js';
import { Membership } from './membership.js';

/** Up to where a chain was checked, and by what the next block is. */
export interface ChainState {
  /** Number of the next block. */
  readonly next: bigint;
  /** Hash of the last block's header, hex; empty before block 0. */
  readonly hash: string;
  /** The channel's name, as block 0 has it; empty before. */
  readonly channel: string;
  /** Number of the last block with a configuration. */
  readonly lastConfig: bigint;
  /** By that configuration; undefined before block 0. */
  readonly membership: Membership | undefined;
}

/** A block that continues the chain. */
export interface CheckedBlock {
  readonly number: bigint;
  readonly hash: string;
  /** Who signed it; nobody signs block 0. */
  readonly signers: readonly Identity[];
  /** The signatures' metadata, with the genuine ones alone; empty for block 0. */
  readonly signatures: Uint8Array;
  /** Whether nothing had to be taken out of `signatures`. */
  readonly isExact: boolean;
  /** Whether it carries a configuration. */
  readonly isConfig: boolean;
}

const NONE = new Uint8Array();
const GO_ON = 'What was read before it is kept; go on with another peer.';

/**
 * Checks a chain of blocks, one after the other: number, previous hash, the hash of the data, the signatures by the
 * configuration that the block before left in force, and that a new configuration was asked for as that one's rules have it.
 * Block 0 is signed by nobody: it is trusted by its hash.
 */
export class ChainCheck {
  #state: ChainState;
  readonly #trusted: string | undefined;
  readonly #advice: string;

  /**
   * @param trusted hash of the block 0 that is trusted, hex; without one the first that is seen is taken
   * @param advice what to do about a block that is refused
   */
  constructor(
    state: ChainState = { next: 0n, hash: '', channel: '', lastConfig: 0n, membership: undefined },
    trusted?: string,
    advice = GO_ON,
  ) {
    this.#state = state;
    this.#trusted = trusted;
    this.#advice = advice;
  }

  get state(): ChainState {
    return this.#state;
  }

  /**
   * Accepts the next block, or throws and stays where it is.
   * @throws ReconcilerError `CHAIN`, `SIGNATURES`, `CONFIGURATION`, `GENESIS`, `BLOCK`
   */
  accept(block: common.Block): CheckedBlock {
    const { next, hash: previous, membership } = this.#state;
    const hash = checkHeader(block, this.#state, this.#advice);
    const signed = membership === undefined ? undefined : this.#checkSignatures(block, membership);
    const transaction = decoded(next, () => configTransactionIn(block));
    const config = transaction && decoded(next, () => membershipIn(transaction));
    if (next === 0n && config === undefined) throw this.#untrusted('GENESIS', 'it holds no configuration of a channel');
    const lastConfig = config === undefined ? this.#state.lastConfig : next;
    if (signed !== undefined && signed.lastConfig !== lastConfig) {
      throw this.#untrusted(
        'SIGNATURES',
        `its orderers name block ${signed.lastConfig} as the last configuration, not ${lastConfig}`,
      );
    }
    if (transaction !== undefined && config !== undefined && membership !== undefined) {
      this.#checkConfiguration(transaction, config, membership);
    }
    if (previous === '' && this.#trusted !== undefined && hash !== this.#trusted)
      throw otherGenesis(hash, this.#trusted);
    const channel = next === 0n ? (transaction?.header.getChannelId() ?? '') : this.#state.channel;
    this.#state = { next: next + 1n, hash, channel, lastConfig, membership: config ?? membership };
    return {
      number: next,
      hash,
      signers: signed?.signers ?? [],
      signatures: signed?.metadata ?? NONE,
      isExact: signed?.isExact ?? true,
      isConfig: config !== undefined,
    };
  }

  #untrusted(code: ReconcilerErrorCode, what: string): ReconcilerError {
    return untrusted(code, this.#state.next, what, this.#advice);
  }

  #checkConfiguration(transaction: ConfigTransaction, { config }: Membership, before: Membership): void {
    const due = before.config.sequence + 1;
    const fault =
      config.sequence === due
        ? decoded(this.#state.next, () => faultOfConfiguration(transaction, this.#state.channel, before))
        : `it is number ${config.sequence}, after number ${before.config.sequence}`;
    if (fault === undefined) return;
    throw this.#untrusted('CONFIGURATION', `its new configuration is not one that the one before allows: ${fault}`);
  }

  #checkSignatures(block: common.Block, membership: Membership): SignedBlock {
    const { next } = this.#state;
    const signed = decoded(next, () => checkSignatures(block, membership));
    if (!signed.isEnough) {
      const names = signed.signers.map(nameOf).join(', ');
      throw this.#untrusted(
        'SIGNATURES',
        `it is signed by ${names || 'nobody'}, which is not what the channel's configuration asks`,
      );
    }
    return signed;
  }
}

/**
 * The channel's new configuration, if that is what a block carries.
 * @throws Error if it cannot be decoded
 */
export function configIn(block: common.Block): Membership | undefined {
  const transaction = configTransactionIn(block);
  return transaction && membershipIn(transaction);
}

/** A block that carries a configuration carries nothing else. */
function configTransactionIn(block: common.Block): ConfigTransaction | undefined {
  const [only, ...more] = block.getData()?.getDataList_asU8() ?? [];
  return only === undefined || more.length > 0 ? undefined : configTransaction(only);
}

function membershipIn({ data }: ConfigTransaction): Membership {
  return new Membership(parseChannelConfig(data));
}

/**
 * Checks that a block is the one that is due and that its data are what its header says.
 * @param advice what to do if it is not
 * @returns its hash, hex
 * @throws ReconcilerError `CHAIN`, `BLOCK`
 */
export function checkHeader(
  block: common.Block,
  { next, hash }: Pick<ChainState, 'next' | 'hash'>,
  advice = GO_ON,
): string {
  const header = block.getHeader();
  if (header === undefined) throw new ReconcilerError('BLOCK', `A block without a header came. ${advice}`);
  const number = BigInt(header.getNumber());
  if (number !== next) {
    throw new ReconcilerError('CHAIN', `Block ${number} came where block ${next} was due. ${advice}`);
  }
  if (Buffer.from(header.getPreviousHash_asU8()).toString('hex') !== hash) {
    const what = next === 0n ? 'it names a block before it' : `it does not continue block ${next - 1n}`;
    throw untrusted('CHAIN', number, what, advice);
  }
  const data = createHash('sha256');
  const envelopes = block.getData()?.getDataList_asU8() ?? [];
  for (const envelope of envelopes) data.update(envelope);
  if (!data.digest().equals(header.getDataHash_asU8())) {
    throw untrusted('CHAIN', number, 'it was altered: its data do not have the hash in its header', advice);
  }
  if (!envelopes.every(isOneEnvelope)) {
    throw untrusted('CHAIN', number, 'it was altered: its data are not divided into envelopes as orderers do', advice);
  }
  return headerHash(header);
}

/** Who an identity is, for people: `UserMSP/orderer.UserMSP`. */
export function nameOf({ mspId, names }: Identity): string {
  return printable(`${mspId}/${names.commonName}`, 100);
}

function decoded<T>(number: bigint, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new ReconcilerError('BLOCK', `Block ${number} cannot be decoded; ask another peer.`, { cause });
  }
}

function otherGenesis(hash: string, trusted: string): ReconcilerError {
  return new ReconcilerError(
    'GENESIS',
    `Block 0 of this ledger is ${hash}, and not the trusted ${trusted}: this is another ledger; ask a peer of the right one.`,
  );
}

function untrusted(code: ReconcilerErrorCode, number: bigint, what: string, advice: string): ReconcilerError {
  return new ReconcilerError(code, `Block ${number} cannot be trusted: ${what}. ${advice}`);
}
