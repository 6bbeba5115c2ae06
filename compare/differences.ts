import { hash } from 'node:crypto';
import { type CanonicalEvent, eventHash, type HashedEvent, isRecorded, type Policy } from '#chaincode';
import { type LineContent, LineContents } from './line-content.js';
import type { LineReading } from './line-reading.js';
import type { LoneLine } from './walk.js';
import { LONGEST_LINE } from './window.js';

type ReadContent = Exclude<LineContent, { readonly why: string }>;

const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** Lines, and bytes of them, that are read in full; what is beyond is counted. */
interface Limit {
  readonly lines: number;
  readonly bytes: number;
}

/** Of moments in which the same logs have a line and others have none: those few could make as many as they like. */
const OF_SOME: Limit = { lines: 20_000, bytes: 1 << 26 };
/** Of moments in which all logs have a line: most often they agree, in an order of their own. */
const OF_ALL: Limit = { lines: 300_000, bytes: 1 << 28 };

/** A line with its event. */
export interface ReadLine {
  readonly line: LoneLine;
  readonly event: HashedEvent;
  /** The line's own time, nanoseconds. */
  readonly timeNano: string;
}

/** A line that is no event of Docker's. */
export interface UnreadableLine {
  readonly line: LoneLine;
  readonly why: string;
}

/** Moments whose lines were not read in full, for there are too many like them. */
export interface Beyond {
  /** The logs that have a line of the moment. */
  readonly logs: readonly number[];
  /** Moments with lines of these logs. */
  readonly events: number;
  /** The first of them. */
  readonly first: LoneLine;
}

export interface Differences {
  readonly read: readonly ReadLine[];
  readonly unreadable: readonly UnreadableLine[];
  readonly beyond: readonly Beyond[];
}

/** Reads the lines that not all logs have in one place. */
export class DifferenceReader {
  readonly #read: ReadLine[] = [];
  readonly #unreadable: UnreadableLine[] = [];
  readonly #events = new Map<ReadContent, HashedEvent>();
  readonly #contents: LineContents;

  constructor(
    private readonly reading: LineReading,
    private readonly policy: Policy,
    source: string,
  ) {
    this.#contents = new LineContents({ source, ignore: policy.ignore });
  }

  /** Reads them all, up to a limit for the lines of the same logs. */
  readAll(lines: readonly LoneLine[]): Differences {
    const beyond = new Map<string, { logs: number[]; events: number; first: LoneLine }>();
    const counts = new Map<string, { lines: number; bytes: number }>();
    for (const moment of moments(lines)) {
      const logs = [...new Set(moment.map(({ log }) => log))].sort((a, b) => a - b);
      const key = logs.join();
      const count = counts.get(key) ?? { lines: 0, bytes: 0 };
      counts.set(key, count);
      count.lines += moment.length;
      count.bytes += moment.reduce((sum, { length }) => sum + length, 0);
      const limit = logs.length === this.reading.logs ? OF_ALL : OF_SOME;
      if (count.lines <= limit.lines && count.bytes <= limit.bytes) this.#readMoment(moment);
      else {
        const rest = beyond.get(key) ?? { logs, events: 0, first: moment[0] as LoneLine };
        rest.events += 1;
        beyond.set(key, rest);
      }
    }
    return { read: this.#read, unreadable: this.#unreadable, beyond: [...beyond.values()] };
  }

  #readMoment(moment: readonly LoneLine[]): void {
    for (const line of moment) {
      const found = this.#parse(line);
      if (found === undefined) continue;
      if ('why' in found) this.#unreadable.push(found);
      else this.#read.push(found);
    }
  }

  /** Reads one line. @returns undefined for one that is no event, or of a kind that the policy has nobody record */
  read(line: LoneLine): ReadLine | undefined {
    const found = this.#parse(line);
    return found === undefined || 'why' in found ? undefined : found;
  }

  #parse(line: LoneLine): ReadLine | UnreadableLine | undefined {
    if (line.length > LONGEST_LINE) return { line, why: `it is longer than ${LONGEST_LINE} bytes` };
    const content = line.content ?? this.#contents.read(this.reading.bytesOf(line));
    if ('why' in content) return { line, why: content.why };
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

/** Lines of one moment together, in order of time; those that tell none come one by one. */
function* moments(lines: readonly LoneLine[]): Generator<LoneLine[]> {
  const sorted = [...lines].sort(
    (a, b) => a.seconds - b.seconds || a.nanos - b.nanos || a.log - b.log || a.line - b.line,
  );
  let moment: LoneLine[] = [];
  for (const line of sorted) {
    const [first] = moment;
    const isSame = first !== undefined && first.seconds === line.seconds && first.nanos === line.nanos;
    if (isSame && !line.unclear && !first.unclear) moment.push(line);
    else {
      if (first !== undefined) yield moment;
      moment = [line];
    }
  }
  if (moment.length > 0) yield moment;
}
