import type { Seeded } from './random.js';

/** What happens besides the kill. */
export type Fault =
  | 'none'
  | 'cut' // the stream of the one that is killed breaks within a line
  | 'reference cut' // that of one which is not
  | 'malformed' // lines come that no one can read
  | 'clock' // the engine's clock is set
  | 'overrun'; // while the killed one is dead more happens than the engine remembers

/** One life of the collector, up to its SIGKILL. */
export interface Episode {
  readonly fault: Fault;
  /** The kill falls at a moment after the start of the process; else after its stream has begun. */
  readonly early: boolean;
  /** Milliseconds until the kill. */
  readonly lifeMs: number;
  /** When the fault comes, as a share of the life; how much of a cut line still comes. From 0 to 1. */
  readonly share: number;
  /** Malformed lines. */
  readonly lines: number;
  /** Where the engine's clock is set, in milliseconds from the machine's. */
  readonly clockMs: number;
  /** Events of an overrun. */
  readonly events: number;
}

const LIFE_MS = 1_500;
const EARLY_PERCENT = 35;
const CLOCK_MS = 3_000;
const OVERRUN = { least: 257, most: 700 };
/** Of each 25 kills; what is left has no fault. */
const DECK: readonly [Fault, number][] = [
  ['cut', 4],
  ['reference cut', 1],
  ['malformed', 3],
  ['clock', 2],
  ['overrun', 3],
  ['none', 12],
];

/** What is done to the collector and its engine: the same for the same numbers, however fast the machine is. */
export function planOf(kills: number, random: Seeded): Episode[] {
  const deck = DECK.flatMap(([fault, count]) => Array.from({ length: count }, () => fault));
  const faults = Array.from({ length: Math.ceil(kills / deck.length) }, () => random.shuffled(deck)).flat();
  return faults.slice(0, kills).map((fault) => {
    const early = random.percent(EARLY_PERCENT);
    return {
      fault,
      // A stream that has not begun cannot be cut.
      early: early && fault !== 'cut',
      lifeMs: random.next() * LIFE_MS,
      share: random.next(),
      lines: random.whole(1, 3),
      clockMs: random.whole(-CLOCK_MS, CLOCK_MS),
      events: random.whole(OVERRUN.least, OVERRUN.most),
    };
  });
}
