import type { HashedEvent } from '#chaincode';
import { unpadNanos } from '#chaincode';
import type { Seeded } from '../campaign/random.js';
import { DAY_START } from '../reconciler/support/history.js';
import { type Collected, type Conduct, collect, type Entry } from './collecting.js';
import { type Expected, orderedAs } from './expected.js';
import { flood, forged, inventionOf, kindOf, LIES, missingOf, type Story, tell } from './lies.js';
import { absenceExpected, awayOf, logOf, silenceOf } from './scene.js';
import { placeOf } from './timing.js';
import type { Happened, Track, World } from './world.js';

const SECOND = 1_000_000_000n;
/** A place that no history reaches. */
const NEVER = 100_000;

/** What a liar does with its batches. */
export type Misconduct = 'none' | 'withholds' | 'is away' | 'falls silent' | 'equivocates';

/** A liar's batches and what must be found of it. */
export interface Told {
  readonly collected: Collected;
  readonly expected: Expected[];
  readonly optional: Expected[];
  /** What was numbered the wrong way round; that is told of events alone that nobody disputes. */
  readonly orders: (disputed: ReadonlySet<string>) => Expected[];
  /** Events beyond what the quota allows, in no order. */
  readonly floods: readonly HashedEvent[];
}

/** Draws what is wrong with a liar's batches as such. */
export function misconductOf(world: World, kind: Misconduct, fortune: Conduct, random: Seeded): Conduct {
  const place = random.whole(world.begin + 1, world.end - 1);
  switch (kind) {
    case 'none':
      return fortune;
    case 'withholds':
      return { ...fortune, withheld: place };
    case 'equivocates':
      return { ...fortune, twin: { place } };
    case 'is away':
      return { ...fortune, away: awayOf(world, false, random) };
    case 'falls silent':
      return { ...fortune, away: { from: place, to: NEVER, after: 'hides', newRun: false } };
  }
}

/** Makes up a liar's log of one collector and builds its batches. */
export function liarTells(world: World, track: Track, drawn: Conduct, isSeen: Story['isSeen'], random: Seeded): Told {
  const story: Story = {
    world,
    actor: track.actor,
    track,
    conduct: withTwin(world, track, drawn, random),
    log: logOf(world, track),
    expected: [],
    used: new Set(),
    isSeen,
  };
  const { conduct, log, expected } = story;
  for (const happened of lostOf(story)) story.used.add(kindOf(happened));
  if (conduct.twin?.instead !== undefined) {
    const [event, told] = conduct.twin.instead;
    const happened = world.truth.find((one) => one.event === event) as Happened;
    story.used.add(kindOf(happened));
    expected.push(inventionOf(story, told, happened.second));
  }
  // One collector's, so that the quota is its alone.
  const floods = world.flooded && track.collector === 'collector-1' ? flood(story, random) : [];
  if (!world.flooded) {
    for (let lies = random.whole(0, 4); lies > 0; lies--) tell(story, random.shuffled(LIES)[0] ?? 'left out', random);
  }
  log.sort((a, b) => a.place - b.place);
  const collected = collect(world, track, log, conduct);
  expected.push(...batchesExpected(story, collected));
  const absence =
    conduct.away === undefined || conduct.away.to === NEVER
      ? { expected: [], optional: [] }
      : absenceExpected(world, track, conduct.away, collected);
  expected.push(...absence.expected);
  const orders: Told['orders'] = (disputed) => ordersExpected(story, disputed);
  return { collected, expected, optional: absence.optional, orders, floods };
}

/** A second content may differ in an event. */
function withTwin(world: World, track: Track, conduct: Conduct, random: Seeded): Conduct {
  if (conduct.twin === undefined || world.flooded) return conduct;
  const { place } = conduct.twin;
  const [happened] = random.shuffled(
    world.truth.filter(
      ({ source, second, raw }) =>
        track.sources.includes(source) &&
        placeOf(second) === place &&
        !raw.id.endsWith('-odd') &&
        raw.scope === 'local',
    ),
  );
  if (happened === undefined || random.percent(40)) return conduct;
  const told = world.record(forged(happened.raw, track.actor), happened.source);
  // In one batch, so that the event is in the one that gets a second content.
  return { ...conduct, sizes: [1000], twin: { place, instead: [happened.event, told] } };
}

/** What must be said of batches that were withheld, never sent, or have two contents. */
function batchesExpected(story: Story, { withheld, twin, lastBefore = '', firstAfter = '' }: Collected): Expected[] {
  const { track, actor, conduct } = story;
  const name = (run: string, numbers: string) => `${actor}/${track.collector}/${run}/${numbers}`;
  const about = { verdict: 'established' as const, dissent: [actor] };
  const expected: Expected[] = [];
  if (twin !== undefined) {
    expected.push({ ...about, class: 'equivocation', about: name(twin.run, `${twin.n}`), shownBy: [twin.txId] });
  }
  if (withheld !== undefined) {
    const { run, from, to } = withheld;
    expected.push({ ...about, class: 'sequence', about: name(run, `${from}-${to}`), shownBy: [firstAfter] });
  }
  if (withheld === undefined && conduct.away?.to !== NEVER) return expected;
  // A hole in the numbers keeps all later watches from taking effect.
  expected.push(...track.sources.map((source) => silenceOf(source, actor, lastBefore)));
  return [...expected, ...lostOf(story).map((happened) => missingOf(story, happened))];
}

/** What was in batches that were withheld or never sent. */
function lostOf({ world, track, conduct: { withheld, away } }: Story): World['truth'] {
  const isLost = (place: number) => place === withheld || (away?.to === NEVER && place >= away.from);
  return world.truth.filter(({ source, second }) => track.sources.includes(source) && isLost(placeOf(second)));
}

/** By the definition: two agreed events of one object, more than a second apart, numbered the other way round in a run. */
function ordersExpected({ world, track, conduct, log }: Story, disputed: ReadonlySet<string>): Expected[] {
  const { away } = conduct;
  const attested = log.filter(
    ({ place }) =>
      place !== conduct.withheld &&
      (away === undefined || away.after === 'catches up' || place < away.from || place >= away.to),
  );
  const runOf = ({ place }: Entry) => (away?.newRun && place >= away.to ? 'run-2' : 'run-1');
  const found = new Map<string, Expected>();
  const agreed = new Set(world.truth.map(({ event }) => event).filter(({ hash }) => !disputed.has(hash)));
  const firsts = attested.filter(
    (entry, at) =>
      agreed.has(entry.event) &&
      entry.event.event.scope === 'local' &&
      attested.findIndex((other) => other.event === entry.event && runOf(other) === runOf(entry)) === at,
  );
  for (const [at, one] of firsts.entries()) {
    for (const other of firsts.slice(at + 1)) {
      const [later, earlier] = [one.event.event, other.event.event];
      const isOne = later.source === earlier.source && later.type === earlier.type && later.object === earlier.object;
      if (!isOne || runOf(one) !== runOf(other)) continue;
      if (BigInt(later.time ?? '0') - BigInt(earlier.time ?? '0') <= SECOND) continue;
      const parts = [track.actor, track.collector, runOf(one), earlier.source, earlier.type, earlier.object];
      const about = orderedAs(parts, unpadNanos(earlier.time ?? '0'));
      const shownBy = [one.event.hash, other.event.hash];
      found.set(about, { class: 'order', verdict: 'established', about, dissent: [track.actor], shownBy });
    }
  }
  return [...found.values()];
}

/** What must be said of a flood, by the order in which it came on the ledger: one by one up to the quota, then as one. */
export function floodExpected(
  actor: string,
  inOrder: readonly HashedEvent[],
  quota: number,
  isSeen: Story['isSeen'],
): Expected[] {
  const secondOf = ({ event }: HashedEvent) => Number((BigInt(event.time ?? '0') - DAY_START) / SECOND);
  const alone = inOrder.slice(0, quota).map((event) => inventionOf({ isSeen, actor }, event, secondOf(event)));
  const beyond = inOrder.slice(quota);
  const [first] = beyond;
  if (first === undefined) return alone;
  const about = `${beyond.length} events of ${first.event.source}`;
  const shownBy = [first.hash];
  return [...alone, { class: 'uncorroborated', verdict: 'uncorroborated', about, dissent: [actor], shownBy }];
}
