import { describe, expect, it } from 'vitest';
import { LedgerClock } from '../../reconciler/ledger/ledger-clock.js';
import {
  ACTORS,
  containerEvent,
  DAY,
  DAY_START,
  hashed,
  invocation,
  judge,
  policyTransactions,
  projectionOf,
  Run,
  watch,
} from './support/history.js';

const [DEVELOPER = '', PROVIDER = '', USER = ''] = ACTORS;
const SECOND = 1_000_000_000n;
const start = hashed(containerEvent('c1', 'start', 10n * SECOND));
/** Seconds from the start of the day back to 1970. */
const THE_EPOCH = -Number(DAY_START / SECOND);

/** One whose clock is off sends first; the ledger clock is its until the third has sent. */
function beginnings(off: number) {
  const [liar, early, last] = [new Run(DEVELOPER), new Run(PROVIDER), new Run(USER)];
  return {
    liar,
    early,
    last,
    sent: [
      liar.batch({ events: [start], watches: [watch(0, 60)], sentAt: off }),
      early.batch({ watches: [watch(0, 5)], sentAt: 60 }),
      last.batch({ watches: [watch(0, 5)], sentAt: 61 }),
    ],
  };
}

describe('a ledger clock that leaps as the last actor sends for the first time', () => {
  for (const off of [-7200, -86_400 * 3, THE_EPOCH]) {
    it(`calls nobody late, absent or silent for it (${off} s)`, () => {
      const { early, last, sent } = beginnings(off);
      expect(judge(sent).findings).toEqual([]);
      const attested = [early, last].map((run) => run.batch({ events: [start], watches: [watch(0, 60)], sentAt: 62 }));
      expect(judge([...sent, ...attested])).toMatchObject({ findings: [], coverage: { agreed: 1, pending: 0 } });
    });
  }

  it('still holds grace and deadline from then on', () => {
    const { early, last, sent } = beginnings(-7200);
    const goesOn = (seconds: number) => [
      early.batch({ watches: [watch(0, 5)], sentAt: seconds }),
      last.batch({ watches: [watch(0, 5)], sentAt: seconds }),
    ];
    const findings = (seconds: number) =>
      judge([...sent, ...goesOn(seconds), ...goesOn(seconds)]).findings.filter(({ class: name }) => name !== 'silent');
    // The clock leapt to 60 s.
    expect(findings(660)).toEqual([]);
    expect(findings(661)).toMatchObject([{ class: 'uncorroborated', verdict: 'unresolved' }]);
  });

  it('takes no time from those who are to answer in a dispute', () => {
    const { early, last, sent } = beginnings(-7200);
    const dispute = { finding: 'd'.repeat(64), hash: 'e'.repeat(64), day: DAY, text: 'so', answerWithin: 3600 };
    const opening = {
      ...invocation(USER, 'OpenDispute', [JSON.stringify(dispute)]),
      txId: 'f'.repeat(64),
      time: DAY_START.toString(),
    };
    const stateAt = (seconds: number) => {
      const later = [early, last].map((run) => run.batch({ watches: [watch(0, 5)], sentAt: seconds }));
      const [told] = judge([...sent.slice(0, 2), opening, ...sent.slice(2), ...later]).disputes ?? [];
      return [told?.state, told?.answerBy];
    };
    // The clock leapt to 60 s.
    const answerBy = (DAY_START + 3660n * SECOND).toString();
    expect(stateAt(3660)).toEqual(['open', answerBy]);
    expect(stateAt(3661)).toEqual(['overdue', answerBy]);
  });

  it('seals no day by it', () => {
    const later = 2 * 86_400;
    const sent = [
      new Run(DEVELOPER).batch({ events: [start], watches: [watch(0, 60)], sentAt: 60 }),
      new Run(PROVIDER).batch({ watches: [watch(0, 5)], sentAt: later }),
      new Run(USER).batch({ watches: [watch(0, 5)], sentAt: later }),
    ];
    const projection = projectionOf([...policyTransactions(), ...sent]);
    try {
      expect(projection.clock.now).toBe(DAY_START + BigInt(later) * SECOND);
      expect(projection.db.prepare('SELECT day FROM days').all()).toEqual([]);
    } finally {
      projection.close();
    }
  });
});

describe('the time that has run on the ledger clock', () => {
  const clockOf = (sent: readonly (readonly [string, number, string?])[]) => {
    const clock = new LedgerClock();
    for (const [actor, at, collector = 'collector-1'] of sent) {
      clock.sent(actor, collector, at.toString());
      clock.advance(['A', 'B', 'C', 'D', 'E'], 30n);
    }
    return clock;
  };

  it('leaves out leaps of newcomers that are more than a heartbeat in all, and those alone', () => {
    const newcomers = [
      ['A', 0],
      ['B', 1000],
      ['C', 1000],
      ['D', 1000],
      ['E', 1010],
    ] as const;
    expect(clockOf(newcomers).limit(0n, 100n)).toBe(1100n);
    expect(
      clockOf([
        ['A', 0],
        ['B', 30],
        ['C', 30],
        ['D', 30],
        ['E', 30],
      ]).limit(0n, 100n),
    ).toBe(100n);
    const second = [
      ['A', 0],
      ['B', 0],
      ['C', 0],
      ['D', 900, 'collector-2'],
      ['E', 900],
      ['C', 900, 'collector-2'],
    ] as const;
    expect(clockOf(second).limit(0n, 100n)).toBe(1000n);
    // One that has sent before is no newcomer, however long it was away.
    const known = [
      ['A', 0],
      ['B', 0],
      ['C', 0],
      ['D', 0],
      ['E', 0],
      ['C', 1000],
      ['D', 1000],
      ['E', 1000],
    ] as const;
    expect(clockOf(known).limit(0n, 100n)).toBe(100n);
  });

  it('counts what lies before and after a leap, and is the same from what is stored', () => {
    const clock = clockOf([
      ['A', 0],
      ['B', 500],
      ['C', 2000],
      ['D', 2000],
      ['A', 90],
      ['E', 2000],
    ]);
    const again = new LedgerClock(clock.snapshot());
    for (const one of [clock, again]) {
      // From 0 the clock leapt to 500 as D came, and from 500 to 2000 as E did.
      expect(one.limit(0n, 10n)).toBe(2010n);
      expect(one.limit(400n, 10n)).toBe(2010n);
      expect(one.limit(1999n, 10n)).toBe(2010n);
      expect(one.limit(2000n, 10n)).toBe(2010n);
    }
  });
});
