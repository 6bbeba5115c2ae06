import { closeSync, createReadStream, fstatSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { CompareError } from './errors.js';
import { notCopied, PackedLog } from './packed-log.js';
import { openLog } from './parts.js';
import { packingOf } from './unpack.js';
import { writeAll } from './write-all.js';

/** A log that can be read from any place: the file itself, or what was made plain of it. */
export interface PlainLog {
  /** As it was named. */
  readonly name: string;
  readonly file: string;
  /** Where it is open, if it was written, and then nobody finds it by its name. */
  readonly descriptor?: number;
  /** Why it ends before its end, if it does. */
  readonly cut?: string;
}

export interface PlainLogs {
  readonly logs: readonly PlainLog[];
  /** Closes and removes what was written. */
  remove(): void;
}

/** A packed log may unpack to so many bytes, and to so many times its size. */
const LEAST_UNPACKED = 1 << 26;
const TIMES_OF_FEW = 200;
/** Where others tell how long an honest log is, to no more times its size, or to so many times their length. */
const TIMES = 40;
const TIMES_OTHERS = 1.5;

const CUT = {
  bound: 'it unpacks to far more than its size and the other logs speak for; what comes after was not read',
  idle: 'it unpacks to very much that tells of no other time; what comes after was not read',
} as const;

/**
 * Makes logs plain that are compressed (gzip, zstd, told by their first bytes) or come from a pipe (`-` is standard input):
 * they are written to a temporary folder, for logs are read at several places at once. One that unpacks to far too much is cut off;
 * one that is damaged is left out, as long as the others are a majority. What is written has no name for longer than it takes to open
 * it, so that nothing is left behind by whatever ends the command.
 * @param isNamed whether it is to be found by its name until it is removed
 * @throws CompareError `LOG`, `COMPRESSION`
 */
export async function plainLogs(
  names: readonly string[],
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal,
  isNamed = false,
): Promise<PlainLogs> {
  const written = new WrittenFiles(isNamed);
  const packed = new Map<number, PackedLog>();
  const read: number[] = [];
  try {
    const sources: OpenFile[] = [];
    for (const [index, name] of names.entries()) {
      let source: OpenFile;
      if (name === '-' || !isFile(name)) {
        source = written.create(name, `${index}.copy`);
        await copy(name, name === '-' ? stdin : createReadStream(name), source.descriptor, signal);
      } else {
        source = { file: name, descriptor: openLog(name) };
        read.push(source.descriptor);
      }
      const packing = packingOf(name, source.descriptor);
      if (packing !== undefined) {
        const from = source.descriptor;
        source = written.create(name, `${index}.ndjson`);
        packed.set(index, new PackedLog(name, { from, packing, to: source.descriptor }, signal));
      }
      sources.push(source);
    }
    await unpackAll(packed, sources);
    const cuts = cutsOf(packed, names.length);
    const logs = names.map((name, index): PlainLog => {
      const { file, descriptor } = sources[index] as OpenFile;
      const cut = cuts.get(index);
      return { name, file, ...(!read.includes(descriptor) && { descriptor }), ...(cut !== undefined && { cut }) };
    });
    return { logs, remove: () => written.remove() };
  } catch (error) {
    written.remove();
    throw error;
  } finally {
    for (const log of packed.values()) await log.close();
    for (const descriptor of read) closeSync(descriptor);
  }
}

interface OpenFile {
  readonly file: string;
  readonly descriptor: number;
}

/** Files in temporary folders, which are open for writing and reading. */
class WrittenFiles {
  readonly #descriptors: number[] = [];
  readonly #folders = new Set<string>();

  /** @param isNamed whether they are to be found by their names until they are removed */
  constructor(private readonly isNamed: boolean) {}

  /** @throws CompareError `LOG` if none can be written for that log */
  create(log: string, name: string): OpenFile {
    try {
      const folder = mkdtempSync(join(tmpdir(), 'event2ledger-compare-'));
      this.#folders.add(folder);
      const file = join(folder, name);
      const descriptor = openSync(file, 'wx+', 0o600);
      this.#descriptors.push(descriptor);
      if (!this.isNamed) this.#removeFolders();
      return { file, descriptor };
    } catch (cause) {
      throw notCopied(log, cause);
    }
  }

  remove(): void {
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor);
    this.#removeFolders();
  }

  #removeFolders(): void {
    for (const folder of this.#folders) {
      rmSync(folder, { recursive: true, force: true });
      this.#folders.delete(folder);
    }
  }
}

/** Unpacks each log as far as its size and the others' length allow. */
async function unpackAll(packed: ReadonlyMap<number, PackedLog>, sources: readonly OpenFile[]): Promise<void> {
  const times = sources.length > 2 ? TIMES : TIMES_OF_FEW;
  for (const log of packed.values()) await log.unpackTo(Math.max(LEAST_UNPACKED, times * log.size));
  for (let isMore = sources.length > 2; isMore; ) {
    isMore = false;
    for (const [index, log] of packed) {
      const others = sources.flatMap(({ descriptor }, other) =>
        other === index ? [] : (packed.get(other)?.count ?? fstatSync(descriptor).size),
      );
      const before = log.count;
      await log.unpackTo(Math.floor(TIMES_OTHERS * honestLength(others)));
      isMore ||= log.count > before;
    }
  }
}

/** The greatest of the others' lengths that they reach even without those that may be in league with one. */
function honestLength(others: readonly number[]): number {
  const longest = [...others].sort((a, b) => b - a);
  return longest[Math.max(0, Math.floor(others.length / 2) - 1)] ?? 0;
}

/**
 * Why logs end where they do, those that do not end at their end. Nothing is believed of one that is damaged.
 * @throws CompareError `COMPRESSION` if one is damaged, and the others are no majority
 */
function cutsOf(packed: ReadonlyMap<number, PackedLog>, logs: number): ReadonlyMap<number, string> {
  const damaged = [...packed.values()].filter(({ stopped }) => stopped === 'damaged');
  const [first] = damaged;
  if (first !== undefined && (logs - damaged.length) * 2 <= logs) {
    throw new CompareError(
      'COMPRESSION',
      `${first.name} is damaged or cut off: ${first.why}. Unpack it yourself, and give that.`,
    );
  }
  for (const log of damaged) log.clear();
  return new Map(
    [...packed].flatMap(([index, { stopped, why }]): [number, string][] => {
      if (stopped === undefined) return [];
      return [
        [index, stopped === 'damaged' ? `it is damaged or cut off, and nothing of it was read: ${why}` : CUT[stopped]],
      ];
    }),
  );
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

async function copy(name: string, from: NodeJS.ReadableStream, to: number, signal: AbortSignal): Promise<void> {
  const source = from as Readable;
  try {
    for await (const chunk of addAbortSignal(signal, source) as AsyncIterable<Buffer | string>) {
      writeAll(to, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    }
  } catch (cause) {
    throw notCopied(name, cause);
  } finally {
    source.destroy();
  }
}
