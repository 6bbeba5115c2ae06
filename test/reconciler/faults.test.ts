import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, describe, expect } from 'vitest';
import type { DockerEvent, HashedEvent } from '#chaincode';
import { judgementOf } from '../../reconciler/day-judgement.js';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { Projection } from '../../reconciler/projection/projection.js';
import {
  ACTORS,
  blocksOf,
  containerEvent,
  DAY,
  hashed,
  intake,
  policyTransactions,
  Run,
  WHOLE_DAY,
} from './support/history.js';

const SECOND = 1_000_000_000n;
const LIFE = ['create', 'start', 'die', 'destroy'] as const;

type Fault =
  | { readonly kind: 'left out' }
  | { readonly kind: 'altered'; readonly attribute: 'image' | 'exitCode' | 'name' }
  | { readonly kind: 'moved'; readonly by: number }
  | { readonly kind: 'invented' };

/** What one finding must say. */
interface Expected {
  readonly class: string;
  readonly object: string;
  readonly action: string;
  readonly dissent: readonly string[];
  readonly paths: readonly string[];
}

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant<Fault>({ kind: 'left out' }),
  fc.record({ kind: fc.constant('altered' as const), attribute: fc.constantFrom('image', 'exitCode', 'name') }),
  fc.record({ kind: fc.constant('moved' as const), by: fc.integer({ min: 1, max: 3600 }) }),
  fc.constant<Fault>({ kind: 'invented' }),
);

const history = fc.record({
  /** For each container: seconds between the steps of its life. */
  containers: fc.array(fc.array(fc.integer({ min: 0, max: 9000 }), { minLength: 4, maxLength: 4 }), {
    minLength: 1,
    maxLength: 8,
  }),
  /** Faults, each on an event of its own: container and step, taken modulo. */
  faults: fc.array(fc.tuple(fc.nat(), fc.nat(), fault), { maxLength: 6 }),
  liar: fc.constantFrom(...ACTORS),
  batchSizes: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
  /** The order in which batches of the three actors land. */
  order: fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
  blockSize: fc.integer({ min: 1, max: 6 }),
});

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

function truthOf({ containers }: History): DockerEvent[] {
  return containers.flatMap((steps, index) => {
    let at = BigInt(index);
    return LIFE.map((action, step) => {
      at += BigInt(steps[step] ?? 0) * SECOND + 1n;
      return containerEvent(`c${index}`, action, at, action === 'die' ? { exitCode: '0' } : {});
    });
  });
}

/** The liar's log and what the reconciler must say of it. */
function lie(truth: readonly DockerEvent[], { faults, liar }: History): { log: DockerEvent[]; expected: Expected[] } {
  const log = new Map(truth.map((event) => [event, [event]]));
  const expected: Expected[] = [];
  const extra: DockerEvent[] = [];
  for (const [container, step, what] of faults) {
    const event = truth[(container * LIFE.length + step) % truth.length] as DockerEvent;
    if (what.kind === 'invented') {
      const ghost = containerEvent(`ghost${extra.length}`, 'start', BigInt(container % 80_000) * SECOND);
      extra.push(ghost);
      expected.push({ class: 'uncorroborated', object: ghost.id, action: 'start', dissent: [liar], paths: [] });
    } else if (log.get(event)?.[0] === event) {
      const said = tell(event, what);
      log.set(event, said === undefined ? [] : [said]);
      expected.push({
        class: said === undefined ? 'missing' : 'differs',
        object: event.id,
        action: event.action,
        dissent: [liar],
        paths: what.kind === 'moved' ? ['time'] : what.kind === 'altered' ? [`attributes.${what.attribute}`] : [],
      });
    }
  }
  return { log: [...[...log.values()].flat(), ...extra], expected };
}

function tell(event: DockerEvent, what: Fault): DockerEvent | undefined {
  if (what.kind === 'altered')
    return { ...event, attributes: new Map([...event.attributes, [what.attribute, 'forged']]) };
  if (what.kind === 'moved')
    return { ...event, timeNano: (BigInt(event.timeNano) + BigInt(what.by) * SECOND).toString() };
  return undefined;
}

/** Every actor's batches, its own in order of number or not as parallel sending has it, interleaved. */
function transactions(drawn: History, logs: ReadonlyMap<string, readonly HashedEvent[]>): Invocation[] {
  const queues = [...logs].map(([actor, events], index) => {
    const run = new Run(actor);
    const size = drawn.batchSizes[index % drawn.batchSizes.length] ?? 1;
    const batches: Invocation[] = [];
    for (let at = 0; at < events.length; at += size) batches.push(run.batch({ events: events.slice(at, at + size) }));
    return [...batches, run.batch({ watches: [WHOLE_DAY] })];
  });
  const landed: Invocation[] = [];
  for (const pick of drawn.order) {
    const open = queues.filter((queue) => queue.length > 0);
    const queue = open[pick % open.length];
    // One of the first four in flight lands next.
    if (queue !== undefined) landed.push(...queue.splice(pick % Math.min(4, queue.length), 1));
  }
  return [...landed, ...queues.flat()];
}

function scenario(drawn: History) {
  const truth = truthOf(drawn);
  const { log, expected } = lie(truth, drawn);
  const logs = new Map(
    ACTORS.map((actor) => [actor, (actor === drawn.liar ? log : truth).map((event) => hashed(event))]),
  );
  const blocks = blocksOf([...policyTransactions(), ...transactions(drawn, logs)], drawn.blockSize);
  return { expected, blocks, events: truth.length };
}

const bySubject = (a: Expected, b: Expected) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

describe('one dishonest actor of three', () => {
  const directory = mkdtempSync(join(tmpdir(), 'event2ledger-'));
  let drawings = 0;
  afterAll(() => rmSync(directory, { recursive: true }));

  test.prop([history], { numRuns: 300 })('the findings are exactly the faults', (drawn) => {
    const { expected, blocks, events } = scenario(drawn);
    const projection = new Projection(':memory:');
    intake(projection, blocks);
    const { findings, coverage, sealed } = judgementOf(projection, DAY);
    projection.close();
    const found = findings.map(({ class: name, object, action, dissent, diff }) => ({
      class: name,
      object,
      action,
      dissent,
      paths: diff.map(({ path }) => path),
    })) as Expected[];
    expect(found.sort(bySubject)).toEqual([...expected].sort(bySubject));
    expect(sealed).toBe(true);
    const invented = expected.filter((one) => one.class === 'uncorroborated').length;
    expect(coverage).toEqual({
      events: events + invented,
      agreed: events + invented - expected.length,
      disputed: expected.length,
      pending: 0,
      unobservable: 0,
    });
  });

  test.prop([history, fc.nat()], { numRuns: 100 })(
    'a reconciler stopped after any block and started again says the same',
    (drawn, stop) => {
      const { blocks } = scenario(drawn);
      const straight = new Projection(':memory:');
      intake(straight, blocks);
      const at = stop % (blocks.length + 1);
      const file = join(directory, `${drawings++}.db`);
      const first = new Projection(file);
      intake(first, blocks.slice(0, at));
      first.close();
      const second = new Projection(file);
      intake(second, blocks.slice(at));
      expect(JSON.stringify(judgementOf(second, DAY))).toBe(JSON.stringify(judgementOf(straight, DAY)));
      straight.close();
      second.close();
    },
  );
});
