import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { printable } from '../cli/printable.js';
import { whyUnreadable } from '../cli/unreadable.js';
import { FRAME_HEAD } from '../reconciler/archive.js';
import { BUNDLE_HASH_LENGTH, BUNDLE_MAGIC } from '../reports/bundle.js';
import { VerifyError } from './errors.js';

/** Parts of what a bundle holds, in order; each call reads them from the beginning. */
export type BundleContent = () => AsyncIterable<Uint8Array>;

const MAGIC = Buffer.from(BUNDLE_MAGIC);
/** No block and no report of a real ledger is larger; a bundle that says so would only fill memory. */
const MAX_FRAME = 512 * 1024 * 1024;

/** Whether a file begins as a bundle does. @throws VerifyError `UNREADABLE` */
export async function isBundle(file: string): Promise<boolean> {
  try {
    const found = await stat(file);
    if (!found.isFile() && !found.isDirectory()) {
      throw new VerifyError('UNREADABLE', `${printable(file)} is a pipe or a device, to be read once; give a file.`);
    }
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
      return bytesRead === MAGIC.length && buffer.equals(MAGIC);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/**
 * What a bundle holds, uncompressed.
 * @throws VerifyError `FORMAT` if the file is not as it was written, `UNREADABLE`
 */
export async function bundleContent(file: string): Promise<BundleContent> {
  const { size } = await stat(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  const end = size - BUNDLE_HASH_LENGTH;
  if (end <= MAGIC.length || !(await isBundle(file)))
    throw new VerifyError('FORMAT', 'This is no bundle of version 1.');
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { end: end - 1 })) hash.update(chunk as Buffer);
  const said: Buffer[] = [];
  for await (const chunk of createReadStream(file, { start: end })) said.push(chunk as Buffer);
  if (!hash.digest().equals(Buffer.concat(said))) {
    throw new VerifyError(
      'FORMAT',
      'The file was altered or cut off: its last 32 bytes are not the hash of the others.',
    );
  }
  return () => uncompressed(file, end);
}

async function* uncompressed(file: string, end: number): AsyncGenerator<Uint8Array> {
  const unzip = createGunzip();
  // Errors of either stream come out of the loop.
  pipeline(createReadStream(file, { start: MAGIC.length, end: end - 1 }), unzip, () => {});
  try {
    for await (const chunk of unzip) yield chunk as Buffer;
  } catch (cause) {
    throw new VerifyError('FORMAT', 'What the bundle holds cannot be uncompressed: it was altered.', { cause });
  }
}

/**
 * The frames in a bundle's content: the report, then the blocks.
 * @throws VerifyError `FORMAT`
 */
export async function* framesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = [];
  let held = 0;
  let needed = FRAME_HEAD;
  let inHead = true;
  for await (const chunk of content) {
    parts.push(chunk);
    held += chunk.length;
    if (held < needed) continue;
    let bytes = Buffer.concat(parts);
    while (bytes.length >= needed) {
      const piece = bytes.subarray(0, needed);
      bytes = bytes.subarray(needed);
      if (inHead) {
        needed = piece.readUInt32BE();
        if (needed > MAX_FRAME) throw new VerifyError('FORMAT', 'The bundle names a part larger than any block is.');
      } else {
        yield piece;
        needed = FRAME_HEAD;
      }
      inHead = !inHead;
    }
    parts = [bytes];
    held = bytes.length;
  }
  if (held > 0 || !inHead) throw new VerifyError('FORMAT', 'The bundle ends in the middle of a part: it was cut off.');
}

function unreadable(file: string, cause: unknown): VerifyError {
  if (cause instanceof VerifyError) return cause;
  return new VerifyError('UNREADABLE', `${printable(file) || 'A file without a name'} ${whyUnreadable(cause)}.`, {
    cause,
  });
}
