import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type LifeEvent, type LogState, measure, type WitnessView } from '../../../reconciler/running/sweep.js';

const SECOND = 1_000_000_000n;
const START = 1_795_305_600_000_000_000n;
const at = (second: number) => (START + BigInt(second) * SECOND).toString();
const DAY = { from: at(0), to: at(86_400) };
const NAMES = ['A', 'B', 'C'];

/** What happens at a second of the day, and who attests it; all, if nobody is named. */
type Step = readonly [number, string, string?];

interface Case {
  readonly what: string;
  readonly steps: readonly Step[];
  /** Seconds that an actor watched; the whole day, if nothing is said. */
  readonly watched?: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly carried?: Readonly<Record<string, LogState>>;
  /** Seconds: agreed, disputed, unknown. */
  readonly gives: readonly [number, number, number];
  readonly perActor?: Readonly<Record<string, number>>;
}

const all = (state: LogState) => ({ A: state, B: state, C: state });

/** Worked out by hand. */
const CASES: readonly Case[] = [
  {
    what: 'starts and ends',
    steps: [
      [100, 'start'],
      [160, 'die'],
    ],
    gives: [60, 0, 0],
    perActor: { A: 60, B: 60, C: 60 },
  },
  {
    what: 'is restarted: what lies between end and start does not count',
    steps: [
      [100, 'start'],
      [200, 'die'],
      [200, 'stop'],
      [205, 'start'],
      [205, 'restart'],
      [300, 'die'],
    ],
    gives: [195, 0, 0],
  },
  {
    what: 'is paused within the day',
    steps: [
      [0, 'start'],
      [100, 'pause'],
      [400, 'unpause'],
      [500, 'die'],
    ],
    gives: [200, 0, 0],
  },
  {
    what: 'is paused until after midnight',
    steps: [
      [86_000, 'start'],
      [86_300, 'pause'],
    ],
    gives: [300, 0, 0],
  },
  {
    what: 'was paused before midnight and goes on after it',
    steps: [
      [600, 'unpause'],
      [1000, 'die'],
    ],
    carried: all('off'),
    gives: [400, 0, 0],
  },
  { what: 'runs on from the day before', steps: [[1000, 'die']], carried: all('on'), gives: [1000, 0, 0] },
  { what: 'runs through all of the day', steps: [], carried: all('on'), gives: [86_400, 0, 0] },
  { what: 'runs over midnight', steps: [[86_390, 'start']], gives: [10, 0, 0] },
  {
    what: 'has an end that one actor puts an hour later',
    steps: [
      [0, 'start'],
      [1000, 'die', 'BC'],
      [4600, 'die', 'A'],
    ],
    gives: [1000, 3600, 0],
    perActor: { A: 4600, B: 1000, C: 1000 },
  },
  {
    what: 'has an end that one actor left out: in its log it runs until the removal',
    steps: [
      [0, 'start'],
      [1000, 'die', 'BC'],
      [1500, 'destroy'],
    ],
    gives: [1000, 500, 0],
  },
  {
    what: 'began before the first block: the logs begin with its end, so nobody says since when',
    steps: [[1000, 'die']],
    gives: [0, 0, 1000],
    perActor: { A: 1000, B: 1000, C: 1000 },
  },
  {
    what: 'was removed, and never ran in any log',
    steps: [[1000, 'destroy']],
    gives: [0, 0, 0],
  },
  {
    what: 'begins and ends in a gap of one actor: the others are a majority',
    steps: [
      [100, 'start', 'BC'],
      [160, 'die', 'BC'],
    ],
    watched: {
      A: [
        [0, 50],
        [300, 86_400],
      ],
    },
    gives: [60, 0, 0],
    perActor: { A: 0, B: 60, C: 60 },
  },
  {
    what: 'runs while a majority is in a gap: one log cannot say it alone',
    steps: [
      [100, 'start'],
      [500, 'die', 'A'],
    ],
    watched: {
      B: [
        [0, 200],
        [400, 450],
        [600, 86_400],
      ],
      C: [
        [0, 200],
        [400, 450],
        [600, 86_400],
      ],
    },
    gives: [100, 0, 300],
    perActor: { A: 400, B: 100, C: 100 },
  },
  {
    what: 'is unknown where all were blind, until the next event says that it ran',
    steps: [
      [100, 'start'],
      [500, 'unpause'],
      [600, 'die'],
    ],
    watched: {
      A: [
        [0, 200],
        [300, 86_400],
      ],
      B: [
        [0, 200],
        [300, 86_400],
      ],
      C: [
        [0, 200],
        [300, 86_400],
      ],
    },
    gives: [200, 0, 0],
  },
];

function measured({ steps, watched = {}, carried = {} }: Omit<Case, 'what' | 'gives'>) {
  const views: WitnessView[] = NAMES.map((actor) => ({
    actor,
    stretches: (watched[actor] ?? [[0, 86_400]]).map(([from, to]) => ({ from: at(from), to: at(to) })),
    carried: carried[actor],
  }));
  const events: LifeEvent[] = steps.map(([second, action, who = 'ABC']) => ({
    time: at(second),
    action,
    actors: [...who],
  }));
  return measure(DAY, views, events);
}

describe('the running time of a container that', () => {
  it.each(CASES)('$what', ({ gives, perActor, ...rest }) => {
    const result = measured(rest);
    expect([result.agreed, result.disputed, result.unknown]).toEqual(gives.map((seconds) => BigInt(seconds) * SECOND));
    const own = Object.fromEntries([...result.perActor].map(([actor, nanos]) => [actor, Number(nanos / SECOND)]));
    if (perActor !== undefined) expect(own).toEqual(perActor);
  });
});

const ACTIONS = ['create', 'start', 'restart', 'pause', 'unpause', 'die', 'stop', 'destroy'];
const drawnSteps = fc
  .uniqueArray(
    fc.tuple(
      fc.integer({ min: 0, max: 39 }),
      fc.constantFrom(...ACTIONS),
      fc.constantFrom('A', 'B', 'C', 'AB', 'AC', 'BC', 'ABC'),
    ),
    { selector: ([second]) => second, maxLength: 10 },
  )
  .map((steps) => [...steps].sort(([a], [b]) => a - b));
const drawnCarry = fc.record({
  A: fc.constantFrom<LogState>('on', 'off', 'blind', 'presumed'),
  B: fc.constantFrom<LogState>('on', 'off', 'blind', 'presumed'),
  C: fc.constantFrom<LogState>('on', 'off', 'blind', 'presumed'),
});
const stretch = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 21, max: 40 }));

describe('running time adds up', () => {
  test.prop(
    [drawnSteps, fc.option(drawnCarry, { nil: undefined }), fc.record({ A: stretch, B: stretch, C: stretch })],
    { numRuns: 500 },
  )('agreed, disputed and unknown are the union of all actors’ intervals', (steps, carried, holes) => {
    const watched = Object.fromEntries(
      Object.entries(holes).map(([actor, [from, to]]) => [
        actor,
        [
          [0, from],
          [to, 86_400],
        ] as const,
      ]),
    );
    const { agreed, disputed, unknown, perActor } = measured({ watched, steps, ...(carried && { carried }) });
    // Nothing changes after the last second looked at: what runs then runs to the end of the day.
    const lengthOf = (second: number) => (second < 44 ? SECOND : BigInt(86_400 - 44) * SECOND);
    let union = 0n;
    const own = Object.fromEntries(NAMES.map((actor) => [actor, 0n]));
    for (let second = 0; second <= 44; second++) {
      const running = NAMES.filter((actor) =>
        runsDuring(second, actor, steps, holes, (carried as Case['carried'])?.[actor]),
      );
      if (running.length > 0) union += lengthOf(second);
      for (const actor of running) own[actor] = (own[actor] ?? 0n) + lengthOf(second);
    }
    expect(agreed + disputed + unknown).toBe(union);
    expect(Object.fromEntries(perActor)).toEqual(own);
  });
});

/** Whether an actor's log has the container running in a second, by going through what it knows from the beginning. */
function runsDuring(
  second: number,
  actor: string,
  steps: readonly Step[],
  holes: Readonly<Record<string, readonly [number, number]>>,
  carried: LogState | undefined,
): boolean {
  const [from, to] = holes[actor] ?? [0, 0];
  const isOwn = ([, , who = 'ABC']: Step) => who.includes(actor);
  const [first] = steps.filter(isOwn);
  const begins = first === undefined ? 'blind' : ['die', 'pause'].includes(first[1]) ? 'presumed' : 'off';
  let state: string = carried ?? begins;
  for (let now = 0; now <= second; now++) {
    // Into a hole a log takes nothing along.
    if (now === from) state = 'blind';
    for (const step of steps.filter(([when]) => when === now)) {
      const [, action] = step;
      if (isOwn(step)) state = ['start', 'restart', 'unpause'].includes(action) ? 'on' : 'off';
      else if (state === 'blind' && ['start', 'create'].includes(action) && (now < from || now >= to)) state = 'off';
    }
  }
  return state === 'on' || state === 'presumed';
}
