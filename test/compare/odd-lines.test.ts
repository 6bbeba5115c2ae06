import { describe, expect, it } from 'vitest';
import { comparedContents, eventLine, linesOf } from './comparing.js';

const [A, B] = [eventLine(1), eventLine(2, 'b')];
/** A line of the same event that tells its time only to a full reading. */
const unclear = (line: string) => `{"x\\u0041":1,${line.slice(1, -1)},"zz":1}`;

describe('lines that tell no time but to a full reading', () => {
  it.each([
    ['behind', [A, B, unclear(A)]],
    ['beside', [A, unclear(A), B]],
    ['before', [unclear(A), A, B]],
  ])('say nothing new where they repeat an event from %s', (_, repeating) => {
    for (const order of [
      [linesOf(repeating), linesOf([A, B])],
      [linesOf([A, B]), linesOf(repeating)],
    ]) {
      const { coverage, findings } = comparedContents(order);
      expect([coverage.events, coverage.agreed, findings]).toEqual([2, 2, []]);
    }
  });

  it('are what a log says where it says it nowhere else', () => {
    const { coverage, findings } = comparedContents([linesOf([A, unclear(B)]), linesOf([A]), linesOf([A])]);
    expect(coverage).toMatchObject({ events: 2, agreed: 1 });
    expect(findings).toMatchObject([{ class: 'uncorroborated', dissent: ['A'] }]);
    expect(comparedContents([linesOf([A, unclear(B)]), linesOf([A, B])]).coverage).toMatchObject({ agreed: 2 });
  });

  it('hide what they say where there are too many to be read, and nobody else is held to repeat it', () => {
    const many = Array.from({ length: 6_001 }, () => 'no event');
    // Its keys are in another order, and nothing is read that way any more.
    const turned = `{"timeNano":${B.match(/\d{19}/)?.[0]},${B.slice(1).replace(/,"timeNano":\d+/, '')}`;
    const logs = [linesOf([A, ...many, turned]), linesOf([A, unclear(B)])];
    const { coverage } = comparedContents(logs);
    expect(coverage.events).toBe(2);
  });
});

describe('keys that are no UTF-8', () => {
  it('are left to the full reading, for which they may be one key', () => {
    const logs = ['{"\xff":"1","\xfe":"2"}', '{"\xfe":"2","\xff":"1"}'].map((attributes) =>
      Buffer.from(linesOf([A, eventLine(2, 'b', attributes)]), 'latin1'),
    );
    const { coverage, logs: read } = comparedContents(logs);
    expect(coverage).toMatchObject({ events: 1, agreed: 1 });
    expect(read.map(({ unreadable }) => unreadable)).toEqual(['1', '1']);
  });

  it('are looked at no further where they are UTF-8', () => {
    const logs = ['{"ü":"1","é":"2"}', '{"é":"2","ü":"1"}'].map((attributes) =>
      linesOf([A, eventLine(2, 'b', attributes)]),
    );
    expect(comparedContents(logs)).toMatchObject({ coverage: { events: 2, agreed: 2 }, findings: [] });
  });
});

describe('empty lines', () => {
  it.each([
    ['an end', linesOf([A, B, ''])],
    ['a begin', linesOf(['', ' \t', A, B])],
    ['the middle', linesOf([A, '', ' ', '\r', B])],
    ['every place, with carriage returns', `\r\n${A}\r\n\r\n  \r\n${B}\r\n\r\n \t`],
  ])('hide nothing at %s of a log', (_, content) => {
    for (const order of [
      [content, linesOf([A, B])],
      [linesOf([A, B]), content],
      [content, content],
    ]) {
      const { coverage, findings, logs } = comparedContents(order);
      expect([coverage.agreed, findings]).toEqual([2, []]);
      expect(logs.map(({ unreadable }) => unreadable)).toEqual(['0', '0']);
    }
  });

  it('take no room from lines that must be read in full', () => {
    const many = Array.from({ length: 7_000 }, () => '');
    const { coverage, findings } = comparedContents([linesOf([A, ...many, unclear(B)]), linesOf([A, B])]);
    expect([coverage.agreed, findings]).toEqual([2, []]);
  });
});
