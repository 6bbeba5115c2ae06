import { hash } from 'node:crypto';
import { type CanonicalEvent, eventHash, type HashedEvent, isRecorded, type Policy } from '#chaincode';
import { type LineContent, LineContents } from './line-content.js';
import type { LineReading } from './line-reading.js';
import type { Moment } from './line-scan.js';
import type { HeldLine, LoneLine } from './lone-lines.js';
import { MOST_UNCLEAR, type UnclearLines } from './unclear.js';
import type { Agreed } from './walk.js';
import { LONGEST_LINE } from './window.js';

type ReadContent = Exclude<LineContent, { readonly why: string }>;

const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** Lines, and bytes of them, that are read in full; what is beyond is counted. */
interface Limit {
  readonly lines: number;
  readonly bytes: number;
}

/** Of moments in which the same logs say the same and others do not: those few could make as many as they like. */
const OF_SOME: Limit = { lines: 4_000, bytes: 1 << 23 };
/** Of moments in which all logs have the same lines, in an order of their own, and of lines that may say again what was said. */
const OF_ALL: Limit = { lines: 300_000, bytes: 1 << 28 };
/** Lines of one moment that are held against each other beyond the limits. */
const MOST_GROUPED = 64;
const NOT_READ = 'it tells no time where Docker does, as too many others before it that had to be read in full';

/** A line with its event. */
export interface ReadLine {
  readonly line: LoneLine;
  readonly event: HashedEvent;
  /** The line's own time, nanoseconds. */
  readonly timeNano: string;
}

/** A line that is no event of Docker's, or several that were not read. */
export interface UnreadLines {
  readonly log: number;
  /** Number of the first one. */
  readonly line: number;
  readonly lines: number;
  readonly offset: number;
  readonly length: number;
  readonly why: string;
}

/** Whether a log has a hole at a moment. */
export type IsBlind = (log: number, moment: Moment) => boolean;

/** Lines of a log that tell no time. */
export interface UnclearOfLog extends UnclearLines {
  readonly log: number;
  /** Of which part of the log. */
  readonly part: number;
  /** Whether it is one line, to be read in full. */
  readonly single: boolean;
}

/** Moments whose lines were not read in full, for there are too many like them. */
export interface Beyond {
  /** The logs that say the same, for each content that one of their lines has. */
  readonly alike: readonly (readonly number[])[];
  readonly events: number;
  /** Of the first moment the lines, one for each content. */
  readonly first: readonly LoneLine[];
}

export interface Differences {
  readonly read: readonly ReadLine[];
  readonly unread: readonly UnreadLines[];
  readonly beyond: readonly Beyond[];
}

/** Reads the lines that not all logs have in one place, up to a limit for moments of which the same logs say the same. */
export class DifferenceReader {
  readonly #read: ReadLine[] = [];
  readonly #unread: UnreadLines[] = [];
  readonly #beyond = new Map<string, Writable<Beyond>>();
  readonly #counts = new Map<string, { lines: number; bytes: number; moments: number; agreed: number }>();
  readonly #events = new Map<ReadContent, HashedEvent>();
  readonly #contents: LineContents;

  constructor(
    private readonly reading: LineReading,
    private readonly policy: Policy,
    source: string,
  ) {
    this.#contents = new LineContents({ source, ignore: policy.ignore });
  }

  /** What was read so far. */
  get differences(): Differences {
    return { read: this.#read, unread: this.#unread, beyond: [...this.#beyond.values()] };
  }

  /** Reads the lines of a moment. @returns false if there are too many like them, and it was only counted */
  readMoment(moment: readonly HeldLine[], isBlind: IsBlind): boolean {
    const contents = this.#contentsOf(moment);
    const alike = contents.map((own) => own.map(({ log }) => log));
    // What comes after later lines may say again what all logs have said: only a reading can tell.
    const isAgain = moment.every(({ astray }) => astray);
    const blind = this.#blindOf(alike, moment, isBlind);
    const key = `${alike.map((logs) => logs.join()).join('|')}/${blind.join()}/${isAgain}`;
    const count = this.#counts.get(key) ?? { lines: 0, bytes: 0, moments: 0, agreed: 0 };
    this.#counts.set(key, count);
    count.lines += moment.length;
    count.bytes += moment.reduce((sum, { length }) => sum + length, 0);
    // What is written differently may say the same.
    const isOfAll = alike.every(({ length }) => length === this.reading.logs) || count.agreed * 2 > count.moments;
    const limit = isOfAll || isAgain ? OF_ALL : OF_SOME;
    if (count.lines <= limit.lines && count.bytes <= limit.bytes) {
      count.moments++;
      if (this.#readMoment(moment) && contents.length > 1) count.agreed++;
      return true;
    }
    if (contents.some(([one]) => this.#isRecorded(one as HeldLine))) {
      add(this.#beyond, { key, alike, events: 1 }, () => contents.map(([one]) => one as LoneLine));
    }
    return false;
  }

  /** Takes what was said after other logs had ended. */
  takeBehind(behind: readonly Agreed[]): void {
    for (const { without, ended, kinds } of behind) {
      const said = kinds.filter((kind) => isRecorded(this.policy, kind));
      const events = said.reduce((sum, kind) => sum + kind.events, 0);
      const logs = Array.from({ length: this.reading.logs }, (_, log) => log);
      const alike = [logs.filter((log) => !without.includes(log) && !ended.includes(log))];
      const first = () =>
        said
          .flatMap((kind) => kind.first ?? [])
          .sort(byTime)
          .slice(0, 1);
      if (events > 0) add(this.#beyond, { key: `${alike.join()}/${without.join()}`, alike, events }, first);
    }
  }

  /** The logs that have no line of a moment, and cannot have one that is readable. */
  #blindOf(alike: readonly (readonly number[])[], [first]: readonly LoneLine[], isBlind: IsBlind): number[] {
    const blind: number[] = [];
    for (let log = 0; log < this.reading.logs; log++) {
      if (first !== undefined && !alike.some((own) => own.includes(log)) && isBlind(log, first)) blind.push(log);
    }
    return blind;
  }

  #isRecorded(line: HeldLine): boolean {
    const kind = line.kind ?? this.reading.kindOf(line);
    return kind === undefined ? this.read(line) !== undefined : isRecorded(this.policy, kind);
  }

  /** The lines of a moment, those together that say the same, each of another log. */
  #contentsOf(moment: readonly HeldLine[]): HeldLine[][] {
    const contents: HeldLine[][] = [];
    for (const line of moment.slice(0, MOST_GROUPED)) {
      const isOther = (own: readonly HeldLine[]) =>
        own.every(({ log }) => log !== line.log) && this.#isSame(own[0] as HeldLine, line);
      const own = contents.find(isOther);
      if (own === undefined) contents.push([line]);
      else own.push(line);
    }
    return contents;
  }

  /** Whether two lines say the same, as far as that is known without reading them in full. */
  #isSame(one: HeldLine, other: HeldLine): boolean {
    return one.among === other.among ? one.alike === other.alike : this.reading.isSameLine(one, other);
  }

  /** Reads lines that tell no time, up to a limit for each log; what is beyond is as if it were no event. */
  readUnclear(unclear: readonly UnclearOfLog[]): void {
    const counts = new Map<number, { lines: number; bytes: number }>();
    for (const { log, line, lines, offset, length, single } of unclear) {
      const count = counts.get(log) ?? { lines: 0, bytes: 0 };
      counts.set(log, count);
      count.lines += lines;
      count.bytes += single && length <= LONGEST_LINE ? length : 0;
      if (!single || count.lines > MOST_UNCLEAR.lines || count.bytes > MOST_UNCLEAR.bytes) {
        this.#unread.push({ log, line, lines, offset, length, why: NOT_READ });
        continue;
      }
      const found = this.#parse({ log, line, offset, length, seconds: 0, nanos: 0, astray: true });
      if (found === undefined) continue;
      if ('why' in found) this.#unread.push(found);
      else this.#read.push(found);
    }
  }

  /** @returns whether all lines say the same */
  #readMoment(moment: readonly LoneLine[]): boolean {
    const hashes = new Set<string>();
    for (const line of moment) {
      const found = this.#parse(line);
      hashes.add(found === undefined || 'why' in found ? '' : found.event.hash);
      if (found === undefined) continue;
      if ('why' in found) this.#unread.push(found);
      else this.#read.push(found);
    }
    return hashes.size === 1;
  }

  /** Reads one line. @returns undefined for one that is no event, or of a kind that the policy has nobody record */
  read(line: LoneLine): ReadLine | undefined {
    const found = this.#parse(line);
    return found === undefined || 'why' in found ? undefined : found;
  }

  #parse(line: LoneLine): ReadLine | UnreadLines | undefined {
    const { log, line: number, offset, length } = line;
    const place = { log, line: number, lines: 1, offset, length };
    if (length > LONGEST_LINE) return { ...place, why: `it is longer than ${LONGEST_LINE} bytes` };
    const content = this.#contents.read(this.reading.bytesOf(line));
    if ('why' in content) return { ...place, why: content.why };
    const event = this.#eventOf(content);
    if (!isRecorded(this.policy, event.event)) return undefined;
    return { line, event, timeNano: content.timeNano };
  }

  /** The event of which several lines may tell, made once. */
  #eventOf(content: ReadContent): HashedEvent {
    const known = this.#events.get(content);
    if (known !== undefined) return known;
    const { canonical } = content;
    const event = { event: JSON.parse(canonical) as CanonicalEvent, canonical, hash: eventHash(canonical, sha256) };
    this.#events.set(content, event);
    return event;
  }
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function add(
  beyond: Map<string, Writable<Beyond>>,
  { key, alike, events }: Pick<Beyond, 'alike' | 'events'> & { readonly key: string },
  first: () => readonly LoneLine[],
): void {
  const known = beyond.get(key);
  if (known === undefined) beyond.set(key, { alike, events, first: first() });
  else known.events += events;
}

function byTime(a: LoneLine, b: LoneLine): number {
  return a.seconds - b.seconds || a.nanos - b.nanos || a.log - b.log || a.line - b.line;
}
