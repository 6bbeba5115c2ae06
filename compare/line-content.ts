import { canonicalEvent, parseDockerEvent, RecordError, type Recording } from '#chaincode';
import { momentOf } from './line-scan.js';
import { PlainEvents } from './plain-event.js';
import type { LoneLine } from './walk.js';

/** What a line says: an event, whose hash is left to whoever needs it, or why it is none. */
export type LineContent =
  | {
      readonly canonical: string /** The line's own time, nanoseconds. */;
      readonly timeNano: string;
    }
  | { readonly why: string };

const NOT_HASHED = () => '';

/** Lines of one moment that others are held against; anybody can write very many. */
const MOST_KNOWN = 8;

/** Reads lines in full. */
export class LineContents {
  readonly #plain = new PlainEvents();

  constructor(private readonly recording: Recording) {}

  read(bytes: Buffer): LineContent {
    try {
      const raw = this.#plain.read(bytes) ?? parseDockerEvent(bytes.toString('utf8').replace(/^\ufeff/, ''));
      const { canonical } = canonicalEvent(raw, this.recording, NOT_HASHED);
      return { canonical, timeNano: raw.timeNano };
    } catch (error) {
      if (error instanceof RecordError) return { why: error.message };
      throw error;
    }
  }

  /** Puts what they say in place of the bytes that were kept of lines. */
  readKept(lines: readonly LoneLine[]): LoneLine[] {
    const known = new Map<string, { readonly bytes: Buffer; readonly content: LineContent }[]>();
    return lines.map((line) => {
      const { kept, ...rest } = line;
      if (kept === undefined) return line;
      const moment = momentOf(line);
      // Most lines of one moment are the same bytes, which are read once.
      const alike = known.get(moment) ?? [];
      const content = alike.find(({ bytes }) => bytes.equals(kept))?.content ?? this.read(kept);
      if (alike.length < MOST_KNOWN) known.set(moment, [...alike, { bytes: kept, content }]);
      return { ...rest, content };
    });
  }
}
