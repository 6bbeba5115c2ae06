import * as z from 'zod';
import { RecordError } from './errors.js';
import { type CanonicalEvent, isTimeless, parseCanonicalEvent } from './event.js';
import { batchDigest, eventHash, type Sha256, sha256Hex } from './hash.js';
import { keyTime } from './reference.js';
import { isNanos, type Nanos } from './time.js';

/** At most so many entries in a batch. */
export const MAX_BATCH_ENTRIES = 1000;
/** At most so many bytes of UTF-8 in a batch. */
export const MAX_BATCH_BYTES = 1024 * 1024;
/** `prev` of a run's first batch. */
export const NO_PREVIOUS = '0'.repeat(64);

/** Names that become part of a state key: a collector, a run, an MSP. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const MAX_CLAIMS = 200;
/** At most so many inspections in a batch, objects in one, and bytes of UTF-8 in the state of one object. */
export const MAX_INSPECTIONS = 20;
export const MAX_INSPECTED_OBJECTS = 200;
export const MAX_STATE_BYTES = 1024;
const nanos = z
  .string()
  .refine(isNanos, 'must be nanoseconds as a decimal string')
  .meta({ pattern: '^(0|[1-9][0-9]{0,18})$' });
const count = z.int().min(1);
const hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
// SQLite and Go write a lone surrogate as U+FFFD: two sources would become one.
const text = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (value) => value.isWellFormed() && Buffer.byteLength(value) <= 1024,
    'must be well-formed, 1,024 bytes at most',
  );
const source = text;
const interval = { source, from: nanos, to: nanos };

export const batchSchema = z.strictObject({
  v: z.literal(1),
  policy: count.describe('the number of the policy that recorded these events'),
  collector: z.string().regex(NAME).describe("the collector's name, its certificate's common name"),
  run: z.string().regex(NAME),
  n: count.describe('number of this batch within the run, from 1'),
  from: count.describe('number of the first entry within the run, from 1'),
  prev: hex.describe('digest of batch n-1, 64 zeros for the first'),
  sentAt: nanos.describe("the collector's own clock when it sealed the batch"),
  entries: z
    .array(
      z.strictObject({
        b: z.string().describe('the canonical event'),
        t: nanos.optional().describe("the collector's time for an event that has none of its own"),
      }),
    )
    .max(MAX_BATCH_ENTRIES),
  watches: z
    .array(z.strictObject(interval))
    .max(MAX_CLAIMS)
    .describe('from inclusive, to exclusive: the collector attested all it must of that source and interval'),
  gaps: z.array(z.strictObject({ ...interval, reason: text })).max(MAX_CLAIMS),
  inspected: z
    .array(
      z.strictObject({
        source,
        at: nanos.describe("the engine's own clock"),
        objects: z
          .array(
            z.strictObject({
              type: z.string().min(1).max(64).describe("as in events: 'container', 'network', 'service'"),
              object: text,
              state: text.describe('canonical JSON of what the engine said of it'),
            }),
          )
          .max(MAX_INSPECTED_OBJECTS),
      }),
    )
    .max(MAX_INSPECTIONS)
    .optional()
    .describe('what was learned by asking after a gap: no events, and no part of the judgement'),
});

/** A batch as a collector signs it. */
export type Batch = z.infer<typeof batchSchema>;
export type Watch = Batch['watches'][number];
export type Gap = Batch['gaps'][number];
export type BatchEntry = Batch['entries'][number];
export type Inspection = NonNullable<Batch['inspected']>[number];

/** One entry of a batch, checked. */
export interface ParsedEntry {
  readonly event: CanonicalEvent;
  readonly canonical: string;
  readonly hash: string;
  /** The time of its key, see `keyTime`. */
  readonly time: Nanos;
  /** The collector's time, for a timeless event. */
  readonly t?: Nanos;
  /** Its number within the run. */
  readonly number: number;
}

/**
 * Reads a batch without looking into its events.
 * @throws RecordError `BATCH_LIMIT`, `BATCH_JSON`, `BATCH_SHAPE`.
 */
export function parseBatch(text: string): Batch {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BATCH_BYTES) {
    throw new RecordError('BATCH_LIMIT', `The batch has ${bytes} bytes; send at most ${MAX_BATCH_BYTES}.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RecordError('BATCH_JSON', 'The batch is no JSON.', { cause });
  }
  const entries = (value as { entries?: unknown } | null)?.entries;
  if (Array.isArray(entries) && entries.length > MAX_BATCH_ENTRIES) {
    throw new RecordError('BATCH_LIMIT', `The batch has ${entries.length} entries; send at most ${MAX_BATCH_ENTRIES}.`);
  }
  const result = batchSchema.safeParse(value);
  if (!result.success) throw new RecordError('BATCH_SHAPE', `The batch is malformed: ${firstIssue(result.error)}.`);
  checkClaims(result.data);
  checkDistinct(result.data);
  return result.data;
}

/**
 * Checks one entry of a batch and hashes it.
 * @param index its place in `batch.entries`
 * @param sha another implementation of SHA-256, see `eventHash`
 * @throws RecordError `EVENT_NOT_CANONICAL` or `BATCH_SHAPE`, naming the entry.
 */
export function parseEntry(
  batch: Pick<Batch, 'entries' | 'from'>,
  index: number,
  sha: Sha256 = sha256Hex,
): ParsedEntry {
  const { b, t } = batch.entries[index] as BatchEntry;
  const number = batch.from + index;
  let event: CanonicalEvent;
  try {
    event = parseCanonicalEvent(b);
  } catch (cause) {
    if (!(cause instanceof RecordError)) throw cause;
    throw new RecordError(cause.code, `Entry ${index} (number ${number}): ${cause.message}`, { cause });
  }
  if (isTimeless(event) !== (t !== undefined)) {
    const should =
      t === undefined ? 'needs "t", for its event has no time' : 'must have no "t", for its event has a time';
    throw new RecordError('BATCH_SHAPE', `Entry ${index} (number ${number}) ${should}.`);
  }
  return {
    event,
    canonical: b,
    hash: eventHash(b, sha),
    time: keyTime(event, t),
    number,
    ...(t === undefined ? {} : { t }),
  };
}

export { batchDigest };

/** An event stands under one key: the second entry of a batch would hide the first. */
function checkDistinct({ entries, from }: Batch): void {
  const seen = new Map<string, number>();
  for (const [index, { b }] of entries.entries()) {
    const first = seen.get(b);
    if (first !== undefined) {
      const message = `Entry ${index} (number ${from + index}) repeats entry ${first}; attest an event once.`;
      throw new RecordError('BATCH_SHAPE', message);
    }
    seen.set(b, index);
  }
}

function checkClaims(batch: Batch): void {
  if (!Number.isSafeInteger(batch.from + batch.entries.length)) {
    throw new RecordError('BATCH_SHAPE', 'The batch is malformed: from: the numbers of its entries are too large.');
  }
  if ((batch.n === 1) !== (batch.prev === NO_PREVIOUS)) {
    throw new RecordError(
      'BATCH_SHAPE',
      'The batch is malformed: prev: the first batch of a run, and only it, has 64 zeros.',
    );
  }
  for (const [kind, claims] of [
    ['watches', batch.watches],
    ['gaps', batch.gaps],
  ] as const) {
    const wrong = claims.findIndex(({ from, to }) => BigInt(from) >= BigInt(to));
    if (wrong >= 0)
      throw new RecordError('BATCH_SHAPE', `The batch is malformed: ${kind}[${wrong}] does not end after it begins.`);
  }
}

/** The first thing zod found wrong, in a form for one line of text; cut, for it may quote what it was given. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  const path = issue?.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part).slice(0, 64)}`))
    .join('')
    .replace(/^\./, '');
  const message = String(issue?.message).slice(0, 200);
  return path ? `${path}: ${message}` : message;
}
