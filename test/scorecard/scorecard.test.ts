import { describe, expect, it } from 'vitest';
import { FINDING_CLASSES } from '../../reconciler/judgement.js';
import { historyOf } from './history.js';
import { outcomeOf } from './outcome.js';
import { precisionOf, recallOf, sortedRows, tallyOf } from './tally.js';

const SEED = 20261122;
/** A share that fits into every run of the tests; `npm run scorecard` for more. */
const HISTORIES = 200;

describe(`the scorecard of ${HISTORIES} histories`, () => {
  const outcomes = Array.from({ length: HISTORIES }, (_, index) => outcomeOf(SEED, index, index % 100 === 0));
  const tally = tallyOf(outcomes);

  it('has nothing missed and nothing false', () => {
    expect(tally.faults).toEqual([]);
    for (const arm of tally.arms.values()) {
      for (const row of sortedRows(arm)) expect([row.name, precisionOf(row), recallOf(row)]).toEqual([row.name, 1, 1]);
    }
  });

  it('has every arm, and every class of finding with one liar', () => {
    expect([...tally.arms.keys()].sort()).toEqual(['honest', 'majority', 'one', 'two']);
    const one = tally.arms.get('one');
    const found = one === undefined ? [] : sortedRows(one).filter((row) => row.found > 0);
    const names = found.map(({ name }) => name.replace(', naming nobody', ''));
    expect(names).toEqual(expect.arrayContaining([...FINDING_CLASSES]));
  });

  it('measures how long a finding takes', () => {
    const detections = outcomes.flatMap((outcome) => outcome.detections);
    expect(detections.length).toBeGreaterThan(0);
    for (const { seconds, batches } of detections) expect(Math.min(seconds, batches)).toBeGreaterThanOrEqual(0);
  });

  it('is the same for the same seed', () => {
    const texts = [0, 1].map(() => JSON.stringify(historyOf(SEED, 7).transactions));
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).not.toBe(JSON.stringify(historyOf(SEED + 1, 7).transactions));
  });
});
