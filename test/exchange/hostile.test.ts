import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { MessageWriter } from '../../exchange/protocol/bytes.js';
import { ExchangeError, type ExchangeErrorCode } from '../../exchange/protocol/errors.js';
import { BEGIN, END, itemBytes } from '../../exchange/protocol/item-set.js';
import { KeyedSet } from '../../exchange/protocol/keyed-set.js';
import { DEFAULT_LIMITS, type ExchangeLimits, MAX_MESSAGE_BYTES } from '../../exchange/protocol/limits.js';
import { StatementWriter } from '../../exchange/protocol/messages.js';
import { ExchangeParty } from '../../exchange/protocol/party.js';
import { firstItems, KEY, numbered } from './exchanging.js';

const set = firstItems(1_000);
const WHOLE = { lower: BEGIN, upper: END };
const LIE = Buffer.alloc(16, 7);

const party = (limits: Partial<ExchangeLimits> = {}) => new ExchangeParty(set, KEY, { ...DEFAULT_LIMITS, ...limits });

/** A message with these statements. */
function said(write: (statements: StatementWriter) => void): Buffer {
  const out = new MessageWriter(MAX_MESSAGE_BYTES);
  write(new StatementWriter(out));
  return Buffer.from(out.take());
}

function codeOf(run: () => unknown): ExchangeErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ExchangeError) return error.code;
    throw error;
  }
  return undefined;
}

const nothing = said((statements) => statements.shorts('listed', WHOLE, []));
const lie = said((statements) => statements.fingerprint(WHOLE, LIE));

describe('a hostile side', () => {
  it.prop([fc.uint8Array({ maxLength: 300 })], { numRuns: 500 })(
    'is refused or answered, whatever it sends',
    (bytes) => {
      expect(['PROTOCOL', 'UNEXPLAINED', undefined]).toContain(codeOf(() => party().receive(Buffer.from(bytes))));
    },
  );

  it.prop([fc.nat(), fc.integer({ min: 1, max: 255 })], { numRuns: 300 })(
    'is refused or answered, whatever it changes of a message',
    (at, flip) => {
      const message = Buffer.from(party().receive(lie) as Buffer);
      const changed = at % message.length;
      message[changed] = (message[changed] as number) ^ flip;
      expect(['PROTOCOL', 'UNEXPLAINED', undefined]).toContain(codeOf(() => party().receive(message)));
    },
  );

  const bad: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['no statements', Buffer.of(2)],
    ['another kind of message', Buffer.of(9, 1, 2)],
    ['an end without a fingerprint', Buffer.of(3)],
    ['a message that is too long', Buffer.alloc(MAX_MESSAGE_BYTES + 1, 2)],
    ['a message that is cut', lie.subarray(0, -1)],
    ['more behind a message', Buffer.concat([lie, Buffer.of(0)])],
    ['a range that ends where it begins', said((to) => to.fingerprint({ lower: END, upper: END }, LIE))],
    ['a range that ends before it begins', said((to) => to.fingerprint({ lower: END, upper: BEGIN }, LIE))],
    ['a bound that ends in a zero', said((to) => to.fingerprint({ lower: Buffer.of(1, 0), upper: END }, LIE))],
    ['a first range without a begin', Buffer.concat([Buffer.of(2, 4, 0, 1, 0xff), LIE])],
    ['a list of more than 64', said((to) => to.shorts('listed', WHOLE, listOf(65)))],
    ['a list out of order', said((to) => to.shorts('listed', WHOLE, listOf(3).reverse()))],
    ['a list with one twice', said((to) => to.shorts('listed', WHOLE, [...listOf(1), ...listOf(1)]))],
    ['nothing wanted', said((to) => to.shorts('wanted', { lower: END.subarray(0, 0), upper: END }, []))],
    ['a number that is longer than it need be', Buffer.of(2, 3, 0x81, 0x80, 0x00)],
    ['a number without end', Buffer.concat([Buffer.of(2, 3), Buffer.alloc(20, 0xff)])],
    ['nothing given', Buffer.of(2, 3, 0)],
    ['a time beyond int64', said((to) => to.given([Buffer.alloc(40, 0xff)]))],
    ['what is here already', said((to) => to.given([set.at(5)]))],
    ['items out of order', said((to) => to.given([itemBytes(numbered(2_001)), itemBytes(numbered(2_000))]))],
    ['what was never listed, wanted', said((to) => to.shorts('wanted', WHOLE, listOf(2)))],
    [
      'what is in no list, wanted',
      said((to) => to.shorts('wanted', { lower: BEGIN, upper: set.at(10) }, ['0000000000000000'])),
    ],
  ];
  it.each(bad)('is refused: %s', (_, message) => {
    expect(codeOf(() => party().receive(message))).toBe('PROTOCOL');
  });

  it('is refused if it wants again what it was given', () => {
    const one = party();
    one.receive(nothing);
    expect(codeOf(() => one.receive(nothing))).toBe('PROTOCOL');
  });

  it('is refused if it gives one item twice', () => {
    const one = party();
    const gift = said((to) => to.given([itemBytes(numbered(5_000))]));
    one.receive(gift);
    one.receive(gift);
    expect(codeOf(() => one.receive(Buffer.concat([Buffer.of(3), LIE])))).toBe('PROTOCOL');
  });

  it('is refused if it ends and what it said explains nothing', () => {
    expect(codeOf(() => party().receive(Buffer.concat([Buffer.of(3), LIE])))).toBe('UNEXPLAINED');
  });

  it('is refused behind the end', () => {
    const one = party();
    one.receive(Buffer.concat([Buffer.of(3), new KeyedSet(set, KEY).fingerprint(0, set.count)]));
    expect(one.differences?.mine.count).toBe(0);
    expect(codeOf(() => one.receive(lie))).toBe('PROTOCOL');
  });

  it.each([
    ['messages', { messages: 100 }],
    ['bytes', { bytes: 100_000 }],
    ['statements', { statements: 50 }],
  ] as const)('that says for ever that a range differs meets the limit of %s', (_, limits) => {
    const one = party(limits);
    const run = () => {
      for (let turn = 0; turn < 10_000; turn++) one.receive(lie);
    };
    expect(codeOf(run)).toBe('LIMIT');
  });

  it('that asks for more than can be answered at a time meets the limit of what is open', () => {
    const one = party({ open: 2_000 });
    const many = said((to) => {
      for (let count = 0; count < 1_500; count++) to.fingerprint(WHOLE, LIE);
    });
    const run = () => {
      for (let turn = 0; turn < 100; turn++) expect(one.receive(many)?.length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    };
    expect(codeOf(run)).toBe('LIMIT');
  });

  it('that has nothing, or gives without end, meets the limit of differences', () => {
    expect(codeOf(() => party({ differences: 999 }).receive(nothing))).toBe('LIMIT');
    const gifts = said((to) => to.given([1, 2, 3].map((one) => itemBytes(numbered(2_000 + one)))));
    expect(codeOf(() => party({ differences: 2 }).receive(gifts))).toBe('LIMIT');
  });
});

/** Names of items that nobody has, in order. */
function listOf(count: number): string[] {
  return Array.from({ length: count }, (_, at) => (at + 1).toString(16).padStart(16, '0'));
}
