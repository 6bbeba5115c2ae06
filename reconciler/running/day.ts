import type { CanonicalEvent, Policy } from '#chaincode';
import type { RunningSum, RunningTime } from '../judgement.js';
import { type Interval, subtract } from '../ledger/coverage.js';
import type { Source } from '../ledger/sources.js';
import { formatDecimal, secondsOf } from './decimal.js';
import type { PlainLife } from './plain-life.js';
import { amountOf, type Groups, groupsOf, Sums } from './sums.js';
import { type LifeEvent, type LogState, type Measure, measure, type WitnessView } from './sweep.js';

/** A container that some log has running at the end of a day. */
export interface CarriedContainer {
  readonly source: string;
  readonly object: string;
  readonly name: string;
  readonly image: string;
  /** What it is summed up under besides its image, see `groupsOf`. */
  readonly groups: Groups;
  readonly states: Readonly<Record<string, LogState>>;
}

/** A container event with those who attest it. */
export interface ContainerEvent extends LifeEvent {
  readonly source: string;
  readonly object: string;
  /** Number of the event in the projection. */
  readonly id: number;
}

export interface RunningDay {
  readonly running: readonly RunningTime[];
  readonly sums: readonly RunningSum[];
  readonly carry: readonly CarriedContainer[];
  readonly bill: { readonly agreed: string; readonly disputed: string };
}

/** What is known of a container before its day is measured. */
export interface Container {
  readonly source: string;
  readonly object: string;
  readonly name: string;
  readonly image: string;
  readonly groups: Groups;
  readonly carried: Readonly<Record<string, LogState>>;
}

/** A container with the events of its day. */
export interface ToldContainer extends Container {
  readonly events: LifeEvent[];
}

/** One of which all logs say the same. */
export interface PlainContainer extends Container {
  readonly plain: PlainLife;
}

/** What a source's witnesses watched of a day: the same for all of its containers. */
export type Watches = readonly Required<Pick<WitnessView, 'actor' | 'stretches' | 'holes'>>[];

/**
 * @param witnessesAt the expected witnesses of a source
 * @returns what they watched of a source on the day
 */
export function watchesOn(
  day: Interval,
  sourceNamed: (name: string) => Source | undefined,
  witnessesAt: (source: string) => readonly string[],
): (source: string) => Watches {
  const known = new Map<string, Watches>();
  return (source) => {
    let watches = known.get(source);
    if (watches === undefined) {
      watches = witnessesAt(source).map((actor) => {
        const stretches = within(day, sourceNamed(source)?.witnesses.get(actor)?.coverage.stretches ?? []);
        return { actor, stretches, holes: subtract(day, stretches) };
      });
      known.set(source, watches);
    }
    return watches;
  };
}

/** The running time of every container on a day, and what it costs under a tariff. */
export function runningDay(
  day: Interval,
  containers: Iterable<ToldContainer | PlainContainer>,
  watchesOf: (source: string) => Watches,
  tariff: Policy['tariff'],
): RunningDay {
  const sums = new Sums(tariff.perSecond);
  const running: RunningTime[] = [];
  const carry: CarriedContainer[] = [];
  let agreed = 0n;
  let disputed = 0n;
  const secondsText = secondsTexts();
  for (const container of containers) {
    const { source, object, name, image, groups } = container;
    const watches = watchesOf(source);
    const result = 'plain' in container ? sameForAll(container.plain, watches) : measured(day, container, watches);
    if ([...result.final.values()].some((state) => state === 'on' || state === 'presumed')) {
      carry.push({ source, object, name, image, groups, states: Object.fromEntries(result.final) });
    }
    if (result.agreed + result.disputed + result.unknown === 0n) continue;
    agreed += result.agreed;
    disputed += result.disputed;
    sums.add(image, groups, result);
    running.push({
      object,
      name,
      image,
      agreedSeconds: secondsText(result.agreed),
      perActor: Object.fromEntries([...result.perActor].map(([actor, nanos]) => [actor, secondsText(nanos)])),
      disputedSeconds: secondsText(result.disputed),
      unknownSeconds: secondsText(result.unknown),
    });
  }
  running.sort((a, b) => (a.name === b.name ? (a.object < b.object ? -1 : 1) : a.name < b.name ? -1 : 1));
  const { perSecond } = tariff;
  return {
    running,
    sums: sums.all(),
    carry,
    bill: { agreed: amountOf(agreed, perSecond), disputed: amountOf(disputed, perSecond) },
  };
}

function measured(day: Interval, { carried, events }: ToldContainer, watches: Watches): Measure {
  const views = watches.map((one) => ({ ...one, carried: carried[one.actor] }));
  return measure(day, views, events);
}

function sameForAll({ agreed, unknown, final }: PlainLife, watches: Watches): Measure {
  const [agreedNanos, unknownNanos] = [BigInt(agreed), BigInt(unknown)];
  const ran = agreedNanos + unknownNanos;
  return {
    agreed: agreedNanos,
    disputed: 0n,
    unknown: unknownNanos,
    perActor: new Map(watches.map(({ actor }) => [actor, ran])),
    final: new Map(watches.map(({ actor }) => [actor, final])),
  };
}

/** Nanoseconds as seconds. All logs tell mostly the same of a container, so the last answer is kept. */
function secondsTexts(): (nanos: bigint) => string {
  let last = { nanos: 0n, text: '0' };
  return (nanos) => {
    if (nanos === 0n) return '0';
    if (nanos !== last.nanos) last = { nanos, text: formatDecimal(secondsOf(nanos)) };
    return last.text;
  };
}

/**
 * The containers in the order in which they are first told of, those that were carried first.
 * @param names of a container by the number of its first event
 */
export function containersIn(
  events: Iterable<ContainerEvent>,
  carried: readonly CarriedContainer[],
  names: (id: number) => Pick<Container, 'name' | 'image' | 'groups'>,
): readonly ToldContainer[] {
  const containers: ToldContainer[] = [];
  const bySource = new Map<string, Map<string, ToldContainer>>();
  const of = (source: string) => {
    const known = bySource.get(source) ?? new Map<string, ToldContainer>();
    bySource.set(source, known);
    return known;
  };
  for (const { states, ...rest } of carried) {
    const container = { ...rest, carried: states, events: [] };
    of(rest.source).set(rest.object, container);
    containers.push(container);
  }
  for (const event of events) {
    const { source, object } = event;
    const known = of(source);
    let container = known.get(object);
    if (container === undefined) {
      container = { source, object, ...names(event.id), carried: {}, events: [] };
      known.set(object, container);
      containers.push(container);
    }
    container.events.push(event);
  }
  return containers;
}

/** What a container's event says of it. @param labels those that the tariff names */
export function namesOf(canonical: string, labels: readonly string[]): Pick<Container, 'name' | 'image' | 'groups'> {
  const { attributes } = JSON.parse(canonical) as CanonicalEvent;
  // A set of attributes that was too large is there as its digest alone.
  if (typeof attributes === 'string') return { name: '', image: '', groups: [] };
  return { name: attributes.name ?? '', image: attributes.image ?? '', groups: groupsOf(attributes, labels) };
}

function within(day: Interval, stretches: readonly Interval[]): Interval[] {
  // What a day's holes leave of it is what is covered.
  let rest: Interval[] = [day];
  for (const hole of subtract(day, stretches)) rest = rest.flatMap((part) => subtract(part, [hole]));
  return rest;
}
