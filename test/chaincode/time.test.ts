import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import {
  addSeconds,
  dayEnd,
  dayOf,
  dayStart,
  eventReference,
  isNanos,
  isoOfNanos,
  keyTime,
  padNanos,
  parseReference,
  parseTime,
  unpadNanos,
} from '#chaincode';
import { hashed, NINE } from './support/events.js';

const nanos = fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }).map(String);

describe('nanoseconds as text', () => {
  it.each(['0', '1', '9223372036854775807'])('%s is a time', (text) => expect(isNanos(text)).toBe(true));
  it.each(['', '-1', '01', '1.0', '1e3', ' 1', '9223372036854775808', '10000000000000000000', '1\n'])(
    '%j is none',
    (text) => expect(isNanos(text)).toBe(false),
  );
  it.prop([nanos, nanos])('sort as times do once padded', (a, b) => {
    expect(padNanos(a) < padNanos(b)).toBe(BigInt(a) < BigInt(b));
    expect(unpadNanos(padNanos(a))).toBe(a);
  });
  it.prop([nanos])('are printed so that they can be read back', (time) => {
    expect(parseTime(isoOfNanos(time))).toBe(time);
  });
  it('move by seconds, never below 0', () => {
    expect(addSeconds('1000000000', 1.5)).toBe('2500000000');
    expect(addSeconds('1000000000', -2)).toBe('0');
  });
});

describe('days', () => {
  it('begin and end in UTC', () => {
    expect(dayStart('2026-11-22')).toBe(`${NINE - 9 * 3600}000000000`);
    expect(dayEnd('2026-11-22')).toBe(dayStart('2026-11-23'));
    expect(dayOf(`${NINE}999999999`)).toBe('2026-11-22');
  });
  it.prop([nanos])('hold their times', (time) => {
    const day = dayOf(time);
    expect(BigInt(dayStart(day)) <= BigInt(time) && BigInt(time) < BigInt(dayEnd(day))).toBe(true);
  });
  it.each(['2026-02-30', '2026-13-01', '26-11-22', '2026-11-22T00:00:00Z', '1969-12-31', 'today', ''])(
    '%j is none',
    (day) => expect(() => dayStart(day)).toThrow(expect.objectContaining({ code: 'TIME' })),
  );
});

describe('times as people write them', () => {
  it.each([
    ['2026-11-22T09:00:00Z', `${NINE}000000000`],
    ['2026-11-22T10:00:00+01:00', `${NINE}000000000`],
    ['2026-11-22 09:00', `${NINE}000000000`],
    ['2026-11-22T09:00:00.000000001Z', `${NINE}000000001`],
    ['2026-11-22', `${NINE - 9 * 3600}000000000`],
    ['1795338000000000000', '1795338000000000000'],
  ])('%s is read', (text, time) => expect(parseTime(text)).toBe(time));
  it.each([
    '2262-04-12',
    '',
    'now',
    '2026-02-30',
    '2026-11-22T25:00Z',
    '1960-01-01',
    '2026-11-22T09:00:00.1234567890Z',
    '-5',
  ])('%j is refused', (text) => expect(() => parseTime(text)).toThrow(expect.objectContaining({ code: 'TIME' })));
});

describe('event references', () => {
  const { event, hash } = hashed();
  it('name time and hash', () => {
    const reference = eventReference(keyTime(event, undefined), hash);
    expect(reference).toBe(`1795338000000000001.${hash}`);
    expect(parseReference(reference)).toEqual({ time: '1795338000000000001', hash });
  });
  it('of timeless events stand at the start of their UTC day', () => {
    const removal = hashed({ scope: 'swarm', type: 'service', action: 'remove' }).event;
    expect(keyTime(removal, `${NINE}000000001`)).toBe(dayStart('2026-11-22'));
  });
  it.each(['', hash, `1.${hash}`, `1795338000000000001.${hash.toUpperCase()}`, `1795338000000000001.${hash}\n`])(
    '%j is none',
    (text) => expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE' })),
  );
});
