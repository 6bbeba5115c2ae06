import { MessageReader, type MessageWriter, refuse } from './bytes.js';
import { BEGIN, type Bound, ITEM_BYTES } from './item-set.js';
import { FINGERPRINT_BYTES, SHORT_BYTES } from './keyed-set.js';
import { MAX_GIVEN, MAX_LISTED } from './limits.js';

/** The first byte of a message. */
export const MESSAGE = { hello: 1, statements: 2, end: 3, refusal: 4 } as const;

/** The items from `lower` on, before `upper`. */
export interface Range {
  readonly lower: Bound;
  readonly upper: Bound;
}

/** What one side says of a range, or gives. */
export type Statement =
  | ({ readonly kind: 'fingerprint'; readonly fingerprint: Buffer } & Range)
  /** These are all I have there, by the first bytes of their keyed hashes, as sorted hexadecimal digits. */
  | ({ readonly kind: 'listed'; readonly shorts: readonly string[] } & Range)
  /** Of those that you listed there I lack these. */
  | ({ readonly kind: 'wanted'; readonly shorts: readonly string[] } & Range)
  /** You lack these. */
  | { readonly kind: 'given'; readonly items: readonly Buffer[] };

const KIND = { fingerprint: 0, listed: 1, wanted: 2, given: 3 } as const;
/** Said of a range that begins where the one before in the message ends. */
const ADJACENT = 4;

/** At most so many bytes do a statement's kind and range need, and a list. */
export const RANGE_BYTES = 1 + 2 * (2 + ITEM_BYTES);
export const LISTED_BYTES = 1 + MAX_LISTED * SHORT_BYTES;

/** Writes the statements of one message. */
export class StatementWriter {
  readonly #out: MessageWriter;
  #end: Bound | undefined;

  constructor(out: MessageWriter) {
    this.#out = out;
    out.byte(MESSAGE.statements);
  }

  fingerprint(range: Range, fingerprint: Buffer): void {
    this.#range(KIND.fingerprint, range);
    this.#out.bytes(fingerprint);
  }

  shorts(kind: 'listed' | 'wanted', range: Range, shorts: readonly string[]): void {
    this.#range(KIND[kind], range);
    this.#out.number(shorts.length);
    for (const short of shorts) this.#out.hex(short);
  }

  given(items: readonly Buffer[]): void {
    this.#out.byte(KIND.given);
    this.#out.number(items.length);
    for (const item of items) this.#out.item(item);
  }

  #range(kind: number, { lower, upper }: Range): void {
    const adjacent = this.#end?.equals(lower) === true;
    this.#out.byte(kind | (adjacent ? ADJACENT : 0));
    if (!adjacent) this.#out.bound(lower);
    this.#out.bound(upper);
    this.#end = upper;
  }
}

/**
 * The statements of a message, from its second byte on.
 * @throws ExchangeError `PROTOCOL`
 */
export function readStatements(body: Buffer): Statement[] {
  const reader = new MessageReader(body);
  const statements: Statement[] = [];
  let end: Bound | undefined;
  while (!reader.done) {
    const head = reader.byte();
    const kind = head & 3;
    if (head > 7 || (kind === KIND.given && head !== KIND.given)) refuse('a statement is of no kind');
    if (kind === KIND.given) {
      statements.push({ kind: 'given', items: readItems(reader) });
      continue;
    }
    const range = readRange(
      reader,
      (head & ADJACENT) === 0 ? undefined : (end ?? refuse('a first range has no begin')),
    );
    end = range.upper;
    if (kind === KIND.fingerprint) {
      statements.push({ kind: 'fingerprint', ...range, fingerprint: Buffer.from(reader.bytes(FINGERPRINT_BYTES)) });
    } else if (kind === KIND.listed) {
      statements.push({ kind: 'listed', ...range, shorts: readShorts(reader, 0) });
    } else statements.push({ kind: 'wanted', ...range, shorts: readShorts(reader, 1) });
  }
  if (statements.length === 0) refuse('it states nothing');
  return statements;
}

function readRange(reader: MessageReader, begin: Bound | undefined): Range {
  const lower = begin ?? reader.bound();
  const upper = reader.bound();
  if (lower.compare(upper) >= 0) refuse('a range ends before it begins');
  return { lower, upper };
}

function readShorts(reader: MessageReader, least: number): string[] {
  const count = reader.number();
  if (count < least || count > MAX_LISTED) refuse('a list is too short or too long');
  const shorts = Array.from({ length: count }, () => reader.bytes(SHORT_BYTES).toString('hex'));
  if (shorts.some((short, at) => at > 0 && short <= (shorts[at - 1] as string))) refuse('a list is not in order');
  return shorts;
}

function readItems(reader: MessageReader): Buffer[] {
  const count = reader.number();
  if (count === 0 || count > MAX_GIVEN) refuse('too many items are given at a time, or none');
  let last: Buffer = BEGIN;
  return Array.from({ length: count }, () => {
    const item = reader.item();
    if (last.compare(item) >= 0) refuse('items are not in order');
    last = item;
    return item;
  });
}
