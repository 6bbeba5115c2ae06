import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { ownText } from '../../reconciler/projection/own-text.js';
import { bytesOf, TextShelf } from '../../reconciler/projection/text-shelf.js';

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom('', 'a'.repeat(400_000), 'é'.repeat(300_000), '😀'.repeat(500_000)),
);

test.prop([fc.array(fc.array(text, { maxLength: 12 }), { maxLength: 4 })], { numRuns: 30 })(
  'texts that are laid down keep their bytes until all is cleared',
  (times) => {
    const shelf = new TextShelf();
    for (const texts of times) {
      const pieces = texts.map((one) => shelf.put(one));
      expect(pieces.map((piece) => Buffer.from(bytesOf(piece)).toString())).toEqual(texts);
      shelf.clear();
    }
  },
);

test.prop([fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(), fc.nat()])(
  'a text of its own is the same text, whatever is in it',
  (whole, from, length) => {
    const at = from % (whole.length + 1);
    const part = whole.slice(at, at + length);
    expect(ownText(part)).toBe(part);
    expect(ownText(part.repeat(200))).toBe(part.repeat(200));
    expect(ownText(`${part}\ud800${'x'.repeat(20)}`)).toBe(`${part}\ud800${'x'.repeat(20)}`);
  },
);
