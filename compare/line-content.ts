import { canonicalEvent, parseDockerEvent, RecordError, type Recording } from '#chaincode';
import { PlainEvents } from './plain-event.js';

/** What a line says: an event, whose hash is left to whoever needs it, or why it is none. */
export type LineContent =
  | {
      readonly canonical: string;
      /** The line's own time, nanoseconds. */
      readonly timeNano: string;
    }
  | { readonly why: string };

const NOT_HASHED = () => '';

/** Lines that the next is held against. */
const MOST_KNOWN = 8;

/** Reads lines in full. Those of one event come one soon after the other, and most are the same bytes, which are read once. */
export class LineContents {
  readonly #plain = new PlainEvents();
  readonly #known: { readonly bytes: Buffer; readonly content: LineContent }[] = [];

  constructor(private readonly recording: Recording) {}

  read(bytes: Buffer): LineContent {
    const same = this.#known.find((known) => known.bytes.equals(bytes));
    if (same !== undefined) return same.content;
    const content = this.#read(bytes);
    if (this.#known.length === MOST_KNOWN) this.#known.shift();
    this.#known.push({ bytes, content });
    return content;
  }

  #read(bytes: Buffer): LineContent {
    try {
      const raw = this.#plain.read(bytes) ?? parseDockerEvent(bytes.toString('utf8').replace(/^\ufeff/, ''));
      const { canonical } = canonicalEvent(raw, this.recording, NOT_HASHED);
      return { canonical, timeNano: raw.timeNano };
    } catch (error) {
      if (error instanceof RecordError) return { why: error.message };
      throw error;
    }
  }
}
