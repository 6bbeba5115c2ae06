import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { join, STRETCHES, STRETCHES_PER_SOURCE, type Stretch, stated } from '../../collector/spool/stretches.js';

const stretch: fc.Arbitrary<Stretch> = fc
  .record({ source: fc.constantFrom('A', 'B'), from: fc.nat({ max: 40 }), length: fc.integer({ min: 1, max: 8 }) })
  .map(({ source, from, length }) => ({ source, from: BigInt(from), to: BigInt(from + length) }));

function instants(stretches: readonly Stretch[]): Set<string> {
  const all = new Set<string>();
  for (const { source, from, to } of stretches) for (let at = from; at < to; at++) all.add(`${source}${at}`);
  return all;
}

describe('stretches', () => {
  test.prop([fc.array(stretch)])(
    'cover, joined, exactly what they covered apart, and none touches another',
    (added) => {
      const joined = added.reduce<Stretch[]>(join, []);
      expect(instants(joined)).toEqual(instants(added));
      for (const one of joined) {
        const near = joined.filter(({ source, from, to }) => source === one.source && from <= one.to && to >= one.from);
        expect(near).toEqual([one]);
      }
    },
  );

  it('are stated by the newest, with those that changed, never more than a batch may hold', () => {
    const many = Array.from({ length: 600 }, (_, index) => ({
      source: `S${index % 6}`,
      from: BigInt(index * 10),
      to: BigInt(index * 10 + 5),
    }));
    const oldest = many.slice(0, 50);
    const said = stated(many, oldest);
    expect(said).toHaveLength(STRETCHES + 50);
    expect(said.filter(({ source }) => source === 'S0').length).toBeLessThanOrEqual(STRETCHES_PER_SOURCE + 9);
    for (const { source, from, to } of oldest)
      expect(said).toContainEqual({ source, from: String(from), to: String(to) });
  });

  it('are no longer stated two days behind the latest', () => {
    const day = 86_400n * 1_000_000_000n;
    const old = { source: 'A', from: 0n, to: day };
    const late = { source: 'A', from: 4n * day, to: 5n * day };
    expect(stated([old, late], [late])).toEqual([{ source: 'A', from: String(4n * day), to: String(5n * day) }]);
  });
});
