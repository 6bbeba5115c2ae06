import { parentPort, workerData } from 'node:worker_threads';
import type { Part } from './parts.js';
import { walkPart } from './walk-part.js';

const { files, part } = workerData as { readonly files: readonly string[]; readonly part: Part };
parentPort?.postMessage(walkPart(files, part, (bytes) => parentPort?.postMessage(bytes)));
