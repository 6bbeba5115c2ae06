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
  expect(new Map([...index.values()].map((one) => [one.text, one.number]))).toEqual(model);
});

test.prop([fc.string(), fc.string(), fc.string()])('a part has the key that it has alone', (before, part, after) => {
  expect(keyOf(before + part + after, before.length, before.length + part.length)).toBe(keyOf(part));
});
