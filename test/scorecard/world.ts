import {
  canonicalEvent,
  completePolicy,
  type DockerEvent,
  type HashedEvent,
  isRecorded,
  type Policy,
} from '#chaincode';
import type { Seeded } from '../campaign/random.js';
import { illegalLifeOf, lifeOf, networkEventsOf, type Published, serviceEventsOf } from './lives.js';
import { DEADLINE, GRACE, nanosAt, PACE, placeOf, SILENCE, WINDOW } from './timing.js';

/** Who lies in a history. */
export type Arm = 'one' | 'honest' | 'two' | 'majority';

/** An event that happened, as every honest collector records it. */
export interface Happened extends Published {
  readonly source: string;
  readonly event: HashedEvent;
}

/** One collector of an actor and what it watches. */
export interface Track {
  readonly actor: string;
  readonly collector: string;
  readonly sources: readonly string[];
}

/** A policy that comes into force while the collectors run. */
export interface LaterPolicy {
  readonly policy: Policy;
  /** The place before which its transactions land; undefined before all others. */
  readonly landsIn: number | undefined;
}

/** Everything that is so before anybody lies. */
export interface World {
  readonly actors: readonly string[];
  readonly liars: readonly string[];
  readonly sources: readonly string[];
  readonly tracks: readonly Track[];
  readonly policy: Policy;
  readonly later: LaterPolicy | undefined;
  /** The first place, and the first after the last one with events. */
  readonly begin: number;
  readonly end: number;
  /** Whether clocks are hours off and batches overtake each other; else clocks differ by minutes and collectors may be away. */
  readonly skewed: boolean;
  /** Whether one actor says more alone than the quota allows. */
  readonly flooded: boolean;
  readonly truth: readonly Happened[];
  /** The canonical form in which a raw event is recorded under the policy of its time. */
  readonly record: (raw: DockerEvent, source: string) => HashedEvent;
  /** Whether the policy of its time has a raw event recorded at all. */
  readonly isRecorded: (raw: DockerEvent) => boolean;
  /** Who must witness a source at a second. */
  readonly witnesses: (source: string, second: number) => readonly string[];
}

const NAMES = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];
export const QUOTA_OF_FLOODS = 15;

/** Mostly three and five actors. */
function sizeOf(arm: Arm, random: Seeded): number {
  if (arm === 'two') return random.percent(75) ? 5 : 7;
  if (arm === 'majority') return random.percent(60) ? 3 : 5;
  if (random.percent(80)) return random.percent(50) ? 3 : 5;
  return random.whole(arm === 'honest' ? 2 : 3, 7);
}

function liarsOf(arm: Arm, actors: readonly string[], random: Seeded): string[] {
  const count = { honest: 0, one: 1, two: 2, majority: Math.floor(actors.length / 2) + 1 }[arm];
  return random.shuffled(actors).slice(0, count).sort();
}

/** Draws the actors, what they watch and under which policy, and what happens. */
export function worldOf(arm: Arm, random: Seeded): World {
  const actors = NAMES.slice(0, sizeOf(arm, random));
  const liars = liarsOf(arm, actors, random);
  const begin = random.whole(0, 47);
  const end = begin + random.whole(14, 36);
  const skewed = arm !== 'majority' && random.percent(40);
  const flooded = arm === 'one' && random.percent(5);
  const engines = random.percent(75) ? ['engine-1'] : ['engine-1', 'engine-2'];
  const hasSwarm = random.percent(25);
  const sources = [...engines, ...(hasSwarm ? ['swarm-1'] : [])];
  const witnesses = Object.fromEntries(
    sources.map((source) => [source, { witnesses: arm === 'one' ? someOf(actors, random) : [...actors] }]),
  );
  const policy = completePolicy({
    from: '0',
    actors,
    // What is not listed must be put on the ledger by a majority to exist.
    sources: { ...(random.percent(50) || actors.length > 3 ? witnesses : {}), '*': { witnesses: actors } },
    grace: GRACE * PACE,
    silence: SILENCE * PACE,
    deadline: DEADLINE * PACE,
    heartbeat: PACE,
    window: WINDOW,
    quota: flooded ? QUOTA_OF_FLOODS : 10_000,
  });
  const later = laterPolicy(policy, { liars, begin, end, skewed }, random);
  const policyAt = (time: bigint) => (later !== undefined && time >= BigInt(later.policy.from) ? later.policy : policy);
  const record: World['record'] = (raw, source) =>
    canonicalEvent(raw, { source, ignore: policyAt(BigInt(raw.timeNano)).ignore });
  const isKept = (raw: DockerEvent) => isRecorded(policyAt(BigInt(raw.timeNano)), raw);
  const mayWatch = (actor: string, source: string) => policy.sources[source]?.witnesses.includes(actor) ?? true;
  const tracks = actors
    .flatMap((actor) => tracksOf(actor, engines, hasSwarm, liars.includes(actor), random))
    .map((track) => ({ ...track, sources: track.sources.filter((source) => mayWatch(track.actor, source)) }));
  const allowIllegal = !skewed && arm === 'one' && random.percent(15);
  const truth = happenings(engines, hasSwarm, { begin, end, allowIllegal }, random)
    .filter(({ raw }) => isKept(raw))
    .map((published) => ({ ...published, event: record(published.raw, published.source) }));
  return {
    actors,
    liars,
    sources,
    tracks,
    policy,
    later,
    begin,
    end,
    skewed,
    flooded,
    truth,
    record,
    isRecorded: isKept,
    witnesses: (source, second) => {
      const { sources: rules } = policyAt(nanosAt(second));
      return (Object.hasOwn(rules, source) ? rules[source] : rules['*'])?.witnesses ?? [];
    },
  };
}

/** All actors, or three of them at least. */
function someOf(actors: readonly string[], random: Seeded): string[] {
  if (actors.length <= 3 || random.percent(60)) return [...actors];
  return random.shuffled(actors).slice(0, random.whole(3, actors.length)).sort();
}

/** Collectors watch an engine each, or one collector watches all; an honest actor may have a second one beside. */
function tracksOf(actor: string, engines: readonly string[], hasSwarm: boolean, isLiar: boolean, random: Seeded) {
  const swarm = hasSwarm ? ['swarm-1'] : [];
  const apart = engines.length > 1 && random.percent(50);
  const groups = apart
    ? engines.map((engine, index) => [engine, ...(index === 0 ? swarm : [])])
    : [[...engines, ...swarm]];
  const tracks = groups.map((sources, index): Track => ({ actor, collector: `collector-${index + 1}`, sources }));
  const [first] = tracks;
  if (isLiar || first === undefined || !random.percent(12)) return tracks;
  return [...tracks, { ...first, collector: 'collector-9' }];
}

/** A policy that leaves an attribute out from some place on. Honest clocks must show that it comes early enough. */
function laterPolicy(
  policy: Policy,
  { begin, end, skewed }: Pick<World, 'liars' | 'begin' | 'end' | 'skewed'>,
  random: Seeded,
): LaterPolicy | undefined {
  if (!random.percent(25)) return undefined;
  const place = begin + DEADLINE + 5;
  if (place >= end) return undefined;
  const from = nanosAt(place * PACE).toString();
  const record = random.percent(50) ? policy.record : { ...policy.record, network: [] };
  return { policy: { ...policy, from, record, ignore: ['note'] }, landsIn: skewed ? undefined : begin + 2 };
}

function happenings(
  engines: readonly string[],
  hasSwarm: boolean,
  { begin, end, allowIllegal }: { begin: number; end: number; allowIllegal: boolean },
  random: Seeded,
): (Published & { readonly source: string })[] {
  const first = begin * PACE;
  const last = end * PACE - 1;
  const all: (Published & { readonly source: string })[] = [];
  const add = (source: string, events: readonly Published[]) => {
    all.push(...events.map((event) => ({ ...event, source })));
  };
  for (const [number, engine] of engines.entries()) {
    for (let index = random.whole(1, 5); index > 0; index--) {
      const name = `${engine}-c${index}`;
      // Some began before anybody watched.
      const starts = random.whole(first - (random.percent(25) ? 9000 : 0), last);
      add(engine, lifeOf(name, starts, random));
      if (random.percent(30)) add(engine, networkEventsOf(name, starts, random));
    }
    if (allowIllegal && number === 0) {
      // Within one place, so on one day.
      const place = random.whole(begin, end - 1);
      add(engine, illegalLifeOf(`${engine}-odd`, place * PACE + random.whole(0, PACE - 60), random));
    }
  }
  if (hasSwarm) add('swarm-1', serviceEventsOf('service-1', random.whole(first, last - 9000), random));
  return all
    .filter(({ second }) => second >= first && placeOf(second) < end)
    .sort((a, b) => (BigInt(a.raw.timeNano) < BigInt(b.raw.timeNano) ? -1 : 1));
}
