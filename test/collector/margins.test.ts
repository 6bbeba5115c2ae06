import { expect, it } from 'vitest';
import { silentLog } from '../../collector/log.js';
import type { Observation } from '../../collector/observation.js';
import { Watches } from '../../collector/source/watches.js';
import { S } from './watching.js';

const NOW = 1_000_000n * S;
const at = (seconds: number) => (NOW + BigInt(Math.round(seconds * 1_000)) * 1_000_000n).toString();

/** An engine's watch, claimed up to a second before `NOW`. */
function watching() {
  const told: Observation[] = [];
  const watches = new Watches((observation) => told.push(observation), silentLog);
  watches.begin('ENGINE', 'local', at(-100));
  watches.advance(at(0), false, false);
  return { told, watches };
}

it('many late events widen the margin once: to twice as much as they are late', () => {
  const { told, watches } = watching();
  for (let index = 0; index < 50; index++) watches.widen('ENGINE', at(-4.5 + index / 100));
  expect(watches.margin('ENGINE', 'local')).toBe(10);
  watches.clock(at(1));
  expect(told.at(-1)).toEqual({ kind: 'margin', source: 'ENGINE', seconds: 10 });
});

it('a clock that was set back a little and has caught up before it is asked costs seconds, not minutes', () => {
  const { watches } = watching();
  for (let index = 0; index < 50; index++) watches.widen('ENGINE', at(-1.5 + index / 100));
  watches.clock(at(1));
  watches.advance(at(20), false, false);
  expect(watches.margin('ENGINE', 'local')).toBe(4);
  // Claimed with the wider margin: what comes later than that widens it again.
  watches.widen('ENGINE', at(15.5));
  expect(watches.margin('ENGINE', 'local')).toBe(10);
});

it('what comes a moment after a gap was declared, from before its end, is within the margin', () => {
  const { told, watches } = watching();
  watches.advance(at(5), true, false);
  expect(told).toContainEqual(expect.objectContaining({ kind: 'gap', to: at(5) }));
  for (let index = 0; index < 50; index++) watches.widen('ENGINE', at(4.99));
  expect(watches.margin('ENGINE', 'local')).toBe(1);
});

it.each<[string, (watches: Watches) => void]>([
  ["a Swarm's first watch, which begins ahead", (watches) => watches.begin('SWARM', 'swarm', at(0))],
  [
    'a gap that ends ahead of a clock that was set back',
    (watches) => watches.resume('SWARM', 'local', { from: at(100), now: at(0), reason: 'lost' }),
  ],
  ['a watch that goes on, of a clock that was set back', (watches) => watches.goOn('SWARM', 'local', at(100), at(0))],
])('what comes before the beginning of %s is not late', (_, begin) => {
  const { watches } = watching();
  begin(watches);
  const margin = watches.margin('SWARM', 'local');
  watches.widen('SWARM', at(1));
  // By now the clock is beyond it.
  watches.clock(at(200));
  expect(watches.margin('SWARM', 'local')).toBe(margin);
});
