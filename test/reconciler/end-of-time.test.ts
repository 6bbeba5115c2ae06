import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { isNanos } from '#chaincode';
import { LedgerClock } from '../../reconciler/ledger/ledger-clock.js';

const time = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

test.prop([time, time])('what the clock must have passed is always a time of the record', (since, duration) => {
  const limit = new LedgerClock().limit(since, duration);
  expect(isNanos(limit.toString())).toBe(true);
  if (since + duration < 2n ** 63n) expect(limit).toBe(since + duration);
});
