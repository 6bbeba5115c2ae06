import type { CanonicalEvent, Policy } from '#chaincode';
import type { RunningSum, RunningTime } from '../judgement.js';
import { type Interval, subtract } from '../ledger/coverage.js';
import type { Source } from '../ledger/sources.js';
import { formatDecimal, secondsOf } from './decimal.js';
import { amountOf, type Groups, groupsOf, Sums } from './sums.js';
import { type LifeEvent, type LogState, measure } from './sweep.js';

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

interface Container {
  readonly source: string;
  readonly object: string;
  readonly name: string;
  readonly image: string;
  readonly groups: Groups;
  readonly carried: Readonly<Record<string, LogState>>;
  readonly events: ContainerEvent[];
}

/**
 * The running time of every container on a day, and what it costs under a tariff.
 * @param witnessesAt the expected witnesses of a source
 * @param canonicalOf an event's canonical form, asked of each container's first event, for its name and image
 */
export function runningDay(
  day: Interval,
  events: Iterable<ContainerEvent>,
  carried: readonly CarriedContainer[],
  sourceNamed: (name: string) => Source | undefined,
  witnessesAt: (source: string) => readonly string[],
  tariff: Policy['tariff'],
  canonicalOf: (id: number) => string,
): RunningDay {
  const sums = new Sums(tariff.perSecond);
  const running: RunningTime[] = [];
  const carry: CarriedContainer[] = [];
  let agreed = 0n;
  let disputed = 0n;
  // The same for all containers of a source.
  const watches = new Map<string, { readonly actor: string; readonly stretches: readonly Interval[] }[]>();
  const watchesOf = (source: string) => {
    const made = witnessesAt(source).map((actor) => ({
      actor,
      stretches: within(day, sourceNamed(source)?.witnesses.get(actor)?.coverage.stretches ?? []),
    }));
    watches.set(source, made);
    return made;
  };
  const names = (id: number) => namesOf(canonicalOf(id), tariff.labels ?? []);
  for (const container of containersOf(events, carried, names)) {
    const { source, object, name, image, groups } = container;
    const views = (watches.get(source) ?? watchesOf(source)).map(({ actor, stretches }) => ({
      actor,
      stretches,
      carried: container.carried[actor],
    }));
    const result = measure(day, views, container.events);
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
      agreedSeconds: formatDecimal(secondsOf(result.agreed)),
      perActor: Object.fromEntries(
        [...result.perActor].map(([actor, nanos]) => [actor, formatDecimal(secondsOf(nanos))]),
      ),
      disputedSeconds: formatDecimal(secondsOf(result.disputed)),
      unknownSeconds: formatDecimal(secondsOf(result.unknown)),
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

function containersOf(
  events: Iterable<ContainerEvent>,
  carried: readonly CarriedContainer[],
  names: (id: number) => Pick<Container, 'name' | 'image' | 'groups'>,
): Iterable<Container> {
  const containers = new Map<string, Container>();
  // A length first: no two pairs make one text.
  const keyOf = (source: string, object: string) => `${source.length}:${source}${object}`;
  for (const { states, ...rest } of carried) {
    containers.set(keyOf(rest.source, rest.object), { ...rest, carried: states, events: [] });
  }
  for (const event of events) {
    const key = keyOf(event.source, event.object);
    let container = containers.get(key);
    if (container === undefined) {
      container = {
        source: event.source,
        object: event.object,
        ...names(event.id),
        carried: {},
        events: [],
      };
      containers.set(key, container);
    }
    container.events.push(event);
  }
  return containers.values();
}

function namesOf(canonical: string, labels: readonly string[]): Pick<Container, 'name' | 'image' | 'groups'> {
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
