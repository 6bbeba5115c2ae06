import { parentPort } from 'node:worker_threads';
import { CompareError, type CompareErrorCode } from './errors.js';
import type { Part } from './parts.js';
import { keepYoungSmall } from './tiering.js';
import { type WalkedPart, walkPart } from './walk-part.js';

/** What a thread is told to go through, once it is known. */
export interface WorkerTask {
  /** Of the open logs, which all threads share. */
  readonly descriptors: readonly number[];
  readonly part: Part;
  readonly ignore: readonly string[];
}

/** How many bytes were passed, and at last what was found, or why nothing was: an error's class gets lost between threads. */
export type WorkerMessage = number | WalkedPart | { readonly code: CompareErrorCode; readonly message: string };

const say = (message: WorkerMessage, moved: readonly ArrayBuffer[] = []) => parentPort?.postMessage(message, moved);

keepYoungSmall();
parentPort?.once('message', ({ descriptors, part, ignore }: WorkerTask) => {
  try {
    const walk = walkPart(descriptors, part, { ignore });
    let step = walk.next();
    for (; !step.done; step = walk.next()) say(step.value);
    const columns = step.value.lone.pieces.flatMap((piece) => Object.values(piece) as Uint8Array<ArrayBuffer>[]);
    say(
      step.value,
      columns.map(({ buffer }) => buffer),
    );
  } catch (error) {
    if (!(error instanceof CompareError)) throw error;
    say({ code: error.code, message: error.message });
  }
});
