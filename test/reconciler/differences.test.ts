import { describe, expect, it } from 'vitest';
import { differencesOf, judgementOf } from '../../reconciler/day-judgement.js';
import {
  ACTORS,
  containerEvent,
  DAY,
  hashed,
  policyTransactions,
  projectionOf,
  Run,
  watch,
} from './support/history.js';

const SECOND = 1_000_000_000n;

describe('the differences of a day', () => {
  const events = ['start', 'start', 'die'].map((action, at) =>
    hashed(containerEvent('one', action, BigInt(3600 + at * 10) * SECOND)),
  );
  const other = hashed(containerEvent('two', 'start', 3700n * SECOND));
  const transactions = [
    ...policyTransactions(),
    ...ACTORS.map((actor, at) =>
      new Run(actor).batch({
        events: at === 0 ? events : [...events, other],
        watches: [watch(0, 7200)],
        sentAt: 7300,
      }),
    ),
  ];

  it('are its findings but for those about the lives of containers', () => {
    const projection = projectionOf(transactions);
    const { findings } = judgementOf(projection, DAY);
    expect(findings.map((finding) => finding.class).sort()).toEqual(['lifecycle', 'missing']);
    expect(differencesOf(projection, DAY)).toEqual(findings.filter((finding) => finding.class !== 'lifecycle'));
  });
});
