import { createHash } from 'node:crypto';
import { addSeconds, type DockerEvent } from '#chaincode';
import type { Observation } from '../collector/observation.js';
import type { Source } from '../collector/source/source.js';

/** Which container and what of it: `shop-web-1`, `die`. */
export interface Moment {
  readonly name: string;
  readonly action: string;
}

/** What a dishonest actor does to what it sees. Each is done once. */
export interface Plan {
  /** The event it keeps quiet about. */
  readonly leaveOut: Moment;
  /** The event it puts at another time, by so many seconds. */
  readonly move: Moment & { readonly seconds: number };
  /** The event it makes up, `seconds` after a real one, of a container that never was. */
  readonly invent: Moment & { readonly after: Moment; readonly seconds: number };
}

/** One lie, as it was told. */
export interface Lie {
  readonly kind: 'left out' | 'moved' | 'invented';
  readonly name: string;
  readonly action: string;
  /** What happened; for an invented event, what was made up. */
  readonly event: DockerEvent;
}

/**
 * A source that lies to its own collector. The collector stays what it is: it signs what it is told, and that is what
 * gives its actor away.
 * @param told takes each lie when it is told
 */
export function dishonestSource(source: Source, plan: Plan, told: (lie: Lie) => void): Source {
  const { probe } = source;
  return {
    name: source.name,
    async *observe(context) {
      const retell = storyteller(plan, told);
      for await (const group of source.observe(context)) yield group.flatMap(retell);
    },
    ...(probe && { probe: () => probe.call(source) }),
  };
}

function storyteller(plan: Plan, told: (lie: Lie) => void): (observation: Observation) => readonly Observation[] {
  const open = new Set(['left out', 'moved', 'invented'] as const);
  const once = (kind: Lie['kind'], moment: Moment, event: DockerEvent) => {
    open.delete(kind);
    told({ kind, name: moment.name, action: moment.action, event });
  };
  return (observation) => {
    if (observation.kind !== 'event') return [observation];
    const { event } = observation;
    if (open.has('left out') && isMoment(event, plan.leaveOut)) {
      once('left out', plan.leaveOut, event);
      return [];
    }
    if (open.has('moved') && isMoment(event, plan.move)) {
      once('moved', plan.move, event);
      const timeNano = addSeconds(event.timeNano, plan.move.seconds);
      return [{ ...observation, event: { ...event, timeNano } }];
    }
    if (open.has('invented') && isMoment(event, plan.invent.after)) {
      const invented = inventedEvent(event, plan.invent);
      once('invented', plan.invent, invented);
      return [observation, { ...observation, event: invented }];
    }
    return [observation];
  };
}

function isMoment(event: DockerEvent, { name, action }: Moment): boolean {
  return event.type === 'container' && event.action === action && event.attributes.get('name') === name;
}

// Like a real one in everything but its object, which no engine ever made.
function inventedEvent(like: DockerEvent, { name, action, seconds }: Plan['invent']): DockerEvent {
  const attributes = new Map(like.attributes).set('name', name);
  const id = createHash('sha256').update(`${like.id} ${name}`).digest('hex');
  return { ...like, id, action, attributes, timeNano: addSeconds(like.timeNano, seconds) };
}
