import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { judgementOf } from '../../../reconciler/day-judgement.js';
import { LiveJudge } from '../../../reconciler/follow/live-judge.js';
import { openDays } from '../../../reconciler/follow/open-days.js';
import type { Finding } from '../../../reconciler/judgement.js';
import { sealedDays } from '../../../reconciler/kept-days.js';
import type { Invocation } from '../../../reconciler/ledger/block.js';
import { Projection } from '../../../reconciler/projection/projection.js';
import { Sealer } from '../../../reconciler/seal.js';
import { built, history } from '../oracle/histories.js';
import {
  ACTORS,
  blocksOf,
  containerEvent,
  hashed,
  IDENTITY,
  policyTransactions,
  Run,
  watch,
} from '../support/history.js';

const RUNS = Number(process.env.E2L_TEST_RUNS ?? 60);
/** Of what fails the seed and the path are told, however long it would take to find something smaller. */
const BOUNDED = process.env.E2L_TEST_RUNS === undefined ? { interruptAfterTimeLimit: 45_000 } : {};

/** What stands in the table of an open day, in the order of its report. */
function rows({ db }: Projection, day: string): Finding[] {
  const texts = db.prepare('SELECT finding FROM open_findings WHERE day = ?').pluck().all(day) as string[];
  return texts.map((text) => JSON.parse(text) as Finding);
}

function byId(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What is said of all open days, against what judging them in full says. */
function expectFull(projection: Projection): void {
  if (projection.policies.inForce.length === 0) return;
  for (const { day } of openDays(projection, sealedDays(projection).at(-1) ?? '')) {
    expect(byId(rows(projection, day))).toEqual(byId(judgementOf(projection, day).findings));
  }
}

/** Whether what stands in the table is said to be all. */
function isSaidToBeAll({ db, head }: Projection): boolean {
  return db.prepare("SELECT value FROM meta WHERE key = 'judged'").pluck().get() === head?.block;
}

interface Way {
  readonly blockSize: number;
  /** Whether nothing is put off. */
  readonly settles: boolean;
  /** After so many blocks it is judged anew, as after a restart; never if left out. */
  readonly restart?: number;
  readonly slice?: number;
  readonly changes?: number;
  /** So often it is gone on while no block comes. */
  readonly turns?: number;
}

/** Judges block by block, and holds each step of which it says that nothing is put off against the judgement in full. */
function holdsAgainstFull(transactions: readonly Invocation[], way: Way): void {
  const { blockSize, settles, restart = Number.POSITIVE_INFINITY, turns = 0, ...fineness } = way;
  const projection = new Projection(':memory:');
  const sealer = new Sealer(projection);
  let live = new LiveJudge(projection, fineness);
  for (const [index, block] of blocksOf(transactions, blockSize).entries()) {
    if (index % restart === restart - 1) live = new LiveJudge(projection, fineness);
    projection.db.transaction(() => {
      projection.apply(block, IDENTITY, () => sealer.afterBatch());
      projection.flush();
      live.update(settles);
    })();
    for (let turn = 0; turn < turns && live.isCutShort; turn += 1) projection.db.transaction(() => live.update())();
    if (settles && projection.policies.inForce.length > 0) expect(isSaidToBeAll(projection)).toBe(true);
    if (isSaidToBeAll(projection)) expectFull(projection);
  }
  projection.db.transaction(() => live.update(true))();
  expectFull(projection);
  projection.close();
}

const way = fc.record({
  restart: fc.constantFrom(1, 2, 7, 1000),
  slice: fc.constantFrom(1, 100, 1000, 25_000),
  changes: fc.constantFrom(1, 5000, 1_000_000),
  turns: fc.nat({ max: 3 }),
});

const SECOND = 1_000_000_000n;
/** Seconds into the day: about its end, so that contents of one event lie on two days. */
const START = 86_400 - 90;

/** Few events of few containers, several contents of each, about the end of a day that is sealed on the way. */
const contents = fc.record({
  window: fc.constantFrom(1, 30, 86_400),
  grace: fc.constantFrom(1, 30),
  quota: fc.constantFrom(2, 10_000),
  blockSize: fc.integer({ min: 1, max: 4 }),
  steps: fc.array(
    fc.record({
      actor: fc.nat({ max: 2 }),
      collector: fc.nat({ max: 1 }),
      events: fc.array(
        fc.record({
          slot: fc.nat({ max: 8 }),
          object: fc.nat({ max: 1 }),
          action: fc.constantFrom('start', 'die', 'start', 'kill'),
          image: fc.nat({ max: 2 }),
        }),
        { maxLength: 5 },
      ),
      pause: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 1500 })),
      watched: fc.oneof(fc.constant(undefined), fc.record({ from: fc.nat({ max: 60 }), length: fc.nat({ max: 200 }) })),
      gap: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.nat({ max: 100 })),
      isTwin: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
    }),
    { minLength: 3, maxLength: 24 },
  ),
});

type Contents = typeof contents extends fc.Arbitrary<infer T> ? T : never;

function transactionsOf({ window, grace, quota, steps }: Contents): Invocation[] {
  const runs = new Map<string, Run>();
  let now = START;
  const batches = steps.map(({ actor, collector, events, pause, watched, gap, isTwin }) => {
    now += pause;
    const key = `${actor}/${collector}`;
    const run = runs.get(key) ?? new Run(ACTORS[actor] as string, `collector-${collector}`);
    runs.set(key, run);
    const parts = {
      sentAt: now,
      events: [
        ...new Map(
          events
            .map(({ slot, object, action, image }) =>
              hashed(containerEvent(`${object}`, action, BigInt(START + slot * 20) * SECOND, { image: `${image}` })),
            )
            .map((event) => [event.hash, event]),
        ).values(),
      ],
      watches: watched === undefined ? [] : [watch(START + watched.from, START + watched.from + watched.length + 1)],
      gaps: gap === undefined ? [] : [{ ...watch(START + gap, START + gap + 30), reason: 'lost' }],
    };
    return isTwin && run.hasBegun ? run.twin(parts) : run.batch(parts);
  });
  return [...policyTransactions({ window, grace, quota }), ...batches];
}

describe('judging block by block', () => {
  test.prop([history], { numRuns: RUNS, ...BOUNDED })('finds what judging the day in full finds', (drawn) => {
    holdsAgainstFull(built(drawn, false).transactions, { blockSize: drawn.blockSize, settles: true, restart: 7 });
  });

  test.prop([history, way], { numRuns: RUNS, ...BOUNDED })('says that it is all only if it is', (drawn, how) => {
    const { transactions } = built(drawn, drawn.ends);
    holdsAgainstFull(transactions, { blockSize: drawn.blockSize, settles: false, ...how });
  });

  test.prop([contents], { numRuns: 2 * RUNS, ...BOUNDED })(
    'finds the same where events have several contents',
    (drawn) => {
      holdsAgainstFull(transactionsOf(drawn), { blockSize: drawn.blockSize, settles: true, restart: 7 });
    },
  );

  test.prop([contents, way], { numRuns: RUNS, ...BOUNDED })(
    'finds the same in the end where much is put off',
    (drawn, how) => {
      holdsAgainstFull(transactionsOf(drawn), { blockSize: drawn.blockSize, settles: false, ...how });
    },
  );

  it('looks at the numbering of events again that come to be agreed by a watch that begins after them', () => {
    const events = [3600n, 3660n].map((at) => hashed(containerEvent('one', 'kill', at * SECOND)));
    const [first, second, third] = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
    holdsAgainstFull(
      [
        ...policyTransactions(),
        first.batch({ events: [...events].reverse(), sentAt: 3700 }),
        second.batch({ events, sentAt: 3700 }),
        third.batch({ sentAt: 3700 }),
        first.batch({ sentAt: 5000 }),
        second.batch({ sentAt: 5000 }),
        third.batch({ watches: [watch(4000, 5000)], sentAt: 5000 }),
      ],
      { blockSize: 1, settles: true },
    );
  });

  it('tells of no container what a judgement in full does not, while an event of it waits to be judged', () => {
    const at = (second: number, action: string, image = 'hello-world') =>
      hashed(containerEvent('one', action, BigInt(second) * SECOND, { image }));
    const runs = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
    const [first, second, third] = runs;
    const begin = { events: [at(100, 'start')], sentAt: 1001 };
    const fakes = Array.from({ length: 17 }, (_, index) => at(200 + index, 'start', `fake-${index}`));
    const transactions = [
      ...policyTransactions(),
      first.batch({ ...begin, watches: [watch(0, 1000)] }),
      second.batch({ ...begin, watches: [watch(0, 1000)] }),
      third.batch(begin),
      third.batch({ events: fakes, sentAt: 1002 }),
      third.batch({ events: [at(600, 'start', 'late fake')], sentAt: 1003 }),
      ...runs.map((run) => run.batch({ events: [at(1100, 'die')], sentAt: 1101 })),
    ];
    const projection = new Projection(':memory:');
    const sealer = new Sealer(projection);
    const live = new LiveJudge(projection);
    const named = (findings: readonly Finding[]) =>
      findings.filter((finding) => finding.class === 'lifecycle').map(({ id }) => id);
    for (const block of blocksOf(transactions, 1)) {
      projection.db.transaction(() => {
        projection.apply(block, IDENTITY, () => sealer.afterBatch());
        projection.flush();
        live.update(false);
      })();
      if (projection.policies.inForce.length === 0) continue;
      for (const { day } of openDays(projection, '')) {
        expect(named(judgementOf(projection, day).findings)).toEqual(
          expect.arrayContaining(named(rows(projection, day))),
        );
      }
    }
    projection.close();
  });

  test.prop([history], { numRuns: RUNS, ...BOUNDED })('finds the same of the lives of containers', (drawn) => {
    holdsAgainstFull(built(drawn, true).transactions, { blockSize: drawn.blockSize, settles: true, restart: 7 });
  });
});
