import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type CanonicalEvent, canonicalEvent, parseCanonicalEvent, RecordError } from '#chaincode';
import { scanCanonical } from '../../reconciler/projection/canonical-scan.js';

const word = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[ !#-[\]-~]{0,12}$/) },
  fc.constantFrom(
    '',
    'é',
    '😀',
    '\u2028',
    '\u007f',
    '\\',
    '"',
    '\n',
    '__proto__',
    'a: b',
    'remove',
    'x'.repeat(342),
    'é'.repeat(600),
  ),
);
const name = fc.oneof(word, fc.constantFrom('1', '10', '9', 'a', 'aa', 'B', 'toString'));

const event = fc
  .record({
    scope: fc.constantFrom('local' as const, 'swarm' as const),
    type: word,
    action: fc.oneof(word, fc.constantFrom('start', 'exec_create: sh')),
    id: word,
    attributes: fc.array(fc.tuple(name, word), { maxLength: 6 }).map((pairs) => new Map(pairs)),
    timeNano: fc.constantFrom('0', '7', '1795305600000000001', '9223372036854775807'),
    source: word,
  })
  .map(({ source, ...raw }) => canonicalEvent(raw, { source, ignore: [] }).canonical);

const PIECES = [
  '"',
  '\\',
  '\\"',
  '{',
  '}',
  ',',
  ':',
  ' ',
  '0',
  'é',
  '\ud800',
  '"a":"b",',
  '"detail":"d",',
  '"time":"1",',
  '1e3',
];

/** What might be done to a canonical event to have it pass for one. */
const change = fc.oneof(
  { weight: 2, arbitrary: fc.constant((text: string) => text) },
  fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom('', ...PIECES)).map(
    ([at, length, piece]) =>
      (text: string) =>
        text.slice(0, at % text.length) + piece + text.slice((at % text.length) + length),
  ),
  fc.constantFrom(
    (text: string) => text.replace('"v":1', '"v":2'),
    (text: string) => text.replace('"v":1', '"v":1,"w":1'),
    (text: string) => text.replace(/"time":"\d*"/, '"time":"01"'),
    (text: string) => text.replace(/"time":"\d*"/, '"time":"9223372036854775808"'),
    (text: string) => text.replace(/"time":"\d*",/, ''),
    (text: string) => text.replace('"scope":"local"', '"scope":"other"'),
    (text: string) => text.replace(/"attributes":\{[^}]*\}/, '"attributes":{"b":"1","a":"2"}'),
    (text: string) => text.replace(/"attributes":\{[^}]*\}/, '"attributes":{"a":"1","a":"2"}'),
    (text: string) => text.replace(/"attributes":\{[^}]*\}/, '"attributes":{"a":1}'),
    (text: string) => text.replace(/"attributes":\{[^}]*\}/, '"attributes":"sha256:00"'),
    (text: string) => text.replace(/"attributes":\{[^}]*\}/, `"attributes":{"a":"${'x'.repeat(1025)}"}`),
    (text: string) => text.replace(/"source":"[^"]*"/, '"source":""'),
    (text: string) => text.replace(/"action":"[^"]*"/, '"action":"a: b"'),
  ),
);

function parsed(text: string): CanonicalEvent | undefined {
  try {
    return parseCanonicalEvent(text);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

/** The scan's caller has made sure of this. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f]/;

test.prop([event, change], { numRuns: 5000 })(
  'what the scan takes, the record takes, and reads the same',
  (text, changed) => {
    const given = changed(text);
    const scanned = CONTROL.test(given) ? undefined : scanCanonical(given);
    if (scanned === undefined) return;
    const { attributes, detail, v, ...fields } = parsed(given) ?? {};
    expect({ v, fields }).toEqual({ v: 1, fields: scanned.event });
    expect(scanned.quotes).toBe(given.split('"').length - 1);
  },
);

const plain = fc.stringMatching(/^[ !#-[\]-~]{1,12}$/);

describe('the usual events', () => {
  test.prop([fc.uniqueArray(fc.tuple(plain, plain), { maxLength: 6, selector: ([key]) => key }), plain])(
    'are all taken',
    (pairs, id) => {
      const raw = {
        type: 'container',
        action: 'exec_start: sh',
        id,
        attributes: new Map(pairs),
        timeNano: '1795305600000000001',
      };
      const { canonical } = canonicalEvent({ ...raw, scope: 'local' }, { source: 'engine', ignore: [] });
      expect(scanCanonical(canonical)?.event).toMatchObject({ source: 'engine', action: 'exec_start', object: id });
    },
  );

  it('without a time of their own are left to the record', () => {
    const raw = {
      scope: 'swarm' as const,
      type: 'service',
      action: 'remove',
      id: 's',
      attributes: new Map(),
      timeNano: '1',
    };
    expect(scanCanonical(canonicalEvent(raw, { source: 'cluster', ignore: [] }).canonical)).toBeUndefined();
  });
});
