import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { printable } from '../../cli/printable.js';
import { ReconcilerError, type ReconcilerErrorCode } from '../errors.js';
import { headerHash } from './block-header.js';
import { checkSignatures, type SignedBlock } from './block-signatures.js';
import { parseChannelConfig } from './channel-config.js';
import { isOneEnvelope } from './envelopes.js';
import type { Identity } from './identity.js';
import { Membership } from './membership.js';

/** Up to where a chain was checked, and by what the next block is. */
export interface ChainState {
  /** Number of the next block. */
  readonly next: bigint;
  /** Hash of the last block's header, hex; empty before block 0. */
  readonly hash: string;
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
 * Checks a chain of blocks, one after the other: number, previous hash, the hash of the data, and the signatures by the
 * configuration that the block before left in force. Block 0 is signed by nobody: it is trusted by its hash.
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
    state: ChainState = { next: 0n, hash: '', lastConfig: 0n, membership: undefined },
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
   * @throws ReconcilerError `CHAIN`, `SIGNATURES`, `GENESIS`, `BLOCK`
   */
  accept(block: common.Block): CheckedBlock {
    const { next, hash: previous, membership } = this.#state;
    const hash = checkHeader(block, this.#state, this.#advice);
    const signed = membership === undefined ? undefined : this.#checkSignatures(block, membership);
    const config = decoded(next, () => configIn(block));
    if (next === 0n && config === undefined) throw this.#untrusted('GENESIS', 'it holds no configuration of a channel');
    if (config !== undefined && membership !== undefined) this.#checkSequence(config, membership);
    const lastConfig = config === undefined ? this.#state.lastConfig : next;
    if (signed !== undefined && signed.lastConfig !== lastConfig) {
      throw this.#untrusted(
        'SIGNATURES',
        `its orderers name block ${signed.lastConfig} as the last configuration, not ${lastConfig}`,
      );
    }
    if (previous === '' && this.#trusted !== undefined && hash !== this.#trusted)
      throw otherGenesis(hash, this.#trusted);
    this.#state = { next: next + 1n, hash, lastConfig, membership: config ?? membership };
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

  #checkSequence({ config }: Membership, before: Membership): void {
    if (config.sequence === before.config.sequence + 1) return;
    const what = `its configuration is number ${config.sequence}, after number ${before.config.sequence}`;
    throw this.#untrusted('CHAIN', what);
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
  const [only, ...more] = block.getData()?.getDataList_asU8() ?? [];
  if (only === undefined || more.length > 0) return undefined;
  const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(only).getPayload_asU8());
  const header = common.ChannelHeader.deserializeBinary(payload.getHeader()?.getChannelHeader_asU8() ?? NONE);
  if (header.getType() !== common.HeaderType.CONFIG) return undefined;
  return new Membership(parseChannelConfig(payload.getData_asU8()));
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
