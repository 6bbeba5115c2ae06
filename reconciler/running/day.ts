import type { CanonicalEvent } from '#chaincode';
import type { RunningTime } from '../judgement.js';
import { type Interval, subtract } from '../ledger/coverage.js';
import type { Source } from '../ledger/sources.js';
import { decimal, formatDecimal, multiply, secondsOf } from './decimal.js';
import { type LifeEvent, type LogState, measure } from './sweep.js';

/** A container that some log has running at the end of a day. */
export interface CarriedContainer {
  readonly source: string;
  readonly object: string;
  readonly name: string;
  readonly image: string;
  readonly states: Readonly<Record<string, LogState>>;
}

/** A container event with those who attest it. */
export interface ContainerEvent extends LifeEvent {
  readonly source: string;
  readonly object: string;
  /** Read only for the container's name and image. */
  readonly canonical: string;
}

export interface RunningDay {
  readonly running: readonly RunningTime[];
  readonly carry: readonly CarriedContainer[];
  readonly bill: { readonly agreed: string; readonly disputed: string };
}

interface Container {
  readonly source: string;
  readonly object: string;
  name: string;
  image: string;
  readonly carried: Readonly<Record<string, LogState>>;
  readonly events: ContainerEvent[];
}

/**
 * The running time of every container on a day, and what it costs at a price per second.
 * @param witnessesAt the expected witnesses of a source
 */
export function runningDay(
  day: Interval,
  events: Iterable<ContainerEvent>,
  carried: readonly CarriedContainer[],
  sourceNamed: (name: string) => Source | undefined,
  witnessesAt: (source: string) => readonly string[],
  perSecond: string,
): RunningDay {
  const running: RunningTime[] = [];
  const carry: CarriedContainer[] = [];
  let agreed = 0n;
  let disputed = 0n;
  for (const container of containersOf(events, carried)) {
    const { source, object, name, image } = container;
    const views = witnessesAt(source).map((actor) => ({
      actor,
      stretches: within(day, sourceNamed(source)?.witnesses.get(actor)?.coverage.stretches ?? []),
      carried: container.carried[actor],
    }));
    const result = measure(day, views, container.events);
    if ([...result.final.values()].some((state) => state === 'on' || state === 'presumed')) {
      carry.push({ source, object, name, image, states: Object.fromEntries(result.final) });
    }
    if (result.agreed + result.disputed + result.unknown === 0n) continue;
    agreed += result.agreed;
    disputed += result.disputed;
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
  const amount = (nanos: bigint) => formatDecimal(multiply(secondsOf(nanos), decimal(perSecond)));
  return { running, carry, bill: { agreed: amount(agreed), disputed: amount(disputed) } };
}

function containersOf(events: Iterable<ContainerEvent>, carried: readonly CarriedContainer[]): Iterable<Container> {
  const containers = new Map<string, Container>();
  const keyOf = (source: string, object: string) => JSON.stringify([source, object]);
  for (const { states, ...rest } of carried) {
    containers.set(keyOf(rest.source, rest.object), { ...rest, carried: states, events: [] });
  }
  for (const event of events) {
    const key = keyOf(event.source, event.object);
    let container = containers.get(key);
    if (container === undefined) {
      container = { source: event.source, object: event.object, ...labelsOf(event.canonical), carried: {}, events: [] };
      containers.set(key, container);
    }
    container.events.push(event);
  }
  return containers.values();
}

function labelsOf(canonical: string): { name: string; image: string } {
  const { attributes } = JSON.parse(canonical) as CanonicalEvent;
  if (typeof attributes === 'string') return { name: '', image: '' };
  return { name: attributes.name ?? '', image: attributes.image ?? '' };
}

function within(day: Interval, stretches: readonly Interval[]): Interval[] {
  // What a day's holes leave of it is what is covered.
  let rest: Interval[] = [day];
  for (const hole of subtract(day, stretches)) rest = rest.flatMap((part) => subtract(part, [hole]));
  return rest;
}
