import * as z from 'zod';
import { firstIssue } from './batch.js';
import { RecordError } from './errors.js';
import { dayStart } from './time.js';

/** At most so many bytes of UTF-8 in an anchor. */
export const MAX_ANCHOR_BYTES = 192 * 1024;
/** A list is cut into so many ranges at the most. */
export const MAX_RANGES = 32;

const hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
const name = z.string().regex(/^[a-z]{1,32}$/, 'must be 1 to 32 lower-case letters');
const text = z
  .string()
  .max(256)
  .refine((value) => value.isWellFormed(), 'must be well-formed');

export const anchorSchema = z.strictObject({
  day: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a day, YYYY-MM-DD')
    .describe("the report's UTC day"),
  hash: hex.describe("the report's hash"),
  tx: z
    .string()
    .regex(/^[0-9a-f]{1,128}$/)
    .describe('the transaction that sealed the day'),
  ranges: z.strictObject({
    parts: z.record(name, hex).describe('the hash of each part of the report that is no list of ranges'),
    lists: z
      .array(
        z.strictObject({
          list: name.describe("a class of findings, or 'running'"),
          range: z
            .int()
            .min(0)
            .max(MAX_RANGES - 1)
            .describe('the first five bits of the SHA-256 of the objects in it'),
          first: z.strictObject({ object: text, id: text }).describe('the least in it, by object and id'),
          count: z.int().min(1),
          hash: hex,
        }),
      )
      .max(MAX_RANGES * 64)
      .describe('in order of list and range'),
  }),
});

/** A report's hash, put on the ledger, with the hashes by which a difference is found without the report. */
export type Anchor = z.infer<typeof anchorSchema>;
/** The hashes of a report's parts and of the ranges of its lists. */
export type AnchorRanges = Anchor['ranges'];
/** One range of a list. */
export type AnchorRange = AnchorRanges['lists'][number];

/** An anchor on the ledger: `GetAnchors`. */
export interface AnchorAnswer extends Anchor {
  readonly actor: string;
  /** The common name of the certificate that signed it. */
  readonly name: string;
}

/** Where two reports of one day first differ. */
export interface AnchorDifference {
  /** The part of the report; `findings` and `running` have objects; `hash` if nothing else differs. */
  readonly part: string;
  /** The class of the findings. */
  readonly class?: string;
  /** The range in which they differ. */
  readonly range?: number;
  /** The object, or the first of the range where there are several. */
  readonly object?: string;
  /** How many the range has on either side: of one alone the object is known. */
  readonly counts?: readonly [number, number];
}

/**
 * Reads the argument of `AnchorReport`.
 * @throws RecordError `ANCHOR_JSON`, `ANCHOR_SHAPE`.
 */
export function parseAnchor(json: string): Anchor {
  if (Buffer.byteLength(json) > MAX_ANCHOR_BYTES) {
    throw new RecordError('ANCHOR_SHAPE', `The anchor has more than ${MAX_ANCHOR_BYTES} bytes; send fewer ranges.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new RecordError('ANCHOR_JSON', 'The anchor is no JSON.', { cause });
  }
  const result = anchorSchema.safeParse(value);
  if (!result.success) throw new RecordError('ANCHOR_SHAPE', `The anchor is malformed: ${firstIssue(result.error)}.`);
  const { lists } = result.data.ranges;
  if (new Set(lists.map(rangeKey)).size !== lists.length) {
    throw new RecordError('ANCHOR_SHAPE', 'The anchor is malformed: ranges.lists: a range is there twice.');
  }
  dayStart(result.data.day);
  return result.data;
}

/**
 * Where the reports of two anchors of one day first differ: what they were made from, then the findings, by class and
 * range, then the rest, which follows from those. Undefined if they are the same report.
 */
export function anchorDifference(
  a: Pick<Anchor, 'hash' | 'ranges'>,
  b: Pick<Anchor, 'hash' | 'ranges'>,
): AnchorDifference | undefined {
  if (a.hash === b.hash) return undefined;
  if (a.ranges.parts.head !== b.ranges.parts.head) return { part: 'head' };
  const range = differingRange(a.ranges.lists, b.ranges.lists);
  if (range !== undefined) return range;
  const names = [...new Set([...Object.keys(a.ranges.parts), ...Object.keys(b.ranges.parts)])].sort();
  const part = names.find((each) => a.ranges.parts[each] !== b.ranges.parts[each]);
  return { part: part ?? 'hash' };
}

function differingRange(a: readonly AnchorRange[], b: readonly AnchorRange[]): AnchorDifference | undefined {
  const [ours, theirs] = [a, b].map((lists) => new Map(lists.map((each) => [rangeKey(each), each])));
  // Running time follows from the findings: it is looked at last.
  const keys = [...new Set([...a, ...b].map(rangeKey))].sort();
  const key = keys.find((each) => ours?.get(each)?.hash !== theirs?.get(each)?.hash);
  if (key === undefined) return undefined;
  const both = [ours?.get(key), theirs?.get(key)].flatMap((each) => each ?? []);
  const [first] = [...both].sort((x, y) => (x.first.object < y.first.object ? -1 : 1));
  if (first === undefined) return undefined;
  return {
    ...(first.list === 'running' ? { part: 'running' } : { part: 'findings', class: first.list }),
    range: first.range,
    object: first.first.object,
    counts: [ours?.get(key)?.count ?? 0, theirs?.get(key)?.count ?? 0],
  };
}

function rangeKey({ list, range }: AnchorRange): string {
  return `${list === 'running' ? 1 : 0} ${list} ${String(range).padStart(2, '0')}`;
}
