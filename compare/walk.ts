import { NEWLINE, RETURN } from './ascii.js';
import { ClearLines, MOST_CLEAR } from './clear-lines.js';
import { CompareError } from './errors.js';
import { type EventsOfKind, KindCounts } from './kinds.js';
import type { LineReading } from './line-reading.js';
import { isAfter, type Moment, timeAtEnd } from './line-scan.js';
import { type LoneLine, LoneLines } from './lone-lines.js';
import { isInDisorder } from './order.js';
import { Patience } from './patience.js';
import type { UnclearLines } from './unclear.js';
import { type WaitingMoment, WaitingMoments } from './waiting.js';
import { LONGEST_LINE, type LogWindow } from './window.js';

/** So many bytes of each log are compared at once; where they differ, the place is searched in them. */
const STRETCH = 1 << 16;
/** So many first bytes tell that logs are written in different ways. */
const GLANCE = 96;
/** So many lines may wait for another log to say the same; beyond, one of the logs is in no order that others share. */
const MOST_WAITING = 1 << 20;
/** So many lines may wait while a log has ended; then what the others have in common is counted. */
const MOST_BEHIND = 1 << 16;
/** The same where all that the others go on to say is later than all that it said. */
const MOST_PAST = 1 << 13;
/** So many lines apart are kept in all. */
const MOST_LONE = 1 << 22;
/** So many bytes of lines of one moment are looked at again for what a further one says. */
const MOST_BEFORE = 1 << 14;
/** So many kinds are known apart of lines that wait: anybody can make up more. */
const MOST_KINDS = 1 << 7;
/** Lines of one moment that are held against each other; beyond, they wait for the full reading. */
const MOST_ALIKE = 32;

/** What is found in a part of the logs. */
export interface Walked {
  /** Events that all logs have, but for those that were given up before, or lack them for they have ended, by type and action. */
  readonly agreed: readonly Agreed[];
  readonly lone: LoneLines;
  /** Of each log the lines that tell no time: those to be read in full, and what is beyond. */
  readonly unclear: readonly {
    readonly single: readonly UnclearLines[];
    readonly stretches: readonly UnclearLines[];
  }[];
  readonly givenUp: readonly GivenUp[];
}

/** Events that some logs have. */
export interface Agreed {
  /** Those that were given up before. */
  readonly without: readonly number[];
  /** Those that had ended long before. */
  readonly ended: readonly number[];
  readonly kinds: readonly EventsOfKind[];
}

/** A log that was held against the others no further: too many of its lines stand where no other log has them, or are written anew. */
export interface GivenUp {
  readonly log: number;
  /** From when on; undefined where nothing it has is in order. */
  readonly from: Moment | undefined;
  /** Until when. */
  readonly until: Moment;
  /** What took too much. */
  readonly why: 'content' | 'writing';
}

export interface WalkOptions {
  /** Names of attributes that are not recorded. */
  readonly ignore: readonly string[];
  /** Logs that are not held against the others. */
  readonly leftOut?: readonly number[];
  /** Lines that may wait for another log to say the same, before one of them is given up. */
  readonly mostWaiting?: number | undefined;
  /** So many contents of a moment wait in columns. */
  readonly mostGroups?: number | undefined;
  /** So many lines of a log may come after later ones before it is in an order of its own. */
  readonly loose?: number | undefined;
}

/**
 * Goes through all logs at once. Where their bytes are the same, line after line, all agree, and nothing is parsed. Where they
 * differ, lines of one moment are held against each other by their members, and what is left over waits by its time until
 * the other logs have said the same, or is left to be judged.
 */
export class Walk {
  /** The logs that are held against each other. */
  #windows: readonly LogWindow[];
  readonly #all: readonly LogWindow[];
  #agreed = new KindCounts();
  readonly #allAgreed: (Omit<Agreed, 'kinds'> & { readonly kinds: KindCounts })[] = [];
  /** Logs that lack what comes now. */
  #ended: readonly number[] = [];
  readonly #waiting: WaitingMoments;
  /** Those that wait, and those that wait no more. */
  readonly #lone = new LoneLines();
  /** How often lines were held against each other. */
  #held = 0;
  readonly #moment: Moment = { seconds: 0, nanos: 0 };
  #waitingLines = 0;
  readonly #kinds = new KindCounts(MOST_KINDS);
  /** Whether it is not yet known of all that waits what its judgement hangs on. */
  #isUnsettled = false;
  /**
   * Lines that were passed last, whose bytes are still at hand, by their places. Made anew, not emptied: what V8 has kept for long
   * leaves its old table behind, which holds on to all that was in it.
   */
  #atHand = new Map<number, LoneLine>();
  readonly #givenUp: GivenUp[] = [];
  readonly #patience: Patience;
  /** So many bytes are compared at once: fewer where logs often differ. */
  #reach = STRETCH;
  /** Where in the first log the lines of the latest moment begin. */
  #momentFrom = 0;

  readonly #clear: ClearLines;
  readonly #mostWaiting: number;
  readonly #mostBehind: number;

  constructor(
    windows: readonly LogWindow[],
    private readonly reading: LineReading,
    { ignore, leftOut = [], mostWaiting = MOST_WAITING, mostGroups, loose }: WalkOptions,
  ) {
    this.#clear = new ClearLines(reading, ignore, windows.length);
    this.#waiting = new WaitingMoments(this.#lone, mostGroups);
    this.#mostWaiting = mostWaiting;
    this.#mostBehind = Math.min(MOST_BEHIND, mostWaiting);
    this.#all = windows;
    this.#windows = windows.filter(({ log }) => !leftOut.includes(log));
    this.#patience = new Patience(windows.length, loose);
    const out = windows.filter(({ log }) => leftOut.includes(log));
    for (const { log, until } of out) this.#givenUp.push({ log, from: undefined, until, why: 'content' });
    this.#begin();
  }

  /** Goes some lines further. @returns false if there are none left */
  goOn(): boolean {
    const live = this.#live();
    if (live.length === 0) return false;
    if (live.length < this.#windows.length && this.#isTooFarBehind(live)) {
      this.#leaveBehind(live);
      return true;
    }
    if (live.length < this.#windows.length || !this.#passAlike()) this.#step(live);
    if (this.#waitingLines <= this.#mostWaiting) return true;
    if (this.#patience.canSpare(this.#windows)) this.#giveUpDisordered();
    else this.#letGo();
    return true;
  }

  /** What was found. To be called when there are no lines left. */
  end(): Walked {
    this.#letGo();
    for (const window of this.#all) window.passRest();
    return {
      agreed: this.#allAgreed.map(({ kinds, ...logs }) => ({ ...logs, kinds: kinds.all })),
      lone: this.#lone,
      unclear: this.#all.map(({ unclear: { single, stretches } }) => ({ single, stretches })),
      givenUp: this.#givenUp,
    };
  }

  /** Whether the others have waited long enough for logs that have ended. */
  #isTooFarBehind(live: readonly LogWindow[]): boolean {
    if (this.#waitingLines <= Math.min(MOST_PAST, this.#mostBehind)) return false;
    if (this.#waitingLines > this.#mostBehind) return true;
    const ended = this.#windows.filter((window) => !live.includes(window));
    return live.every((window) => window.look() && ended.every(({ greatest }) => isAfter(window.time, greatest)));
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
    let length = this.#reach;
    for (const { at, end } of this.#windows) length = Math.min(length, end - at);
    const wanted = length;
    const glance = Math.min(length, GLANCE);
    for (const other of others) if (!isSame(first, other, 0, glance)) return false;
    for (const other of others) length = sameLength(first, other, length);
    this.#reach = length === wanted ? Math.min(STRETCH, this.#reach * 2) : Math.max(GLANCE, this.#reach >>> 1);
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
      const fresh = this.#agreed.add(bytes, window.kind);
      if (fresh !== undefined) {
        fresh.first = window.placeOf(from, end, moment, lines + 1);
      }
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
        do window.passUnclear();
        while (window.fill() && !window.look());
        return;
      }
      if (earliest === undefined || isAfter(earliest, window.time)) earliest = window.time;
    }
    const now = { ...(earliest as Moment) };
    const { seconds, nanos } = now;
    const wordy = this.#patience.noteWays(live);
    if (wordy !== undefined && this.#losePatience(wordy, now, 'writing')) return;
    const isNow = ({ time }: LogWindow) => time.seconds === seconds && time.nanos === nanos;
    const isOfAll = live.length === this.#windows.length && live.every(isNow);
    if (isOfAll && !this.#waiting.has(now) && areOne(live)) {
      this.#passOne(live as readonly [LogWindow, ...LogWindow[]]);
      return;
    }
    // A line that is later than the one behind it would make its log wait for all the others.
    const ahead = isOfAll ? undefined : live.find((window) => !isNow(window) && window.isBeforeEarlier());
    if (ahead !== undefined) {
      const time = { ...ahead.time };
      this.#waiting.put(time, this.#waitTogether([ahead], time, true));
      if (this.#patience.disordered([ahead]) !== undefined) this.#losePatience(ahead, now, 'content');
      return;
    }
    const spent = this.#waitAll(isOfAll ? live : live.filter(isNow), now, live);
    if (spent !== undefined) this.#losePatience(spent, now, 'content');
  }

  /** Puts lines of one moment to those that wait. @returns a log that has made the others wait for too much */
  #waitAll(now: readonly LogWindow[], time: Readonly<Moment>, live: readonly LogWindow[]): LogWindow | undefined {
    const moment = this.#waitTogether(now, time, false);
    const spent = this.#blameFor(moment, now, live);
    this.#waiting.put(time, moment);
    return spent;
  }

  /** Takes note of who is to blame for what waits of a moment. @returns a log that has made the others wait for too much */
  #blameFor(moment: WaitingMoment, now: readonly LogWindow[], live: readonly LogWindow[]): LogWindow | undefined {
    const { groups, blame } = moment;
    if (groups.length === 0) return undefined;
    const disordered = this.#patience.disordered(now);
    // Of very many lines of one moment not each asks anew who is to blame for all of them.
    if (disordered !== undefined || (groups.length > MOST_ALIKE && groups.length < moment.blamed + MOST_ALIKE)) {
      return disordered;
    }
    moment.blamed = groups.length;
    moment.blame = this.#patience.blameFor(this.#lone, groups, live, this.#windows.length);
    this.#patience.replace(blame, moment.blame);
    return this.#patience.spent(moment.blame, this.#windows);
  }

  /** Passes a line that all logs have here. */
  #passOne(now: readonly [LogWindow, ...LogWindow[]]): void {
    const [first] = now;
    const isLater = now.every((window) => window.isInPlace(window.time));
    if ((isLater || this.#isNewOfMoment(now)) && first.findKind(first.at, first.lineEnd)) {
      const fresh = this.#agreed.add(first.bytes, first.kind);
      if (fresh !== undefined) {
        fresh.first = first.placeOf(first.at, first.lineEnd, first.time, 1);
      }
      if (isLater) this.#momentFrom = first.offset;
      for (const window of now) {
        window.note(window.time);
        window.pass();
      }
    } else {
      const among = ++this.#held;
      for (const window of now) this.#lone.hold(this.#lone.add(this.#take(window)), among, 0);
    }
  }

  /** Whether a line is of the latest moment, as a few before it, and none of them is about the same. */
  #isNewOfMoment(now: readonly [LogWindow, ...LogWindow[]]): boolean {
    const [first] = now;
    const length = first.offset - this.#momentFrom;
    if (length > MOST_BEFORE || !now.every(({ time, latest }) => isAt(time, latest))) return false;
    const before = this.reading.read(first, this.#momentFrom, first.offset);
    return !this.reading.isAboutSame(first.bytes.subarray(first.at, first.lineEnd), before);
  }

  /**
   * Puts lines to those of their moment; where now all logs have one, they agree.
   * @param isAhead whether they stand before earlier ones
   * @returns what is to wait of that moment now
   */
  #waitTogether(now: readonly LogWindow[], time: Readonly<Moment>, isAhead: boolean): WaitingMoment {
    const lone = this.#lone;
    const known = this.#waiting.get(time);
    const moment = known ?? { number: ++this.#held, groups: [], blame: [], blamed: 0 };
    // Only of a few contents is all known.
    if (known !== undefined && known.groups.length <= MOST_CLEAR) {
      for (const group of known.groups) for (const row of group) lone.unclear(row);
    }
    for (const window of now) this.#wait(window, moment, isAhead);
    if (this.#patience.isOneLoose(this.#windows)) this.#isUnsettled = true;
    else if (this.#windows.length === this.#all.length) this.#clear.note(lone, moment.groups, this.#lineAt);
    this.#atHand = new Map();
    return moment;
  }

  /** A line that waits. */
  readonly #lineAt = (row: number): LoneLine => this.#atHand.get(row) ?? this.#lone.at(row);

  /** Puts a line to those that say the same. */
  #wait(window: LogWindow, moment: WaitingMoment, isAhead: boolean): void {
    const { bytes } = window;
    const hasKind = window.findKind(window.at, window.lineEnd);
    const line = this.#take(window, isAhead);
    if (line.astray) this.#patience.noteAstray(window.log);
    const { groups } = moment;
    const lone = this.#lone;
    const isOther = (group: number[]) =>
      group.every((row) => lone.logOf(row) !== line.log) &&
      this.reading.isSameLine(this.#lineAt(group[0] as number), line);
    const group = groups.length > MOST_ALIKE ? undefined : groups.find(isOther);
    const row = lone.add(line);
    this.#atHand.set(row, line);
    const kind = window.isPlainKind ? this.#kinds.of(bytes, window.kind) : undefined;
    if (kind !== undefined) lone.name(row, kind);
    // One that was not held against all the others stands for itself.
    lone.hold(row, groups.length > MOST_ALIKE ? ++this.#held : moment.number, group?.[0] ?? row);
    this.#waitingLines++;
    if (group === undefined) {
      this.reading.remember(line);
      groups.push([row]);
      return;
    }
    group.push(row);
    if (group.length < this.#windows.length) return;
    this.#waitingLines -= group.length;
    groups.splice(groups.indexOf(group), 1);
    if (groups.length === 0) {
      this.#patience.replace(moment.blame, []);
      moment.blame = [];
    }
    if (!hasKind || group.some((other) => lone.isAstray(other))) return;
    const fresh = this.#agreed.add(bytes, window.kind);
    if (fresh !== undefined) fresh.first = { ...line, kept: undefined };
    for (const other of group) lone.remove(other);
  }

  /**
   * Passes a window's line, to be looked at later.
   * @param isAhead whether it stands before earlier ones, which are in their place all the same
   */
  #take(window: LogWindow, isAhead = false): LoneLine {
    const { seconds, nanos } = window.time;
    const astray = isAhead || !window.isInPlace(window.time);
    window.note(window.time, isAhead);
    const { log, offset, at, lineEnd } = window;
    // Until more is read they stay where they are.
    const kept = window.bytes.subarray(at, lineEnd);
    window.pass();
    return { log, seconds, nanos, offset, length: kept.length, line: window.lines, astray, kept };
  }

  /**
   * Leaves all that waits to be judged.
   * @throws CompareError `UNLIKE`
   */
  #letGo(): void {
    if (this.#isUnsettled && this.#windows.length === this.#all.length) {
      for (const { groups } of this.#waiting.moments()) this.#clear.note(this.#lone, groups, this.#lineAt);
    }
    this.#isUnsettled = false;
    this.#waiting.letGo();
    this.#waitingLines = 0;
    if (this.#lone.size <= MOST_LONE) return;
    throw new CompareError(
      'UNLIKE',
      `The logs have more than ${MOST_LONE} lines that not all of them have, and none of them can be left out; are they of the same engine and time?`,
    );
  }

  /** Goes on without logs that have ended: what the others say from here on they lack. */
  #leaveBehind(live: readonly LogWindow[]): void {
    const ended = this.#windows.filter((window) => !live.includes(window)).map(({ log }) => log);
    this.#ended = [...this.#ended, ...ended].sort((a, b) => a - b);
    this.#windows = live;
    this.#momentFrom = Number.NEGATIVE_INFINITY;
    this.#letGo();
    this.#begin();
  }

  /** Gives up the log without which the fewest events would wait. */
  #giveUpDisordered(): void {
    const waitWithout = (given: LogWindow) => {
      let count = 0;
      for (const { groups } of this.#waiting.moments()) {
        for (const group of groups) {
          const others = group.filter((row) => this.#lone.logOf(row) !== given.log).length;
          if (others > 0 && others < this.#windows.length - 1) count++;
        }
      }
      return count;
    };
    const counts = this.#windows.map(waitWithout);
    this.#giveUp(this.#windows[counts.indexOf(Math.min(...counts))] as LogWindow, undefined, 'content');
  }

  /** Gives up a log that takes too much, from here on, if it is in order. @returns false if it cannot be spared */
  #losePatience(window: LogWindow, now: Moment, why: 'content' | 'writing'): boolean {
    if (!this.#patience.canSpare(this.#windows)) return false;
    const { log, descriptor, offset, to } = window;
    const isDisordered = this.#patience.isAstray(log) || isInDisorder(descriptor, offset, to, now);
    this.#giveUp(window, isDisordered ? undefined : now, why);
    return true;
  }

  #giveUp(given: LogWindow, from: Moment | undefined, why: GivenUp['why']): void {
    this.#givenUp.push({ log: given.log, from, until: given.until, why });
    this.#windows = this.#windows.filter((window) => window !== given);
    // It was a place in the first log, which another may be now.
    this.#momentFrom = Number.NEGATIVE_INFINITY;
    this.#letGo();
    this.#begin();
  }

  /** Begins to count what those agree on that are left. */
  #begin(): void {
    this.#agreed = new KindCounts();
    const without = this.#givenUp.map(({ log }) => log);
    this.#allAgreed.push({ without, ended: this.#ended, kinds: this.#agreed });
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
