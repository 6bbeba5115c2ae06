import { type Batch, type Nanos, type ParsedEntry, parseBatch, parseEntry, RecordError, type Sha256 } from '#chaincode';
import { type BatchText, batchText } from '../ledger/batch-text.js';
import { type EventWindow, jsonText, type OpenEvent } from './event-window.js';

/** One of a batch's entries: an event that the window holds, or one that was read and checked. */
interface Entry {
  readonly open?: OpenEvent;
  readonly parsed?: ParsedEntry;
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
 * @returns undefined if it is no batch
 */
export function entriesOf(text: string, window: EventWindow, sha: Sha256): ReadBatchEntries | undefined {
  const found = batchText(text);
  const entries = found && entriesFound(found, window, sha);
  if (found !== undefined && entries !== undefined) return { batch: found.head, entries };
  try {
    const batch = parseBatch(text);
    return { batch, entries: entriesRead(batch, window, sha) };
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

/** The entries by their texts; undefined where reading the batch whole has to tell what it is. */
function entriesFound({ head, texts }: BatchText, window: EventWindow, sha: Sha256): BatchEntries | undefined {
  const known = new Set<OpenEvent>();
  const fresh = new Set<string>();
  const entries: Entry[] = [];
  for (const text of texts) {
    const open = window.open(text);
    if (open !== undefined) {
      if (open.timeless) return undefined;
      known.add(open);
      entries.push({ open });
      continue;
    }
    const parsed = parsedText(head, text, sha);
    if (parsed === undefined) return undefined;
    fresh.add(text);
    entries.push({ parsed });
  }
  // An entry twice is no batch.
  return known.size + fresh.size === texts.length ? entries : undefined;
}

/** The entry of a text in the one form that `jsonText` gives: two forms of one event would look like two events. */
function parsedText({ from }: Batch, text: string, sha: Sha256): ParsedEntry | undefined {
  try {
    const canonical: unknown = JSON.parse(`"${text}"`);
    if (typeof canonical !== 'string' || jsonText(canonical) !== text) return undefined;
    return parseEntry({ from, entries: [{ b: canonical }] }, 0, sha);
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
        : { parsed: parseEntry(batch, index, sha), t };
    });
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
