import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { keyOf, TextIndex } from '../../reconciler/projection/text-index.js';

const END = 'x'.repeat(64);
const text = fc.constantFrom('', 'a', END, `a${END}`, `b${END}`, `c${END}`, `${END}a`);
const step = fc.record({ does: fc.constantFrom('set', 'delete'), text });

test.prop([fc.array(step, { maxLength: 40 })])('finds what a map would, whatever texts end alike', (steps) => {
  const index = new TextIndex<{ readonly text: string; readonly key: number; readonly number: number }>();
  const model = new Map<string, number>();
  for (const [number, { does, text: at }] of steps.entries()) {
    const thing = { text: at, key: keyOf(at), number };
    if (does === 'set') {
      index.set(thing);
      model.set(at, number);
    } else expect(index.delete(thing)).toBe(model.delete(at));
    for (const one of [at, '', `b${END}`]) expect(index.get(one, keyOf(one))?.number).toBe(model.get(one));
  }
  for (const one of [...model.keys(), 'd']) expect(index.get(one, keyOf(one))?.number).toBe(model.get(one));
});

// Keys of one's own, so that things lie behind each other, over the end of the table too, and it has to grow.
const crowded = fc.record({
  does: fc.constantFrom('set', 'set', 'delete'),
  key: fc.oneof(fc.integer({ min: 1020, max: 1030 }), fc.integer({ min: -4, max: 4 }), fc.integer({ max: 5000 })),
});

test.prop([fc.array(crowded, { maxLength: 3000, size: 'max' })], { numRuns: 50 })(
  'finds what a map would, however keys crowd together',
  (steps) => {
    const index = new TextIndex<{ readonly text: string; readonly key: number; readonly number: number }>(16);
    const model = new Map<number, number>();
    for (const [number, { does, key }] of steps.entries()) {
      const thing = { text: String(key), key, number };
      if (does === 'set') {
        index.set(thing);
        model.set(key, number);
      } else expect(index.delete(thing)).toBe(model.delete(key));
    }
    for (const { key } of steps) expect(index.get(String(key), key)?.number).toBe(model.get(key));
  },
);

test.prop([fc.string(), fc.string(), fc.string()])('a part has the key that it has alone', (before, part, after) => {
  expect(keyOf(before + part + after, before.length, before.length + part.length)).toBe(keyOf(part));
});
