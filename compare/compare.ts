import { closeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { CompareError } from './errors.js';
import type { PlainLog } from './inputs.js';
import { openedLog } from './opened-log.js';
import { disorderedOf } from './order.js';
import { openLog, partsOf } from './parts.js';
import type { Recorded } from './policy.js';
import type { CompareReport } from './report-form.js';
import { type WalkedPart, walkPart } from './walk-part.js';
import type { WorkerData, WorkerMessage } from './worker.js';

/** Logs of fewer bytes together are gone through in this thread, which hears no signal meanwhile. */
const QUICK = 1 << 24;

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
  const descriptors = options.logs.map(({ file }) => openLog(file));
  try {
    const opened = options.logs.map(({ file }, log) => openedLog(file, descriptors[log] as number));
    const sizes = opened.map(({ size }) => size);
    const known = descriptors.map((descriptor, log) => ({ descriptor, size: sizes[log] as number }));
    const parts = partsOf(descriptors, options.threads, { leftOut: disorderedOf(known) });
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let done = 0;
    const onBytes = (bytes: number) => {
      done += bytes;
      options.onProgress?.(done, total);
    };
    const { actors, source, policy } = options;
    // What judges is loaded while others read.
    const judging = import('./testimony.js');
    const [only, another] = parts;
    const isQuick = only !== undefined && another === undefined && total < QUICK;
    const walked = isQuick
      ? [walkPart(opened, only, onBytes)]
      : await Promise.all(
          parts.map((part) =>
            inThread({ files: opened, part, recorded: { actors, source, policy } }, onBytes, options.signal),
          ),
        );
    const { reportOf } = await judging;
    // What has come in the meantime is heard now.
    await setImmediate();
    if (options.signal.aborted) throw stopped();
    return reportOf({ ...options, descriptors, sizes }, walked);
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}

function inThread(workerData: WorkerData, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<WalkedPart> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) throw stopped();
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    const stop = () => void worker.terminate();
    signal.addEventListener('abort', stop);
    worker.on('message', (message: WorkerMessage) => {
      if (typeof message === 'number') onBytes(message);
      else if ('code' in message) reject(new CompareError(message.code, message.message));
      else resolve(message);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      signal.removeEventListener('abort', stop);
      reject(stopped());
    });
  });
}

function stopped(): CompareError {
  return new CompareError('LOG', 'The comparison was stopped before it was done.');
}
