const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BYTE_ORDER_MARK = '\ufeff';

/** The longest line that is read, in bytes: 32 MiB. A longer one is reported and skipped. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024;

/** One line of a stream. `text` is undefined where it was too long to keep. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string | undefined;
}

/**
 * Cuts a stream of bytes into lines, however its chunks are cut: a chunk may hold several lines or a part of one, or
 * end within a character. `\r\n` counts as `\n`; a byte order mark at the beginning is dropped.
 */
export class LineSplitter {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #length = 0;
  #number = 0;

  constructor(limit = MAX_LINE_BYTES) {
    this.#limit = limit;
  }

  /** The lines that this chunk completes. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let begin = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, begin)) {
      this.#keep(chunk.subarray(begin, end));
      lines.push(this.#take());
      begin = end + 1;
    }
    if (begin < chunk.length) this.#keep(chunk.subarray(begin));
    return lines;
  }

  /** What stands after the last newline, if anything does. */
  end(): Line | undefined {
    return this.#length > 0 ? this.#take() : undefined;
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#limit) this.#parts = [];
    else this.#parts.push(part);
  }

  #take(): Line {
    this.#number++;
    const bytes = this.#length > this.#limit ? undefined : this.#join();
    this.#parts = [];
    this.#length = 0;
    return { number: this.#number, text: bytes === undefined ? undefined : this.#decode(bytes) };
  }

  #join(): Buffer {
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    return bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes;
  }

  #decode(bytes: Buffer): string {
    const text = bytes.toString('utf8');
    return this.#number === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  }
}
