import { readSync } from 'node:fs';
import { NEWLINE, RETURN } from './ascii.js';
import { BIG_T, type Kind, kindAtStart, kindBeforeActor } from './line-scan.js';
import type { LoneLine } from './lone-lines.js';
import { Members } from './members.js';
import { RecentLines } from './recent-lines.js';
import type { LogWindow } from './window.js';

/** Reads lines again that were passed, from the logs themselves: what waits is kept by its place alone. */
export class LineReading {
  readonly #descriptors: readonly number[];
  /** The line that was read last to be held against another, and where it stands. */
  #last: Buffer = Buffer.alloc(0);
  #lastOf: Pick<LoneLine, 'log' | 'offset'> = { log: -1, offset: 0 };
  readonly #recent = new RecentLines();
  readonly #one = new Members();
  readonly #other = new Members();

  constructor(descriptors: readonly number[]) {
    this.#descriptors = descriptors;
  }

  /** How many logs there are. */
  get logs(): number {
    return this.#descriptors.length;
  }

  bytesOf({ log, offset, length, kept }: Pick<LoneLine, 'log' | 'offset' | 'length' | 'kept'>): Buffer {
    return kept ?? this.#read(this.#descriptors[log] as number, offset, length);
  }

  read({ descriptor }: LogWindow, from: number, to: number): Buffer {
    return this.#read(descriptor, from, to - from);
  }

  /** Whether two lines are one event, as far as that can be told from their members. */
  isSameLine(one: LoneLine, other: LoneLine): boolean {
    const [bytes, otherBytes] = [this.#rememberedOf(one), this.bytesOf(other)];
    if (bytes.equals(otherBytes)) return true;
    return (
      this.#one.read(bytes, 0, bytes.length) &&
      this.#other.read(otherBytes, 0, otherBytes.length) &&
      this.#one.isSameAs(this.#other)
    );
  }

  /** Keeps the bytes of a line that are at hand for a while. */
  remember(line: LoneLine): void {
    if (line.kept !== undefined) this.#recent.keep(line, line.kept);
  }

  /** Lines that all logs have are held one after the other against the same one. */
  #rememberedOf(line: LoneLine): Buffer {
    const known = line.kept ?? this.#recent.of(line);
    if (known !== undefined) return known;
    const { log, offset } = line;
    if (this.#lastOf.log !== log || this.#lastOf.offset !== offset) {
      this.#last = this.bytesOf(line);
      this.#lastOf = { log, offset };
    }
    return this.#last;
  }

  /** Whether one of several lines may be of the same type, action and object as another line. */
  isAboutSame(line: Buffer, others: Buffer): boolean {
    if (!this.#one.read(line, 0, line.length)) return true;
    for (let from = 0; from < others.length; ) {
      const newline = others.indexOf(NEWLINE, from);
      const end = newline < 0 ? others.length : newline;
      const to = others[end - 1] === RETURN ? end - 1 : end;
      if (!this.#other.read(others, from, to) || this.#one.isAboutSame(this.#other)) return true;
      from = end + 1;
    }
    return false;
  }

  /** Type and action of a line, if it is written about as Docker does. */
  kindOf(line: LoneLine): { readonly type: string; readonly action: string } | undefined {
    const bytes = this.bytesOf(line);
    const kind: Kind = { typeFrom: 0, typeTo: 0, actionFrom: 0, actionTo: 0 };
    const isFound =
      kindBeforeActor(bytes, 0, bytes.length, bytes.indexOf(BIG_T), kind) || kindAtStart(bytes, 0, bytes.length, kind);
    if (!isFound) return undefined;
    const text = (from: number, to: number) => bytes.toString('utf8', from, to);
    return { type: text(kind.typeFrom, kind.typeTo), action: text(kind.actionFrom, kind.actionTo) };
  }

  #read(descriptor: number, offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let count = 0;
    while (count < length) {
      const got = readSync(descriptor, bytes, count, length - count, offset + count);
      if (got === 0) break;
      count += got;
    }
    return bytes.subarray(0, count);
  }
}
