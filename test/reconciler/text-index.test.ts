import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { TextIndex } from '../../reconciler/projection/text-index.js';

const END = 'x'.repeat(64);
const text = fc.constantFrom('', 'a', END, `a${END}`, `b${END}`, `c${END}`, `${END}a`);
const step = fc.record({ does: fc.constantFrom('set', 'delete', 'clear'), text });

test.prop([fc.array(step, { maxLength: 40 })])('finds what a map would, whatever texts end alike', (steps) => {
  const index = new TextIndex<{ readonly text: string; readonly number: number }>();
  const model = new Map<string, number>();
  for (const [number, { does, text: at }] of steps.entries()) {
    if (does === 'set') {
      index.set({ text: at, number });
      model.set(at, number);
    } else if (does === 'delete') expect(index.delete(at)).toBe(model.delete(at));
    else {
      index.clear();
      model.clear();
    }
    for (const one of [at, '', `b${END}`]) expect(index.get(one)?.number).toBe(model.get(one));
  }
  expect(new Map([...index.values()].map((one) => [one.text, one.number]))).toEqual(model);
});
