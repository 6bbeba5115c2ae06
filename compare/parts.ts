import { fstatSync, openSync } from 'node:fs';
import { CompareError } from './errors.js';
import { isAfter, type Moment } from './line-scan.js';
import { LogWindow, type Stretch } from './window.js';

/** One stretch of every log, from about one moment to about another. */
export interface Part {
  /** For each log where the stretch begins and ends. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
  /** All of its lines should be after that. */
  readonly before: Moment;
  /** None of its lines should be as late as that. */
  readonly until: Moment;
  /** Logs that are in no order of time, and are not held against the others. */
  readonly leftOut: readonly number[];
}

/** The first part is so long beside another: the thread that goes through it has more to do before and after. */
const FIRST = 0.9;
/** Less than this of a log is not worth a thread of its own, in bytes. */
export const LEAST = 1 << 24;
/** Earlier than all times. */
export const NEVER: Moment = { seconds: -1, nanos: 0 };
/** Later than all times. */
export const FOR_EVER: Moment = { seconds: Number.POSITIVE_INFINITY, nanos: 0 };
/** So many bytes are read of a log to look at a few lines. */
const A_LOOK = 1 << 13;

/** Farther than so many bytes nobody looks for a line: a hostile one may have no end. */
export const FAR = 1 << 22;

/** So often that is done all the same where a log is cut, for else a few very long lines could have it cut at its end. */
const MOST_FURTHER = 64;

/** All of a log from a place on. */
export function rest(from: number, to: number): Stretch {
  return { from, to, before: NEVER, until: FOR_EVER, onBytes: () => undefined };
}

/** The same, for looking at a few lines. */
export function look(from: number, to: number): Stretch {
  return { ...rest(from, Math.min(to, from + FAR)), atOnce: A_LOOK };
}

export function openLog(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (cause) {
    throw new CompareError('LOG', `${file} cannot be opened: ${(cause as Error).message}.`, { cause });
  }
}

/**
 * Cuts the logs at the same moments, into at most so many parts, of which the first is the shortest. Logs that are in no order of time
 * are cut somewhere; what belongs together and falls apart is brought together afterwards.
 * @param least bytes of a log that are worth a part
 * @param leftOut logs that are not held against the others
 * @param sizes as far as the logs are looked at: they may grow
 */
export function partsOf(
  descriptors: readonly number[],
  most: number,
  {
    least = LEAST,
    leftOut = [],
    sizes = descriptors.map((descriptor) => fstatSync(descriptor).size),
  }: { readonly least?: number; readonly leftOut?: readonly number[]; readonly sizes?: readonly number[] } = {},
): Part[] {
  const guide = middleOf(sizes, leftOut);
  const count = partsIn(sizes, most, { least, leftOut });
  const moments = Array.from({ length: count - 1 }, (_, index) => {
    const middle = Math.floor(((sizes[guide] as number) * (index + FIRST)) / (count - 1 + FIRST));
    return lineFrom(descriptors[guide] as number, middle, { size: sizes[guide] as number })?.time;
  }).flatMap((time) => time ?? []);
  const cuts = descriptors.map((descriptor, log) => {
    let from = 0;
    return moments.map((moment) => {
      from = Math.max(from, placeOf(descriptor, sizes[log] as number, moment));
      return from;
    });
  });
  return [NEVER, ...moments].map((before, index) => ({
    ranges: sizes.map((size, log) => ({ from: cuts[log]?.[index - 1] ?? 0, to: cuts[log]?.[index] ?? size })),
    // The first line of the moment itself belongs to the part.
    before: index === 0 ? before : justBefore(before),
    until: moments[index] ?? FOR_EVER,
    leftOut,
  }));
}

/** How many parts logs of such sizes are cut into at the most; with their moments unknown they may be fewer. */
export function partsIn(
  sizes: readonly number[],
  most: number,
  { least = LEAST, leftOut = [] }: { readonly least?: number; readonly leftOut?: readonly number[] } = {},
): number {
  return Math.max(1, Math.min(most, Math.floor((sizes[middleOf(sizes, leftOut)] as number) / least)));
}

/** The log of the middle size, for a hostile one may be as long as its actor likes. */
function middleOf(sizes: readonly number[], leftOut: readonly number[]): number {
  const kept = sizes.flatMap((size, log) => (leftOut.includes(log) ? [] : { size, log }));
  kept.sort((a, b) => a.size - b.size);
  return kept[kept.length >> 1]?.log ?? 0;
}

/** Where the first line begins that is not before a moment, in a log in order of time. */
function placeOf(descriptor: number, size: number, moment: Moment): number {
  let [low, high] = [0, size];
  let further = MOST_FURTHER;
  // Behind a very long line another may stand that tells where to go on.
  const lineAfter = (place: number, until: number) => {
    let line = lineFrom(descriptor, place, { size, until });
    for (let at = place + FAR; line === undefined && at < until && further > 0; at += FAR) {
      further--;
      line = lineFrom(descriptor, at, { size, until });
    }
    return line;
  };
  // No line before `low` is late enough, and `found` is the first one from `high` on.
  let found = size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const line = lineAfter(middle, high);
    if (line !== undefined && isAfter(moment, line.time)) {
      low = line.next;
      continue;
    }
    found = line?.offset ?? found;
    high = middle;
  }
  return found;
}

/**
 * The first line that begins at a place or after it, and tells its time.
 * @param until where it must begin before
 */
function lineFrom(
  descriptor: number,
  place: number,
  { size, until = size }: { readonly size: number; readonly until?: number },
) {
  const skipped = new LogWindow(0, descriptor, look(Math.max(0, place - 1), size));
  // What is left of the line before, if the place is not where one begins.
  if (place > 0) skipped.passUnseen();
  for (let passed = 0; skipped.fill() && skipped.offset < until && passed < 1000; passed++) {
    const isClear = skipped.look();
    const { offset, time } = skipped;
    const found = { offset, time: { ...time } };
    skipped.pass();
    if (isClear) return { ...found, next: skipped.offset };
  }
  return undefined;
}

function justBefore({ seconds, nanos }: Moment): Moment {
  return nanos > 0 ? { seconds, nanos: nanos - 1 } : { seconds: seconds - 1, nanos: 999_999_999 };
}
