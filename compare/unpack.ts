import { readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** How a log is packed. */
export type Packing = 'gzip' | 'zstd';

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** So many packed bytes are read at once. */
const AT_ONCE = 1 << 16;
/** So many unpacked bytes come at once from gzip. */
const PIECE = 1 << 18;

/** How an open file is packed, told by its first bytes; undefined if it is not. */
export function packingOf(descriptor: number): Packing | undefined {
  const first = Buffer.alloc(ZSTD.length);
  const count = readSync(descriptor, first, 0, first.length, 0);
  const begins = (magic: Buffer) => count >= magic.length && first.subarray(0, magic.length).equals(magic);
  if (begins(GZIP)) return 'gzip';
  return begins(ZSTD) ? 'zstd' : undefined;
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
