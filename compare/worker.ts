import { parentPort, workerData } from 'node:worker_threads';
import { CompareError, type CompareErrorCode } from './errors.js';
import type { OpenedLog } from './opened-log.js';
import type { Part } from './parts.js';
import type { Recorded } from './policy.js';
import { type WalkedPart, walkPart } from './walk-part.js';

export interface WorkerData {
  readonly files: readonly OpenedLog[];
  readonly part: Part;
  readonly recorded: Recorded;
}

/** How many bytes were passed, and at last what was found, or why nothing was: an error's class gets lost between threads. */
export type WorkerMessage = number | WalkedPart | { readonly code: CompareErrorCode; readonly message: string };

const { files, part, recorded } = workerData as WorkerData;
const say = (message: WorkerMessage) => parentPort?.postMessage(message);
try {
  const walked = walkPart(files, part, say);
  if (walked.lone.length === 0) say(walked);
  else {
    // Loaded only if something is to be read in full.
    const { LineContents } = await import('./line-content.js');
    const { recordingOf } = await import('./policy.js');
    say({ ...walked, lone: new LineContents(recordingOf(recorded)).readKept(walked.lone) });
  }
} catch (error) {
  if (!(error instanceof CompareError)) throw error;
  say({ code: error.code, message: error.message });
}
