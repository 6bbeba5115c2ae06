import { type Batch, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, parseBatch, RecordError } from '#chaincode';

/** A batch whose entries were found and not read. */
export interface BatchText {
  /** Without its entries. */
  readonly head: Batch;
  /** The canonical events as they stand in the text, between their quotation marks; none carries a time of its collector's. */
  readonly texts: readonly string[];
}

/** The order in which collectors write a batch's fields; what has another is read whole. */
const HEAD =
  /\{"v":1,"policy":\d+,"collector":"[\w.-]+","run":"[\w.-]+","n":\d+,"from":\d+,"prev":"[0-9a-f]{64}","sentAt":"\d+","entries":\[\{"b":"/y;
const ENTRIES = '{"b":"';
const BETWEEN = '"},{"b":"';
const TAIL = '"}],"watches":';
const TAIL_FIELDS = new Set(['watches', 'gaps', 'inspected']);

/**
 * Finds the entries of a batch without reading them: three actors attest the same texts, and each has to be read but once.
 * What is given is what `parseBatch` would give if every text is what stands between the quotation marks of a JSON string;
 * whoever goes on has to make sure of that, and that no two are equal.
 * @returns undefined for a batch of any other form, good or bad: it is `parseBatch`'s
 */
export function batchText(text: string): BatchText | undefined {
  HEAD.lastIndex = 0;
  if (!HEAD.test(text)) return undefined;
  const begin = HEAD.lastIndex;
  // What comes later may hold the same only within what makes the text between no string.
  const end = text.indexOf(TAIL, begin);
  if (end < 0 || Buffer.byteLength(text) > MAX_BATCH_BYTES) return undefined;
  const texts: string[] = [];
  for (let at = begin; ; ) {
    const next = text.indexOf(BETWEEN, at);
    const until = next < 0 || next > end ? end : next;
    texts.push(text.slice(at, until));
    if (until === end) break;
    at = until + BETWEEN.length;
  }
  if (texts.length > MAX_BATCH_ENTRIES) return undefined;
  const head = headOf(text.slice(0, begin - ENTRIES.length), text.slice(end + 2));
  if (head === undefined || !Number.isSafeInteger(head.from + texts.length)) return undefined;
  return { head, texts };
}

function headOf(before: string, after: string): Batch | undefined {
  try {
    // A field that is there twice counts the second time: those of the head are in it alone.
    const tail = JSON.parse(`{${after.slice(2)}`) as object;
    if (Object.keys(tail).some((field) => !TAIL_FIELDS.has(field))) return undefined;
    return parseBatch(before + after);
  } catch (error) {
    if (error instanceof RecordError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
