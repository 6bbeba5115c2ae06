import { createHash, randomBytes } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';

/** SHA-256. */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Fabric's hash of a block header. */
export function headerHash(number: bigint, previousHash: Uint8Array, dataHash: Uint8Array): Buffer {
  return sha256(headerBytes(number, previousHash, dataHash));
}

/** A block's header as Fabric hashes and signs it: the DER sequence of number, previous hash and data hash. */
function headerBytes(number: bigint, previousHash: Uint8Array, dataHash: Uint8Array): Buffer {
  const body = Buffer.concat([derInteger(number), derOctets(previousHash), derOctets(dataHash)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** A block before and after it is made, with its hash. */
export interface MadeBlock {
  readonly number: number;
  readonly hash: Buffer;
  readonly bytes: Uint8Array;
}

/** Who signs blocks. */
export interface BlockSigner {
  /** Serialised. */
  readonly identity: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/**
 * Makes a block: hash-chained header, the envelopes, and the metadata with one validation code for each of them and the
 * signatures of `signers`, over what an orderer of Fabric's signs.
 */
export function makeBlock(
  number: number,
  previousHash: Uint8Array,
  envelopes: readonly Uint8Array[],
  codes: readonly number[],
  signers: readonly BlockSigner[],
): MadeBlock {
  const dataHash = sha256(...envelopes);
  const header = new common.BlockHeader();
  header.setNumber(number);
  header.setPreviousHash(previousHash);
  header.setDataHash(dataHash);
  const data = new common.BlockData();
  data.setDataList([...envelopes]);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  const signed = headerBytes(BigInt(number), previousHash, dataHash);
  block.setMetadata(metadata(codes, signed, signers));
  return {
    number,
    hash: sha256(signed),
    bytes: block.serializeBinary(),
  };
}

function metadata(codes: readonly number[], header: Buffer, signers: readonly BlockSigner[]): common.BlockMetadata {
  const lastConfig = new common.LastConfig();
  lastConfig.setIndex(0);
  const ordererMetadata = new common.OrdererBlockMetadata();
  ordererMetadata.setLastConfig(lastConfig);
  const entries: Uint8Array[] = [];
  entries[common.BlockMetadataIndex.SIGNATURES] = withSignatures(ordererMetadata.serializeBinary(), header, signers);
  entries[common.BlockMetadataIndex.LAST_CONFIG] = withSignatures(lastConfig.serializeBinary(), header, []);
  entries[common.BlockMetadataIndex.TRANSACTIONS_FILTER] = Uint8Array.from(codes);
  entries[common.BlockMetadataIndex.ORDERER] = new Uint8Array();
  entries[common.BlockMetadataIndex.COMMIT_HASH] = new Uint8Array();
  const result = new common.BlockMetadata();
  result.setMetadataList(entries);
  return result;
}

function withSignatures(value: Uint8Array, header: Buffer, signers: readonly BlockSigner[]): Uint8Array {
  const result = new common.Metadata();
  result.setValue(value);
  for (const { identity, sign } of signers) {
    const signatureHeader = new common.SignatureHeader();
    signatureHeader.setCreator(identity);
    signatureHeader.setNonce(randomBytes(24));
    const signature = new common.MetadataSignature();
    signature.setSignatureHeader(signatureHeader.serializeBinary());
    signature.setSignature(sign(Buffer.concat([value, signatureHeader.serializeBinary(), header])));
    result.addSignatures(signature);
  }
  return result.serializeBinary();
}

function derInteger(value: bigint): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const digits = Buffer.from(hex, 'hex');
  const positive = (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits;
  return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
}

/** All octet strings here are hashes, so one byte holds the length. */
function derOctets(value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0x04, value.length), value]);
}
