import { NEWLINE } from './ascii.js';
import { isSpace } from './shape.js';

/** Blank lines that stood one after the other. */
interface Run {
  /** Where they stood: before what is there now. */
  at: number;
  bytes: number;
  lines: number;
}

/** What the lines and bytes of several runs come to. */
interface Sum {
  readonly bytes: number;
  readonly lines: number;
}

/** Newlines that are looked for at once, after so many others. */
const SOME = 1 << 6;
const MANY = Buffer.alloc(1 << 9, NEWLINE);

const NOTHING: Sum = { bytes: 0, lines: 0 };

/**
 * Takes lines of spaces alone, which hide no event, out of bytes in memory, and knows where they stood: what is left can be
 * compared with other logs' bytes in long stretches.
 */
export class BlankLines {
  /** In their order; those before `#first` are not asked for any more. */
  #runs: Run[] = [];
  #first = 0;

  /**
   * Takes them out of the lines that begin from a place on.
   * @param from where a line begins
   * @returns where the bytes end now
   */
  takeOut(bytes: Buffer, from: number, to: number): number {
    let end = from;
    for (let line = from; line < to; ) {
      let at = line;
      let lines = 0;
      let behind = line;
      for (; at < to; at++) {
        // There may be millions of them, most of them newlines alone; a few are not worth a look ahead.
        if (lines > 0 && lines % SOME === 0 && at + MANY.length <= to) {
          if (bytes.compare(MANY, 0, MANY.length, at, at + MANY.length) === 0) {
            lines += MANY.length;
            behind = at + MANY.length;
            at = behind - 1;
            continue;
          }
        }
        const byte = bytes[at] as number;
        if (byte === NEWLINE) {
          lines++;
          behind = at + 1;
        } else if (!isSpace(byte)) break;
      }
      if (lines > 0) {
        this.#note(end, behind - line, lines);
        line = behind;
        continue;
      }
      const newline = bytes.indexOf(NEWLINE, at);
      const next = newline < 0 || newline >= to ? to : newline + 1;
      if (end < line) bytes.copyWithin(end, line, next);
      end += next - line;
      line = next;
    }
    return end;
  }

  /** What stood before a place, or right at it. */
  upTo(at: number): Sum {
    if (this.#first === this.#runs.length) return NOTHING;
    let [bytes, lines] = [0, 0];
    for (let index = this.#first; index < this.#runs.length; index++) {
      const run = this.#runs[index] as Run;
      if (run.at > at) break;
      bytes += run.bytes;
      lines += run.lines;
    }
    return { bytes, lines };
  }

  /** Forgets what stood before a place. @returns what it was */
  forget(before: number): Sum {
    if (this.#first === this.#runs.length) return NOTHING;
    let [bytes, lines] = [0, 0];
    for (; this.#first < this.#runs.length; this.#first++) {
      const run = this.#runs[this.#first] as Run;
      if (run.at >= before) break;
      bytes += run.bytes;
      lines += run.lines;
    }
    return { bytes, lines };
  }

  /** The bytes were moved to the front by so many. */
  move(by: number): void {
    if (this.#runs.length === 0) return;
    this.#runs = this.#runs.slice(this.#first);
    this.#first = 0;
    for (const run of this.#runs) run.at -= by;
  }

  #note(at: number, bytes: number, lines: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && this.#first < this.#runs.length && last.at === at) {
      last.bytes += bytes;
      last.lines += lines;
    } else this.#runs.push({ at, bytes, lines });
  }
}
