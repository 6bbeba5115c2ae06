import { describe, expect, it } from 'vitest';
import {
  type BatchEntry,
  batchDigest,
  dayStart,
  eventHash,
  MAX_BATCH_BYTES,
  MAX_BATCH_ENTRIES,
  parseBatch,
  parseEntry,
  sha256Hex,
} from '#chaincode';
import { batchOf, ENGINE, hashed, NINE } from './support/events.js';

const refusal = (code: string, message: string) =>
  expect.objectContaining({ name: 'RecordError', code, message: expect.stringContaining(message) });
const entry: BatchEntry = { b: hashed().canonical };
const removal = { b: hashed({ scope: 'swarm', type: 'service', action: 'remove' }).canonical };

describe('a batch', () => {
  it('is read as it was written', () => {
    const watches = [{ source: ENGINE, from: '1', to: '2' }];
    const gaps = [{ source: ENGINE, from: '2', to: '3', reason: 'engine restarted' }];
    const text = batchOf([entry], { watches, gaps });
    expect(parseBatch(text)).toEqual(JSON.parse(text));
  });

  it('may be empty', () => expect(parseBatch(batchOf([])).entries).toEqual([]));

  it('has a digest under a prefix of its own', () => {
    expect(batchDigest('text')).toBe(sha256Hex('event2ledger/batch/v1\ntext'));
  });

  const distinct = (count: number) => Array.from({ length: count }, (_, index) => ({ b: `${index}` }));

  it('may have the most entries there may be, and not one more', () => {
    expect(parseBatch(batchOf(distinct(MAX_BATCH_ENTRIES))).entries).toHaveLength(1000);
    expect(() => parseBatch(batchOf(distinct(MAX_BATCH_ENTRIES + 1)))).toThrow(
      refusal('BATCH_LIMIT', '1001 entries; send at most 1000'),
    );
  });

  it('has each event once', () => {
    const twice = batchOf([entry, { b: 'another' }, entry], { from: 7 });
    expect(() => parseBatch(twice)).toThrow(refusal('BATCH_SHAPE', 'Entry 2 (number 9) repeats entry 0'));
  });

  it.each(['source', 'reason'])('has no lone surrogate in a %s', (field) => {
    const gap = { source: ENGINE, from: '1', to: '2', reason: 'restarted', [field]: '\ud800' };
    expect(() => parseBatch(batchOf([], { gaps: [gap] }))).toThrow(refusal('BATCH_SHAPE', `gaps[0].${field}`));
  });

  it('may have the most bytes there may be, and not one more', () => {
    const room = MAX_BATCH_BYTES - Buffer.byteLength(batchOf([{ b: '' }]));
    expect(parseBatch(batchOf([{ b: 'x'.repeat(room) }])).entries).toHaveLength(1);
    expect(() => parseBatch(batchOf([{ b: 'x'.repeat(room + 1) }]))).toThrow(
      refusal('BATCH_LIMIT', '1048577 bytes; send at most 1048576'),
    );
    // Bytes of UTF-8, not characters.
    expect(() => parseBatch(batchOf([{ b: 'ü'.repeat(room / 2 + 1) }]))).toThrow(refusal('BATCH_LIMIT', 'bytes'));
  });

  const watch = { source: ENGINE, from: '1', to: '2' };
  it.each<[string, string, string]>([
    ['of another version', batchOf([], { v: 2 as 1 }), 'v:'],
    ['with a field too many', `{"actor":"UserMSP",${batchOf([]).slice(1)}`, 'actor'],
    ['with a field too few', batchOf([], { run: undefined as unknown as string }), 'run:'],
    ['with a slash in the run', batchOf([], { run: 'a/b' }), 'run:'],
    ['with a slash in the collector', batchOf([], { collector: '../x' }), 'collector:'],
    ['numbered 0', batchOf([], { n: 0 }), 'n:'],
    ['numbered with a fraction', batchOf([], { from: 1.5 }), 'from:'],
    ['numbered beyond what a number holds', batchOf([entry], { from: Number.MAX_SAFE_INTEGER }), 'from:'],
    ['without a predecessor, though not the first', batchOf([], { n: 2 }), 'prev:'],
    ['with a predecessor, though the first', batchOf([], { prev: 'a'.repeat(64) }), 'prev:'],
    ['with a digest in capitals', batchOf([], { n: 2, prev: 'A'.repeat(64) }), 'prev:'],
    ['with a time as a number', batchOf([], { sentAt: 1 as unknown as string }), 'sentAt:'],
    ['with a time beyond int64', batchOf([], { sentAt: '9223372036854775808' }), 'sentAt:'],
    ['with an entry that is text', batchOf(['x' as unknown as BatchEntry]), 'entries[0]'],
    ['with an entry too rich', batchOf([entry, { ...entry, hash: 'x' } as BatchEntry]), 'entries[1]'],
    ['with an entry lacking its event', batchOf([entry, {} as BatchEntry]), 'entries[1].b'],
    ['with a watch that is empty', batchOf([], { watches: [watch, { ...watch, to: '1' }] }), 'watches[1]'],
    ['with a gap that ends first', batchOf([], { gaps: [{ ...watch, from: '3', reason: 'x' }] }), 'gaps[0]'],
    ['with a gap without a reason', batchOf([], { gaps: [{ ...watch, reason: '' }] }), 'gaps[0].reason'],
    ['with too many watches', batchOf([], { watches: Array(201).fill(watch) }), 'watches:'],
    ['that is null', 'null', ''],
    ['that is a list', '[]', ''],
  ])('%s is refused', (_what, text, why) => {
    expect(() => parseBatch(text)).toThrow(refusal('BATCH_SHAPE', why));
  });

  it('is refused in few words, however long what is wrong', () => {
    const texts = [`{"${'x'.repeat(100_000)}":1,${batchOf([]).slice(1)}`, batchOf([], { run: 'x'.repeat(100_000) })];
    for (const text of texts) expect(() => parseBatch(text)).toThrow(/^.{20,400}$/);
  });

  it('that is no JSON is refused', () => expect(() => parseBatch('{')).toThrow(refusal('BATCH_JSON', 'no JSON')));
});

describe('an entry', () => {
  it('is numbered within the run and hashed', () => {
    const batch = parseBatch(batchOf([{ b: 'another' }, entry], { from: 41 }));
    expect(parseEntry(batch, 1)).toEqual({
      event: hashed().event,
      canonical: entry.b,
      hash: eventHash(entry.b),
      time: `${NINE}000000001`,
      number: 42,
    });
  });

  it('without a time of its own stands at the start of the day of its "t"', () => {
    const parsed = parseEntry(parseBatch(batchOf([{ ...removal, t: `${NINE}000000007` }])), 0);
    expect([parsed.time, parsed.t]).toEqual([dayStart('2026-11-22'), `${NINE}000000007`]);
  });

  it.each<[string, BatchEntry, string, string]>([
    ['not in canonical form', { b: ` ${entry.b}` }, 'EVENT_NOT_CANONICAL', 'Entry 1 (number 8): '],
    ['that is no JSON', { b: 'x' }, 'EVENT_NOT_CANONICAL', 'Entry 1 (number 8): '],
    ['with a time and a "t"', { ...entry, t: '1' }, 'BATCH_SHAPE', 'Entry 1 (number 8) must have no "t"'],
    ['with neither', removal, 'BATCH_SHAPE', 'Entry 1 (number 8) needs "t"'],
  ])('%s is refused by name', (_what, bad, code, message) => {
    const batch = parseBatch(batchOf([{ b: 'another' }, bad], { n: 2, from: 7, prev: 'a'.repeat(64) }));
    expect(() => parseEntry(batch, 1)).toThrow(refusal(code, message));
  });
});
