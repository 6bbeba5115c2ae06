import { hash } from 'node:crypto';
import { canonicalEvent, type HashedEvent, isRecorded, type Policy, parseDockerEvent, RecordError } from '#chaincode';
import type { LineReading } from './line-reading.js';
import type { LoneLine } from './walk.js';
import { LONGEST_LINE } from './window.js';

const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** So many lines of one log alone, or of the same logs, are read in full; what is beyond is counted. */
export const MOST_READ = 20_000;
/** So many bytes of them. */
const MOST_BYTES = 1 << 26;

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

/** Lines that are no event, or were not read in full for there are too many like them. */
export interface Beyond {
  /** The logs that have a line of the moment. */
  readonly logs: readonly number[];
  /** Moments with lines of these logs. */
  readonly events: number;
  /** The first of them, and the day it lies in. */
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

  constructor(
    private readonly reading: LineReading,
    private readonly policy: Policy,
    private readonly source: string,
  ) {}

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
      if (count.lines <= MOST_READ && count.bytes <= MOST_BYTES) this.#readMoment(moment);
      else {
        const rest = beyond.get(key) ?? { logs, events: 0, first: moment[0] as LoneLine };
        rest.events += 1;
        beyond.set(key, rest);
      }
    }
    return { read: this.#read, unreadable: this.#unreadable, beyond: [...beyond.values()] };
  }

  /** Most lines of one moment are the same bytes, which are read once. */
  #readMoment(moment: readonly LoneLine[]): void {
    const known: { readonly bytes: Buffer; readonly read: ReadLine }[] = [];
    for (const line of moment) {
      const bytes = moment.length > 1 && moment.length < 10 ? this.reading.bytesOf(line) : undefined;
      const same = bytes && known.find((one) => one.bytes.equals(bytes));
      if (same !== undefined) this.#read.push({ ...same.read, line });
      else {
        const read = this.read(line, bytes);
        if (bytes !== undefined && read !== undefined) known.push({ bytes, read });
      }
    }
  }

  /** Reads one line. @returns undefined for one that is no event, or of a kind that the policy has nobody record */
  read(line: LoneLine, _bytes?: Buffer): ReadLine | undefined {
    if (line.length > LONGEST_LINE) {
      this.#unreadable.push({ line, why: `it is longer than ${LONGEST_LINE} bytes` });
      return undefined;
    }
    try {
      const raw = parseDockerEvent(
        this.reading
          .bytesOf(line)
          .toString('utf8')
          .replace(/^\ufeff/, ''),
      );
      const event = canonicalEvent(raw, { source: this.source, ignore: this.policy.ignore }, sha256);
      if (!isRecorded(this.policy, event.event)) return undefined;
      const read = { line, event, timeNano: raw.timeNano };
      this.#read.push(read);
      return read;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#unreadable.push({ line, why: error.message });
      return undefined;
    }
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
