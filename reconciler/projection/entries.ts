import {
  type Batch,
  eventHash,
  MAX_BATCH_ENTRIES,
  type Nanos,
  type ParsedEntry,
  padNanos,
  parseBatch,
  parseEntry,
  RecordError,
  type Sha256,
} from '#chaincode';
import { type BatchText, BETWEEN_EVENTS, batchText } from '../ledger/batch-text.js';
import { scanCanonical } from './canonical-scan.js';
import type { EventWindow } from './event-window.js';
import { jsonText, type OpenEvent, type ReadEvent } from './open-event.js';
import { keyOf, type Texted, TextIndex } from './text-index.js';

/** One of a batch's entries: an event that the window holds, or one that was read and checked. */
interface Entry {
  readonly open?: OpenEvent;
  readonly parsed?: ReadEvent;
  /** Its text in the form of `jsonText`, where it is known. */
  readonly text?: string;
  /** `keyOf` that. */
  readonly key?: number;
  /** The collector's time, for a timeless event. */
  readonly t?: Nanos | undefined;
}

export type BatchEntries = readonly Entry[];

/** A batch; without `entries` if one of them is malformed. */
export interface ReadBatchEntries {
  readonly batch: Batch;
  readonly entries: BatchEntries | undefined;
}

/**
 * Reads a batch and checks every entry before any is taken in; what the window holds already was checked when it came, and is
 * known by its text.
 * @param bytes length of the text as UTF-8, where it is known
 * @returns undefined if it is no batch
 */
export function entriesOf(
  text: string,
  window: EventWindow,
  sha: Sha256,
  bytes?: number,
): ReadBatchEntries | undefined {
  const found = batchText(text, bytes);
  const entries = found && entriesFound(text, found, window, sha);
  if (found !== undefined && entries !== undefined) return { batch: found.head, entries };
  try {
    const batch = parseBatch(text);
    return { batch, entries: entriesRead(batch, window, sha) };
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

/**
 * The entries by their texts; undefined where reading the batch whole has to tell what it is. Actors attest events in much
 * the same order, so an event's text is looked for where that of the one before was followed by it.
 */
function entriesFound(
  text: string,
  { head, begin, end }: BatchText,
  window: EventWindow,
  sha: Sha256,
): BatchEntries | undefined {
  const mark = window.mark();
  const fresh = new FreshEntries();
  const entries: Entry[] = [];
  let likely: OpenEvent | undefined;
  let wasFresh = false;
  for (let at = begin; at <= end; ) {
    const isLikely = likely !== undefined && isAt(text, at, likely.text, end);
    const until = isLikely ? at + (likely?.text.length ?? 0) : endOf(text, at, end);
    let parsed: ReadEvent | undefined;
    let part = '';
    let key = 0;
    let open: OpenEvent | undefined;
    // What followed may be retired or put away by now: then the table knows more of it than this does.
    if (isLikely && likely?.isOpen === true && !likely.isAway) open = likely;
    else {
      part = text.slice(at, until);
      // Who attests what nobody has attested yet most likely goes on with that.
      if (wasFresh) parsed = parsedText(head, text.slice(at - 1, until + 1), sha);
      key = keyOf(text, at, until);
      if (parsed === undefined || !window.isAhead(parsed.time)) open = window.open(part, key);
    }
    if (open !== undefined) {
      if (open.timeless) return undefined;
      // An entry twice is no batch.
      if (open.mark === mark) return undefined;
      open.mark = mark;
      entries.push({ open });
    } else {
      parsed ??= parsedText(head, text.slice(at - 1, until + 1), sha);
      if (parsed === undefined) return undefined;
      const entry = { parsed, text: part, key };
      if (!fresh.add(entry)) return undefined;
      entries.push(entry);
    }
    wasFresh = open === undefined;
    likely = (open ?? likely)?.next;
    at = until + BETWEEN_EVENTS.length;
  }
  return entries.length <= MAX_BATCH_ENTRIES && Number.isSafeInteger(head.from + entries.length) ? entries : undefined;
}

/** Places of an index that is made for one batch. */
const FEW = 16;

type FreshEntry = Entry & Texted & { readonly parsed: ReadEvent };

/** A batch's entries that the window does not hold: none may be there twice. */
class FreshEntries {
  readonly #entries: FreshEntry[] = [];
  #latest = '';
  /** Made when an entry is not later than all before it, which tells it from them. */
  #byText: TextIndex<FreshEntry> | undefined;

  /** @returns false if it is there already */
  add(entry: FreshEntry): boolean {
    const { time } = entry.parsed;
    if (time > this.#latest) this.#latest = time;
    else if (this.#index().get(entry.text, entry.key) !== undefined) return false;
    this.#byText?.set(entry);
    this.#entries.push(entry);
    return true;
  }

  #index(): TextIndex<FreshEntry> {
    if (this.#byText === undefined) {
      this.#byText = new TextIndex(FEW);
      for (const entry of this.#entries) this.#byText.set(entry);
    }
    return this.#byText;
  }
}

/** Whether an event's text stands there, as a whole. */
function isAt(text: string, at: number, event: string, end: number): boolean {
  const until = at + event.length;
  if (until !== end && !(until < end && text.startsWith(BETWEEN_EVENTS, until))) return false;
  return text.slice(at, until) === event;
}

function endOf(text: string, at: number, end: number): number {
  const next = text.indexOf(BETWEEN_EVENTS, at);
  return next < 0 || next > end ? end : next;
}

/** Escapes that JSON has two forms for. */
const AMBIGUOUS = /\\[u/]/;

/**
 * The entry of a JSON string in the one form that `jsonText` gives: two forms of one event would look like two events.
 * @param quoted the string with its quotation marks
 */
function parsedText({ from }: Batch, quoted: string, sha: Sha256): ReadEvent | undefined {
  try {
    const canonical: unknown = JSON.parse(quoted);
    if (typeof canonical !== 'string') return undefined;
    const scanned = scanCanonical(canonical);
    // Nothing but its quotation marks is written as an escape: so this is the one form, and there are no control characters.
    if (scanned !== undefined && quoted.length - 2 - canonical.length === scanned.quotes) {
      return { event: scanned.event, canonical, hash: eventHash(canonical, sha), time: padNanos(scanned.event.time) };
    }
    if (AMBIGUOUS.test(quoted) && JSON.stringify(canonical) !== quoted) return undefined;
    return padded(parseEntry({ from, entries: [{ b: canonical }] }, 0, sha));
  } catch (error) {
    if (error instanceof RecordError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function entriesRead(batch: Batch, window: EventWindow, sha: Sha256): BatchEntries | undefined {
  try {
    return batch.entries.map(({ b, t }, index) => {
      const open = window.open(jsonText(b));
      return open !== undefined && open.timeless === (t !== undefined)
        ? { open, t }
        : { parsed: padded(parseEntry(batch, index, sha)), t };
    });
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

function padded(entry: ParsedEntry): ReadEvent {
  return { ...entry, time: padNanos(entry.time) };
}
