import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { type Item, type ItemSet, itemSetOf } from '../../exchange/protocol/item-set.js';
import { exchange, firstItems, numbered, without } from './exchanging.js';

// Few times and prefixes, so that many items lie close together, as an actor could have them.
const hash = fc.oneof(
  fc.stringMatching(/^[0-9a-f]{64}$/),
  fc.stringMatching(/^[01]{2}$/).map((end) => end.padStart(64, '0')),
);
const time = fc.oneof(
  fc.integer({ min: 0, max: 5 }).map(String),
  fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String),
);
const item = fc.record({ time: time.map((text) => text.padStart(19, '0')), hash });
const place = ({ time: at, hash: digest }: Item) => `${at}.${digest}`;

function missing(from: ItemSet, other: ItemSet): string[] {
  const has = new Set(other.items().map(place));
  return from
    .items()
    .map(place)
    .filter((one) => !has.has(one));
}

function expectExact(a: ItemSet, b: ItemSet, maxMessage?: number): void {
  const { asking, answering } = exchange(a, b, maxMessage === undefined ? {} : { maxMessage });
  const [onlyA, onlyB] = [missing(a, b), missing(b, a)];
  expect(asking.mine.items().map(place)).toEqual(onlyA);
  expect(asking.theirs.items().map(place)).toEqual(onlyB);
  expect(answering.mine.items().map(place)).toEqual(onlyB);
  expect(answering.theirs.items().map(place)).toEqual(onlyA);
}

describe('two parties', () => {
  it.prop(
    [fc.array(item, { maxLength: 400 }), fc.array(item, { maxLength: 400 }), fc.array(item, { maxLength: 400 })],
    {
      numRuns: 60,
    },
  )('both find exactly what differs, whatever they hold', (common, mine, theirs) => {
    expectExact(itemSetOf([...common, ...mine]), itemSetOf([...common, ...theirs]));
  });

  const all = firstItems(5_000);
  const places = fc.array(fc.integer({ min: 0, max: 4_999 }), { maxLength: 500 });

  it.prop([places, places, fc.integer({ min: 4_000, max: 65_536 })], { numRuns: 25 })(
    'both find exactly what differs among many, however short messages are',
    (lackingA, lackingB, maxMessage) => {
      expectExact(without(all, new Set(lackingA)), without(all, new Set(lackingB)), maxMessage);
    },
  );

  it.each([
    ['nothing and much', firstItems(0), all],
    ['much and nothing', all, firstItems(0)],
    ['nothing and nothing', firstItems(0), firstItems(0)],
    ['one and much', firstItems(1), all],
    ['a half and the other', without(all, new Set(Array(2_500).keys())), firstItems(2_500)],
  ])('%s', (_, a, b) => {
    expectExact(a, b, 4_096);
  });

  it('takes times from the first to the last of int64', () => {
    const ends = ['0'.repeat(19), '9223372036854775807'].map((at) => ({ time: at, hash: numbered(1).hash }));
    expectExact(itemSetOf(ends), itemSetOf(ends.slice(1)));
  });
});
