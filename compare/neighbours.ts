import { readSync } from 'node:fs';
import { NEWLINE } from './ascii.js';
import type { Moment } from './line-scan.js';
import { FAR, look } from './parts.js';
import { LogWindow } from './window.js';

interface OpenLog {
  readonly descriptor: number;
  readonly size: number;
}

/** So many lines are looked at for one that tells its time. */
const MOST_LINES = 1000;
/** The same backwards, where each is read by itself. */
const MOST_LINES_BACK = 100;
const STEP = 1 << 12;

/** The time of the next line that begins after a place within a line, and tells one. */
export function momentAfter({ descriptor, size }: OpenLog, place: number): Moment | undefined {
  return firstMoment({ descriptor, size }, place, true);
}

/** The time of the last line that ends before a line, and tells one. */
export function momentBefore({ descriptor }: OpenLog, lineBegin: number): Moment | undefined {
  let end = lineBegin;
  for (let lines = 0; end > 0 && lines < MOST_LINES_BACK; lines++) {
    const begin = lineBefore(descriptor, end);
    const moment = firstMoment({ descriptor, size: end }, begin, false);
    if (moment !== undefined) return moment;
    end = begin;
  }
  return undefined;
}

function firstMoment({ descriptor, size }: OpenLog, from: number, isWithin: boolean): Moment | undefined {
  const window = new LogWindow(0, descriptor, look(from, size));
  if (isWithin) window.passUnseen();
  for (let lines = 0; window.fill() && lines < MOST_LINES; lines++) {
    if (window.look()) return { ...window.time };
    window.pass();
  }
  return undefined;
}

/** Where the line begins that ends, with its newline, before a place. */
function lineBefore(descriptor: number, end: number): number {
  for (let to = end - 1; to > 0 && end - to < FAR; ) {
    const from = Math.max(0, to - STEP);
    const bytes = Buffer.allocUnsafe(to - from);
    readSync(descriptor, bytes, 0, bytes.length, from);
    const newline = bytes.lastIndexOf(NEWLINE);
    if (newline >= 0) return from + newline + 1;
    to = from;
  }
  return 0;
}
