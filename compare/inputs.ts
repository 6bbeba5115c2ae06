import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { CompareError } from './errors.js';
import { notCopied, PackedLog } from './packed-log.js';
import { packingOf } from './unpack.js';

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
 * one that is damaged is left out, as long as the others are a majority.
 * @throws CompareError `LOG`, `COMPRESSION`
 */
export async function plainLogs(
  names: readonly string[],
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<PlainLogs> {
  let folder: string | undefined;
  const written = (name: string) => {
    folder ??= mkdtempSync(join(tmpdir(), 'event2ledger-compare-'));
    return join(folder, name);
  };
  const remove = () => {
    if (folder === undefined) return;
    rmSync(folder, { recursive: true, force: true });
    folder = undefined;
  };
  const packed = new Map<number, PackedLog>();
  try {
    const files: string[] = [];
    for (const [index, name] of names.entries()) {
      let from = name;
      if (name === '-' || !isFile(name)) {
        from = written(`${index}.copy`);
        await copy(name, name === '-' ? stdin : createReadStream(name), from, signal);
      }
      const packing = packingOf(from);
      if (packing === undefined) {
        files.push(from);
        continue;
      }
      const file = written(`${index}.ndjson`);
      files.push(file);
      packed.set(index, await PackedLog.create(name, packing, { from, file, signal }));
    }
    await unpackAll(packed, files);
    const cuts = await cutsOf(packed, names.length);
    const logs = names.map((name, index) => {
      const cut = cuts.get(index);
      return { name, file: files[index] as string, ...(cut !== undefined && { cut }) };
    });
    return { logs, remove };
  } catch (error) {
    remove();
    throw error;
  } finally {
    for (const log of packed.values()) await log.close();
  }
}

/** Unpacks each log as far as its size and the others' length allow. */
async function unpackAll(packed: ReadonlyMap<number, PackedLog>, files: readonly string[]): Promise<void> {
  const times = files.length > 2 ? TIMES : TIMES_OF_FEW;
  for (const log of packed.values()) await log.unpackTo(Math.max(LEAST_UNPACKED, times * log.size));
  for (let isMore = files.length > 2; isMore; ) {
    isMore = false;
    for (const [index, log] of packed) {
      const others = files.flatMap((file, other) =>
        other === index ? [] : (packed.get(other)?.count ?? statSync(file).size),
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
async function cutsOf(packed: ReadonlyMap<number, PackedLog>, logs: number): Promise<ReadonlyMap<number, string>> {
  const damaged = [...packed.values()].filter(({ stopped }) => stopped === 'damaged');
  const [first] = damaged;
  if (first !== undefined && (logs - damaged.length) * 2 <= logs) {
    throw new CompareError(
      'COMPRESSION',
      `${first.name} is damaged or cut off: ${first.why}. Unpack it yourself, and give that.`,
    );
  }
  for (const log of damaged) await log.clear();
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

async function copy(name: string, from: NodeJS.ReadableStream, file: string, signal: AbortSignal): Promise<void> {
  const source = from as Readable;
  try {
    const to = await open(file, 'w', 0o600);
    try {
      for await (const chunk of addAbortSignal(signal, source) as AsyncIterable<Buffer>) await to.writeFile(chunk);
    } finally {
      await to.close();
    }
  } catch (cause) {
    throw notCopied(name, cause);
  } finally {
    source.destroy();
  }
}
