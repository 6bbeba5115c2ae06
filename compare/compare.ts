import { closeSync, fstatSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { CompareError } from './errors.js';
import type { PlainLog } from './inputs.js';
import { disorderedOf } from './order.js';
import { openLog, type Part, partsIn, partsOf } from './parts.js';
import type { Recorded } from './policy.js';
import type { CompareReport } from './report-form.js';
import { type WalkedPart, walkPart } from './walk-part.js';
import type { WorkerMessage, WorkerTask } from './worker.js';

export interface CompareOptions extends Recorded {
  readonly logs: readonly PlainLog[];
  /** Threads at the most. */
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Told how many bytes have been read, of how many. */
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Compares the logs of several actors on one engine: what a reconciler would say if each had attested its log.
 * @throws CompareError `LOG` if one cannot be read, `EMPTY` if there is no event in any
 */
export async function compareLogs(options: CompareOptions): Promise<CompareReport> {
  const opened: number[] = [];
  const descriptors = options.logs.map(({ file, descriptor }) => {
    if (descriptor !== undefined) return descriptor;
    const own = openLog(file);
    opened.push(own);
    return own;
  });
  const sizes = descriptors.map((descriptor) => fstatSync(descriptor).size);
  // A thread takes its time to begin: in the meantime it is found out what it is to do.
  const workers = Array.from({ length: partsIn(sizes, options.threads) - 1 }, started);
  try {
    const known = descriptors.map((descriptor, log) => ({ descriptor, size: sizes[log] as number }));
    const parts = partsOf(descriptors, options.threads, { leftOut: disorderedOf(known), sizes });
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let done = 0;
    const onBytes = (bytes: number) => {
      done += bytes;
      options.onProgress?.(done, total);
    };
    // What policies have by default is not loaded for this; none leaves anything out.
    const ignore = options.policy.ignore ?? [];
    // What judges is loaded while others read.
    const judging = import('./testimony.js');
    const walked = await inParts(parts, workers, { descriptors, ignore }, { onBytes, signal: options.signal });
    const { reportOf } = await judging;
    // What has come in the meantime is heard now.
    await setImmediate();
    if (options.signal.aborted) throw stopped();
    return reportOf({ ...options, descriptors, sizes }, walked);
  } finally {
    // Nobody may read any more when the logs are closed.
    await Promise.allSettled(workers.map((worker) => worker.terminate()));
    for (const descriptor of opened) closeSync(descriptor);
  }
}

function started(): Worker {
  const worker = new Worker(new URL('./worker.js', import.meta.url));
  // Whoever waits for it hears of that, too; for one that gets no part nobody waits.
  worker.on('error', () => {});
  return worker;
}

/** Goes through the parts at once, the first one in this thread: one thread less is to be started, and what judges is here. */
async function inParts(
  [first, ...others]: readonly Part[],
  workers: Worker[],
  about: Omit<WorkerTask, 'part'>,
  { onBytes, signal }: { readonly onBytes: (bytes: number) => void; readonly signal: AbortSignal },
): Promise<WalkedPart[]> {
  const failed = new AbortController();
  const stopping = AbortSignal.any([signal, failed.signal]);
  const threads = others.map((part, index) => {
    const worker = workers[index] ?? started();
    workers[index] = worker;
    worker.postMessage({ ...about, part } satisfies WorkerTask);
    return foundBy(worker, onBytes, stopping);
  });
  const own = inTurns(walkPart(about.descriptors, first as Part, about), onBytes, stopping);
  try {
    return await Promise.all([own, ...threads]);
  } finally {
    failed.abort();
    await Promise.allSettled([own]);
  }
}

/** Goes on for a while at a time, so that signals and other threads are heard. */
async function inTurns(
  walk: Generator<number, WalkedPart, void>,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<WalkedPart> {
  for (;;) {
    const { done, value } = walk.next();
    if (done) return value;
    onBytes(value);
    await setImmediate();
    if (!signal.aborted) continue;
    walk.return(undefined as never);
    throw stopped();
  }
}

function foundBy(worker: Worker, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<WalkedPart> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(stopped()));
    worker.on('message', (message: WorkerMessage) => {
      if (typeof message === 'number') onBytes(message);
      else if ('code' in message) reject(new CompareError(message.code, message.message));
      else resolve(message);
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(stopped()));
  });
}

function stopped(): CompareError {
  return new CompareError('LOG', 'The comparison was stopped before it was done.');
}
