import { NEWLINE, RETURN } from './ascii.js';
import { KindCounts } from './kinds.js';
import type { LineContent } from './line-content.js';
import type { LineReading } from './line-reading.js';
import { isAfter, type Moment, momentOf, timeAtEnd } from './line-scan.js';
import { LONGEST_LINE, type LogWindow } from './window.js';

/** So many bytes of each log are compared at once; where they differ, the place is searched in them. */
const STRETCH = 1 << 16;
/** So many first bytes tell that logs are written in different ways. */
const GLANCE = 96;
/** So many lines may wait for another log to say the same; beyond, one of the logs is in no order that others share. */
const MOST_WAITING = 1 << 20;
/** So many bytes of lines apart are kept in memory. */
const ROOM = 1 << 24;
/** Lines of one moment that are held against each other; beyond, they wait for the full reading. */
const MOST_ALIKE = 32;

/** One line that not all logs have in one place. */
export interface LoneLine {
  readonly log: number;
  readonly seconds: number;
  readonly nanos: number;
  readonly offset: number;
  readonly length: number;
  /** From 1 within the part. */
  readonly line: number;
  /** Whether it comes after one that is later or as late, or is of another part's time: it may say again what was said. */
  readonly astray: boolean;
  /** Whether it tells no time but to a full reading; its time is that of the line before. */
  readonly unclear: boolean;
  /** Its bytes, where there was room for them; else they are read from the log again. */
  readonly kept?: Buffer;
  /** What it says, if it has been read in full. */
  readonly content?: LineContent;
}

/** What is found in a part of the logs. */
export interface Walked {
  /** Events that all logs have, by type and action. */
  readonly agreed: KindCounts['all'];
  /** Events that all logs have but the one that was given up. */
  readonly agreedByOthers: KindCounts['all'];
  readonly lone: LoneLine[];
  /** Of each log how many lines it has and the times between which they lie; infinite and before all if it has none. */
  readonly logs: { readonly lines: number; readonly earliest: Moment; readonly latest: Moment }[];
  /** The log that was given up, for too many of its lines stand where no other log has them. */
  readonly disordered: number | undefined;
}

/**
 * Goes through all logs at once. Where their bytes are the same, line after line, all agree, and nothing is parsed. Where they
 * differ, lines of one moment are held against each other by their members, and what is left over waits by its time until
 * the other logs have said the same, or is left to be judged.
 */
export class Walk {
  /** The logs that are held against each other. */
  #windows: readonly LogWindow[];
  readonly #logs: () => Walked['logs'];
  #agreed = new KindCounts();
  readonly #agreedByAll = this.#agreed;
  readonly #waiting = new Map<string, LoneLine[][]>();
  readonly #lone: LoneLine[] = [];
  readonly #moment: Moment = { seconds: 0, nanos: 0 };
  #waitingLines = 0;
  #room = ROOM;
  #disordered: number | undefined;
  /** Where in the first log the lines of the latest moment begin. */
  #momentFrom = 0;

  constructor(
    windows: readonly LogWindow[],
    private readonly reading: LineReading,
    private readonly mostWaiting = MOST_WAITING,
  ) {
    this.#windows = windows;
    this.#logs = () => windows.map(({ lines, earliest, latest }) => ({ lines, earliest, latest }));
  }

  run(): Walked {
    for (;;) {
      const live = this.#live();
      if (live.length === 0) break;
      if (live.length < this.#windows.length || !this.#passAlike()) this.#step(live);
      if (this.#waitingLines <= this.mostWaiting) continue;
      if (this.#disordered === undefined) this.#giveUp();
      else this.#letGo();
    }
    this.#letGo();
    return {
      agreed: this.#agreedByAll.all,
      agreedByOthers: this.#agreed === this.#agreedByAll ? [] : this.#agreed.all,
      lone: this.#lone,
      logs: this.#logs(),
      disordered: this.#disordered,
    };
  }

  /** The logs that have a line left. */
  #live(): readonly LogWindow[] {
    let live: LogWindow[] | undefined;
    for (let index = 0; index < this.#windows.length; index++) {
      const window = this.#windows[index] as LogWindow;
      if (window.fill()) live?.push(window);
      else live ??= this.#windows.slice(0, index);
    }
    return live ?? this.#windows;
  }

  /** Passes the lines from here on that are the same bytes in all logs. @returns false if there are none */
  #passAlike(): boolean {
    const [first, ...others] = this.#windows as readonly [LogWindow, ...LogWindow[]];
    let length = STRETCH;
    for (const { at, end } of this.#windows) length = Math.min(length, end - at);
    const glance = Math.min(length, GLANCE);
    for (const other of others) if (!isSame(first, other, 0, glance)) return false;
    for (const other of others) length = sameLength(first, other, length);
    const last = first.bytes.lastIndexOf(NEWLINE, first.at + length - 1);
    if (last < first.at) return false;
    const { passed, lines } = this.#count(first, last + 1);
    for (const window of this.#windows) window.passTo(window.at + passed, lines);
    return lines > 0;
  }

  /** Counts lines that all logs have, up to one that must be looked at by itself. */
  #count(window: LogWindow, to: number): { passed: number; lines: number } {
    const { bytes } = window;
    const moment = this.#moment;
    const first: Moment = { seconds: 0, nanos: 0 };
    const last = { ...this.#latest() };
    let from = window.at;
    let lines = 0;
    let momentFrom = from;
    while (from < to) {
      const newline = bytes.indexOf(NEWLINE, from);
      const end = bytes[newline - 1] === RETURN ? newline - 1 : newline;
      if (newline - from > LONGEST_LINE || !timeAtEnd(bytes, from, end, moment)) break;
      const { seconds, nanos } = moment;
      const isLater = seconds > last.seconds || (seconds === last.seconds && nanos > last.nanos);
      if (!isLater || !window.isBeforeEnd(moment) || !window.findKind(from, end)) break;
      this.#agreed.add(bytes, window.kind);
      last.seconds = seconds;
      last.nanos = nanos;
      if (lines === 0) Object.assign(first, moment);
      lines++;
      momentFrom = from;
      from = newline + 1;
    }
    if (lines > 0) {
      this.#momentFrom = window.offsetOf(momentFrom);
      for (const each of this.#windows) {
        each.note(first);
        each.note(last);
      }
    }
    return { passed: from - window.at, lines };
  }

  /** The greatest time of a line that any log has passed. */
  #latest(): Moment {
    return this.#windows.map(({ latest }) => latest).reduce((one, other) => (isAfter(other, one) ? other : one));
  }

  /** Passes the earliest line, and those of other logs that are of the same moment. */
  #step(live: readonly LogWindow[]): void {
    let earliest: Moment | undefined;
    for (const window of live) {
      if (!window.look()) {
        this.#lone.push(this.#take(window, true));
        return;
      }
      if (earliest === undefined || isAfter(earliest, window.time)) earliest = window.time;
    }
    const { seconds, nanos } = earliest as Moment;
    const isNow = ({ time }: LogWindow) => time.seconds === seconds && time.nanos === nanos;
    const isOfAll = live.length === this.#windows.length && live.every(isNow);
    if (isOfAll && (this.#waiting.size === 0 || !this.#waiting.has(momentOf({ seconds, nanos }))) && areOne(live)) {
      this.#passOne(live as readonly [LogWindow, ...LogWindow[]]);
    } else for (const window of isOfAll ? live : live.filter(isNow)) this.#wait(window);
  }

  /** Passes a line that all logs have here. */
  #passOne(now: readonly [LogWindow, ...LogWindow[]]): void {
    const [first] = now;
    const isLater = now.every((window) => window.isInPlace(window.time));
    if ((isLater || this.#isNewOfMoment(now)) && first.findKind(first.at, first.lineEnd)) {
      this.#agreed.add(first.bytes, first.kind);
      if (isLater) this.#momentFrom = first.offset;
      for (const window of now) {
        window.note(window.time);
        window.pass();
      }
    } else this.#lone.push(...now.map((window) => this.#take(window, false)));
  }

  /** Whether a line is of the latest moment, as others before it, and none of them is the same. */
  #isNewOfMoment(now: readonly [LogWindow, ...LogWindow[]]): boolean {
    const [first] = now;
    const length = first.offset - this.#momentFrom;
    if (length > STRETCH || !now.every(({ time, latest }) => isAt(time, latest))) return false;
    const before = this.reading.read(first, this.#momentFrom, first.offset);
    return !before.includes(first.bytes.subarray(first.at, first.lineEnd));
  }

  /** Puts a line to those that wait; where now all logs have it, they agree. */
  #wait(window: LogWindow): void {
    const { bytes } = window;
    const hasKind = window.findKind(window.at, window.lineEnd);
    const line = this.#take(window, false);
    const key = momentOf(line);
    const groups = this.#waiting.get(key) ?? [];
    const isOther = (group: LoneLine[]) =>
      group.every(({ log }) => log !== line.log) && this.reading.isSameLine(group[0] as LoneLine, line);
    const group = groups.length > MOST_ALIKE ? undefined : groups.find(isOther);
    this.#waitingLines++;
    if (group === undefined) {
      groups.push([line]);
      this.#waiting.set(key, groups);
      return;
    }
    group.push(line);
    if (group.length < this.#windows.length) return;
    this.#waitingLines -= group.length;
    groups.splice(groups.indexOf(group), 1);
    if (groups.length === 0) this.#waiting.delete(key);
    if (!hasKind || group.some(({ astray }) => astray)) this.#lone.push(...group);
    else {
      this.#agreed.add(bytes, window.kind);
      for (const { kept } of group) this.#room += kept?.length ?? 0;
    }
  }

  /** Passes a window's line, to be looked at later. */
  #take(window: LogWindow, unclear: boolean): LoneLine {
    const { seconds, nanos } = unclear ? window.latest : window.time;
    const astray = !unclear && !window.isInPlace(window.time);
    if (!unclear) window.note(window.time);
    const { log, offset, at, lineEnd } = window;
    const length = lineEnd - at;
    const kept = length <= this.#room ? Buffer.from(window.bytes.subarray(at, lineEnd)) : undefined;
    this.#room -= kept?.length ?? 0;
    window.pass();
    return { log, seconds, nanos, offset, length, line: window.lines, astray, unclear, ...(kept && { kept }) };
  }

  /** Leaves all that waits to be judged. */
  #letGo(): void {
    for (const groups of this.#waiting.values()) for (const group of groups) this.#lone.push(...group);
    this.#waiting.clear();
    this.#waitingLines = 0;
  }

  /** Gives up the log without which the fewest events would wait. */
  #giveUp(): void {
    const waitWithout = (given: LogWindow) => {
      let count = 0;
      for (const groups of this.#waiting.values()) {
        for (const group of groups) {
          const others = group.filter(({ log }) => log !== given.log).length;
          if (others > 0 && others < this.#windows.length - 1) count++;
        }
      }
      return count;
    };
    const counts = this.#windows.map(waitWithout);
    const given = this.#windows[counts.indexOf(Math.min(...counts))] as LogWindow;
    this.#disordered = given.log;
    this.#windows = this.#windows.filter((window) => window !== given);
    this.#agreed = new KindCounts();
    // It was a place in the first log, which another may be now.
    this.#momentFrom = Number.NEGATIVE_INFINITY;
    this.#letGo();
  }
}

function areOne(now: readonly LogWindow[]): boolean {
  const first = now[0] as LogWindow;
  for (let index = 1; index < now.length; index++) {
    const other = now[index] as LogWindow;
    const isAlike = first.bytes.compare(other.bytes, other.at, other.lineEnd, first.at, first.lineEnd) === 0;
    if (!isAlike && !first.isSameEventAs(other)) return false;
  }
  return true;
}

function isAt(a: Moment, b: Moment): boolean {
  return a.seconds === b.seconds && a.nanos === b.nanos;
}

function isSame(one: LogWindow, other: LogWindow, from: number, to: number): boolean {
  const { bytes, at } = one;
  return bytes.compare(other.bytes, other.at + from, other.at + to, at + from, at + to) === 0;
}

/** How many of so many bytes are the same in both from here on. */
function sameLength(one: LogWindow, other: LogWindow, length: number): number {
  if (isSame(one, other, 0, length)) return length;
  let [low, high] = [0, length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (isSame(one, other, low, middle)) low = middle;
    else high = middle;
  }
  return low;
}
