import { describe, expect, it } from 'vitest';
import { type Day, dayOf } from '#chaincode';
import { sealedJudgement } from '../../reconciler/kept-days.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { TouchedDays } from '../../reconciler/projection/touched-days.js';
import { Sealer } from '../../reconciler/seal.js';
import {
  ACTORS,
  blocksOf,
  containerEvent,
  DAY_START,
  hashed,
  IDENTITY,
  policyTransactions,
  Run,
  watch,
} from './support/history.js';

const SECOND = 1_000_000_000n;
const DAY_SECONDS = 86_400;

const timeOf = (day: number, second = 0) => DAY_START + (BigInt(day) * 86_400n + BigInt(second)) * SECOND;
const dayAt = (day: number): Day => dayOf(timeOf(day).toString());
const event = (day: number, name: string, action: string) =>
  hashed(containerEvent(name, action, (BigInt(day) * 86_400n + 100n) * SECOND));

/** Ten days on which all agree; when six are sealed, one actor tells of something else on each of the first three. */
function history(action: string) {
  const runs = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
  const seal = (day: number) =>
    runs.map((run) =>
      run.batch({
        events: [event(day, `c${day}`, 'kill')],
        watches: [watch(0, (day + 1) * DAY_SECONDS)],
        sentAt: (day + 1) * DAY_SECONDS + 1,
      }),
    );
  const late = [0, 1, 2].map((day) => event(day, `late-${day}`, action));
  return [
    ...policyTransactions(),
    ...[0, 1, 2, 3, 4, 5].flatMap(seal),
    runs[0].batch({ events: late, sentAt: 6 * DAY_SECONDS + 2 }),
    ...[6, 7, 8, 9].flatMap(seal),
  ];
}

/** What the reports of the last days amend, and what is said of all days in the end. */
function amended(action: string, anew?: number) {
  const projection = new Projection(':memory:');
  const sealer = new Sealer(projection, anew === undefined ? {} : { anew });
  for (const block of blocksOf(history(action), 3)) {
    projection.db.transaction(() => {
      projection.apply(block, IDENTITY, () => sealer.afterBatch());
      projection.flush();
    })();
  }
  const amends = [6, 7, 8, 9].map((day) => sealedJudgement(projection, dayAt(day))?.amends ?? []);
  const waiting = projection.touched.days;
  projection.close();
  return { amends, waiting };
}

const daysOf = (amends: readonly { readonly day: Day; readonly id: string }[]) => [
  ...new Set(amends.filter(({ id }) => id !== 'waiting').map(({ day }) => day)),
];

describe('sealed days that something is said of', () => {
  it('are judged anew with the next seal, all of them', () => {
    const { amends, waiting } = amended('kill');
    expect(amends.map(daysOf)).toEqual([[dayAt(0), dayAt(1), dayAt(2)], [], [], []]);
    expect(waiting).toEqual([]);
  });

  it('take turns where they are too much for one seal, and the report tells that they wait', () => {
    const { amends, waiting } = amended('kill', 1);
    expect(amends.map(daysOf)).toEqual([[dayAt(0)], [dayAt(1)], [dayAt(2)], []]);
    expect(amends.map((all) => all.filter(({ id }) => id === 'waiting'))).toEqual([
      [{ day: dayAt(1), id: 'waiting', change: expect.stringMatching(/^2 sealed days of which/) }],
      [{ day: dayAt(2), id: 'waiting', change: expect.stringMatching(/^1 sealed day of which/) }],
      [],
      [],
    ]);
    expect(waiting).toEqual([]);
    expect(amends.flat().filter(({ id }) => id !== 'waiting')).toEqual(amended('kill').amends.flat());
  });

  it('wait as well where a container that runs on changes them', () => {
    const { amends } = amended('start', 1);
    // A seal is never without those near to it, and at least one more; the others have their turn in order.
    expect(amends.map((all) => all.filter(({ id }) => id === 'waiting').map(({ day }) => day))).toEqual([
      [dayAt(1)],
      [dayAt(2)],
      [dayAt(3)],
      [dayAt(4)],
    ]);
  });
});

describe('what is noted of sealed days', () => {
  it('is every day of which something is said, whatever was said before', () => {
    const projection = new Projection(':memory:');
    const touched = new TouchedDays(projection.db);
    const at = (day: number) => touched.at(timeOf(day, 5).toString());
    at(0);
    expect(touched.days).toEqual([]);
    for (const day of [0, 1, 3]) touched.sealed(dayAt(day));
    for (const day of [0, 0, 1, 0, 2, 4]) at(day);
    expect(touched.days).toEqual([dayAt(0), dayAt(1)]);
    touched.judged(dayAt(0));
    at(0);
    expect(touched.days).toEqual([dayAt(0), dayAt(1)]);
    at(4);
    touched.sealed(dayAt(4));
    at(4);
    expect(touched.days).toEqual([dayAt(0), dayAt(1), dayAt(4)]);
    touched.judged(dayAt(1));
    touched.over({ from: timeOf(1, 5).toString(), to: timeOf(3).toString() });
    expect(touched.days).toEqual([0, 1, 3, 4].map(dayAt));
    projection.close();
  });
});
