import * as z from 'zod';
import { firstIssue, NAME } from './batch.js';
import { RecordError } from './errors.js';
import { dayStart, type Nanos } from './time.js';

/** At most so many bytes of UTF-8 in what somebody says in a dispute, and in a reference. */
export const MAX_DISPUTE_TEXT_BYTES = 4096;
export const MAX_DISPUTE_REFERENCE_BYTES = 1024;
/** At most so many seconds to answer in. */
export const MAX_ANSWER_SECONDS = 31 * 86_400;
/** Seconds to answer in where the one that opens a dispute says nothing of it. */
export const DEFAULT_ANSWER_SECONDS = 86_400;
/** Escaped as JSON a byte becomes six at the most. */
const MAX_CALL_BYTES = 8 * (MAX_DISPUTE_TEXT_BYTES + MAX_DISPUTE_REFERENCE_BYTES);

const hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
const words = (most: number) =>
  z
    .string()
    .max(most)
    .refine(
      (value) => value.isWellFormed() && Buffer.byteLength(value) <= most,
      `must be well-formed, ${most} bytes at most`,
    );
const finding = hex.describe("the finding's id");
const openedBy = z.string().regex(NAME, "must be an actor's name").describe('the actor that opened the dispute');

export const openDisputeSchema = z.strictObject({
  finding,
  hash: hex.describe('the hash of the finding as the report of the one that opens the dispute has it'),
  day: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a day, YYYY-MM-DD')
    .describe("the report's UTC day"),
  text: words(MAX_DISPUTE_TEXT_BYTES),
  answerWithin: z
    .int()
    .min(1)
    .max(MAX_ANSWER_SECONDS)
    .describe('seconds on the ledger clock in which the others are to answer'),
});

export const answerDisputeSchema = z.strictObject({
  finding,
  openedBy,
  answer: z.enum(['accept', 'contest', 'explain']),
  text: words(MAX_DISPUTE_TEXT_BYTES),
  reference: words(MAX_DISPUTE_REFERENCE_BYTES).optional().describe('a URL, a ticket, an event reference'),
});

export const closeDisputeSchema = z.strictObject({
  finding,
  openedBy,
  text: words(MAX_DISPUTE_TEXT_BYTES).optional(),
});

/** `OpenDispute`. */
export type OpenDispute = z.infer<typeof openDisputeSchema>;
/** `AnswerDispute`. */
export type AnswerDispute = z.infer<typeof answerDisputeSchema>;
/** `CloseDispute`. */
export type CloseDispute = z.infer<typeof closeDisputeSchema>;

/** What somebody does in a dispute. */
export type DisputeDeed =
  | ({ readonly act: 'open' } & Omit<OpenDispute, 'finding'>)
  | ({ readonly act: 'answer' } & Omit<AnswerDispute, 'finding' | 'openedBy'>)
  | ({ readonly act: 'close' } & Omit<CloseDispute, 'finding' | 'openedBy'>);

/** A deed on the ledger: who did it, and in which transaction. */
export type DisputeAct = DisputeDeed & {
  readonly actor: string;
  /** The common name of the certificate that signed it. */
  readonly name: string;
  readonly tx: string;
  /** The time that its client wrote into the transaction, nanoseconds: nobody vouches for it. */
  readonly time: Nanos;
};

/** What names a dispute: each actor can have one of its own about a finding. */
export interface DisputeName {
  readonly finding: string;
  /** The actor that opened it. */
  readonly openedBy: string;
}

/** A dispute as it stands on the ledger: what was done, in order. */
export interface DisputeAnswer extends DisputeName {
  readonly acts: readonly DisputeAct[];
}

/** All disputes about one finding, in order of the actors that opened them: `GetDispute`. */
export interface FindingDisputesAnswer {
  readonly finding: string;
  readonly disputes: readonly DisputeAnswer[];
}

/** The transactions of disputes. */
export const DISPUTE_CALLS = ['OpenDispute', 'AnswerDispute', 'CloseDispute'] as const;
export type DisputeCall = (typeof DISPUTE_CALLS)[number];

/**
 * Reads the argument of one of the transactions of disputes.
 * @param signer the actor that signed it: whoever opens a dispute opens its own
 * @throws RecordError `DISPUTE_JSON`, `DISPUTE_SHAPE`.
 */
export function parseDispute(
  call: DisputeCall,
  text: string,
  signer: string,
): { readonly dispute: DisputeName; readonly deed: DisputeDeed } {
  if (Buffer.byteLength(text) > MAX_CALL_BYTES) {
    throw new RecordError('DISPUTE_SHAPE', `The dispute has more than ${MAX_CALL_BYTES} bytes; say less.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RecordError('DISPUTE_JSON', 'The dispute is no JSON.', { cause });
  }
  switch (call) {
    case 'OpenDispute': {
      const { finding, ...open } = checked(openDisputeSchema, value);
      dayStart(open.day);
      return { dispute: { finding, openedBy: signer }, deed: { act: 'open', ...open } };
    }
    case 'AnswerDispute': {
      const { finding, openedBy: opener, ...answer } = checked(answerDisputeSchema, value);
      return { dispute: { finding, openedBy: opener }, deed: { act: 'answer', ...answer } };
    }
    case 'CloseDispute': {
      const { finding, openedBy: opener, ...close } = checked(closeDisputeSchema, value);
      return { dispute: { finding, openedBy: opener }, deed: { act: 'close', ...close } };
    }
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new RecordError('DISPUTE_SHAPE', `The dispute is malformed: ${firstIssue(result.error)}.`);
}
