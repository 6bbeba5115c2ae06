import { describe, expect, it } from 'vitest';
import { dayEnd, dayOf, type HashedEvent } from '#chaincode';
import type { Finding } from '../../reconciler/judgement.js';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { ACTORS, containerEvent, DAY, DAY_START, hashed, judge, Run, WHOLE_DAY, watch } from './support/history.js';

const [DEVELOPER = '', PROVIDER = '', USER = ''] = ACTORS;
const SECOND = 1_000_000_000n;
const NEXT_DAY = dayOf(dayEnd(DAY));
const SECOND_DAY = watch(86_400, 172_800);

const at = (seconds: number) => (DAY_START + BigInt(seconds) * SECOND).toString();
const life = (object: string, ...steps: readonly (readonly [string, number])[]) =>
  steps.map(([action, second]) => hashed(containerEvent(object, action, BigInt(second) * SECOND)));

const told = (findings: readonly Finding[]) => findings.map(({ class: name, dissent }) => [name, ...dissent]);
const runs = () => ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];

describe('equivocation', () => {
  const start = life('c1', ['start', 10]);

  it('is two contents under one number, whatever they say; a retry is none', () => {
    const [developer, provider, user] = runs();
    const first = provider.batch({ events: start, watches: [WHOLE_DAY] });
    const second = provider.twin({ events: start, watches: [WHOLE_DAY], sentAt: 1 });
    const others = [developer, user].map((run) => run.batch({ events: start, watches: [WHOLE_DAY] }));
    const { findings, sealed } = judge([first, second, { ...second, txId: 'again' }, ...others]);
    expect(sealed).toBe(true);
    expect(findings).toMatchObject([
      { class: 'equivocation', severity: 'high', source: '', dissent: [PROVIDER], majority: [], variants: [] },
    ]);
    expect(findings[0]?.batches?.map(({ n, tx }) => [n, tx])).toEqual([
      ['1', first.txId],
      ['1', second.txId],
    ]);
  });

  it('leaves what the second content attests to stand as signed, and believes none of its watches', () => {
    const [developer, provider, user] = runs();
    const ghost = life('ghost', ['start', 20]);
    const first = provider.batch({ events: start });
    const second = provider.twin({ events: ghost, watches: [WHOLE_DAY] });
    const others = [developer, user].map((run) => run.batch({ events: start, watches: [WHOLE_DAY] }));
    const judgement = judge([first, second, ...others]);
    expect(judgement.sealed).toBe(false);
    expect(told(judgement.findings)).toEqual([
      ['equivocation', PROVIDER],
      ['uncorroborated', PROVIDER],
    ]);
  });

  it('is told in the day that is sealed next, and in no other', () => {
    const [developer, provider, user] = runs();
    const all = [developer, provider, user].map((run) => run.batch({ events: start, watches: [WHOLE_DAY] }));
    const later = provider.batch({ watches: [SECOND_DAY], sentAt: 90_000 });
    const twin = provider.twin({ sentAt: 90_001 });
    const event = life('c2', ['start', 90_000]);
    const after = [developer, user].map((run) => run.batch({ events: event, watches: [SECOND_DAY], sentAt: 173_000 }));
    const history = [...all, later, twin, ...after];
    expect(judge(history).findings).toEqual([]);
    expect(told(judge(history, {}, NEXT_DAY).findings)).toContainEqual(['equivocation', PROVIDER]);
  });
});

describe('sequence', () => {
  /** The provider's third batch lands without its second, then the ledger clock goes on to so many seconds. */
  function leftOut(seconds: number, late: boolean): Invocation[] {
    const [developer, provider, user] = runs();
    const first = provider.batch({ watches: [watch(0, 50)], sentAt: 10 });
    const second = provider.batch({ watches: [watch(50, 60)], sentAt: 15 });
    const third = provider.batch({ watches: [watch(60, 86_400)], sentAt: 20 });
    const heard = [developer, user].map((run) => run.batch({ watches: [WHOLE_DAY], sentAt: 30 }));
    const on = [developer, user].map((run) => run.batch({ watches: [WHOLE_DAY], sentAt: seconds }));
    return [first, third, ...heard, ...on, ...(late ? [second] : [])];
  }

  it('is a number left out for longer than a deadline', () => {
    // What shows it appears at 20 s by the ledger clock; the deadline is 600 s.
    expect(judge(leftOut(620, false)).findings).toEqual([]);
    const { findings } = judge(leftOut(621, false));
    expect(told(findings)).toEqual([['sequence', PROVIDER]]);
    expect(findings[0]).toMatchObject({ numbers: { from: '2', to: '2' }, batches: [{ n: '3' }], time: at(20) });
  });

  it('is withdrawn when the batch comes, and is none of a run that was given up', () => {
    expect(judge(leftOut(621, true)).findings).toEqual([]);
    const later = new Run(PROVIDER, 'collector-1', 'run-2').batch({ sentAt: 40 });
    const { findings } = judge([...leftOut(621, false), later]);
    expect(told(findings)).toEqual([['silent', PROVIDER]]);
  });

  it('is a batch that does not continue the one before', () => {
    const [developer, provider, user] = runs();
    const broken = [
      provider.batch({ watches: [watch(0, 50)], sentAt: 10 }),
      provider.batch({ watches: [WHOLE_DAY], sentAt: 20, prev: 'a'.repeat(64) }),
      provider.batch({ watches: [WHOLE_DAY], sentAt: 20 }),
    ];
    const on = (seconds: number) => [developer, user].map((run) => run.batch({ sentAt: seconds }));
    const { findings } = judge([...broken, ...on(20), ...on(630)]);
    expect(findings).toMatchObject([
      { class: 'sequence', dissent: [PROVIDER], numbers: { from: '2', to: '2' }, batches: [{ n: '1' }, { n: '2' }] },
    ]);
  });
});

describe('silence', () => {
  /** Who watches up to when, batch by batch, by clocks that agree. */
  function watching(...steps: readonly (readonly [number, ...string[]])[]): Invocation[] {
    const own = new Map(ACTORS.map((actor) => [actor, new Run(actor)]));
    return steps.flatMap(([second, ...actors]) =>
      actors.flatMap((actor) => own.get(actor)?.batch({ watches: [watch(0, second)], sentAt: second }) ?? []),
    );
  }

  it('runs from the appearance of the last watch, and is established when a majority has gone on', () => {
    const begun = [100, PROVIDER, DEVELOPER, USER] as const;
    const others = [DEVELOPER, USER] as const;
    expect(judge(watching(begun, [390, ...others], [400, ...others])).findings).toEqual([]);
    // The clock passes the limit of 300 s with the last of these: that alone accuses nobody.
    expect(judge(watching(begun, [390, ...others], [401, ...others])).findings).toEqual([]);
    const { findings } = judge(watching(begun, [390, ...others], [401, ...others], [410, ...others]));
    expect(findings).toMatchObject([
      {
        class: 'silent',
        severity: 'medium',
        dissent: [PROVIDER],
        time: at(100),
        silence: { watched: at(100), to: '' },
      },
    ]);
  });

  it('ends when the watches go on, and stays told', () => {
    const others = [DEVELOPER, USER] as const;
    const steps = [
      [390, ...others],
      [401, ...others],
      [410, ...others],
      [500, PROVIDER, ...others],
    ] as const;
    const { findings } = judge(watching([100, PROVIDER, ...others], ...steps));
    expect(findings).toMatchObject([{ class: 'silent', dissent: [PROVIDER], silence: { to: at(410) } }]);
  });

  it('is none where the ledger was away and the clock leaps', () => {
    const all = [DEVELOPER, USER, PROVIDER] as const;
    expect(judge(watching([100, ...all], [3700, ...all], [3710, ...all])).findings).toEqual([]);
  });
});

describe('a stalled clock', () => {
  it('names the one of two actors that is silent, and nobody whose clock is hours off', () => {
    const actors = [PROVIDER, USER];
    const [provider, user] = [new Run(PROVIDER), new Run(USER)];
    const policy = { actors, sources: { '*': { witnesses: actors } } };
    const begun = [provider.batch({ watches: [watch(0, 50)], sentAt: 50 }), user.batch({ sentAt: 18_000 })];
    expect(judge(begun, policy).stalled).toBeUndefined();
    expect(judge([...begun, user.batch({ sentAt: 18_301 })], policy).stalled).toEqual([PROVIDER]);
  });
});

describe('order', () => {
  const events = life('c1', ['create', 10], ['start', 20], ['die', 30]);
  const [create, start, die] = events as [HashedEvent, HashedEvent, HashedEvent];
  const judged = (log: readonly HashedEvent[]) => {
    const [developer, provider, user] = runs();
    // One batch each, the provider's in the order of its log but landing the other way round.
    const batches = log.map((event) => provider.batch({ events: [event] })).reverse();
    const others = [developer, user].map((run) => run.batch({ events, watches: [WHOLE_DAY] }));
    return judge([...others, ...batches, provider.batch({ watches: [WHOLE_DAY] })]).findings;
  };

  it('is two agreed events of one object numbered the other way round, in whatever order batches land', () => {
    expect(judged([create, start, die])).toEqual([]);
    const findings = judged([start, create, die]);
    expect(findings).toMatchObject([{ class: 'order', severity: 'low', dissent: [PROVIDER], object: 'c1' }]);
    expect(findings[0]?.variants.map(({ eventHash }) => eventHash)).toEqual([create.hash, start.hash]);
    expect(findings[0]?.variants.map(({ evidence }) => evidence[0]?.number)).toEqual(['2', '1']);
  });

  it('accuses nobody where a majority numbers them so: the clock of the engine was set back', () => {
    const log = [start, create, die];
    const alike = runs().map((run) => run.batch({ events: log, watches: [WHOLE_DAY] }));
    expect(judge(alike).findings).toEqual([]);
    const [developer, provider, user] = runs();
    const two = [developer, provider].map((run) => run.batch({ events: log, watches: [WHOLE_DAY] }));
    expect(judge([...two, user.batch({ events, watches: [WHOLE_DAY] })]).findings).toEqual([]);
  });

  it('is one finding for an object, and none for events within a second or of different objects', () => {
    expect(told(judged([die, start, create]))).toEqual([['order', PROVIDER]]);
    const close = life('c1', ['create', 10], ['start', 11]);
    const other = life('c2', ['create', 5]);
    const [developer, provider, user] = runs();
    const all = [...other, ...close];
    const others = [developer, user].map((run) => run.batch({ events: all, watches: [WHOLE_DAY] }));
    const own = provider.batch({ events: [...close, ...other].reverse(), watches: [WHOLE_DAY] });
    expect(judge([...others, own]).findings).toEqual([]);
  });
});

describe('life cycle', () => {
  const judged = (steps: readonly (readonly [string, number])[], holes = false) => {
    const events = life('c1', ...steps);
    const watches = holes ? [watch(0, 25), watch(35, 86_400)] : [WHOLE_DAY];
    const { findings } = judge(runs().map((run) => run.batch({ events, watches })));
    return findings.filter((finding) => finding.class === 'lifecycle').map(({ action, dissent }) => [action, dissent]);
  };

  it.each([
    [
      'a second start',
      [
        ['start', 10],
        ['start', 40],
      ],
      'start',
    ],
    [
      'a second end',
      [
        ['start', 10],
        ['die', 20],
        ['die', 40],
      ],
      'die',
    ],
    [
      'a start after the removal',
      [
        ['die', 10],
        ['destroy', 20],
        ['start', 40],
      ],
      'start',
    ],
    [
      'a resumption of what was not paused',
      [
        ['start', 10],
        ['unpause', 40],
      ],
      'unpause',
    ],
    [
      'a second creation',
      [
        ['create', 10],
        ['start', 20],
        ['create', 40],
      ],
      'create',
    ],
    [
      'a removal of what runs',
      [
        ['start', 10],
        ['destroy', 40],
      ],
      'destroy',
    ],
  ] as const)('finds %s, and names nobody', (_, steps, action) => {
    expect(judged(steps)).toEqual([[action, []]]);
  });

  it('takes what Docker does for a life', () => {
    const restarted = [
      ['create', 1],
      ['start', 2],
      ['die', 10],
      ['stop', 10],
      ['start', 11],
      ['restart', 11],
    ] as const;
    expect(judged([...restarted, ['pause', 20], ['unpause', 30], ['die', 40], ['destroy', 41]])).toEqual([]);
    // Of a start that failed there is an end without a start; an engine may stamp an end before the start.
    expect(
      judged([
        ['create', 1],
        ['die', 2],
        ['start', 9],
        ['pause', 12],
        ['die', 15],
        ['start', 20],
      ]),
    ).toEqual([]);
    expect(
      judged([
        ['create', 1],
        ['die', 5],
        ['start', 5],
        ['start', 50],
      ]),
    ).toEqual([]);
  });

  it('says nothing where no majority watched in between', () => {
    expect(
      judged(
        [
          ['start', 20],
          ['start', 40],
        ],
        true,
      ),
    ).toEqual([]);
  });

  it('counts what stands though one actor left it out', () => {
    const events = life('c1', ['start', 10], ['die', 20], ['start', 40]);
    const [developer, provider, user] = runs();
    const { findings } = judge([
      provider.batch({ events: events.filter((_, step) => step !== 1), watches: [WHOLE_DAY] }),
      ...[developer, user].map((run) => run.batch({ events, watches: [WHOLE_DAY] })),
    ]);
    expect(told(findings)).toEqual([['missing', PROVIDER]]);
  });
});
