import { MessageWriter, refuse } from './bytes.js';
import { ExchangeError } from './errors.js';
import { BEGIN, type Bound, boundBetween, END, type ItemSet, ItemSetBuilder } from './item-set.js';
import { addTo, FINGERPRINT_BYTES, fingerprintOf, KeyedSet, takeFrom } from './keyed-set.js';
import { DEFAULT_LIMITS, type ExchangeLimits, MAX_GIVEN, MAX_LISTED, MAX_MESSAGE_BYTES, PARTS } from './limits.js';
import {
  LISTED_BYTES,
  MESSAGE,
  RANGE_BYTES,
  type Range,
  readStatements,
  type Statement,
  StatementWriter,
} from './messages.js';

/** What a statement of the other side asks of us and is not said yet. */
type Work =
  | ({ readonly kind: 'split' } & Range)
  | ({ readonly kind: 'answer'; readonly shorts: readonly string[] } & Range)
  /** Our items from `next` up to `to`, but for those that the other side has. */
  | { readonly kind: 'give'; next: number; readonly to: number; readonly known: ReadonlySet<number> };

const NAMES: Readonly<Record<keyof ExchangeLimits, string>> = {
  messages: 'messages',
  bytes: 'bytes',
  statements: 'statements',
  open: 'statements that wait for an answer',
  differences: 'differences',
};

/** What is behind an item in a message: how much it shares, and itself. */
const GIVEN_ITEM_BYTES = 41;

/** At most so many bytes does one step write: it splits a range, or lists it, or begins to give. */
const MOST_BYTES = Math.max(PARTS * (FINGERPRINT_BYTES + RANGE_BYTES), RANGE_BYTES + LISTED_BYTES);

/** What both sides know at the end. */
export interface Differences {
  /** What we have and the other side lacks. */
  readonly mine: ItemSet;
  readonly theirs: ItemSet;
}

/** What an exchange has cost so far. */
export interface ExchangeCost {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Both sides' together. */
  readonly messages: number;
}

/**
 * One side of an exchange: takes the other side's message and gives the next one, in turn, until both sides have nothing
 * left to say and have checked that what they found explains the whole difference. Reads no clock and sends nothing itself.
 * After an error it is of no use any more.
 */
export class ExchangeParty {
  readonly #keyed: KeyedSet;
  readonly #set: ItemSet;
  readonly #limits: ExchangeLimits;
  readonly #maxMessage: number;
  /** The next to do is the last one: ranges are followed to their end, so that few are open at a time. */
  readonly #work: Work[] = [];
  /** A bit for each of our items that the other side lacks. */
  readonly #lacking: Uint8Array;
  readonly #mine = new ItemSetBuilder();
  readonly #theirs = new ItemSetBuilder();
  #statements = 0;
  #messages = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #ended = false;
  #differences: Differences | undefined;

  /**
   * @param key what both sides made of the random numbers that they drew
   * @param maxMessage the longest message that is made, in bytes
   */
  constructor(
    set: ItemSet,
    key: Buffer,
    limits: ExchangeLimits = DEFAULT_LIMITS,
    maxMessage: number = MAX_MESSAGE_BYTES,
  ) {
    this.#set = set;
    this.#keyed = new KeyedSet(set, key);
    this.#limits = limits;
    this.#maxMessage = maxMessage;
    this.#lacking = new Uint8Array(Math.ceil(set.count / 8));
  }

  /** The first message, of the side that asks. */
  open(): Buffer {
    const out = new MessageWriter(this.#maxMessage);
    new StatementWriter(out).fingerprint({ lower: BEGIN, upper: END }, this.#keyed.fingerprint(0, this.#set.count));
    return this.#sent(out.take());
  }

  /** What differs, once the exchange is over. */
  get differences(): Differences | undefined {
    return this.#differences;
  }

  get cost(): ExchangeCost {
    return { bytesSent: this.#bytesSent, bytesReceived: this.#bytesReceived, messages: this.#messages };
  }

  /**
   * Takes a message of the other side.
   * @returns the answer; undefined if the exchange is over and none is due
   * @throws ExchangeError `PROTOCOL`, `LIMIT`, `UNEXPLAINED`
   */
  receive(message: Buffer): Buffer | undefined {
    if (this.#differences !== undefined) refuse('the exchange is over');
    this.#bytesReceived += message.length;
    this.#count();
    const theirWhole = this.#take(message);
    const isLast = theirWhole !== undefined && this.#work.length === 0;
    if (isLast && this.#ended) {
      this.#finish(theirWhole);
      return undefined;
    }
    const answer = this.#sent(this.#next());
    if (isLast) this.#finish(theirWhole);
    return answer;
  }

  /** @returns the fingerprint of the other side's whole set, where it has nothing left to say */
  #take(message: Buffer): Buffer | undefined {
    if (message.length > MAX_MESSAGE_BYTES) refuse('it is too long');
    const body = message.subarray(1);
    if (message[0] === MESSAGE.end) {
      if (body.length !== FINGERPRINT_BYTES) refuse('its end has no fingerprint');
      return body;
    }
    if (message[0] !== MESSAGE.statements) refuse('it is of no kind that is due');
    const statements = readStatements(body);
    this.#statements += statements.length;
    if (this.#statements > this.#limits.statements) this.#exceeds('statements');
    // The first is done first.
    this.#work.push(...statements.flatMap((statement) => this.#workOf(statement) ?? []).reverse());
    if (this.#work.length > this.#limits.open) this.#exceeds('open');
    return undefined;
  }

  #workOf(statement: Statement): Work | undefined {
    if (statement.kind === 'given') {
      for (const item of statement.items) this.#receiveItem(item);
      return undefined;
    }
    const { lower, upper } = statement;
    if (statement.kind === 'listed') return { kind: 'answer', lower, upper, shorts: statement.shorts };
    const [from, to] = this.#places(statement);
    if (statement.kind === 'wanted') return this.#wantedItems(from, to, new Set(statement.shorts));
    const isEqual = this.#keyed.fingerprint(from, to).equals(statement.fingerprint);
    return isEqual ? undefined : { kind: 'split', lower, upper };
  }

  #receiveItem(item: Buffer): void {
    if (this.#set.has(item)) refuse('it gives what is here already');
    this.#theirs.addBytes(item);
    if (this.#theirs.count > this.#limits.differences) this.#exceeds('differences');
  }

  /** The items that the other side wants of those that were listed to it. */
  #wantedItems(from: number, to: number, shorts: ReadonlySet<string>): Work {
    if (to - from > MAX_LISTED) refuse('it wants of a range that was not listed');
    const known = new Set<number>();
    for (let index = from; index < to; index++) if (!shorts.has(this.#keyed.shortAt(index))) known.add(index);
    if (to - from - known.size !== shorts.size) refuse('it wants what was not listed');
    return { kind: 'give', next: from, to, known };
  }

  #places({ lower, upper }: Range): [from: number, to: number] {
    return [this.#set.indexOf(lower), this.#set.indexOf(upper)];
  }

  /** The next message: as much of what is to be said as fits, or that there is nothing. */
  #next(): Buffer {
    const out = new MessageWriter(this.#maxMessage);
    let statements: StatementWriter | undefined;
    for (let work = this.#work.pop(); work !== undefined; work = this.#work.pop()) {
      // One that may not fit waits for the next message.
      if (out.room < MOST_BYTES) {
        this.#work.push(work);
        break;
      }
      statements ??= new StatementWriter(out);
      if (work.kind === 'split') this.#split(work, statements);
      else if (work.kind === 'answer') this.#answer(work, statements);
      else this.#give(work, statements, out);
    }
    // Of what is left to do some may need no word, so that a message can be empty.
    this.#ended = out.room >= this.#maxMessage - 1 && this.#work.length === 0;
    return this.#ended ? this.#end() : out.take();
  }

  #end(): Buffer {
    return Buffer.concat([Buffer.of(MESSAGE.end), this.#keyed.fingerprint(0, this.#set.count)]);
  }

  /** Says of each part of a range what we have there; of few items, which. */
  #split(range: Range, statements: StatementWriter): void {
    const [from, to] = this.#places(range);
    if (to - from <= MAX_LISTED) {
      const shorts = Array.from({ length: to - from }, (_, at) => this.#keyed.shortAt(from + at)).sort();
      statements.shorts('listed', range, shorts);
      return;
    }
    let lower: Bound = range.lower;
    for (let part = 0; part < PARTS; part++) {
      const first = from + Math.floor(((to - from) * part) / PARTS);
      const next = from + Math.floor(((to - from) * (part + 1)) / PARTS);
      const upper = part === PARTS - 1 ? range.upper : boundBetween(this.#set.at(next - 1), this.#set.at(next));
      statements.fingerprint({ lower, upper }, this.#keyed.fingerprint(first, next));
      lower = upper;
    }
  }

  /** Asks for what the other side has there and we lack; what it lacks is given next. */
  #answer({ lower, upper, shorts }: Range & { shorts: readonly string[] }, statements: StatementWriter): void {
    const [from, to] = this.#places({ lower, upper });
    const wanted = new Set(shorts);
    const known = new Set<number>();
    for (let index = from; index < to; index++) if (wanted.delete(this.#keyed.shortAt(index))) known.add(index);
    if (wanted.size > 0) statements.shorts('wanted', { lower, upper }, [...wanted].sort());
    if (to - from > known.size) this.#work.push({ kind: 'give', next: from, to, known });
  }

  #give(work: Extract<Work, { kind: 'give' }>, statements: StatementWriter, out: MessageWriter): void {
    const most = Math.min(MAX_GIVEN, Math.floor((out.room - 8) / GIVEN_ITEM_BYTES));
    const items: Buffer[] = [];
    for (; work.next < work.to && items.length < most; work.next++) {
      if (work.known.has(work.next)) continue;
      this.#noteLacking(work.next);
      items.push(this.#set.at(work.next));
    }
    if (items.length > 0) statements.given(items);
    if (work.next < work.to) this.#work.push(work);
  }

  /** An item is in one range at a time, and so given once: who wants it again would have us talk for ever. */
  #noteLacking(index: number): void {
    const bit = 1 << (index & 7);
    const byte = this.#lacking[index >> 3] as number;
    if ((byte & bit) !== 0) refuse('it wants again what was given');
    this.#lacking[index >> 3] = byte | bit;
    this.#mine.addBytes(this.#set.at(index));
    if (this.#mine.count > this.#limits.differences) this.#exceeds('differences');
  }

  /** Our set without what is ours alone and with what is theirs alone must be the other side's. */
  #finish(theirWhole: Buffer): void {
    const differences = { mine: this.#mine.build(), theirs: this.#theirs.buildDistinct() };
    const sum = this.#keyed.sum(0, this.#set.count);
    const { mine, theirs } = differences;
    for (let at = 0; at < mine.count; at++) takeFrom(sum, limbsOf(this.#keyed.hashOf(mine.at(at))));
    for (let at = 0; at < theirs.count; at++) addTo(sum, this.#keyed.hashOf(theirs.at(at)));
    const count = this.#set.count - mine.count + theirs.count;
    if (count < 0 || !fingerprintOf(sum, count).equals(theirWhole)) {
      throw new ExchangeError(
        'UNEXPLAINED',
        'What was found does not explain how the two sets differ: run it again, and if it stays so, the other side contradicts itself.',
      );
    }
    this.#differences = differences;
  }

  #sent(message: Buffer): Buffer {
    this.#bytesSent += message.length;
    this.#count();
    return message;
  }

  #count(): void {
    this.#messages++;
    if (this.#messages > this.#limits.messages) this.#exceeds('messages');
    if (this.#bytesSent + this.#bytesReceived > this.#limits.bytes) this.#exceeds('bytes');
  }

  #exceeds(what: keyof ExchangeLimits): never {
    throw new ExchangeError(
      'LIMIT',
      `The exchange has more than ${this.#limits[what]} ${NAMES[what]}; compare less time at once, or ask who runs the other side.`,
    );
  }
}

function limbsOf(digest: Buffer): Uint32Array {
  return Uint32Array.from({ length: 8 }, (_, limb) => digest.readUInt32LE(limb * 4));
}
