import { closeSync, createReadStream, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAbortSignal, type Readable, Transform, type TransformCallback } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { CompareError } from './errors.js';

/** A log that can be read from any place: the file itself, or what was made plain of it. */
export interface PlainLog {
  /** As it was named. */
  readonly name: string;
  readonly file: string;
  /** Why it ends before its end, if it does. */
  readonly cut?: string;
}

export interface PlainLogs {
  readonly logs: readonly PlainLog[];
  /** Removes what was written. */
  remove(): void;
}

/** A log may unpack to so many bytes, and to so many times its size; what is beyond is cut off. */
const LEAST_UNPACKED = 1 << 26;
const MOST_TIMES = 200;

const TOO_LARGE = `it unpacks to more than ${MOST_TIMES} times its size; what comes after was not read`;

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * Makes logs plain that are compressed (gzip, zstd, told by their first bytes) or come from a pipe (`-` is standard input):
 * they are written to a temporary folder, for logs are read at several places at once. One that unpacks to far too much is cut off.
 * @throws CompareError `LOG`, `COMPRESSION`
 */
export async function plainLogs(
  names: readonly string[],
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<PlainLogs> {
  let folder: string | undefined;
  const remove = () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const logs: PlainLog[] = [];
    for (const [index, name] of names.entries()) {
      const inflate = name === '-' ? undefined : inflaterOf(name);
      if (name !== '-' && inflate === undefined && isFile(name)) {
        logs.push({ name, file: name });
        continue;
      }
      folder ??= mkdtempSync(join(tmpdir(), 'event2ledger-compare-'));
      const file = join(folder, `${index}.ndjson`);
      const from = name === '-' ? stdin : createReadStream(name);
      const most = inflate === undefined ? undefined : LEAST_UNPACKED + MOST_TIMES * statSync(name).size;
      const isCut = await written(name, [from, inflate], file, { most, signal });
      logs.push({ name, file, ...(isCut && { cut: TOO_LARGE }) });
    }
    return { logs, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function isFile(name: string): boolean {
  try {
    const stat = statSync(name);
    if (stat.isDirectory()) throw new CompareError('LOG', `${name} is a folder; name the logs in it one by one.`);
    return stat.isFile();
  } catch (cause) {
    if (cause instanceof CompareError) throw cause;
    throw new CompareError('LOG', `${name} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

function inflaterOf(name: string): Transform | undefined {
  if (!isFile(name)) return undefined;
  const first = Buffer.alloc(4);
  const descriptor = openSync(name, 'r');
  const count = readSync(descriptor, first, 0, 4, 0);
  closeSync(descriptor);
  const begins = (magic: Buffer) => count >= magic.length && first.subarray(0, magic.length).equals(magic);
  if (begins(GZIP)) return createGunzip();
  return begins(ZSTD) ? new ZstdInflate() : undefined;
}

class ZstdInflate extends Transform {
  readonly #stream = new Decompress((chunk) => this.push(chunk));

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#inflate(chunk, false, done);
  }

  override _flush(done: TransformCallback): void {
    this.#inflate(Buffer.alloc(0), true, done);
  }

  #inflate(chunk: Buffer, isLast: boolean, done: TransformCallback): void {
    try {
      this.#stream.push(chunk, isLast);
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}

/** @returns whether it was cut off at so many bytes */
async function written(
  name: string,
  [from, inflate]: readonly [NodeJS.ReadableStream, (Transform | undefined)?],
  file: string,
  { most = Number.POSITIVE_INFINITY, signal }: { readonly most: number | undefined; readonly signal: AbortSignal },
): Promise<boolean> {
  const to = await open(file, 'w', 0o600);
  const source = from as Readable;
  try {
    let count = 0;
    const plain = inflate === undefined ? source : compose(source, inflate);
    for await (const chunk of addAbortSignal(signal, plain) as AsyncIterable<Buffer>) {
      const kept = chunk.subarray(0, most - count);
      await to.writeFile(kept);
      count += kept.length;
      if (count === most) return true;
    }
    return false;
  } catch (cause) {
    const isOfSystem = (cause as NodeJS.ErrnoException).syscall !== undefined || signal.aborted;
    const why = (cause as Error).message;
    if (isOfSystem) throw new CompareError('LOG', `${name} could not be copied to be compared: ${why}.`, { cause });
    throw new CompareError('COMPRESSION', `${name} is damaged or cut off: ${why}.`, { cause });
  } finally {
    source.destroy();
    inflate?.destroy();
    await to.close();
  }
}

/** What comes out of the second; an error of either is told there. */
function compose(source: Readable, inflate: Transform): Readable {
  source.on('error', (error) => inflate.destroy(error));
  return source.pipe(inflate);
}
