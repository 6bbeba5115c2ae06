import { readSync } from 'node:fs';
import { NEWLINE, RETURN } from './ascii.js';
import { BlankLines } from './blank-lines.js';
import { KindCounts } from './kinds.js';
import {
  BIG_T,
  digitsToMoment,
  isAfter,
  isText,
  type Kind,
  kindAtStart,
  kindBeforeActor,
  kindWithin,
  type Moment,
  timeAtEnd,
} from './line-scan.js';
import type { LoneLine } from './lone-lines.js';
import { Members } from './members.js';
import { isSpace, skipSpace } from './shape.js';
import { MOST_UNCLEAR, type PassedLine, UnclearNotes } from './unclear.js';

/** The action of events that each Swarm manager stamps itself. */
const REMOVE = 'remove';
/** So many kinds are told apart among lines that are not held against other logs: anybody can make up more. */
const MOST_UNHELD_KINDS = 128;
/** So many lines are looked at ahead for an earlier one. */
const MOST_AHEAD = 16;
const READ_BYTES = 1 << 18;
/** So many bytes are looked at of what is left of a log that is held against the others no further, and of its end. */
const MOST_REST = 6 << 20;
const LAST_BYTES = 1 << 13;
/** The longest line that is read, in bytes; no event of Docker's comes near it. */
export const LONGEST_LINE = 1 << 20;

/** The part of a log that a window passes. */
export interface Stretch {
  /** Where a line begins. */
  readonly from: number;
  /** Where a line begins, or the log ends. */
  readonly to: number;
  /** A time that all lines of the part should be after. */
  readonly before: Moment;
  /** A time that none of them should reach. */
  readonly until: Moment;
  /** Told how many bytes were read since the last time. */
  readonly onBytes: (bytes: number) => void;
  /** So many bytes are read at once; more if a line is longer. */
  readonly atOnce?: number;
}

/** What a window has passed. */
export interface PassedLines {
  readonly lines: number;
  /** The times between which they lie; infinite and before all if none tells one. */
  readonly earliest: Moment;
  readonly latest: Moment;
  /** Those that were held against no other log's, by type and action. */
  readonly unheld: KindCounts['all'];
}

/** A part of one log, of which some bytes are in memory: those of the line to be looked at next, and what follows. */
export class LogWindow {
  /** From `at` to `end` is what has been read and not passed yet. */
  bytes: Buffer;
  at = 0;
  end = 0;
  /** Lines passed so far. */
  lines = 0;
  /** The greatest time of any line passed, and no less than what all lines of the part should be after. */
  readonly latest: Moment;
  /** The least time of any line passed, and the greatest; infinite and before all if none told one. */
  readonly earliest: Moment = { seconds: Number.POSITIVE_INFINITY, nanos: 0 };
  readonly greatest: Moment = { seconds: -1, nanos: 0 };
  /** Lines that were passed without being held against those of other logs, by type and action. */
  #unheld: KindCounts | undefined;
  /** Such lines that had to be looked at member by member. */
  #unheldOdd = 0;
  /** Lines passed that tell no time but to a full reading. */
  readonly unclear = new UnclearNotes();
  /** The time of the last line passed that tells one; before all if there is none. */
  readonly #previous: Moment = { seconds: -1, nanos: 0 };
  /** The next line's, once `look` has been called; without its newline. */
  readonly time: Moment = { seconds: 0, nanos: 0 };
  lineEnd = 0;
  readonly members = new Members();
  /** Whether they stand in the line that was looked at last as in those that Docker writes. */
  isPlainKind = false;
  readonly kind: Kind = { typeFrom: 0, typeTo: 0, actionFrom: 0, actionTo: 0 };
  /** Where the part ends. */
  readonly to: number;
  /** A time that no line should reach. */
  readonly until: Moment;
  /** With fewer bytes ahead more is read. */
  readonly #low: number;
  readonly #onBytes: (bytes: number) => void;
  /** Where in the file `bytes` begins. */
  #base: number;
  /** Where the first newline is that is not before `at`, if it is known. */
  #newline = -1;
  #bigT = -1;
  /** From where on it was sought. */
  #bigTSought = 0;
  /** Blank lines that were taken out of `bytes`, once the log was seen to have some. */
  readonly #blanks = new BlankLines();
  #hasBlanks = false;
  /** Whether `bytes` may begin within a line. */
  #isWithinLine = false;
  #looked = false;
  #isBeforeEarlier: boolean | undefined;
  #isClear = false;
  #hasMembers: boolean | undefined;

  /**
   * @param log its place among the logs
   * @param descriptor of the open log
   */
  constructor(
    readonly log: number,
    readonly descriptor: number,
    { from, to, before, until, onBytes, atOnce = READ_BYTES }: Stretch,
  ) {
    this.bytes = Buffer.allocUnsafeSlow(atOnce);
    this.#low = atOnce / 4;
    this.#base = from;
    this.to = to;
    this.#onBytes = onBytes;
    this.latest = { ...before };
    this.until = until;
  }

  /** Where in the file the next line begins. */
  get offset(): number {
    return this.offsetOf(this.at);
  }

  /** Where all that was passed lies, and what of it was not held against other logs. */
  get passed(): PassedLines {
    const { earliest, greatest } = this;
    const lines = this.lines + this.#blanks.upTo(this.end).lines;
    return { lines, earliest: { ...earliest }, latest: { ...greatest }, unheld: this.#unheld?.all ?? [] };
  }

  /** Where in the file a place of `bytes` is. */
  offsetOf(at: number): number {
    return this.#base + at + this.#blanks.upTo(at).bytes;
  }

  /**
   * A line of `bytes` by its place.
   * @param ahead so many lines further than what was passed
   */
  placeOf(from: number, to: number, { seconds, nanos }: Readonly<Moment>, ahead: number): LoneLine {
    const [offset, line] = [this.offsetOf(from), this.lines + ahead + this.#blanks.upTo(from).lines];
    return { log: this.log, seconds, nanos, offset, length: to - from, line, astray: false };
  }

  /** Reads until at least one whole line is there. @returns false if there is none any more */
  fill(): boolean {
    if (this.end - this.at >= this.#low) return this.#hasLine();
    if (this.offset >= this.to) return false;
    this.#read();
    return this.#hasLine();
  }

  /** Finds the next line's end and its time. @returns false if it tells no time but to a full reading */
  look(): boolean {
    if (this.#looked) return this.#isClear;
    const { bytes } = this;
    const newline = this.#seekNewline();
    this.lineEnd = newline < 0 ? this.end : newline;
    if (this.lineEnd > this.at && bytes[this.lineEnd - 1] === RETURN) this.lineEnd--;
    this.#hasMembers = undefined;
    this.#isBeforeEarlier = undefined;
    this.#isClear =
      this.lineEnd - this.at <= LONGEST_LINE &&
      (timeAtEnd(bytes, this.at, this.lineEnd, this.time) || (!this.unclear.isFull && this.#timeOfMembers()));
    this.#looked = true;
    return this.#isClear;
  }

  /** Whether one of the lines behind the next one is earlier, as far as a few in memory tell. Call after `look`. */
  isBeforeEarlier(): boolean {
    this.#isBeforeEarlier ??= this.#findEarlier();
    return this.#isBeforeEarlier;
  }

  #findEarlier(): boolean {
    const { bytes, end } = this;
    const moment: Moment = { seconds: 0, nanos: 0 };
    let from = bytes.indexOf(NEWLINE, this.lineEnd) + 1;
    for (let lines = 0; lines < MOST_AHEAD && from > 0 && from < end; lines++) {
      const newline = bytes.indexOf(NEWLINE, from);
      if (newline < 0 || newline >= end) return false;
      const to = bytes[newline - 1] === RETURN ? newline - 1 : newline;
      if (timeAtEnd(bytes, from, to, moment) && isAfter(this.time, moment)) return true;
      from = newline + 1;
    }
    return false;
  }

  /** Whether the next line's members are known; reads them if need be. Call after `look`. */
  hasMembers(): boolean {
    this.#hasMembers ??= this.members.read(this.bytes, this.at, this.lineEnd) && this.members.hasTime;
    return this.#hasMembers;
  }

  /** Whether the next lines of both are one event, as far as their members tell. Call after `look`. */
  isSameEventAs(other: LogWindow): boolean {
    if (!other.hasMembers()) {
      // It must be read in full, as one that is written in a new way.
      other.members.made++;
      return false;
    }
    const { bytes, at, lineEnd, members } = this;
    if (this.#hasMembers === undefined && other.members.isSameAsLine(bytes, at, lineEnd, members)) return true;
    return this.hasMembers() && members.isSameAs(other.members);
  }

  /**
   * Where type and action of a line stand.
   * @returns false if only a full reading can tell, or if the event may be one without a time of its own: of these two lines
   * may tell the same one, whatever their times
   */
  findKind(from: number, to: number): boolean {
    const { bytes, kind } = this;
    this.isPlainKind = this.#seekPlainKind(from, to);
    const isFound = this.isPlainKind || this.#kindOf(from, to);
    return isFound && !(kind.actionTo - kind.actionFrom === REMOVE.length && isText(bytes, kind.actionFrom, REMOVE));
  }

  #seekPlainKind(from: number, to: number): boolean {
    const { bytes, kind } = this;
    return kindBeforeActor(bytes, from, to, this.#bigTFrom(from), kind) || kindAtStart(bytes, from, to, kind);
  }

  /** Where the first T is from a place on; no byte is looked at twice, for a hostile log may have none. */
  #bigTFrom(from: number): number {
    if (from < this.#bigTSought || from > this.#bigT) {
      const place = this.bytes.indexOf(BIG_T, from);
      this.#bigT = place < 0 ? Number.POSITIVE_INFINITY : place;
      this.#bigTSought = from;
    }
    return this.#bigT;
  }

  #kindOf(from: number, to: number): boolean {
    if (!this.members.read(this.bytes, from, to)) return false;
    this.#hasMembers = undefined;
    const { type, action } = this.members;
    return type !== undefined && action !== undefined && kindWithin(this.bytes, type, action, this.kind);
  }

  /** Passes the next line. Call after `look`. */
  pass(): void {
    const { bytes } = this;
    let next = this.lineEnd;
    if (bytes[next] === RETURN && next < this.end) next++;
    if (next < this.end && bytes[next] === NEWLINE) next++;
    this.passTo(next, 1);
  }

  /** Passes what is left of a line, if only its newline, without looking at it. Call before `fill`. */
  passUnseen(): void {
    this.#isWithinLine = true;
    while (this.#seekNewline() < 0) {
      if (this.end - this.at > LONGEST_LINE) this.at = this.end;
      if (this.offsetOf(this.end) >= this.to || !this.#read()) break;
    }
    this.#isWithinLine = false;
    this.passTo(this.#newline < 0 ? this.end : this.#newline + 1, 1);
  }

  /** Passes the lines that are left, counting them as far as they are looked at. Of one that is too long nothing is kept. */
  passRest(): void {
    this.#isWithinLine = true;
    let isCut = false;
    let most = this.offset + MOST_REST;
    for (let isMore = true; isMore; ) {
      if (this.offset > most) {
        most = Number.POSITIVE_INFINITY;
        isCut = false;
        this.#goToLast();
      }
      this.#passBlank();
      const newline = this.#seekNewline();
      if (newline >= 0) {
        if (!isCut) this.#passUnheld(newline);
        isCut = false;
        this.passTo(newline + 1, 1);
        continue;
      }
      if (this.end - this.at > LONGEST_LINE) {
        isCut = true;
        this.at = this.end;
      }
      isMore = this.offsetOf(this.end) < this.to && this.#read();
    }
    // A line that ends with the log.
    if (!isCut && this.at < this.end) this.#passUnheld(this.end);
    if (isCut || this.at < this.end) this.passTo(this.end, 1);
  }

  /** Leaves out all but the last few lines. */
  #goToLast(): void {
    const from = Math.max(this.offset, this.to - LAST_BYTES);
    this.#onBytes(Math.max(0, from - this.offsetOf(this.end)));
    this.lines += this.#blanks.forget(Number.POSITIVE_INFINITY).lines;
    this.#base = from;
    this.at = 0;
    this.end = 0;
    this.#newline = -1;
    // What is left of a line that was not looked at.
    this.passUnseen();
    this.#isWithinLine = true;
  }

  /** Passes lines of spaces alone, which hide no event, as far as they are in memory. */
  #passBlank(): void {
    const { bytes, end } = this;
    let lines = 0;
    let next = this.at;
    for (let at = next; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === NEWLINE) {
        lines++;
        next = at + 1;
      } else if (!isSpace(byte)) break;
    }
    if (lines === 0) return;
    this.#hasBlanks = true;
    this.passTo(next, lines);
  }

  /** Where the next line's newline is; -1 if none is in memory. */
  #seekNewline(): number {
    if (this.#newline >= this.at) return this.#newline;
    const newline = this.bytes.indexOf(NEWLINE, this.at);
    this.#newline = newline < this.end ? newline : -1;
    return this.#newline;
  }

  /** Takes note of when and of what kind the next line is. */
  #passUnheld(newline: number): void {
    const { bytes, at } = this;
    const end = newline > at && bytes[newline - 1] === RETURN ? newline - 1 : newline;
    this.lineEnd = end;
    this.#hasMembers = undefined;
    const isAtEnd = timeAtEnd(bytes, at, end, this.time);
    // What is written in another way is looked at member by member, which costs much.
    if (!isAtEnd && (this.#unheldOdd++ >= MOST_UNCLEAR.lines || !this.#timeOfMembers())) return;
    this.note(this.time);
    this.#unheld ??= new KindCounts(MOST_UNHELD_KINDS);
    const isFound = this.#seekPlainKind(at, end) || (this.#unheldOdd++ < MOST_UNCLEAR.lines && this.#kindOf(at, end));
    if (isFound) this.#unheld.add(bytes, this.kind);
  }

  /** Passes so many lines that end before `next`. */
  passTo(next: number, lines: number): void {
    this.at = next;
    this.lines += lines;
    this.#looked = false;
    this.#forgetBlanks();
  }

  /** Counts the blank lines before what was passed last. */
  #forgetBlanks(): void {
    const { bytes, lines } = this.#blanks.forget(this.at);
    this.#base += bytes;
    this.lines += lines;
  }

  /** Whether a line of that time is in its place here: after all before it, and not of a later part. */
  isInPlace(time: Moment): boolean {
    return isAfter(time, this.latest) && this.isBeforeEnd(time);
  }

  /** Whether a line of that time is not of a later part. */
  isBeforeEnd(time: Moment): boolean {
    return isAfter(this.until, time);
  }

  /** Passes the next line, which tells no time. One without content hides no event. Call after `look`. */
  passUnclear(): void {
    const { bytes, offset, at, lineEnd } = this;
    this.pass();
    if (skipSpace(bytes, at, lineEnd) < lineEnd) this.#noteUnclear({ line: this.lines, offset, length: lineEnd - at });
  }

  #noteUnclear(line: PassedLine): void {
    const after = this.#previous.seconds < 0 ? undefined : { ...this.#previous };
    this.unclear.add(line, after, line.length > LONGEST_LINE);
  }

  /**
   * Takes note of a passed line's time.
   * @param isAhead whether it stands before earlier ones, which are in their place all the same
   */
  note(time: Moment, isAhead = false): void {
    const { latest, earliest, greatest } = this;
    const previous = this.#previous;
    if (this.unclear.isOpen) this.unclear.close(time);
    previous.seconds = time.seconds;
    previous.nanos = time.nanos;
    if (!isAhead && isAfter(time, latest)) {
      latest.seconds = time.seconds;
      latest.nanos = time.nanos;
    }
    if (isAfter(time, greatest)) {
      greatest.seconds = time.seconds;
      greatest.nanos = time.nanos;
    }
    if (isAfter(earliest, time)) {
      earliest.seconds = time.seconds;
      earliest.nanos = time.nanos;
    }
  }

  #timeOfMembers(): boolean {
    if (!this.hasMembers()) return false;
    const place = this.members.time as { from: number; to: number };
    digitsToMoment(this.bytes, place.from, place.to, this.time);
    return true;
  }

  #hasLine(): boolean {
    // One that has been looked at may begin with very many spaces.
    if (!this.#looked) {
      this.#passBlank();
      while (this.at >= this.end && this.offset < this.to && this.#read()) this.#passBlank();
    }
    if (this.offset >= this.to || this.at >= this.end) return false;
    while (this.#seekNewline() < 0) {
      if (this.end - this.at > LONGEST_LINE) return this.#skip() && this.#hasLine();
      // What was there of a line may have been the beginning of a blank one, which is no longer there.
      if (!this.#read()) return this.at < this.end;
    }
    return true;
  }

  /** Passes a line without keeping it. @returns false at the end of the file */
  #skip(): boolean {
    const { offset } = this;
    this.#isWithinLine = true;
    for (;;) {
      this.at = this.end;
      const isMore = this.#read();
      const newline = this.bytes.subarray(0, this.end).indexOf(NEWLINE);
      if (newline >= 0 || !isMore) {
        this.lines += 1;
        this.at = newline >= 0 ? newline : this.end;
        this.#noteUnclear({ line: this.lines, offset, length: this.offset - offset });
        if (newline >= 0) this.at++;
        this.#isWithinLine = false;
        return isMore;
      }
    }
  }

  /** Moves what is left to the front and reads on. @returns false at the end of the file */
  #read(): boolean {
    this.#looked = false;
    this.#newline = -1;
    this.#bigT = -1;
    this.#forgetBlanks();
    const rest = this.end - this.at;
    if (rest === this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(this.bytes.length * 2);
      this.bytes.copy(larger, 0, this.at, this.end);
      this.bytes = larger;
    } else this.bytes.copy(this.bytes, 0, this.at, this.end);
    this.#base += this.at;
    this.#blanks.move(this.at);
    this.at = 0;
    this.end = rest;
    const from = this.offsetOf(rest);
    const most = Math.min(this.bytes.length - rest, this.to - from);
    const count = most > 0 ? readSync(this.descriptor, this.bytes, rest, most, from) : 0;
    this.end += count;
    if (this.#hasBlanks && !this.#isWithinLine) {
      const line = rest === 0 ? 0 : this.bytes.lastIndexOf(NEWLINE, rest - 1) + 1;
      this.end = this.#blanks.takeOut(this.bytes, line, this.end);
    }
    this.#onBytes(count);
    return count > 0;
  }
}
