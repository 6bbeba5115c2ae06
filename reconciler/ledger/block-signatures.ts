import { common } from '@hyperledger/fabric-protos';
import { decode } from '../../network/messages/decode.js';
import { headerBytes } from './block-header.js';
import type { ChannelConfig } from './channel-config.js';
import { genuineSigners, isSatisfied, type SignedData } from './channel-policy.js';
import type { Identity } from './identity.js';
import type { Membership } from './membership.js';
import { type BlockSignature, readSignatures, writeSignatures } from './signature-metadata.js';

/** What the signatures of a block come to. */
export interface SignedBlock {
  /** Those who genuinely signed it, each once. */
  readonly signers: readonly Identity[];
  /** The metadata as delivered, with the genuine signatures alone. */
  readonly metadata: Uint8Array;
  /** Whether every signature in it is genuine and of another signer. */
  readonly isExact: boolean;
  /** Whether the signers are enough for the channel's `/Channel/Orderer/BlockValidation`. */
  readonly isEnough: boolean;
  /** Number of the last block with a configuration, as the signers say; undefined if they do not. */
  readonly lastConfig: bigint | undefined;
}

const POLICY = ['Orderer', 'BlockValidation'];

/**
 * Checks a block's signatures by the configuration in force before it, as Fabric's `protoutil.BlockSignatureVerifier`
 * does: over metadata value, signature header and block header; an orderer of a BFT channel may be named by its number.
 * @throws Error if the metadata cannot be decoded
 */
export function checkSignatures(block: common.Block, membership: Membership): SignedBlock {
  const entries = block.getMetadata()?.getMetadataList_asU8() ?? [];
  const { value, signatures } = readSignatures(entries[common.BlockMetadataIndex.SIGNATURES] ?? new Uint8Array());
  const header = headerBytes(block.getHeader() ?? new common.BlockHeader());
  const signers: Identity[] = [];
  const genuine = signatures.filter((signature) => {
    const signed = signedData(signature, value, header, membership.config);
    const [signer] = signed === undefined ? [] : genuineSigners(membership, [signed]);
    if (signer === undefined || signers.some((known) => isSame(known, signer))) return false;
    signers.push(signer);
    return true;
  });
  const lastConfig = decode(common.OrdererBlockMetadata, value).getLastConfig()?.getIndex();
  return {
    signers,
    metadata: writeSignatures({ value, signatures: genuine }),
    isExact: genuine.length === signatures.length,
    // Fabric lets a policy over no organisations pass without any signature.
    isEnough: signers.length > 0 && isSatisfied(membership.config.policies, POLICY, signers),
    lastConfig: lastConfig === undefined ? undefined : BigInt(lastConfig),
  };
}

/** One certificate can be written in many ways. */
function isSame(a: Identity, b: Identity): boolean {
  return a.mspId === b.mspId && a.certificate.raw.equals(b.certificate.raw);
}

function signedData(
  { signatureHeader, identifierHeader, signature }: BlockSignature,
  value: Uint8Array,
  header: Buffer,
  { ordererType, consenters }: ChannelConfig,
): SignedData | undefined {
  if (signatureHeader.length > 0) {
    // A number beside a name would be covered by no signature.
    if (identifierHeader.length > 0) return undefined;
    const identity = decode(common.SignatureHeader, signatureHeader).getCreator_asU8();
    return { identity, data: Buffer.concat([value, signatureHeader, header]), signature };
  }
  if (ordererType !== 'BFT' || identifierHeader.length === 0) return undefined;
  const id = decode(common.IdentifierHeader, identifierHeader).getIdentifier();
  const consenter = consenters.find((one) => one.id === id);
  if (consenter === undefined) return undefined;
  return { identity: consenter.identity, data: Buffer.concat([value, identifierHeader, header]), signature };
}
