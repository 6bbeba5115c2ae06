import { describe, expect, it } from 'vitest';
import {
  canonicalEvent,
  eventHash,
  MAX_ATTRIBUTES_BYTES,
  MAX_VALUE_BYTES,
  parseCanonicalEvent,
  parseDockerEvent,
  sha256Hex,
} from '#chaincode';
import { ENGINE, hashed, rawLine } from './support/events.js';

const recording = { source: ENGINE, ignore: [] };

describe('a Docker event in canonical form', () => {
  it('has its keys sorted, no spaces, and the source that was given', () => {
    expect(hashed({ attributes: { name: 'IMG1', exitCode: '137' } }).canonical).toBe(
      `{"action":"die","attributes":{"exitCode":"137","name":"IMG1"},"object":"${'c'.repeat(64)}","scope":"local",` +
        '"source":"ENGI:NE01","time":"1795338000000000001","type":"container","v":1}',
    );
  });

  it('is hashed under a prefix of its own', () => {
    const { canonical, hash } = hashed();
    expect(hash).toBe(sha256Hex(`event2ledger/event/v1\n${canonical}`));
    expect(hash).toBe(eventHash(canonical));
  });

  it.each([
    ['exec_create: sh', 'exec_create', 'sh'],
    ['health_status: healthy', 'health_status', 'healthy'],
    ['exec_start: sh -c echo: a: b', 'exec_start', 'sh -c echo: a: b'],
    ['odd:thing', 'odd:thing', undefined],
    ['odd: ', 'odd', undefined],
  ])('splits the action %j', (action, head, detail) => {
    const { event } = hashed({ action });
    expect([event.action, event.detail]).toEqual([head, detail]);
    expect('detail' in event).toBe(detail !== undefined);
  });

  it('keeps a time beyond 2^53 exact', () => {
    expect(hashed({ timeNano: '9223372036854775807' }).event.time).toBe('9223372036854775807');
  });

  it('leaves out the time of a removal in a Swarm, and of nothing else', () => {
    expect(hashed({ scope: 'swarm', type: 'service', action: 'remove' }).event).not.toHaveProperty('time');
    expect(hashed({ scope: 'swarm', type: 'service', action: 'update' }).event).toHaveProperty('time');
    expect(hashed({ scope: 'local', type: 'volume', action: 'remove' }).event).toHaveProperty('time');
  });

  it('does not depend on the deprecated copies of fields', () => {
    const line = rawLine({});
    const old = `{"status":"die","id":"x","from":"y","time":1,${line.slice(1)}`;
    expect(canonicalEvent(parseDockerEvent(old), recording)).toEqual(canonicalEvent(parseDockerEvent(line), recording));
  });

  it('leaves out the attributes that the policy ignores', () => {
    const raw = parseDockerEvent(rawLine({ attributes: { name: 'IMG1', noise: '1' } }));
    expect(canonicalEvent(raw, { source: ENGINE, ignore: ['noise'] }).event.attributes).toEqual({ name: 'IMG1' });
  });

  it('takes seconds from an engine that gives no nanoseconds', () => {
    const line = rawLine({}).replace(/"timeNano":\d+/, '"time":1795338000');
    expect(parseDockerEvent(line).timeNano).toBe('1795338000000000000');
  });

  it('takes a missing scope for local and missing attributes for none', () => {
    const raw = parseDockerEvent('{"Type":"container","Action":"die","Actor":{"ID":"x"},"timeNano":7}');
    expect([raw.scope, raw.attributes.size]).toEqual(['local', 0]);
  });
});

describe('hostile labels', () => {
  it.each(['__proto__', 'constructor', 'toJSON', 'hasOwnProperty', '', '10', '9'])('keeps one named %j', (name) => {
    const { canonical } = canonicalEvent(
      parseDockerEvent(rawLine({}).replace('"image":', `${JSON.stringify(name)}:"kept","image":`)),
      recording,
    );
    const read = parseCanonicalEvent(canonical).attributes as Record<string, string>;
    expect(Object.entries(read)).toContainEqual([name, 'kept']);
  });

  it('sorts names by UTF-16 unit, numbers among them too', () => {
    const { canonical } = hashed({ attributes: { b: '', '\u{1f600}': '', '\uff5e': '', '9': '', '10': '', B: '' } });
    expect(canonical).toContain('"attributes":{"10":"","9":"","B":"","b":"","\u{1f600}":"","\uff5e":""}');
    expect(parseCanonicalEvent(canonical)).toBeDefined();
  });

  it('makes lone surrogates well-formed', () => {
    const line = rawLine({}).replace('"image":"hello-world"', '"a\\ud800":"x\\udfff"');
    const { event } = canonicalEvent(parseDockerEvent(line), recording);
    expect(event.attributes).toEqual({ 'a\ufffd': 'x\ufffd', name: 'IMG1' });
  });

  it('chooses the same one of names that become equal, whatever their order', () => {
    const names = ['k\\ud800', 'k\\udc00', 'k\\ufffd'];
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    const hashes = orders.map((order) => {
      const labels = order.map((index) => `"${names[index]}":"value ${index}"`).join(',');
      return canonicalEvent(parseDockerEvent(rawLine({}).replace('"image":"hello-world"', labels)), recording).hash;
    });
    expect(new Set(hashes).size).toBe(1);
  });

  it('records a value over 1 KiB as its digest, and one of just 1 KiB as it is', () => {
    const just = 'ü'.repeat(MAX_VALUE_BYTES / 2);
    const { event, canonical } = hashed({ attributes: { just, over: `${just}.` } });
    expect(event.attributes).toEqual({ just, over: `sha256:${sha256Hex(`${just}.`)}` });
    expect(parseCanonicalEvent(canonical)).toEqual(event);
  });

  it('records attributes over 16 KiB as one digest, and of just 16 KiB as they are', () => {
    const many: Record<string, string> = {};
    for (let index = 0; index < 15; index++) many[`label${String(index).padStart(2, '0')}`] = 'x'.repeat(1024);
    const room = MAX_ATTRIBUTES_BYTES - Buffer.byteLength(JSON.stringify({ ...many, last: '' }));
    const just = { ...many, last: 'x'.repeat(room) };
    expect(hashed({ attributes: just }).event.attributes).toEqual(Object.fromEntries(Object.entries(just).sort()));
    expect(parseCanonicalEvent(hashed({ attributes: just }).canonical)).toBeDefined();
    const over = { ...many, last: 'x'.repeat(room + 1) };
    const { event, canonical } = hashed({ attributes: over });
    const sorted = JSON.stringify(Object.fromEntries(Object.entries(over).sort(([a], [b]) => (a < b ? -1 : 1))));
    expect(event.attributes).toBe(`sha256:${sha256Hex(sorted)}`);
    expect(parseCanonicalEvent(canonical)).toEqual(event);
  });

  it('bounds every other text too', () => {
    const long = 'y'.repeat(2000);
    const { event, canonical } = hashed({ id: long, type: long, action: `${long}: ${long}` });
    const digest = `sha256:${sha256Hex(long)}`;
    expect([event.object, event.type, event.action, event.detail]).toEqual([digest, digest, digest, digest]);
    expect(parseCanonicalEvent(canonical)).toEqual(event);
  });
});

describe('what is no event of Docker', () => {
  const good = rawLine({});
  it.each([
    ['no JSON', '{"Type":', 'EVENT_JSON'],
    ['one name twice, with two values', good.replace('"image":', '"name":"other","image":'), 'EVENT_JSON'],
    ['a list', '[]', 'EVENT_SHAPE'],
    ['a number', '7', 'EVENT_SHAPE'],
    ['no actor', '{"Type":"a","Action":"b","timeNano":1}', 'EVENT_SHAPE'],
    ['no type', good.replace('"Type":"container",', ''), 'EVENT_SHAPE'],
    ['an action that is only a detail', good.replace('"die"', '": sh"'), 'EVENT_SHAPE'],
    ['an unknown scope', good.replace('"local"', '"global"'), 'EVENT_SHAPE'],
    ['a label that is no text', good.replace('"IMG1"', '1'), 'EVENT_SHAPE'],
    ['a time beyond int64', good.replace(/"timeNano":\d+/, '"timeNano":9223372036854775808'), 'EVENT_SHAPE'],
    ['a time with a fraction', good.replace(/"timeNano":\d+/, '"timeNano":1.5'), 'EVENT_SHAPE'],
    ['a time as text', good.replace(/"timeNano":\d+/, '"timeNano":"1"'), 'EVENT_SHAPE'],
    ['nesting without end', '['.repeat(100_000), 'EVENT_JSON'],
  ])('%s is refused', (_what, line, code) => {
    expect(() => parseDockerEvent(line)).toThrow(expect.objectContaining({ code }));
  });
});

describe('an attested event', () => {
  const { canonical } = hashed();
  it.each([
    ['no JSON', '{', 'no JSON'],
    ['a list', '[]', 'no JSON object'],
    ['a space', canonical.replace(',', ', '), 'stable stringification'],
    ['keys out of order', `{"v":1,${canonical.slice(1).replace(',"v":1', '')}`, 'stable stringification'],
    ['a key twice', `{"action":"x",${canonical.slice(1)}`, 'stable stringification'],
    ['an escape that is not needed', canonical.replace('die', 'd\\u0069e'), 'stable stringification'],
    ['another spelling of 1', canonical.replace('"v":1', '"v":1.0'), 'stable stringification'],
    ['attributes out of order', canonical.replace(/"attributes":\{[^}]*\}/, '"attributes":{"b":"","a":""}'), 'stable'],
    ['another version', canonical.replace('"v":1', '"v":2'), 'version'],
    ['a field too many', canonical.replace('"action"', '"Action":"x","action"'), '"Action"'],
    ['__proto__ as a field', canonical.replace('{"action"', '{"__proto__":"x","action"'), '"__proto__"'],
    ['a field too few', canonical.replace('"type":"container",', ''), '"type"'],
    ['a detail within the action', canonical.replace('"die"', '"exec_create: sh"'), 'detail'],
    ['an empty detail', canonical.replace('"object"', '"detail":"","object"'), 'empty "detail"'],
    ['an empty type', canonical.replace('"container"', '""'), 'empty "type"'],
    ['a number for a label', canonical.replace('"IMG1"', '1'), '"name"'],
    ['null for a label', canonical.replace('"IMG1"', 'null'), '"name"'],
    ['null for a detail', canonical.replace('"object"', '"detail":null,"object"'), '"detail"'],
    ['a label over the limit', canonical.replace('IMG1', 'x'.repeat(1025)), '1024 bytes'],
    ['a lone surrogate, escaped', canonical.replace('IMG1', '\\ud800'), 'surrogate'],
    ['a lone surrogate, raw', canonical.replace('IMG1', '\ud800'), 'surrogate'],
    ['attributes as some text', canonical.replace(/"attributes":\{[^}]*\}/, '"attributes":"x"'), 'attributes'],
    ['attributes as a list', canonical.replace(/"attributes":\{[^}]*\}/, '"attributes":[]'), 'attributes'],
    ['no time', canonical.replace(/"time":"\d+",/, ''), 'lacks a time'],
    ['a time with a leading zero', canonical.replace(/"time":"/, '"time":"0'), 'lacks a time'],
    ['a time for a removal in a Swarm', canonical.replace('die', 'remove').replace('local', 'swarm'), 'has a time'],
  ])('with %s is refused', (_what, text, why) => {
    expect(text).not.toBe(canonical);
    expect(() => parseCanonicalEvent(text)).toThrow(
      expect.objectContaining({ code: 'EVENT_NOT_CANONICAL', message: expect.stringContaining(why) }),
    );
  });

  it('over 16 KiB of attributes is refused', () => {
    const large = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`l${10 + index}`, 'x'.repeat(1000)]));
    const text = canonical.replace(/"attributes":\{[^}]*\}/, `"attributes":${JSON.stringify(large)}`);
    expect(() => parseCanonicalEvent(text)).toThrow('16384 bytes');
  });
});
