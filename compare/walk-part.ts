import { closeSync } from 'node:fs';
import { LineReading } from './line-reading.js';
import { type OpenedLog, openAgain } from './opened-log.js';
import type { Part } from './parts.js';
import { Walk, type Walked } from './walk.js';
import { LogWindow, type PassedLines } from './window.js';

/** So many bytes are read before it is said that they were. */
const SAID_EVERY = 1 << 26;

/** What is found in a part of the logs, and what was passed of each. */
export interface WalkedPart extends Walked {
  readonly logs: readonly PassedLines[];
}

/**
 * Goes through one part of the logs.
 * @param onBytes told now and then how many bytes of all logs were passed since the last time
 * @param mostWaiting lines that may wait for another log to say the same, before one of them is given up
 * @throws CompareError `LOG` if one cannot be read, or is not what it was
 */
export function walkPart(
  files: readonly OpenedLog[],
  { ranges, before, until, leftOut }: Part,
  onBytes: (bytes: number) => void,
  mostWaiting?: number,
): WalkedPart {
  const descriptors = openAll(files);
  try {
    let unsaid = 0;
    const onRead = (bytes: number) => {
      unsaid += bytes;
      if (unsaid < SAID_EVERY) return;
      onBytes(unsaid);
      unsaid = 0;
    };
    const windows = descriptors.map((descriptor, log) => {
      const { from, to } = ranges[log] as Part['ranges'][number];
      return new LogWindow(log, descriptor, { from, to, before, until, onBytes: onRead });
    });
    const walked = new Walk(windows, new LineReading(descriptors), leftOut, mostWaiting).run();
    return { ...walked, logs: windows.map(({ passed }) => passed) };
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}

function openAll(files: readonly OpenedLog[]): number[] {
  const descriptors: number[] = [];
  try {
    for (const file of files) descriptors.push(openAgain(file));
    return descriptors;
  } catch (error) {
    for (const descriptor of descriptors) closeSync(descriptor);
    throw error;
  }
}
