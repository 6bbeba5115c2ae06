import { parentPort, workerData } from 'node:worker_threads';
import type { Part } from './parts.js';
import type { Recorded } from './policy.js';
import { walkPart } from './walk-part.js';

export interface WorkerData {
  readonly files: readonly string[];
  readonly part: Part;
  readonly recorded: Recorded;
}

const { files, part, recorded } = workerData as WorkerData;
const walked = walkPart(files, part, (bytes) => parentPort?.postMessage(bytes));
if (walked.lone.length === 0) parentPort?.postMessage(walked);
else {
  // Loaded only if something is to be read in full.
  const { LineContents } = await import('./line-content.js');
  const { recordingOf } = await import('./policy.js');
  parentPort?.postMessage({ ...walked, lone: new LineContents(recordingOf(recorded)).readKept(walked.lone) });
}
