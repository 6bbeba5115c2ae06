import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { dayEnd, dayOf, type HashedEvent } from '#chaincode';
import { judgementOf } from '../../reconciler/day-judgement.js';
import { sealedDays } from '../../reconciler/kept-days.js';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { Projection } from '../../reconciler/projection/projection.js';
import {
  ACTORS,
  blocksOf,
  containerEvent,
  DAY,
  DAY_START,
  hashed,
  intake,
  policyTransactions,
  projectionOf,
  Run,
  watch,
} from './support/history.js';

const [DEVELOPER = '', PROVIDER = ''] = ACTORS;
const SECOND = 1_000_000_000n;
const [, SECOND_DAY = '', THIRD_DAY = ''] = [DAY, dayOf(dayEnd(DAY)), dayOf(dayEnd(dayOf(dayEnd(DAY))))];

const event = (object: string, action: string, second: number) =>
  hashed(containerEvent(object, action, BigInt(second) * SECOND));
const start = event('c1', 'start', 100);
const die = event('c1', 'die', 200);
const daysWatched = (days: number) => [watch(0, days * 86_400)];

/** Three collectors; the provider leaves the end of the container out at first. */
function begun() {
  const [developer, provider, user] = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
  const first = [
    provider.batch({ events: [start], watches: daysWatched(1) }),
    ...[developer, user].map((run) => run.batch({ events: [start, die], watches: daysWatched(1) })),
  ];
  const nextDay = [developer, provider, user].map(
    (run, index) => () =>
      run.batch({ events: [event('c9', 'kill', 90_000)], watches: daysWatched(2), sentAt: 172_800 + index }),
  );
  return { developer, provider, user, first, second: () => nextDay.map((send) => send()) };
}

function judged(invocations: readonly Invocation[], day: string) {
  const projection = projectionOf([...policyTransactions(), ...invocations]);
  try {
    return { ...judgementOf(projection, day), days: sealedDays(projection) };
  } finally {
    projection.close();
  }
}

describe('amendments', () => {
  it('are none where nothing was said since', () => {
    const { first, second } = begun();
    const day = judged([...first, ...second()], SECOND_DAY);
    expect(day.days).toEqual([DAY, SECOND_DAY]);
    expect(day.amends).toEqual([]);
  });

  it('tell what came after the seal, in the next report alone, with the bill', () => {
    const { provider, first, second } = begun();
    const late = provider.batch({ events: [die], sentAt: 90_000 });
    const history = [...first, late, ...second()];
    const sealed = judged(history, DAY);
    expect(sealed.findings.map(({ class: name }) => name)).toEqual(['missing']);
    expect(sealed.coverage).toMatchObject({ agreed: 1, disputed: 1 });
    const { amends } = judged(history, SECOND_DAY);
    const [missing] = sealed.findings;
    expect(amends).toContainEqual({ day: DAY, id: missing?.id, change: `withdrawn: missing of ${PROVIDER}` });
    expect(amends).toContainEqual({ day: DAY, id: 'coverage', change: 'agreed 1; now 2, disputed 1; now 0' });
    expect(amends).toContainEqual({
      day: DAY,
      id: 'bill',
      change: `disputed ${sealed.bill.disputed}; now 0 EUR`,
    });
    const third = ACTORS.map((actor) =>
      new Run(actor, 'collector-2').batch({ watches: daysWatched(3), sentAt: 260_000 }),
    );
    const after = judged([...history, ...third], THIRD_DAY);
    expect(after.days).toEqual([DAY, SECOND_DAY, THIRD_DAY]);
    expect(after.amends).toEqual([]);
  });

  it('name the finding that is changed by its id, and one that is new', () => {
    const { developer, provider, first, second } = begun();
    const ghost = event('ghost', 'start', 300);
    const moved = event('c1', 'die', 3800);
    const late = [
      provider.batch({ events: [moved], sentAt: 90_000 }),
      developer.batch({ events: [ghost], sentAt: 90_000 }),
    ];
    const history = [...first, ...late, ...second()];
    const [missing] = judged(history, DAY).findings;
    const { amends } = judged(history, SECOND_DAY);
    expect(amends).toContainEqual({
      day: DAY,
      id: missing?.id,
      change: `missing of ${PROVIDER}; now differs of ${PROVIDER}`,
    });
    expect(amends.map(({ change }) => change)).toContain(`new: uncorroborated of ${DEVELOPER}`);
  });

  it('go on through the days that a container runs', () => {
    const { developer, provider, user, first } = begun();
    // It ran on, all say at last: the end that two of them attested is denied by nobody, a new start is told late.
    const again = event('c1', 'start', 80_000);
    const days = [2, 3].map((day) =>
      [developer, provider, user].map((run) => run.batch({ watches: daysWatched(day), sentAt: day * 86_400 + 1 })),
    );
    const late = [developer, provider, user].map((run) => run.batch({ events: [again], sentAt: 200_000 }));
    const last = [developer, provider, user].map((run) => run.batch({ watches: daysWatched(4), sentAt: 345_601 }));
    const history = [...first, ...(days[0] ?? []), ...late, ...(days[1] ?? []), ...last];
    const { amends } = judged(history, THIRD_DAY);
    const bills = amends.filter(({ id }) => id === 'bill').map(({ day }) => day);
    expect(bills).toEqual([DAY, SECOND_DAY]);
    // And the third day itself begins with a container that runs.
    expect(judged(history, THIRD_DAY).running[0]).toMatchObject({ object: 'c1', agreedSeconds: '86400' });
  });

  it('tell that an actor was blind, when it watches again after days without a word', () => {
    const [developer, provider, user] = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
    const stopped = provider.batch({ events: [start], watches: [watch(0, 150)] });
    const others = [developer, user].map((run) => run.batch({ events: [start, die], sentAt: 1000 }));
    const going = [1, 2, 3, 4, 5].flatMap((day) =>
      [developer, user].map((run) =>
        run.batch({
          events: day === 1 ? [] : [event('c9', 'kill', day * 86_400 - 10)],
          watches: daysWatched(day),
          sentAt: day * 86_400 + 1300,
        }),
      ),
    );
    const back = provider.batch({ watches: [watch(5 * 86_400, 6 * 86_400)], sentAt: 6 * 86_400 });
    const last = [developer, user].map((run) => run.batch({ watches: daysWatched(6), sentAt: 6 * 86_400 + 1 }));
    const history = [stopped, ...others, ...going, back, ...last];
    const [missing] = judged(history, DAY).findings.filter((finding) => finding.class === 'missing');
    const sixth = dayOf((BigInt(dayEnd(DAY)) + 4n * 86_400n * SECOND).toString());
    const { days } = judged(history, sixth);
    expect(days.at(-1)).toBe(sixth);
    const amends = days.flatMap((day) => judged(history, day).amends);
    expect(amends).toContainEqual({ day: DAY, id: missing?.id, change: `withdrawn: missing of ${PROVIDER}` });
    expect(amends.filter(({ day }) => day === DAY).map(({ change }) => change)).toContain(`new: gap of ${PROVIDER}`);
  });

  it('decide what a sealed day left open, however far away the next one is', () => {
    const [developer, provider, user] = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
    const ghost = event('ghost', 'start', 80_000);
    const first = [developer, provider, user].map((run) => run.batch({ events: [start], watches: [watch(0, 70_000)] }));
    const open = provider.batch({ events: [ghost], sentAt: 87_590 });
    const sealing = [developer, provider, user].map((run) => run.batch({ sentAt: 87_700 }));
    // Eleven days later.
    const far = event('c9', 'kill', 950_410);
    const next = [developer, provider, user].map((run) => run.batch({ events: [far], sentAt: 950_500 }));
    const end = [developer, provider, user].map((run) => run.batch({ sentAt: 1_040_000 }));
    const history = [...first, open, ...sealing, ...next, ...end];
    expect(judged(history, DAY).coverage).toMatchObject({ agreed: 1, pending: 1 });
    const { amends, days } = judged(history, dayOf(far.event.time ?? ''));
    expect(days).toHaveLength(2);
    expect(amends).toContainEqual({ day: DAY, id: 'coverage', change: 'disputed 0; now 1, pending 1; now 0' });
  });

  it('leave a day alone that was passed over: what runs there is what ran before it', () => {
    const runs = ACTORS.map((actor) => new Run(actor));
    const seal = (events: HashedEvent[], from: number, to: number) =>
      runs.map((run) => run.batch({ events, watches: [watch(from, to)], sentAt: to + 1 }));
    const running = event('c2', 'start', 2 * 86_400 + 100);
    const history = [...seal([start, die], 0, 86_400), ...seal([running], 2 * 86_400, 3 * 86_400)];
    const late = runs[0]?.batch({ watches: daysWatched(2), sentAt: 3 * 86_400 + 2 }) as Invocation;
    const passed = judged([...history, late], SECOND_DAY);
    expect(passed.days).toEqual([DAY, THIRD_DAY]);
    expect(passed.running).toEqual([]);
  });

  it('tell that a removal whose time is told otherwise has left for another day', () => {
    const [developer, provider, user] = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
    const runs = [developer, provider, user];
    const removal = hashed({
      scope: 'swarm',
      type: 'service',
      action: 'remove',
      id: 'web',
      attributes: new Map(),
      timeNano: DAY_START.toString(),
    });
    const at = (seconds: number) => (DAY_START + BigInt(seconds) * SECOND).toString();
    const seal = (day: number) => runs.map((run) => run.batch({ watches: daysWatched(day), sentAt: day * 86_400 + 1 }));
    const later = at(2 * 86_400 + 5);
    const history = [
      ...[developer, provider].map((run) => run.batch({ events: [start, removal], t: at(1000) })),
      user.batch({ events: [start, removal], t: later }),
      ...[1, 2, 3].flatMap(seal),
      new Run('OutsiderMSP').batch({ events: [removal], t: later, sentAt: 4 * 86_400 }),
      ...seal(4),
      // With this word more the median moves.
      new Run('StrangerMSP').batch({ events: [removal], t: later, sentAt: 5 * 86_400 }),
      ...seal(5),
    ];
    const fifth = dayOf((BigInt(dayEnd(DAY)) + 3n * 86_400n * SECOND).toString());
    const { amends } = judged(history, fifth);
    expect(amends).toContainEqual({ day: DAY, id: 'coverage', change: 'events 2; now 1, agreed 2; now 1' });
  });

  it('show in an open day as far as they go', () => {
    const { provider, first, developer } = begun();
    const history = [...first, provider.batch({ events: [die], sentAt: 90_000 })];
    const next = developer.batch({ events: [event('c2', 'start', 90_000)], sentAt: 90_100 });
    const { amends, sealed } = judged([...history, next], SECOND_DAY);
    expect(sealed).toBe(false);
    expect(amends.map(({ id }) => id)).toContain('bill');
  });

  test.prop(
    [
      fc.array(fc.record({ actor: fc.nat({ max: 2 }), event: fc.nat({ max: 7 }), sealing: fc.boolean() }), {
        maxLength: 12,
      }),
      fc.nat(),
    ],
    { numRuns: 60 },
  )(
    'are the same from a reconciler that was stopped after any block, and leave sealed days as they are',
    (drawn, stop) => {
      const runs = ACTORS.map((actor) => new Run(actor));
      const pool = Array.from({ length: 8 }, (_, index) =>
        event(`c${index >> 1}`, index % 2 === 0 ? 'start' : 'die', 1000 * (index + 1)),
      );
      let day = 1;
      const seal = () => runs.map((run) => run.batch({ watches: daysWatched(day), sentAt: day * 86_400 + 1 }));
      const history = [
        ...runs.map((run) => run.batch({ events: pool.slice(0, 2) })),
        ...seal(),
        ...drawn.flatMap((step) => {
          const said = runs[step.actor]?.batch({ events: [pool[step.event] ?? start], sentAt: day * 86_400 + 2 });
          day += step.sealing ? 1 : 0;
          return [...(said === undefined ? [] : [said]), ...(step.sealing ? seal() : [])];
        }),
      ];
      const blocks = blocksOf([...policyTransactions(), ...history], 2);
      const straight = new Projection(':memory:');
      intake(straight, blocks);
      const early = new Projection(':memory:');
      intake(early, blocks.slice(0, stop % (blocks.length + 1)));
      const days = sealedDays(straight);
      for (const sealed of sealedDays(early)) {
        expect(judgementOf(early, sealed)).toEqual(judgementOf(straight, sealed));
      }
      // What all amendments made of the first day is what a look at it now gives.
      expect(days[0]).toBe(DAY);
      intake(early, blocks.slice(stop % (blocks.length + 1)));
      for (const one of days) expect(judgementOf(early, one)).toEqual(judgementOf(straight, one));
      straight.close();
      early.close();
    },
  );
});
