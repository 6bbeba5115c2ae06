import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../collector/source/line-splitter.js';

function split(bytes: Buffer, cuts: readonly number[], limit?: number) {
  const splitter = new LineSplitter(limit);
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const lines = [0, ...at].flatMap((begin, index) => splitter.push(bytes.subarray(begin, at[index] ?? bytes.length)));
  const last = splitter.end();
  return last === undefined ? lines : [...lines, last];
}

describe('LineSplitter', () => {
  test.prop([
    fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !/[\n\r\ufeff]/.test(text))),
    fc.array(fc.nat()),
    fc.constantFrom('\n', '\r\n'),
  ])('gives the same lines however the bytes are cut into chunks', (texts, cuts, newline) => {
    const bytes = Buffer.from(texts.map((text) => text + newline).join(''));
    expect(split(bytes, cuts)).toEqual(texts.map((text, index) => ({ number: index + 1, text })));
  });

  it('gives a last line without a newline, and nothing after a last newline', () => {
    expect(split(Buffer.from('a\nb'), [])).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: 'b' },
    ]);
    expect(split(Buffer.from('a\n'), [])).toHaveLength(1);
  });

  it('drops a byte order mark at the beginning alone', () => {
    expect(split(Buffer.from('\ufeffa\n\ufeffb\n'), []).map((one) => one.text)).toEqual(['a', '\ufeffb']);
  });

  test.prop([fc.array(fc.nat())])('tells a line over the limit and goes on behind it', (cuts) => {
    const bytes = Buffer.from(`short\n${'x'.repeat(50)}\nshort again\n`);
    expect(split(bytes, cuts, 20)).toEqual([
      { number: 1, text: 'short' },
      { number: 2, text: undefined },
      { number: 3, text: 'short again' },
    ]);
  });
});
