import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { terminalSafe } from '../../cli/printable.js';

describe('JSON for a terminal', () => {
  test.prop([fc.jsonValue(), fc.string({ unit: 'binary' }), fc.boolean()])(
    'is the same value, and nothing in it is unprintable but line breaks',
    (value, text, pretty) => {
      const given = { value, text, [text]: 1 };
      const safe = terminalSafe(JSON.stringify(given, null, pretty ? 2 : undefined));
      expect(JSON.parse(safe)).toEqual(JSON.parse(JSON.stringify(given)));
      expect(safe.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
    },
  );

  it('escapes what turns text around, and what lies beyond 16 bits', () => {
    expect(terminalSafe(JSON.stringify('a\u202egnp.exe\u200b\u{e0041}\u009b'))).toBe(
      '"a\\u202egnp.exe\\u200b\\udb40\\udc41\\u009b"',
    );
  });
});
