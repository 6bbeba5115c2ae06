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
  writevSync,
} from 'node:fs';
import { common } from '@hyperledger/fabric-protos';
import { whyUnreadable } from '../cli/unreadable.js';
import { DirectWriter } from './direct-write.js';
import { ReconcilerError } from './errors.js';
import type { Db } from './projection/database.js';

/** A frame is the length of what follows, in so many bytes, most significant first. */
export const FRAME_HEAD = 4;

/**
 * A block as it is kept: header and data as delivered, and of the metadata what whoever reads it later can check: the
 * genuine signatures, and the codes of our chaincode's transactions as valid or not.
 */
export function archivedBlock(block: common.Block, signatures: Uint8Array, codes: Uint8Array): Uint8Array {
  return Buffer.concat(archivedParts(block, signatures, codes));
}

/** The same in parts, one behind the other, so that the transactions, nearly all of it, are not copied. */
export function archivedParts(block: common.Block, signatures: Uint8Array, codes: Uint8Array): Uint8Array[] {
  const header = block.getHeader();
  const data = block.getData();
  const envelopes = data?.getDataList_asU8().flatMap((envelope) => field(FIELD.envelope, [envelope])) ?? [];
  const entries: Uint8Array[] = [signatures, EMPTY, codes].flatMap((entry) => field(FIELD.entry, [entry]));
  return [
    ...(header === undefined ? [] : field(FIELD.header, [header.serializeBinary()])),
    ...(data === undefined ? [] : field(FIELD.data, envelopes)),
    ...field(FIELD.metadata, entries),
  ];
}

const EMPTY = new Uint8Array();
/** Numbers of fields in Fabric's `common.Block`, `BlockData` and `BlockMetadata`. */
const FIELD = { header: 1, data: 2, metadata: 3, envelope: 1, entry: 1 } as const;
const LENGTH_DELIMITED = 2;

/** A field of bytes, as Protocol Buffers have it: its tag, its length, and the bytes. */
function field(number: number, content: readonly Uint8Array[]): Uint8Array[] {
  const head = [(number << 3) | LENGTH_DELIMITED];
  let rest = sizeOf(content);
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) head.push((rest % 0x80) | 0x80);
  return [Uint8Array.of(...head, rest), ...content];
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Something's bytes with their length before them. */
export function framed(bytes: Uint8Array): Buffer {
  return Buffer.concat([headOf(bytes.length), bytes]);
}

function headOf(length: number): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUInt32BE(length);
  return head;
}

/** Framed bytes in parts, to be written one behind the other. */
export interface Frame {
  readonly parts: readonly Uint8Array[];
  readonly length: number;
}

/** The frame of what lies in parts. */
export function frameOf(parts: readonly Uint8Array[]): Frame {
  const length = sizeOf(parts);
  return { parts: [headOf(length), ...parts], length: FRAME_HEAD + length };
}

/** Most that is held in memory of what is set aside. */
const COPIED_AT_ONCE = 1024 * 1024;

/**
 * The blocks that a reconciler has read, in a file beside its projection. Where each ends is in the projection, so that
 * what a crash left behind is written again, and what somebody deleted reads as not there. Nothing is overwritten by
 * other bytes: a projection that was lost, or comes from an older copy, finds its old evidence again.
 */
export class BlockArchive {
  readonly #direct = new DirectWriter();

  /** @param file made when the first block comes */
  constructor(readonly file: string) {}

  /**
   * Has framed blocks stand behind those up to `from`, durably. Where they stand there already, they are left as they are,
   * and so is what comes after them; half of a frame is completed. Whatever else is in their place is set aside first, with
   * all that comes after it, in a file of its own.
   * @returns the file with what was set aside, if anything was
   * @throws ReconcilerError `ARCHIVE`
   */
  append(from: number, frames: readonly Frame[]): string | undefined {
    try {
      const fd = openSync(this.file, constants.O_RDWR | constants.O_CREAT, 0o600);
      try {
        let position = from;
        for (const [index, frame] of frames.entries()) {
          const there = bytesAt(fd, position, frame.length);
          const isAnother = !beginsWith(frame, there);
          if (isAnother || there.length < frame.length) {
            const aside = isAnother ? this.#setAside(fd, position) : undefined;
            if (isAnother) ftruncateSync(fd, position);
            this.#write(fd, frames.slice(index), position);
            fsyncSync(fd);
            return aside;
          }
          position += frame.length;
        }
        fsyncSync(fd);
        return undefined;
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

  /** Behind a position there is nothing, or the beginning of these. */
  #write(fd: number, frames: readonly Frame[], position: number): void {
    const all = frames.flatMap(({ parts }) => parts);
    if (this.#direct.write(this.file, fd, position, all)) return;
    let at = position;
    for (const frame of frames) {
      writeFrame(fd, frame, at);
      at += frame.length;
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

function beginsWith({ parts }: Frame, bytes: Buffer): boolean {
  let at = 0;
  for (const part of parts) {
    const there = bytes.subarray(at, at + part.length);
    if (!there.equals(part.subarray(0, there.length))) return false;
    at += part.length;
  }
  return true;
}

/** Linux takes no more parts at once. */
const MOST_PARTS = 1024;

function writeFrame(fd: number, { parts, length }: Frame, position: number): void {
  if (parts.length <= MOST_PARTS && writevSync(fd, parts, position) === length) return;
  // Too many parts, or a disk that took some of it: as one, from the start.
  writeWhole(fd, Buffer.concat(parts), position);
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
