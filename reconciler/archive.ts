import { closeSync, constants, existsSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { common } from '@hyperledger/fabric-protos';
import { ReconcilerError } from './errors.js';
import type { Db } from './projection/database.js';

/** A frame is the length of what follows, in so many bytes, most significant first. */
export const FRAME_HEAD = 4;

/**
 * A block as it is kept: header and data as delivered, and of the metadata what whoever reads it later can check: the
 * genuine signatures, and the codes of our chaincode's transactions as valid or not.
 */
export function archivedBlock(block: common.Block, signatures: Uint8Array, codes: Uint8Array): Uint8Array {
  const metadata = new common.BlockMetadata();
  const entries: Uint8Array[] = [];
  entries[common.BlockMetadataIndex.SIGNATURES] = signatures;
  entries[common.BlockMetadataIndex.LAST_CONFIG] = new Uint8Array();
  entries[common.BlockMetadataIndex.TRANSACTIONS_FILTER] = codes;
  metadata.setMetadataList(entries);
  const kept = new common.Block();
  kept.setHeader(block.getHeader());
  kept.setData(block.getData());
  kept.setMetadata(metadata);
  return kept.serializeBinary();
}

/** Something's bytes with their length before them. */
export function framed(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

/**
 * The blocks that a reconciler has read, in a file beside its projection. Where each ends is in the projection, so that
 * what a crash left behind is overwritten, and what somebody deleted reads as not there.
 */
export class BlockArchive {
  /** @param file made when the first block comes */
  constructor(readonly file: string) {}

  /**
   * Writes framed blocks behind those up to `from`, durably, and cuts off whatever was there.
   * @throws ReconcilerError `ARCHIVE`
   */
  append(from: number, frames: readonly Buffer[]): void {
    try {
      const fd = openSync(this.file, constants.O_RDWR | constants.O_CREAT, 0o600);
      try {
        let end = from;
        for (const frame of frames) end += writeWhole(fd, frame, end);
        ftruncateSync(fd, end);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ReconcilerError(
        'ARCHIVE',
        `Blocks cannot be written to ${this.file}; make room or give access: ${why}`,
        {
          cause,
        },
      );
    }
  }

  /**
   * The blocks up to a number, in order, as they were kept; undefined for one that is not there any more. That each is
   * the block that was read is for the caller to check.
   */
  *read(db: Db, to: bigint): Generator<Uint8Array | undefined> {
    const ends = db.prepare('SELECT archived_to FROM blocks WHERE number <= ? ORDER BY number').pluck();
    const fd = existsSync(this.file) ? openSync(this.file, 'r') : undefined;
    try {
      let from = 0;
      for (const end of ends.iterate(Number(to)) as IterableIterator<number | null>) {
        yield fd === undefined || end === null ? undefined : readFrame(fd, from, end);
        from = end ?? from;
      }
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
}

/** The archive that belongs to a projection; none to one that is in memory. */
export function archiveOf(dbFile: string): BlockArchive | undefined {
  return dbFile === ':memory:' ? undefined : new BlockArchive(`${dbFile}.blocks`);
}

function writeWhole(fd: number, bytes: Buffer, position: number): number {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(fd, bytes, written, bytes.length - written, position + written);
  }
  return bytes.length;
}

function readFrame(fd: number, from: number, to: number): Uint8Array | undefined {
  const frame = Buffer.alloc(Math.max(to - from, FRAME_HEAD));
  const got = readSync(fd, frame, 0, frame.length, from);
  const isWhole = got === to - from && frame.readUInt32BE() === to - from - FRAME_HEAD;
  return isWhole ? frame.subarray(FRAME_HEAD) : undefined;
}
