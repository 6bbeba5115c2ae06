import { type HashedEvent, type Policy, parseBatch, policyHash, policyText } from '#chaincode';
import type { FindingClass } from '../../reconciler/judgement.js';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { Seeded } from '../campaign/random.js';
import { invocation, policyTransactions } from '../reconciler/support/history.js';
import { type Away, type Conduct, collect, type Landing } from './collecting.js';
import { type Collusion, collude } from './collusion.js';
import { type Expected, merged } from './expected.js';
import { floodExpected, liarTells, type Misconduct, misconductOf, type Told } from './liar.js';
import { absenceExpected, awayOf, fortuneOf, logOf, sight } from './scene.js';
import { PACE } from './timing.js';
import { type Arm, type Track, type World, worldOf } from './world.js';

/** A ledger with what was done wrong on it, known because it was drawn. */
export interface History {
  readonly arm: Arm;
  readonly world: World;
  readonly transactions: readonly Invocation[];
  readonly blockSize: number;
  readonly expected: readonly Expected[];
  /** What may be said or not: it hangs on which of two batches moved the ledger clock. */
  readonly optional: readonly Expected[];
  /** What a majority of liars agreed or did not agree to tell. */
  readonly collusions: readonly Collusion[];
}

/** The arms in a hundred histories. */
const SHARES: readonly (readonly [Arm, number])[] = [
  ['one', 72],
  ['honest', 16],
  ['two', 6],
  ['majority', 6],
];

export function armOf(seed: number, index: number): Arm {
  const drawn = new Seeded(seed).stream(`arm ${index}`).next() * 100;
  const upTo = (at: number) => SHARES.slice(0, at + 1).reduce((sum, [, share]) => sum + share, 0);
  return SHARES.find((_, at) => drawn < upTo(at))?.[0] ?? 'one';
}

/** The history of a seed and a number: the same for the same. */
export function historyOf(seed: number, index: number): History {
  const arm = armOf(seed, index);
  const seeded = new Seeded(seed).stream(`history ${index}`);
  const world = worldOf(arm, seeded.stream('world'));
  const random = seeded.stream('telling');
  const kinds = new Map(world.liars.map((liar) => [liar, misconductFor(world, arm, random)]));
  const aways = awaysOf(world, arm, [...kinds.values()], random);
  const isSeen = sight(world, aways);
  const landings: Landing[] = [];
  const expected: Expected[] = world.truth.flatMap(illegalExpected);
  const optional: Expected[] = [];
  const orders: Told['orders'][] = [];
  const floods: { actor: string; events: readonly HashedEvent[] }[] = [];
  const collusions = arm === 'majority' ? collude(world, random) : [];
  const someoneIsAway = aways.size > 0;
  for (const track of world.tracks) {
    const { actor } = track;
    const isLiar = world.liars.includes(actor);
    let conduct = fortuneOf(world, arm, random);
    if (isLiar && arm === 'one' && (world.actors.length > 4 || !someoneIsAway) && random.percent(50)) {
      // A minority's clocks, the liar's among them, do not move the ledger clock.
      conduct = { ...conduct, skew: random.whole(-18_000, 18_000) };
    }
    if (arm === 'majority') {
      const log = collusions.reduce(
        (told, { tellings }) => tellings.get(actor)?.(told, track) ?? told,
        logOf(world, track),
      );
      log.sort((a, b) => a.place - b.place);
      landings.push(...collect(world, track, log, conduct).landings);
    } else if (isLiar) {
      const isFirst = world.tracks.find((other) => other.actor === actor) === track;
      const kind = isFirst ? (kinds.get(actor) ?? 'none') : 'none';
      const told = liarTells(world, track, misconductOf(world, kind, conduct, random), isSeen, random);
      landings.push(...told.collected.landings);
      expected.push(...told.expected);
      optional.push(...told.optional);
      orders.push(told.orders);
      if (told.floods.length > 0) floods.push({ actor, events: told.floods });
    } else landings.push(...honest(world, track, conduct, aways.get(track), { expected, optional }));
  }
  const transactions = transactionsOf(world, landings);
  for (const { actor, events } of floods) {
    expected.push(...floodExpected(actor, asLanded(transactions, events), world.policy.quota, isSeen));
  }
  const disputed = disputedOf(expected);
  expected.push(...orders.flatMap((ordersOf) => ordersOf(disputed)));
  return {
    arm,
    world,
    transactions,
    blockSize: random.whole(1, 9),
    expected: merged(expected),
    optional: merged(optional),
    collusions,
  };
}

/** The events that somebody lacks or tells otherwise. */
function disputedOf(expected: readonly Expected[]): Set<string> {
  const classes: readonly FindingClass[] = ['missing', 'differs', 'uncorroborated'];
  return new Set(expected.filter(({ class: name }) => classes.includes(name)).flatMap(({ shownBy }) => shownBy));
}

function misconductFor(world: World, arm: Arm, random: Seeded): Misconduct {
  if (arm === 'majority') return 'none';
  const kinds: Misconduct[] = ['none', 'none', 'equivocates'];
  if (!world.flooded) kinds.push('withholds', 'withholds');
  // Of silence and lateness the ledger clock decides: where honest clocks are hours apart it is one of theirs, or none.
  if (!world.flooded && !world.skewed && arm === 'one') kinds.push('is away', 'is away', 'is away', 'falls silent');
  return random.shuffled(kinds)[0] ?? 'none';
}

/** Honest collectors that are away for a while. With a liar there is one at the most, so that a majority stays. */
function awaysOf(world: World, arm: Arm, kinds: readonly Misconduct[], random: Seeded): Map<Track, Away> {
  const { tracks, liars } = world;
  const candidates = tracks.filter(({ actor, collector }) => !liars.includes(actor) && collector !== 'collector-9');
  if (arm === 'honest') {
    return new Map(candidates.filter(() => random.percent(30)).map((track) => [track, awayOf(world, true, random)]));
  }
  const isDisturbed = kinds.some((kind) => !['none', 'equivocates'].includes(kind));
  const hasOdd = world.truth.some(({ illegal }) => illegal);
  if (arm !== 'one' || world.skewed || world.flooded || isDisturbed || hasOdd || !random.percent(50)) return new Map();
  const [track] = random.shuffled(candidates);
  return track === undefined ? new Map() : new Map([[track, awayOf(world, true, random)]]);
}

function honest(
  world: World,
  track: Track,
  conduct: Conduct,
  away: Away | undefined,
  { expected, optional }: { readonly expected: Expected[]; readonly optional: Expected[] },
): readonly Landing[] {
  const collected = collect(world, track, logOf(world, track), { ...conduct, ...(away && { away }) });
  if (away !== undefined) {
    const told = absenceExpected(world, track, away, collected);
    expected.push(...told.expected);
    optional.push(...told.optional);
  }
  return collected.landings;
}

function illegalExpected({ illegal, event: { hash } }: World['truth'][number]): Expected[] {
  if (!illegal) return [];
  return [{ class: 'lifecycle', verdict: 'established', about: hash, dissent: [], shownBy: [hash] }];
}

/** Policies and batches in the order in which they reach the ledger. */
function transactionsOf({ policy, later, actors }: World, landings: readonly Landing[]): Invocation[] {
  const decided = later === undefined ? [] : decision(later.policy, actors);
  const at = later?.landsIn === undefined ? -1 : later.landsIn * PACE;
  const all = [...decided.map((transaction) => ({ at, transaction })), ...landings].sort((a, b) => a.at - b.at);
  return [...policyTransactions(policy), ...all.map(({ transaction }) => transaction)];
}

function decision(policy: Policy, actors: readonly string[]): Invocation[] {
  const text = policyText(policy);
  const [first = '', ...others] = actors;
  return [
    invocation(first, 'ProposePolicy', [text]),
    ...others.map((actor) => invocation(actor, 'ApprovePolicy', ['2', policyHash(text)])),
  ];
}

/** Events in the order in which the ledger has them. */
function asLanded(transactions: readonly Invocation[], events: readonly HashedEvent[]): HashedEvent[] {
  const open = new Map(events.map((event) => [event.canonical, event]));
  return transactions
    .filter(({ fn }) => fn === 'Attest')
    .flatMap(({ args }) => parseBatch(args[0] ?? '').entries)
    .flatMap(({ b }) => {
      const event = open.get(b);
      open.delete(b);
      return event ?? [];
    });
}
