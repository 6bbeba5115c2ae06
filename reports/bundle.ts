import { createHash } from 'node:crypto';
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { makeFolder } from '../cli/make-folder.js';
import { framed } from '../reconciler/archive.js';
import { ReportError } from './errors.js';

/**
 * What a bundle begins with. After it comes, compressed by gzip, the report's file and then every block from block 0 to
 * that of the report's state, each with its length in four bytes before it; and last the SHA-256 of all before.
 */
export const BUNDLE_MAGIC = 'event2ledger/bundle/1\n';

/** Length of the hash at the end. */
export const BUNDLE_HASH_LENGTH = 32;

/**
 * Writes a bundle, whole or not at all.
 * @param text the report as its file has it
 * @param blocks as the reconciler keeps them, from block 0 on
 * @throws ReportError `WRITE`; whatever reading the blocks throws
 */
export async function writeBundle(file: string, text: string, blocks: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  let failed: unknown;
  async function* frames() {
    yield framed(Buffer.from(text));
    try {
      for await (const block of blocks) yield framed(block);
    } catch (error) {
      failed = error;
      throw error;
    }
  }
  try {
    makeFolder(dirname(file));
    await pipeline(
      Readable.from(frames(), { objectMode: true }),
      createGzip(),
      sealed(),
      createWriteStream(temporary, { flush: true }),
    );
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    if (failed !== undefined) throw failed;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReportError('WRITE', `The bundle could not be written; name a folder that can be: ${why}`, { cause });
  }
}

/** Puts the magic line before what passes, and the hash of all of it behind. */
function sealed(): Transform {
  const hash = createHash('sha256').update(BUNDLE_MAGIC);
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(null, hash.digest());
    },
  });
  stream.push(BUNDLE_MAGIC);
  return stream;
}
