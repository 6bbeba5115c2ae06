import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { Changes } from '../../../reconciler/follow/changes.js';
import { SortedIds } from '../../../reconciler/follow/sorted-ids.js';
import { OpenEvent } from '../../../reconciler/projection/open-event.js';

const MEGABYTE = 1024 * 1024;

function attested(id: number, bytes: number): OpenEvent {
  const source = { id: 1, name: 'ENGINE', witnesses: new Map() };
  const times = { time: '0'.repeat(19), at: '0'.repeat(19), firstSeq: 1 };
  return new OpenEvent({ id, ...times }, { source, text: 'x'.repeat(bytes), key: 0, timeless: false, local: true });
}

describe('the note of what has changed', () => {
  it('is given up when it holds too much, however few the changes are', () => {
    const changes = new Changes(MEGABYTE);
    for (let id = 1; id <= 40; id += 1) changes.attested(attested(id, 16 * 1024), false);
    expect(changes.isTooMuch).toBe(true);
    expect(changes.events.size).toBe(0);
    changes.clear();
    changes.attested(attested(1, 16 * 1024), false);
    expect(changes.isTooMuch).toBe(false);
    expect(changes.events.size).toBe(1);
  });

  it('counts an event once, however often it is attested', () => {
    const changes = new Changes(MEGABYTE);
    for (let times = 0; times < 100; times += 1) changes.attested(attested(1, 16 * 1024), false);
    expect(changes.isTooMuch).toBe(false);
  });

  it('counts the stretches of time of claims', () => {
    const changes = new Changes(MEGABYTE);
    const changed = Array.from({ length: 1000 }, () => ({ from: '0'.repeat(19), to: '1'.repeat(19) }));
    for (let claims = 0; claims < 100 && !changes.isTooMuch; claims += 1) changes.claimed('A', ['ENGINE'], changed);
    expect(changes.isTooMuch).toBe(true);
    expect(changes.claims).toEqual([]);
  });
});

describe('very many numbers in order', () => {
  const act = fc.record({ isAdded: fc.boolean(), from: fc.nat({ max: 4000 }), count: fc.nat({ max: 2500 }) });

  test.prop([fc.array(act, { maxLength: 8 }), fc.nat({ max: 9000 })])('are as a sorted list is', (acts, asked) => {
    const [ids, plain] = [new SortedIds(), new Set<number>()];
    for (const { isAdded, from, count } of acts) {
      for (let id = from; id < from + count; id += 1) {
        const isNew = !plain.has(id);
        if (isAdded) plain.add(id);
        else plain.delete(id);
        if (isAdded ? ids.add(id) !== isNew : ids.delete(id) === isNew) expect.unreachable(`${id} is known otherwise`);
      }
    }
    const sorted = [...plain].sort((a, b) => a - b);
    expect(ids.size).toBe(sorted.length);
    expect(ids.has(asked)).toBe(plain.has(asked));
    expect(ids.at(asked)).toBe(sorted[asked]);
    expect(ids.after(asked)).toBe(sorted.find((id) => id > asked));
    expect(ids.countFrom(asked)).toBe(sorted.filter((id) => id >= asked).length);
  });
});
