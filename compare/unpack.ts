import { readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CompareError } from './errors.js';

/** How a log is packed. */
export type Packing = 'gzip' | 'zstd';

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** A frame that zstd passes over; its first byte is any of sixteen (RFC 8878, 3.1.2). */
const ZSTD_SKIPPED = Buffer.from([0x50, 0x2a, 0x4d, 0x18]);
/** What others begin with. */
const FOREIGN: readonly (readonly [name: string, magic: Buffer])[] = [
  ['bzip2', Buffer.from('BZh')],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['lz4', Buffer.from([0x04, 0x22, 0x4d, 0x18])],
  ['zip', Buffer.from([0x50, 0x4b, 0x03, 0x04])],
];
const LONGEST_MAGIC = 6;
/** So many packed bytes are read at once. */
const AT_ONCE = 1 << 16;
/** So many unpacked bytes come at once from gzip. */
const PIECE = 1 << 18;

/**
 * How an open file is packed, told by its first bytes; undefined if it is not.
 * @param name of the log, as it is told
 * @throws CompareError `COMPRESSION` if it is packed in a way that is not read
 */
export function packingOf(name: string, descriptor: number): Packing | undefined {
  const buffer = Buffer.alloc(LONGEST_MAGIC);
  const first = buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, 0));
  const begins = (magic: Buffer) => first.subarray(0, magic.length).equals(magic);
  if (begins(GZIP)) return 'gzip';
  if (begins(ZSTD)) return 'zstd';
  if (first.length >= ZSTD_SKIPPED.length) {
    const frame = Buffer.from(first.subarray(0, ZSTD_SKIPPED.length));
    frame[0] = (frame[0] as number) & 0xf0;
    if (frame.equals(ZSTD_SKIPPED)) return 'zstd';
  }
  const foreign = FOREIGN.find(([, magic]) => begins(magic));
  if (foreign === undefined) return undefined;
  throw new CompareError(
    'COMPRESSION',
    `${name} is packed with ${foreign[0]}, which is not read here. Unpack it yourself, and give that.`,
  );
}

/**
 * What is in an open packed file, piece by piece, each made only when it is asked for: a few bytes may unpack to very many.
 * @throws Error if it is damaged or cut off, or, packed with zstd, needs more than 128 MiB of memory
 */
export function unpacked(descriptor: number, packing: Packing): AsyncGenerator<Buffer> {
  return packing === 'gzip' ? gunzipped(descriptor) : unzstded(descriptor);
}

async function* gunzipped(descriptor: number): AsyncGenerator<Buffer> {
  const source = Readable.from(chunksOf(descriptor));
  const gunzip = createGunzip({ chunkSize: PIECE });
  source.on('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip) as AsyncIterable<Buffer>;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

async function* unzstded(descriptor: number): AsyncGenerator<Buffer> {
  // Few logs are packed so, and the decoder is made anew each time it is loaded.
  const { ZSTDDecoder } = await import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  let empty = 0;
  for (const { buffer, byteOffset, length } of decoder.decodeStreaming(chunksOf(descriptor))) {
    // An error of the format is not told, but no byte is taken any more. A piece without content may also be the end of a
    // frame, which takes some bytes.
    empty = length > 0 ? 0 : empty + 1;
    if (empty > AT_ONCE) throw new Error('it is no zstd, or asks for more than 128 MiB of memory');
    if (length > 0) yield Buffer.from(buffer, byteOffset, length);
  }
}

function* chunksOf(descriptor: number): Generator<Buffer> {
  for (let at = 0; ; ) {
    const chunk = Buffer.allocUnsafe(AT_ONCE);
    const count = readSync(descriptor, chunk, 0, AT_ONCE, at);
    if (count === 0) return;
    at += count;
    yield chunk.subarray(0, count);
  }
}
