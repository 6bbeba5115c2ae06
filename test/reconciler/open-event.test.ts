import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { OpenEvent, rowOf } from '../../reconciler/projection/open-event.js';

const attestation = fc.record({ actor: fc.constantFrom('A', 'B', 'C'), run: fc.integer({ min: 1, max: 40 }) });

function opened(): OpenEvent {
  const source = { id: 1, name: 'ENGINE', witnesses: new Map() };
  const known = { id: 1, time: '0'.repeat(19), at: '0'.repeat(19), firstSeq: 1 };
  return new OpenEvent(known, { source, text: '', key: 0, timeless: false, local: true });
}

test.prop([fc.array(attestation, { maxLength: 80 })])(
  'knows who attests it and in which runs, however many',
  (said) => {
    const event = opened();
    const runs: number[] = [];
    const actors: string[] = [];
    for (const [index, { actor, run }] of said.entries()) {
      expect(event.isSaidIn(run)).toBe(runs.includes(run));
      if (runs.includes(run)) continue;
      expect(event.add(actor, run, index, index, undefined)).toBe(!actors.includes(actor));
      runs.push(run);
      if (!actors.includes(actor)) actors.push(actor);
    }
    expect([event.actors, event.attesters, event.attestations]).toEqual([actors, actors.length, runs.length]);
    expect(event.sole).toBe(actors.length === 1 ? actors[0] : '');
    expect((JSON.parse(rowOf(event)) as [number, number, number][]).map(([run]) => run)).toEqual(runs);
    for (const actor of ['A', 'B', 'C']) expect(event.isAttestedBy(actor)).toBe(actors.includes(actor));
    expect(event.isAttestedByJust(['A', 'B'])).toBe(actors.length === 2 && !actors.includes('C'));
  },
);
