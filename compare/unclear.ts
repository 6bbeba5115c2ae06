import type { Moment } from './line-scan.js';

/** Where a line stands. */
export interface PassedLine {
  /** From 1 within the part. */
  readonly line: number;
  readonly offset: number;
  readonly length: number;
}

/** So many lines of a log that tell no time, and bytes of them, are kept one by one; what is beyond is a stretch. */
export const MOST_UNCLEAR = { lines: 6_000, bytes: 1 << 23 } as const;
/** Stretches of one log that are kept apart; beyond, neighbours are taken together. */
const MOST_STRETCHES = 1 << 14;

/** One line that tells no time but to a full reading, or several one after the other that are not read. */
export interface UnclearLines {
  readonly offset: number;
  length: number;
  /** The first one's number, from 1 within the part. */
  readonly line: number;
  lines: number;
  /** The time of the clear line before; undefined if there is none in the part. */
  readonly after: Moment | undefined;
  /** The time of the clear line behind; undefined if there is none in the part. */
  before: Moment | undefined;
}

/** Takes note of a log's lines that tell no time, in memory that does not grow with them. */
export class UnclearNotes {
  readonly #single: UnclearLines[] = [];
  #stretches: UnclearLines[] = [];
  /** Those behind which no clear line has come yet. */
  #open: UnclearLines[] = [];
  #bytes = 0;
  /** How many there are in all. */
  count = 0;

  /** Whether there are too many to be read in full. */
  get isFull(): boolean {
    return this.#bytes === Number.POSITIVE_INFINITY;
  }

  /** Each of them one line, to be read in full. */
  get single(): readonly UnclearLines[] {
    return this.#single;
  }

  /** What is beyond. */
  get stretches(): readonly UnclearLines[] {
    return this.#stretches;
  }

  /**
   * @param after the time of the clear line before
   * @param isLong whether it is never read
   */
  add({ line, offset, length }: PassedLine, after: Moment | undefined, isLong: boolean): void {
    this.count++;
    const bytes = isLong ? 0 : length;
    const fresh = { line, offset, length, lines: 1, after, before: undefined };
    if (this.#single.length < MOST_UNCLEAR.lines && this.#bytes + bytes <= MOST_UNCLEAR.bytes) {
      this.#bytes += bytes;
      this.#single.push(fresh);
      this.#open.push(fresh);
      return;
    }
    // From here on all are in stretches.
    this.#bytes = Number.POSITIVE_INFINITY;
    const last = this.#stretches.at(-1);
    if (last !== undefined && last === this.#open.at(-1)) {
      last.lines++;
      last.length = offset + length - last.offset;
      return;
    }
    if (this.#stretches.length === MOST_STRETCHES) this.#join();
    this.#stretches.push(fresh);
    this.#open.push(fresh);
  }

  /** Whether no clear line has come since one was added. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** A line that tells its time has come. */
  close({ seconds, nanos }: Readonly<Moment>): void {
    for (const one of this.#open) one.before = { seconds, nanos };
    this.#open = [];
  }

  /** Takes neighbours together: what is clear between them is in a hole too. */
  #join(): void {
    const joined: UnclearLines[] = [];
    for (const [index, one] of this.#stretches.entries()) {
      const before = joined.at(-1);
      if (index % 2 === 0 || before === undefined) joined.push(one);
      else {
        before.lines += one.lines;
        before.length = one.offset + one.length - before.offset;
        before.before = one.before;
      }
    }
    this.#stretches = joined;
  }
}
