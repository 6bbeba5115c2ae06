import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { canonicalEvent, parseDockerEvent } from '#chaincode';
import { type Moment, nanosOf, timeAtEnd } from '../../compare/line-scan.js';
import { Members } from '../../compare/members.js';
import { PlainEvents } from '../../compare/plain-event.js';
import { happened, lineOf, type Writing } from './logs.js';

const writing = fc.constantFrom<Writing>('docker', 'reversed', 'spaced', 'escaped', 'without copies');

function membersOf(line: string): Members | undefined {
  const members = new Members();
  const bytes = Buffer.from(line);
  return members.read(bytes, 0, bytes.length) ? members : undefined;
}

/** The same line with spaces wherever JSON allows them. */
function spacedBy(line: string, space: () => string): string {
  return line.replace(/("(?:[^"\\]|\\.)*")|([{}:,])/g, (token, text) =>
    text ? token : `${space()}${token}${space()}`,
  );
}

const hashOf = (line: string) => canonicalEvent(parseDockerEvent(line), { source: 'engine', ignore: [] }).hash;

describe('lines by their members', () => {
  it.prop([happened, writing, writing], { numRuns: 500 })(
    'are one event however they are written',
    (event, one, other) => {
      const [a, b] = [membersOf(lineOf(event, one)), membersOf(lineOf(event, other))];
      expect(a !== undefined && b !== undefined && a.isSameAs(b)).toBe(true);
    },
  );

  it.prop([happened, happened, writing, writing], { numRuns: 2000 })(
    'are never one event where their hashes differ',
    (one, two, how, otherwise) => {
      const [line, other] = [lineOf(one, how), lineOf({ ...two, time: one.time }, otherwise)];
      const isOne = hashOf(line) === hashOf(other);
      expect(membersOf(line)?.isSameAs(membersOf(other) as Members)).toBe(isOne);
    },
  );

  it.prop([happened, happened, writing, fc.infiniteStream(fc.constantFrom('', '', ' ', '\t', ' \r '))], {
    numRuns: 1000,
  })('are looked at member by member once, whatever spaces each has', (one, two, how, spaces) => {
    const members = new Members();
    const read = (line: string) => {
      const bytes = Buffer.from(line);
      return members.read(bytes, 0, bytes.length);
    };
    expect(read(lineOf(one, how))).toBe(true);
    const alike = { ...two, attributes: one.attributes, time: one.time };
    const line = spacedBy(lineOf(alike, how), () => spaces.next().value);
    expect([read(line), members.made]).toEqual([true, 1]);
    const isOne = hashOf(line) === hashOf(lineOf(one, how));
    expect(membersOf(lineOf(one, how))?.isSameAs(members)).toBe(isOne);
  });

  it('are looked at anew where a space is in a key', () => {
    const members = new Members();
    const line = lineOf({ type: 'a', action: 'b', id: 'c', attributes: { 'a b': '1' }, scope: 'local', time: 5n });
    for (const [key, made] of [
      ['"a b"', 1],
      ['"ab"', 2],
      ['"a  b"', 3],
      ['"a b"', 3],
    ] as const) {
      const bytes = Buffer.from(line.replace('"a b"', key));
      members.read(bytes, 0, bytes.length);
      expect(members.made).toBe(made);
    }
  });

  it('are not told to be one where an object has a key twice', () => {
    const twice = '{"Type":"container","Action":"die","Actor":{"ID":"a","Attributes":{"x":"1","x":"2"}},"timeNano":5}';
    expect(membersOf(twice)).toBeUndefined();
    expect(membersOf(twice.replace('"x":"2"', '"\\u0078":"2"'))).toBeUndefined();
  });

  it.prop([happened, writing], { numRuns: 300 })('tell the time that a full reading tells, or none', (event, how) => {
    const bytes = Buffer.from(lineOf(event, how));
    const moment: Moment = { seconds: 0, nanos: 0 };
    if (timeAtEnd(bytes, 0, bytes.length, moment)) expect(nanosOf(moment)).toBe(event.time);
    else expect(how).not.toBe('docker');
  });

  it('are of the kind that the event tells, whatever a label says', () => {
    const label = '","Type":"image","Action":"pull","Actor":{';
    const line = lineOf({ type: 'container', action: 'die', id: 'a', attributes: { label }, scope: 'local', time: 5n });
    const members = membersOf(line) as Members;
    const { type } = members as { type: { from: number; to: number } };
    expect(line.slice(type.from, type.to)).toBe('"container"');
  });
});

/** Lines near to what Docker writes: one place of one is altered. */
const bent = fc
  .record({
    event: happened,
    how: writing,
    at: fc.nat(),
    instead: fc.constantFrom('', '"', '\\', '0', ' ', '{', '}', ',', ':', '\u0000', 'ü', '\udc00', 'null', '"x":"y",'),
    cut: fc.nat({ max: 3 }),
  })
  .map(({ event, how, at, instead, cut }) => {
    const line = lineOf(event, how);
    const place = at % line.length;
    return line.slice(0, place) + instead + line.slice(place + cut);
  });

describe('plain events', () => {
  it.prop([bent], { numRuns: 5000 })('are what a full reading gives, or are left to it', (line) => {
    const bytes = Buffer.from(line);
    const plain = new PlainEvents().read(bytes);
    if (plain !== undefined) expect(plain).toEqual(parseDockerEvent(bytes.toString('utf8')));
  });

  it.prop([happened], { numRuns: 300 })('are read without a full reading if Docker wrote them so', (event) => {
    const line = lineOf(event);
    expect(new PlainEvents().read(Buffer.from(line)) === undefined).toBe(line.includes('\\'));
  });

  it.each([
    ['a time with a leading zero', '"timeNano":5', '"timeNano":05'],
    ['an attribute that is no text', '"x":"1"', '"x":1'],
    ['no attributes', '{"x":"1"}', 'null'],
    ['an attribute that objects have of themselves', '"x":"1"', '"__proto__":"1"'],
    ['another scope', '"timeNano"', '"scope":"else","timeNano"'],
    ['an empty type', '"Type":"container"', '"Type":""'],
    ['an action that is all detail', '"Action":"die"', '"Action":": die"'],
  ])('leave %s to a full reading', (_, what, instead) => {
    const line = '{"Type":"container","Action":"die","Actor":{"ID":"a","Attributes":{"x":"1"}},"timeNano":5}';
    expect(new PlainEvents().read(Buffer.from(line))).toBeDefined();
    expect(line).toContain(what);
    expect(new PlainEvents().read(Buffer.from(line.replace(what, instead)))).toBeUndefined();
  });
});
