import { type Batch, MAX_BATCH_BYTES, parseBatch, RecordError } from '#chaincode';

/** A batch whose entries were not read. */
export interface BatchText {
  /** Without its entries. */
  readonly head: Batch;
  /** Where the first entry's event begins in the text, behind its quotation mark. */
  readonly begin: number;
  /** Where the last one's ends. */
  readonly end: number;
}

/** What stands between the events of two entries, where no collector says a time of its own. */
export const BETWEEN_EVENTS = '"},{"b":"';
/** The order in which collectors write a batch's fields; what has another is read whole. */
const HEAD =
  /\{"v":1,"policy":\d+,"collector":"[\w.-]+","run":"[\w.-]+","n":\d+,"from":\d+,"prev":"[0-9a-f]{64}","sentAt":"\d+","entries":\[\{"b":"/y;
const FIRST = '{"b":"';
const LAST = '"}';
const TAIL = '"}],"watches":';
const TAIL_FIELDS = new Set(['watches', 'gaps', 'inspected']);

/**
 * Reads a batch but for its entries: three actors attest the same texts, and each has to be read but once. What is given is
 * what `parseBatch` would give if the text from `begin` to `end` is one of events, each as it stands between the quotation
 * marks of a JSON string, with `BETWEEN_EVENTS` between them. Whoever goes on has to make sure of that, that no two
 * are equal, and that they are not too many.
 * @param bytes length of the text as UTF-8, where it is known: counting goes through all of it once more
 * @returns undefined for a batch of any other form, good or bad: it is `parseBatch`'s
 */
export function batchText(text: string, bytes = Buffer.byteLength(text)): BatchText | undefined {
  HEAD.lastIndex = 0;
  if (!HEAD.test(text)) return undefined;
  const begin = HEAD.lastIndex;
  const end = text.lastIndexOf(TAIL);
  if (end < begin || bytes > MAX_BATCH_BYTES) return undefined;
  const head = headOf(text.slice(0, begin - FIRST.length), text.slice(end + LAST.length));
  return head && { head, begin, end };
}

/** @param after from the bracket on that closes the entries */
function headOf(before: string, after: string): Batch | undefined {
  try {
    // A field that is there twice counts the second time: those of the head are in it alone.
    const tail = JSON.parse(`{${after.slice('],'.length)}`) as object;
    if (Object.keys(tail).some((field) => !TAIL_FIELDS.has(field))) return undefined;
    return parseBatch(before + after);
  } catch (error) {
    if (error instanceof RecordError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
