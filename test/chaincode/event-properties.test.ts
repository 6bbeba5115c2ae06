import { createHash } from 'node:crypto';
import { fc, it } from '@fast-check/vitest';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import stringify from 'fast-json-stable-stringify';
import { describe, expect } from 'vitest';
import { canonicalEvent, type DockerEvent, parseCanonicalEvent, parseDockerEvent, sha256Hex } from '#chaincode';

/** Any UTF-16 text, lone surrogates among it. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', '\ufffd', 'a', '"', '\\', '\u2028', 'é') }),
  fc.constantFrom('__proto__', 'constructor', 'toJSON', '1', '01', 'x'.repeat(1025)),
);
const content = text.filter((value) => value !== '' && !value.startsWith(': '));
const labels = fc.array(fc.tuple(text, text), { maxLength: 12 });
const events = fc.record({
  type: content,
  action: fc.oneof(content, fc.constantFrom('remove', 'die', 'exec_create: sh')),
  scope: fc.constantFrom('local' as const, 'swarm' as const),
  id: text,
  attributes: labels,
  timeNano: fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }).map(String),
});
const recording = { source: 'ENGI:NE01', ignore: ['ignored'] };

function dockerEvent(fields: Omit<DockerEvent, 'attributes'> & { attributes: [string, string][] }): DockerEvent {
  return { ...fields, attributes: new Map(fields.attributes) };
}

describe('every event that can be read', () => {
  it.prop([events])('has a canonical form that reads back as it was', (fields) => {
    const { event, canonical } = canonicalEvent(dockerEvent(fields), recording);
    expect(parseCanonicalEvent(canonical)).toEqual(event);
  });

  it.prop([events])('has the bytes that stable stringification gives', (fields) => {
    const { event, canonical } = canonicalEvent(dockerEvent(fields), recording);
    expect(canonical).toBe(stringify(event));
    expect(canonical.isWellFormed()).toBe(true);
  });

  it.prop([events, fc.array(fc.nat(), { minLength: 12, maxLength: 12 })])(
    'has one hash, whatever the order of its labels',
    (fields, order) => {
      const distinct = [...new Map(fields.attributes)];
      const shuffled = distinct
        .map((label, index) => ({ label, at: order[index] ?? 0 }))
        .sort((a, b) => a.at - b.at)
        .map(({ label }) => label);
      const first = canonicalEvent(dockerEvent({ ...fields, attributes: distinct }), recording);
      const second = canonicalEvent(dockerEvent({ ...fields, attributes: shuffled }), recording);
      expect(second.hash).toBe(first.hash);
    },
  );

  it.prop([events])('survives the way over JSON', (fields) => {
    const distinct = [...new Map(fields.attributes)];
    const attributes = `{${distinct.map((pair) => pair.map((part) => JSON.stringify(part)).join(':')).join(',')}}`;
    const line =
      `{"Type":${JSON.stringify(fields.type)},"Action":${JSON.stringify(fields.action)},"scope":"${fields.scope}",` +
      `"Actor":{"ID":${JSON.stringify(fields.id)},"Attributes":${attributes}},"timeNano":${fields.timeNano}}`;
    expect(canonicalEvent(parseDockerEvent(line), recording)).toEqual(canonicalEvent(dockerEvent(fields), recording));
  });
});

describe('any text at all', () => {
  it.prop([fc.oneof(fc.string({ unit: 'binary' }), fc.json())])('is read or refused with a reason', (line) => {
    for (const read of [parseDockerEvent, parseCanonicalEvent]) {
      try {
        expect(read(line)).toBeTypeOf('object');
      } catch (error) {
        expect(error).toMatchObject({ name: 'RecordError', code: expect.stringMatching(/^EVENT_/) });
      }
    }
  });

  it.prop([fc.string({ unit: 'binary' })])('has the SHA-256 that other implementations give', (value) => {
    expect(sha256Hex(value)).toBe(bytesToHex(sha256(utf8ToBytes(value))));
    expect(sha256Hex(value)).toBe(createHash('sha256').update(value).digest('hex'));
  });
});
