import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';

/** SHA-256. */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Fabric's hash of a block header: SHA-256 of the DER sequence of number, previous hash and data hash. */
export function headerHash(number: bigint, previousHash: Uint8Array, dataHash: Uint8Array): Buffer {
  const body = Buffer.concat([derInteger(number), derOctets(previousHash), derOctets(dataHash)]);
  return sha256(Buffer.from([0x30, body.length]), body);
}

/** A block before and after it is made, with its hash. */
export interface MadeBlock {
  readonly number: number;
  readonly hash: Buffer;
  readonly bytes: Uint8Array;
}

/**
 * Makes a block: hash-chained header, the envelopes, and the metadata with one validation code for each of them. The
 * place for the orderers' signatures is there and empty: this ledger has no orderers.
 */
export function makeBlock(
  number: number,
  previousHash: Uint8Array,
  envelopes: readonly Uint8Array[],
  codes: readonly number[],
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
  block.setMetadata(metadata(codes));
  return {
    number,
    hash: headerHash(BigInt(number), previousHash, dataHash),
    bytes: block.serializeBinary(),
  };
}

function metadata(codes: readonly number[]): common.BlockMetadata {
  const lastConfig = new common.LastConfig();
  lastConfig.setIndex(0);
  const ordererMetadata = new common.OrdererBlockMetadata();
  ordererMetadata.setLastConfig(lastConfig);
  const entries: Uint8Array[] = [];
  entries[common.BlockMetadataIndex.SIGNATURES] = unsigned(ordererMetadata.serializeBinary());
  entries[common.BlockMetadataIndex.LAST_CONFIG] = unsigned(lastConfig.serializeBinary());
  entries[common.BlockMetadataIndex.TRANSACTIONS_FILTER] = Uint8Array.from(codes);
  entries[common.BlockMetadataIndex.ORDERER] = new Uint8Array();
  entries[common.BlockMetadataIndex.COMMIT_HASH] = new Uint8Array();
  const result = new common.BlockMetadata();
  result.setMetadataList(entries);
  return result;
}

function unsigned(value: Uint8Array): Uint8Array {
  const result = new common.Metadata();
  result.setValue(value);
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
