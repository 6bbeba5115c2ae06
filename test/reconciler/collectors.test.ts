import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { dayEnd, dayOf, type Policy } from '#chaincode';
import { judgementOf } from '../../reconciler/day-judgement.js';
import type { Finding } from '../../reconciler/judgement.js';
import { sealedDays } from '../../reconciler/kept-days.js';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { batchOf, collected, type Fortune, landed, type Misdeeds, PACE, type Seen } from './support/collectors.js';
import { containerEvent, DAY, hashed, policyTransactions, projectionOf } from './support/history.js';

const SECOND = 1_000_000_000n;
const RUNS = 40;
const NAMES = ['A', 'B', 'C', 'D', 'E'];
const NEXT_DAY = dayOf(dayEnd(DAY));

function policyFor(actors: readonly string[]): Partial<Policy> {
  return {
    actors: [...actors],
    sources: { '*': { witnesses: [...actors] } },
    grace: PACE,
    deadline: 10 * PACE,
    silence: 3 * PACE,
    heartbeat: PACE,
    window: 7200,
  };
}

/** For each container when its life begins, and how many seconds each step takes. */
const lives = fc.array(fc.tuple(fc.integer({ min: 0, max: 80_000 }), fc.constantFrom(2, 700, 1500)), {
  minLength: 1,
  maxLength: 8,
});

function truthOf(drawn: readonly (readonly [number, number])[]): Seen[] {
  const truth = drawn.flatMap(([begin, pace], index) =>
    ['create', 'start', 'die', 'destroy'].map((action, step) => {
      const second = begin + step * pace;
      const offset = BigInt(second) * SECOND + BigInt(index);
      return { second, event: hashed(containerEvent(`c${index}`, action, offset)) };
    }),
  );
  return truth.sort((a, b) => a.second - b.second);
}

const crash = fc.record({
  from: fc.integer({ min: 5000, max: 70_000 }),
  length: fc.integer({ min: 1000, max: 4 * PACE }),
  newRun: fc.boolean(),
});

const fortune: fc.Arbitrary<Fortune> = fc
  .record({
    skew: fc.oneof(fc.constant(0), fc.integer({ min: -5 * 3600, max: 5 * 3600 })),
    // Up to a quarter of the deadline: what is lost is sent again, later ones overtake it.
    delays: fc.array(fc.oneof(fc.constant(5), fc.integer({ min: 0, max: 1800 })), { minLength: 1, maxLength: 7 }),
    retries: fc.nat({ max: 4 }),
    crash: fc.option(crash, { nil: undefined, freq: 3 }),
  })
  .map(({ crash: drawn, ...rest }) => ({
    ...rest,
    ...(drawn && { crash: { from: drawn.from, to: drawn.from + drawn.length, newRun: drawn.newRun } }),
  }));

function judged(actors: readonly string[], transactions: readonly Invocation[]) {
  const projection = projectionOf([...policyTransactions(policyFor(actors)), ...transactions], 4);
  try {
    const days = sealedDays(projection);
    return { days, first: judgementOf(projection, DAY), next: judgementOf(projection, NEXT_DAY) };
  } finally {
    projection.close();
  }
}

describe('honest collectors', () => {
  test.prop([fc.constantFrom(3, 5), lives, fc.array(fortune, { minLength: 5, maxLength: 5 })], { numRuns: RUNS })(
    'under loss, delay, reordering, crashes and clocks that are hours off are accused of nothing',
    (count, drawn, fortunes) => {
      const actors = NAMES.slice(0, count);
      const truth = truthOf(drawn);
      const landings = actors.flatMap((actor, index) => collected(actor, truth, fortunes[index] as Fortune));
      const { first, next } = judged(actors, landed(landings));
      const accusing = (findings: readonly Finding[]) =>
        findings.map(({ class: name }) => name).filter((name) => !['gap', 'late', 'silent'].includes(name));
      expect([...accusing(first.findings), ...accusing(next.findings)]).toEqual([]);
      // Nor do amendments bring any.
      const later = next.amends.map(({ change }) => change).filter((change) => change.startsWith('new: '));
      expect(later.filter((change) => !/^new: (gap|late|silent)/.test(change))).toEqual([]);
    },
  );
});

type Fault = 'left out' | 'altered' | 'moved' | 'invented' | 'equivocated' | 'withheld' | 'reordered';

const faults = fc.array(
  fc.tuple(
    fc.constantFrom<Fault>('left out', 'altered', 'moved', 'invented', 'equivocated', 'withheld', 'reordered'),
    fc.nat(),
  ),
  { maxLength: 5 },
);

/** A liar's log and misdeeds, and what must be found: class and what it is about. */
function lie(truth: readonly Seen[], drawn: readonly (readonly [Fault, number])[]) {
  const log = new Map<Seen, Seen | undefined>(truth.map((seen) => [seen, seen]));
  const extra: Seen[] = [];
  const withheld = new Set<number>();
  const twins = new Set<number>();
  const expected: string[] = [];
  const [, hidden] = drawn.find(([kind]) => kind === 'withheld') ?? [];
  if (hidden !== undefined) {
    // Early enough for the deadline to pass, and not the first.
    const place = 1 + (hidden % 40);
    withheld.add(place);
    expected.push(`sequence ${place + 1}`);
    for (const seen of truth.filter(({ second }) => batchOf(second) === place)) {
      expected.push(`missing ${seen.event.hash}`);
      log.delete(seen);
    }
  }
  for (const [kind, pick] of drawn) {
    const seen = [...log.keys()][pick % Math.max(log.size, 1)];
    if (kind === 'equivocated' && !withheld.has(pick % 60) && !twins.has(pick % 60)) {
      twins.add(pick % 60);
      expected.push(`equivocation ${(pick % 60) + 1}`);
    } else if (kind === 'invented') {
      const second = withheld.has(batchOf(pick % 80_000)) ? 80_001 : pick % 80_000;
      if (withheld.has(batchOf(second))) continue;
      const event = hashed(containerEvent(`ghost${extra.length}`, 'start', BigInt(second) * SECOND));
      extra.push({ second, event });
      expected.push(`uncorroborated ${event.hash}`);
    } else if (seen !== undefined && log.get(seen) === seen && ['left out', 'altered', 'moved'].includes(kind)) {
      log.set(seen, kind === 'left out' ? undefined : tell(seen, kind));
      expected.push(`${kind === 'left out' ? 'missing' : 'differs'} ${seen.event.hash}`);
    }
  }
  const said = [...log.values()].flatMap((seen) => seen ?? []);
  const swapped = drawn.some(([kind]) => kind === 'reordered') ? firstPair(said, log) : undefined;
  if (swapped !== undefined) {
    const [a, b] = swapped;
    said.splice(said.indexOf(a), 1);
    said.splice(said.indexOf(b) + 1, 0, a);
    expected.push(`order ${a.event.hash}`);
  }
  return { log: [...said, ...extra], misdeeds: { withheld, twins } satisfies Misdeeds, expected: expected.sort() };
}

function tell({ second, event: { event } }: Seen, kind: Fault): Seen {
  const { object, action, time = '0' } = event;
  const offset = BigInt(second) * SECOND + (BigInt(time) % SECOND) + (kind === 'moved' ? 60n * SECOND : 0n);
  return {
    second,
    event: hashed(containerEvent(object, action, offset, kind === 'altered' ? { image: 'forged' } : {})),
  };
}

/** Creation and start of one container, told truly, in one batch. */
function firstPair(said: readonly Seen[], log: ReadonlyMap<Seen, Seen | undefined>): readonly [Seen, Seen] | undefined {
  for (const a of said.filter((seen) => log.get(seen) === seen && seen.event.event.action === 'create')) {
    const b = said.find(
      (seen) =>
        log.get(seen) === seen &&
        seen.event.event.object === a.event.event.object &&
        seen.event.event.action === 'start' &&
        batchOf(seen.second) === batchOf(a.second),
    );
    if (b !== undefined) return [a, b];
  }
  return undefined;
}

function nameOf({ class: name, majority, variants, batches, numbers }: Finding): string {
  const hash = (variants.find(({ actors }) => actors.some((actor) => majority.includes(actor))) ?? variants[0])
    ?.eventHash;
  return `${name} ${numbers?.from ?? batches?.[0]?.n ?? (hash as string)}`;
}

describe('one dishonest collector', () => {
  test.prop(
    [fc.constantFrom(3, 5), fc.nat({ max: 4 }), lives, faults, fc.array(fortune, { minLength: 5, maxLength: 5 })],
    {
      numRuns: RUNS,
    },
  )('of three or five is found out in all it does, and in nothing else', (count, liar, drawn, kinds, fortunes) => {
    const actors = NAMES.slice(0, count);
    const truth = truthOf(drawn);
    const { log, misdeeds, expected } = lie(truth, kinds);
    const landings = actors.flatMap((actor, index) => {
      // What is told of a clock that is off by hours and of those who are down is another matter.
      const { crash: _, skew, ...rest } = fortunes[index] as Fortune;
      const own = { ...rest, skew: skew % 600 };
      return index === liar % count ? collected(actor, log, own, misdeeds) : collected(actor, truth, own);
    });
    const { days, first, next } = judged(actors, landed(landings));
    const found = [...first.findings, ...next.findings].filter(
      ({ class: name }) => !['gap', 'late', 'silent'].includes(name),
    );
    for (const { dissent } of found) expect(dissent).toEqual([actors[liar % count]]);
    expect(found.map(nameOf).sort()).toEqual(expected);
    if (misdeeds.withheld.size === 0) expect(days).toEqual([DAY]);
  });
});
