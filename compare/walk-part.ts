import { LineReading } from './line-reading.js';
import type { PackedLines } from './lone-lines.js';
import type { Part } from './parts.js';
import { Walk, type Walked, type WalkOptions } from './walk.js';
import { LogWindow, type PassedLines } from './window.js';

/** So many bytes are read before it is said that they were. */
const SAID_EVERY = 1 << 24;

/** What is found in a part of the logs, and what was passed of each. */
export interface WalkedPart extends Omit<Walked, 'lone'> {
  readonly lone: PackedLines;
  readonly logs: readonly PassedLines[];
}

/**
 * Goes through one part of the logs.
 * @param descriptors of the open logs, which other threads may read too
 * @returns what was found; on the way now and then how many bytes of all logs were passed since the last time
 * @throws CompareError `UNLIKE` if too much of it is not in all logs
 */
export function* walkPart(
  descriptors: readonly number[],
  { ranges, before, until, leftOut }: Part,
  options: Omit<WalkOptions, 'leftOut'>,
): Generator<number, WalkedPart, void> {
  let unsaid = 0;
  const onBytes = (bytes: number) => {
    unsaid += bytes;
  };
  const windows = descriptors.map((descriptor, log) => {
    const { from, to } = ranges[log] as Part['ranges'][number];
    return new LogWindow(log, descriptor, { from, to, before, until, onBytes });
  });
  const walk = new Walk(windows, new LineReading(descriptors), { ...options, leftOut });
  while (walk.goOn()) {
    if (unsaid < SAID_EVERY) continue;
    yield unsaid;
    unsaid = 0;
  }
  const { lone, ...walked } = walk.end();
  return { ...walked, lone: lone.packed(), logs: windows.map(({ passed }) => passed) };
}
