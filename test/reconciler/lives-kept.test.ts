import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { completePolicy, type HashedEvent } from '#chaincode';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { DayLives, LifeLog } from '../../reconciler/projection/life-log.js';
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
  SOURCE,
  watch,
} from './support/history.js';

const SOURCES = [SOURCE, 'another'];
const ACTIONS = ['create', 'start', 'pause', 'unpause', 'die', 'stop', 'restart', 'destroy', 'rename', 'kill'];
const SECOND = 1_000_000_000n;
const HOUR = 3600;
const SERVICE = 'com.docker.swarm.service.name';

const event = fc.record({
  source: fc.nat({ max: 1 }),
  object: fc.nat({ max: 3 }),
  action: fc.nat({ max: ACTIONS.length - 1 }),
  /** Half hours since the first day began. */
  slot: fc.integer({ min: 0, max: 100 }),
  /** So that some are of one moment, and some of one time. */
  nudge: fc.constantFrom(0n, 0n, 1n, SECOND, SECOND + 1n),
  name: fc.constantFrom('web', 'web', 'a "quoted" name', '"name":"', 'Müller {},'),
  service: fc.constantFrom(undefined, 'shop'),
  /** Who does not attest it; most often nobody. */
  lackedBy: fc.constantFrom(-1, -1, -1, -1, -1, -1, 0, 1),
  /** Who alone attests it; most often nobody. */
  onlyBy: fc.constantFrom(-1, -1, -1, -1, -1, -1, 0, 2),
});

const drawnDays = fc.record({
  events: fc.array(event, { minLength: 1, maxLength: 25 }),
  /** Hours that an actor did not watch. */
  holes: fc.array(fc.record({ actor: fc.nat({ max: 2 }), source: fc.nat({ max: 1 }), hour: fc.nat({ max: 48 }) }), {
    maxLength: 2,
  }),
  isLabelled: fc.boolean(),
  /** How many events an actor may alone attest of a day. */
  quota: fc.constantFrom(1, 2, 10_000),
  isSorted: fc.boolean(),
  batch: fc.integer({ min: 1, max: 30 }),
  block: fc.integer({ min: 1, max: 8 }),
});

type Drawn = typeof drawnDays extends fc.Arbitrary<infer T> ? T : never;

function transactionsOf({ events, holes, isLabelled, quota, isSorted, batch }: Drawn): Invocation[] {
  const hashedOnes = new Map(events.map((one) => [eventOf(one).hash, { one, hashed: eventOf(one) }]));
  const all = [...hashedOnes.values()];
  if (isSorted) all.sort((a, b) => (BigInt(a.hashed.event.time ?? 0) < BigInt(b.hashed.event.time ?? 0) ? -1 : 1));
  const { tariff } = completePolicy({ from: '0', actors: ACTORS });
  const transactions = policyTransactions({
    quota,
    ...(isLabelled && { tariff: { ...tariff, labels: [SERVICE, 'name'] } }),
  });
  const runs = ACTORS.map((actor) => new Run(actor));
  for (let at = 0; at < all.length; at += batch) {
    const part = all.slice(at, at + batch);
    for (const [index, run] of runs.entries()) {
      const sees = ({ lackedBy, onlyBy }: (typeof events)[number]) =>
        onlyBy === -1 ? lackedBy !== index : onlyBy === index;
      const seen = part.filter(({ one }) => sees(one)).map(({ hashed: event }) => event);
      transactions.push(run.batch({ events: seen, sentAt: 40 * HOUR }));
    }
  }
  for (const [index, run] of runs.entries()) {
    const watches = SOURCES.flatMap((source, number) => {
      const hours = holes.filter((hole) => hole.actor === index && hole.source === number).map(({ hour }) => hour);
      const cuts = [...new Set(hours)].sort((a, b) => a - b);
      const starts = [0, ...cuts.map((hour) => (hour + 1) * HOUR)];
      return starts.map((from, part) => watch(from, (cuts[part] ?? 72) * HOUR, source));
    });
    transactions.push(run.batch({ watches: watches.filter(({ from, to }) => from < to), sentAt: 73 * HOUR }));
  }
  return transactions;
}

function eventOf({ source, object, action, slot, nudge, name, service }: Drawn['events'][number]): HashedEvent {
  const attributes = { name, ...(service === undefined ? {} : { [SERVICE]: service }) };
  const offset = BigInt(slot) * 1800n * SECOND + nudge;
  return hashed(containerEvent(`c${object}`, ACTIONS[action] as string, offset, attributes), SOURCES[source]);
}

/** What is stored of the sealed days. @param isKept whether lives may be judged from what was kept as they came */
function sealedDays(transactions: readonly Invocation[], block: number, isKept: boolean): unknown[] {
  const projection = new Projection(':memory:');
  if (!isKept) projection.lives.of = () => undefined;
  intake(projection, blocksOf(transactions, block));
  const days = projection.db.prepare('SELECT * FROM days ORDER BY day').all();
  projection.close();
  return days;
}

describe('lives that were kept as they came', () => {
  test.prop([drawnDays], { numRuns: 150 })('say what the table of events says, byte for byte', (drawn) => {
    const transactions = transactionsOf(drawn);
    const days = sealedDays(transactions, drawn.block, true);
    expect(days.length).toBeGreaterThan(0);
    expect(days).toEqual(sealedDays(transactions, drawn.block, false));
  });

  it('are kept until the day is sealed, and not begun behind what came before the process', () => {
    const run = new Run(ACTORS[0] as string);
    const at = (hour: number) => hashed(containerEvent(`c${hour}`, 'start', BigInt(hour * HOUR) * SECOND));
    const sealing = ACTORS.slice(1).map((actor) =>
      new Run(actor).batch({ watches: [watch(0, 86_400)], sentAt: 90_000 }),
    );
    const first = [...policyTransactions(), run.batch({ events: [at(1)], sentAt: 7200 })];
    const last = [...sealing, run.batch({ watches: [watch(0, 86_400)], sentAt: 90_000 })];
    const blocks = blocksOf([...first, run.batch({ events: [at(2)], sentAt: 9000 }), ...last], first.length);
    const projection = new Projection(':memory:');
    intake(projection, blocks.slice(0, 1));
    const lives = projection.lives.of(DAY);
    expect([...(lives?.containers() ?? [])].map(({ object }) => object)).toEqual(['c1']);
    // As after a restart: the day has begun already.
    const later = new LifeLog(projection.db);
    const { event, canonical } = at(2);
    later.entered(DAY, projection.sources.named(SOURCE), event, 2, canonical);
    expect(later.of(DAY)).toBeUndefined();
    intake(projection, blocks.slice(1));
    expect(projection.db.prepare('SELECT day FROM days').pluck().all()).toEqual([DAY]);
    expect(projection.lives.of(DAY)).toBeUndefined();
    projection.close();
  });

  it('weigh what actors call their containers', () => {
    const projection = new Projection(':memory:');
    const lives = new DayLives(DAY);
    const { event, canonical } = hashed(containerEvent('c'.repeat(1000), 'start', SECOND));
    const before = lives.bytes;
    lives.add(projection.sources.named(SOURCE), event, 0, 1, canonical);
    expect(lives.bytes - before).toBeGreaterThan(1000);
    projection.close();
  });
});
