import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { common } from '@hyperledger/fabric-protos';
import { whyUnreadable } from '../cli/unreadable.js';
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

/** Most that is held in memory of what is set aside. */
const COPIED_AT_ONCE = 1024 * 1024;

/**
 * The blocks that a reconciler has read, in a file beside its projection. Where each ends is in the projection, so that
 * what a crash left behind is written again, and what somebody deleted reads as not there. Nothing is overwritten by
 * other bytes: a projection that was lost, or comes from an older copy, finds its old evidence again.
 */
export class BlockArchive {
  /** @param file made when the first block comes */
  constructor(readonly file: string) {}

  /**
   * Has framed blocks stand behind those up to `from`, durably. Where they stand there already, they are left as they are,
   * and so is what comes after them; half of a frame is completed. Whatever else is in their place is set aside first, with
   * all that comes after it, in a file of its own.
   * @returns the file with what was set aside, if anything was
   * @throws ReconcilerError `ARCHIVE`
   */
  append(from: number, frames: readonly Buffer[]): string | undefined {
    try {
      const fd = openSync(this.file, constants.O_RDWR | constants.O_CREAT, 0o600);
      try {
        let aside: string | undefined;
        let position = from;
        for (const frame of frames) {
          const there = bytesAt(fd, position, frame.length);
          if (!there.equals(frame.subarray(0, there.length))) {
            aside = this.#setAside(fd, position);
            ftruncateSync(fd, position);
          }
          if (there.length < frame.length || aside !== undefined) writeWhole(fd, frame, position);
          position += frame.length;
        }
        fsyncSync(fd);
        return aside;
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

  /** Copies all from a position on into a new file, durably. */
  #setAside(fd: number, from: number): string {
    const { file, fd: copy } = this.#newFile();
    try {
      for (let position = from; ; position += COPIED_AT_ONCE) {
        const bytes = bytesAt(fd, position, COPIED_AT_ONCE);
        if (bytes.length === 0) break;
        writeWhole(copy, bytes, position - from);
      }
      fsyncSync(copy);
    } finally {
      closeSync(copy);
    }
    return file;
  }

  #newFile(): { readonly file: string; readonly fd: number } {
    for (let number = 1; ; number += 1) {
      const file = `${this.file}.aside-${number}`;
      try {
        return { file, fd: openSync(file, 'wx', 0o600) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  /**
   * The blocks up to a number, in order, as they were kept; undefined for one that is not there any more. That each is
   * the block that was read is for the caller to check.
   * @throws ReconcilerError `ARCHIVE` if the file is there and cannot be read
   */
  *read(db: Db, to: bigint): Generator<Uint8Array | undefined> {
    const ends = db.prepare('SELECT archived_to FROM blocks WHERE number <= ? ORDER BY number').pluck();
    const fd = existsSync(this.file) ? this.#reading(() => openSync(this.file, 'r')) : undefined;
    try {
      let from = 0;
      for (const end of ends.iterate(Number(to)) as IterableIterator<number | null>) {
        yield fd === undefined || end === null ? undefined : this.#reading(() => readFrame(fd, from, end));
        from = end ?? from;
      }
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw new ReconcilerError('ARCHIVE', `The blocks in ${this.file} cannot be read: it ${whyUnreadable(cause)}.`, {
        cause,
      });
    }
  }
}

/** The archive that belongs to a projection; none to one that is in memory. */
export function archiveOf(dbFile: string): BlockArchive | undefined {
  return dbFile === ':memory:' ? undefined : new BlockArchive(`${dbFile}.blocks`);
}

function writeWhole(fd: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(fd, bytes, written, bytes.length - written, position + written);
  }
}

/** At most so many bytes from a position on: fewer at the end of the file. */
function bytesAt(fd: number, position: number, most: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, Math.min(most, fstatSync(fd).size - position)));
  let got = 0;
  while (got < bytes.length) {
    const more = readSync(fd, bytes, got, bytes.length - got, position + got);
    if (more === 0) break;
    got += more;
  }
  return bytes.subarray(0, got);
}

function readFrame(fd: number, from: number, to: number): Uint8Array | undefined {
  const frame = Buffer.alloc(Math.max(to - from, FRAME_HEAD));
  const got = readSync(fd, frame, 0, frame.length, from);
  const isWhole = got === to - from && frame.readUInt32BE() === to - from - FRAME_HEAD;
  return isWhole ? frame.subarray(FRAME_HEAD) : undefined;
}
