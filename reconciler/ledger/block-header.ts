import { createHash } from 'node:crypto';
import type { common } from '@hyperledger/fabric-protos';

/**
 * The bytes of a block's header over which its hash goes and its signatures too: the DER sequence of number, previous
 * hash and data hash (Fabric's `protoutil.BlockHeaderBytes`).
 */
export function headerBytes(header: common.BlockHeader): Buffer {
  const content = Buffer.concat([
    derInteger(BigInt(header.getNumber())),
    derOctets(header.getPreviousHash_asU8()),
    derOctets(header.getDataHash_asU8()),
  ]);
  return Buffer.concat([Buffer.of(0x30), derLength(content.length), content]);
}

/** Hash of a block's header, hex. */
export function headerHash(header: common.BlockHeader): string {
  return createHash('sha256').update(headerBytes(header)).digest('hex');
}

function derInteger(value: bigint): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const bytes = Buffer.from(hex, 'hex');
  const positive = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02), derLength(positive.length), positive]);
}

function derOctets(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0x04), derLength(bytes.length), bytes]);
}

// Hashes are short; but whoever serves a block may put anything where they belong.
function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex');
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}
