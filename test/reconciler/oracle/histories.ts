import { fc } from '@fast-check/vitest';
import {
  type Batch,
  canonicalEvent,
  completePolicy,
  type DockerEvent,
  type HashedEvent,
  type Policy,
} from '#chaincode';
import type { Invocation } from '../../../reconciler/ledger/block.js';
import { DAY_START, policyTransactions, Run } from '../support/history.js';

const SECOND = 1_000_000_000n;
const HALF_HOUR = 1800n * SECOND;
/** Names that sort unlike they are ordered here, and that every object has already. */
const ACTOR_NAMES = ['Zeta-1', 'alphaMSP', '9', '10', 'constructor'];
const SOURCES = ['LISTED', 'ended', 'free', 'toString'];

const slot = fc.integer({ min: -4, max: 100 });
const claim = fc.record({ source: fc.nat({ max: 4 }), from: slot, length: fc.integer({ min: 1, max: 60 }) });

const step = fc.record({
  actor: fc.nat({ max: 6 }),
  collector: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  newRun: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  events: fc.array(fc.nat({ max: 30 }), { maxLength: 6 }),
  watches: fc.array(claim, { maxLength: 3 }),
  gaps: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(claim, { maxLength: 2 }) },
  ),
  /** Seconds from one batch to the next, and how far off the collector's clock is. */
  pause: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20_000 })),
  skew: fc.oneof(fc.constant(0), fc.integer({ min: -20_000, max: 20_000 })),
  /** The collector's own time of an event without one, in seconds about the midnight after the first day. */
  t: fc.integer({ min: -3, max: 3 }),
  fate: fc.oneof(
    { weight: 12, arbitrary: fc.constant('lands' as const) },
    { weight: 1, arbitrary: fc.constant('lost' as const) },
    { weight: 2, arbitrary: fc.constant('sent twice' as const) },
    { weight: 1, arbitrary: fc.constant('given a twin' as const) },
    { weight: 1, arbitrary: fc.constant('broken' as const) },
  ),
  /** By how many batches it is overtaken. */
  delay: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 12 }) }),
});

const event = fc.record({
  source: fc.nat({ max: 4 }),
  slot: fc.integer({ min: 0, max: 96 }),
  nudge: fc.integer({ min: -1, max: 1 }),
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant('kill' as const) },
    { weight: 2, arbitrary: fc.constant('removal' as const) },
    { weight: 1, arbitrary: fc.constant('unrecorded' as const) },
  ),
  object: fc.nat({ max: 2 }),
  image: fc.nat({ max: 1 }),
  /** What happens in a container's life, where lives are judged. */
  life: fc.nat({ max: 7 }),
});

/** What fast-check draws; `built` makes transactions of it. */
export const history = fc.record({
  actors: fc.integer({ min: 2, max: 5 }),
  keepers: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 2 }) }),
  /** Bits: which actors witness each source; none set means all. */
  witnesses: fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 31 })), { minLength: 3, maxLength: 3 }),
  until: slot,
  from: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat({ max: 40 }) }),
  window: fc.constantFrom(1, 3600, 86_400),
  quota: fc.oneof({ weight: 3, arbitrary: fc.constant(10_000) }, { weight: 1, arbitrary: fc.constantFrom(1, 2, 3) }),
  events: fc.array(event, { minLength: 1, maxLength: 10 }),
  steps: fc.array(step, { minLength: 4, maxLength: 40 }),
  /** Whether at the end everybody watches everything to the end of the third day. */
  ends: fc.boolean(),
  blockSize: fc.integer({ min: 1, max: 5 }),
});

export type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

const at = (half: number) => DAY_START + BigInt(half) * HALF_HOUR;

export interface Built {
  readonly policy: Policy;
  readonly transactions: readonly Invocation[];
}

/**
 * @param lives whether events are of few containers and make their lives; else each has an object of its own. No two are
 *   variants of one another either way.
 */
export function built(drawn: History, lives: boolean): Built {
  const policy = policyOf(lives ? { ...drawn, window: 1 } : drawn);
  const events = drawn.events.map((one, index) => (lives ? lifeEventOf(one) : eventOf(one, index)));
  const keepers = Array.from({ length: drawn.keepers }, (_, index) => `Keeper-${index}`);
  // One stranger, whom the policy does not name, may sign too.
  const senders = [...policy.actors, ...keepers, 'StrangerMSP'];
  const runs = new Map<string, { run: Run; count: number }>();
  const landing: { at: number; transaction: Invocation }[] = [];
  let now = 0;
  const runOf = (actor: string, collector: number, fresh: boolean) => {
    const key = `${actor} ${collector}`;
    const known = runs.get(key);
    if (known !== undefined && !fresh) return known.run;
    const count = (known?.count ?? 0) + 1;
    const run = new Run(actor, `collector-${collector}`, `run-${count}`);
    runs.set(key, { run, count });
    return run;
  };
  for (const [index, one] of drawn.steps.entries()) {
    const actor = senders[one.actor % senders.length] as string;
    now += one.pause;
    const run = runOf(actor, one.collector, one.newRun);
    const parts = {
      // A timekeeper attests nothing.
      events: keepers.includes(actor)
        ? []
        : distinct(one.events.map((number) => events[number % events.length] as HashedEvent)),
      watches: one.watches.map(claimOf),
      gaps: [...one.gaps].map((gap) => ({ ...claimOf(gap), reason: 'drawn' })),
      sentAt: Math.max(0, now + one.skew),
      t: (at(48) + BigInt(one.t) * SECOND).toString(),
    };
    const transaction = run.batch({ ...parts, ...(one.fate === 'broken' && run.hasBegun && { prev: 'f'.repeat(64) }) });
    if (one.fate === 'given a twin') {
      // Everything the same but the time at which it was sent, or what it watched.
      const twin = one.t % 2 === 0 ? { ...parts, sentAt: parts.sentAt + 1 } : { ...parts, watches: [], events: [] };
      landing.push({ at: index + (one.pause % 5), transaction: run.twin({ ...twin, gaps: [] }) });
    }
    if (one.fate !== 'lost') landing.push({ at: index + one.delay, transaction });
    if (one.fate === 'sent twice') {
      landing.push({ at: index + one.delay + 2, transaction: { ...transaction, txId: `${transaction.txId} again` } });
    }
  }
  if (drawn.ends) {
    for (const [index, actor] of policy.actors.entries()) {
      const watches = SOURCES.map((source) => ({ source, from: at(0).toString(), to: at(144).toString() }));
      const transaction = new Run(actor, 'collector-9', 'last').batch({ watches, sentAt: now + 1 });
      landing.push({ at: 100 + index, transaction });
    }
  }
  landing.sort((a, b) => a.at - b.at);
  return { policy, transactions: [...policyTransactions(policy), ...landing.map(({ transaction }) => transaction)] };
}

function policyOf(drawn: History): Policy {
  const actors = ACTOR_NAMES.slice(0, drawn.actors);
  const [listed, ended, free] = drawn.witnesses.map((bits) => {
    const chosen = actors.filter((_, index) => (bits >> index) & 1);
    return chosen.length === 0 ? actors : chosen;
  }) as [string[], string[], string[]];
  return completePolicy({
    from: drawn.from < 0 ? '0' : at(drawn.from).toString(),
    actors,
    timekeepers: Array.from({ length: drawn.keepers }, (_, index) => `Keeper-${index}`),
    sources: {
      LISTED: { witnesses: listed },
      ended: { witnesses: ended, until: at(drawn.until + 4).toString() },
      '*': { witnesses: free },
    },
    window: drawn.window,
    quota: drawn.quota,
  });
}

function claimOf({ source, from, length }: { source: number; from: number; length: number }): Batch['watches'][number] {
  return { source: sourceName(source), from: at(from).toString(), to: at(from + length).toString() };
}

/** Mostly the listed source: where everybody is, much can go wrong. */
function sourceName(number: number): string {
  return SOURCES[number] ?? 'LISTED';
}

function eventOf(one: History['events'][number], index: number): HashedEvent {
  const removal = one.kind === 'removal';
  const raw: DockerEvent = {
    scope: removal ? 'swarm' : 'local',
    type: removal ? 'service' : 'container',
    action: removal ? 'remove' : one.kind === 'unrecorded' ? 'attach' : 'kill',
    id: `object-${index}`,
    attributes: new Map([
      ['__proto__', 'a label'],
      ['image', `image-${one.image}`],
    ]),
    timeNano: (at(one.slot) + BigInt(one.nudge)).toString(),
  };
  return canonicalEvent(raw, { source: sourceName(one.source), ignore: [] });
}

const LIFE = ['create', 'start', 'die', 'destroy', 'pause', 'unpause', 'stop', 'restart'];

function lifeEventOf(one: History['events'][number]): HashedEvent {
  const raw: DockerEvent = {
    // Few are of a Swarm: their times are not one engine's.
    scope: one.kind === 'removal' ? 'swarm' : 'local',
    type: 'container',
    action: LIFE[one.life] as string,
    id: `object-${one.object}`,
    attributes: new Map(),
    // Out of the window of an engine's event of the same moment, of which it would else be a variant.
    timeNano: (at(one.slot) + (one.kind === 'removal' ? 2n * SECOND : 0n)).toString(),
  };
  return canonicalEvent(raw, { source: sourceName(one.source), ignore: [] });
}

/** No batch has an event twice; some of what is drawn is the same by its bytes. */
function distinct(events: readonly HashedEvent[]): HashedEvent[] {
  return [...new Map(events.map((event) => [event.hash, event])).values()];
}
