import { describe, expect, it } from 'vitest';
import type { ItemSet } from '../../exchange/protocol/item-set.js';
import { type Exchanged, exchange, firstItems, without } from './exchanging.js';

const HASH_BYTES = 32;

/** Places in a set, spread as by chance, the same ones each time. */
function spread(places: number, count: number): number[] {
  const found = new Set<number>();
  let state = places;
  while (found.size < places) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    found.add(Math.floor((state / 2 ** 32) * count));
  }
  return [...found];
}

/** Two sides of what was one set, from each of which half of so many places are missing. */
function differing(set: ItemSet, differences: number): Exchanged {
  const places = spread(differences, set.count);
  const half = differences / 2;
  return exchange(without(set, new Set(places.slice(0, half))), without(set, new Set(places.slice(half))));
}

const bytesOf = ({ cost }: Exchanged) => cost.bytesSent + cost.bytesReceived;

describe('what an exchange costs', () => {
  it('of 100 differences among a million: at most a 200th of all hashes, both directions together', () => {
    const exchanged = differing(firstItems(1_000_000), 100);
    expect(exchanged.asking.mine.count).toBe(50);
    expect(exchanged.asking.theirs.count).toBe(50);
    process.stdout.write(
      `100 of 1,000,000: ${bytesOf(exchanged)} bytes in ${exchanged.cost.messages} messages, for ${1_000_000 * HASH_BYTES}\n`,
    );
    expect(bytesOf(exchanged)).toBeLessThanOrEqual((1_000_000 * HASH_BYTES) / 200);
  }, 120_000);

  it('grows about as the differences do, and with the logarithm of the items', () => {
    const small = firstItems(10_000);
    const large = firstItems(160_000);
    const counts = [10, 100, 1_000];
    const bytes = counts.map((differences) => bytesOf(differing(large, differences)) / differences);
    process.stdout.write(`10, 100, 1,000 of 160,000: ${bytes.map(Math.round).join(', ')} bytes for each\n`);
    const [ten, hundred, thousand] = bytes as [number, number, number];
    // Differences share the way down to them: the more there are, the less each costs, until only its own way is left.
    expect(hundred).toBeLessThan(ten);
    expect(thousand).toBeLessThan(hundred);
    expect(thousand).toBeGreaterThan(ten / 4);
    expect(bytesOf(differing(large, 100))).toBeLessThan(2 * bytesOf(differing(small, 100)));
  });

  it('of two equal sets: three messages', () => {
    const { cost } = differing(firstItems(10_000), 0);
    expect(cost.messages).toBe(3);
    expect(cost.bytesSent + cost.bytesReceived).toBeLessThan(64);
  });
});
