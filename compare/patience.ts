import type { LogWindow } from './window.js';

/** What each log may make the others wait for, in lines, and one more for so many that it has. */
const FREE = 1 << 13;
const ONE_IN = 32;
/** Of a log in no order so many of the lines that it is blamed for come after later ones. */
const ONE_ASTRAY_IN = 16;
/** So many ways of writing a log may have, and one more for so many lines: each is looked at member by member. */
const FREE_WAYS = 1 << 12;
const ONE_WAY_IN = 64;
/** A line so long, in bytes, counts as two, one of twice that as three. */
const LONG = 1 << 12;

/**
 * Keeps account of the lines for which a log is alone to blame that all must be looked at one by one: those it alone has, or alone
 * lacks, against a majority. Honest logs have few of them.
 */
export class Patience {
  readonly #blame: Float64Array;
  /** Lines that came after later ones. */
  readonly #astray: Float64Array;
  readonly #logs: number;

  constructor(logs: number) {
    this.#logs = logs;
    this.#blame = new Float64Array(logs);
    this.#astray = new Float64Array(logs);
  }

  /**
   * Takes note of what the logs have of a moment.
   * @param alike those that say the same, of each content
   * @returns a log whose share is used up
   */
  note(alike: readonly (readonly LogWindow[])[], windows: readonly LogWindow[]): LogWindow | undefined {
    const present = alike.reduce((sum, own) => sum + own.length, 0);
    const absent = windows.length - present;
    const most = alike.reduce((greatest, { length }) => Math.max(greatest, length), absent);
    if (most * 2 <= windows.length) return undefined;
    let spent: LogWindow | undefined;
    const blame = (window: LogWindow, lines: number) => {
      const sum = (this.#blame[window.log] as number) + lines;
      this.#blame[window.log] = sum;
      if (sum > FREE + window.lines / ONE_IN) spent = window;
    };
    for (const own of alike) {
      for (const window of own) {
        if (own.length < most) blame(window, 1 + Math.floor((window.lineEnd - window.at) / LONG));
        if (!window.isInPlace(window.time)) this.#astray[window.log] = (this.#astray[window.log] as number) + 1;
      }
    }
    if (absent < most && absent > 0) {
      for (const window of windows) if (!alike.some((own) => own.includes(window))) blame(window, 1);
    }
    return spent;
  }

  /** A log that is written in ever new ways, each of which costs as much as many lines. */
  noteWays(windows: readonly LogWindow[]): LogWindow | undefined {
    return windows.find(({ members, lines }) => members.made > FREE_WAYS + lines / ONE_WAY_IN);
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
