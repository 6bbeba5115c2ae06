import type { LoneLines } from './lone-lines.js';
import type { LogWindow } from './window.js';

/** What each log may make the others wait for, in lines, and one more for so many that it has. */
const FREE = 1 << 13;
const ONE_IN = 32;
/** Of a log in no order so many of the lines that it is blamed for come after later ones. */
const ONE_ASTRAY_IN = 16;
/** So many of its lines may come after later ones, and one more for so many lines: each costs as much as very many that agree. */
const FREE_ASTRAY = 1 << 15;
/** With more of them a log is in an order of its own, if only by a little. */
const LOOSE = 1 << 8;
/** So many ways of writing a log may have, and one more for so many lines: each is looked at member by member. */
const FREE_WAYS = 1 << 12;
const ONE_WAY_IN = 64;
/** So many of its lines may tell no time, and one more for so many lines: each makes the others be compared line by line. */
const FREE_UNCLEAR = 1 << 15;
/** A line so long, in bytes, counts as two, one of twice that as three. */
const LONG = 1 << 12;

/** For how many lines which logs are to blame. */
export type Blame = readonly { readonly log: number; readonly lines: number }[];

/**
 * Keeps account of the lines for which a log is alone to blame that others wait: those it alone has, or alone lacks, against a
 * majority. Honest logs have few of them, for where all come to say the same, in whatever order, nobody is to blame.
 */
export class Patience {
  readonly #blame: Float64Array;
  /** Of those the lines that came after later ones. */
  readonly #astray: Float64Array;
  readonly #logs: number;

  /** @param loose with more lines that come after later ones a log is in an order of its own, if only by a little */
  constructor(
    logs: number,
    private readonly loose = LOOSE,
  ) {
    this.#logs = logs;
    this.#blame = new Float64Array(logs);
    this.#astray = new Float64Array(logs);
  }

  /**
   * Who is to blame for what waits of a moment.
   * @param lone where the lines lie
   * @param alike places of lines that say the same, of each content
   * @param live logs that have ended lack the rest, and are not to blame
   * @param of so many logs
   */
  blameFor(lone: LoneLines, alike: readonly (readonly number[])[], live: readonly LogWindow[], of: number): Blame {
    let most = 0;
    for (const { length } of alike) most = Math.max(most, length);
    const absent: number[] = [];
    for (const { log } of live) if (!hasLog(lone, alike, log)) absent.push(log);
    most = Math.max(most, absent.length);
    if (most * 2 <= of) return [];
    const blame: { readonly log: number; readonly lines: number }[] = [];
    for (const own of alike) {
      if (own.length === most) continue;
      for (const row of own) blame.push({ log: lone.logOf(row), lines: 1 + Math.floor(lone.lengthOf(row) / LONG) });
    }
    if (absent.length < most) for (const log of absent) blame.push({ log, lines: 1 });
    return blame;
  }

  /** Puts one blame in place of another. */
  replace(before: Blame, now: Blame): void {
    for (const { log, lines } of before) this.#blame[log] = (this.#blame[log] as number) - lines;
    for (const { log, lines } of now) this.#blame[log] = (this.#blame[log] as number) + lines;
  }

  /** Takes note of a line that came after later ones. */
  noteAstray(log: number): void {
    this.#astray[log] = (this.#astray[log] as number) + 1;
  }

  /** Whether so many lines of one of the logs came after later ones that most of what waits for it will come. */
  isOneLoose(windows: readonly LogWindow[]): boolean {
    for (const { log } of windows) if ((this.#astray[log] as number) > this.loose) return true;
    return false;
  }

  /** A log that is in too little order. */
  disordered(windows: readonly LogWindow[]): LogWindow | undefined {
    for (const window of windows) {
      if ((this.#astray[window.log] as number) > FREE_ASTRAY + window.lines / ONE_IN) return window;
    }
    return undefined;
  }

  /** The log of those to blame whose share is used up. */
  spent(blame: Blame, windows: readonly LogWindow[]): LogWindow | undefined {
    for (const window of windows) {
      if ((this.#blame[window.log] as number) <= FREE + window.lines / ONE_IN) continue;
      if (blame.some(({ log }) => log === window.log)) return window;
    }
    return undefined;
  }

  /** A log that is written in ever new ways, each of which costs as much as many lines, or of which too much tells no time. */
  noteWays(windows: readonly LogWindow[]): LogWindow | undefined {
    for (const window of windows) {
      const { members, unclear, lines } = window;
      if (members.made > FREE_WAYS + lines / ONE_WAY_IN || unclear.count > FREE_UNCLEAR + lines / ONE_IN) return window;
    }
    return undefined;
  }

  /** Whether one of so many logs can be given up: only a minority, or nobody would be left to agree. */
  canSpare(windows: readonly LogWindow[]): boolean {
    return (windows.length - 1) * 2 > this.#logs;
  }

  /** Whether much of what a log is blamed for is out of order. */
  isAstray(log: number): boolean {
    return (this.#astray[log] as number) * ONE_ASTRAY_IN > (this.#blame[log] as number);
  }
}

function hasLog(lone: LoneLines, alike: readonly (readonly number[])[], log: number): boolean {
  for (const own of alike) for (const row of own) if (lone.logOf(row) === log) return true;
  return false;
}
