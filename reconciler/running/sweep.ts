import type { Interval } from '../ledger/coverage.js';
import { subtract } from '../ledger/coverage.js';
import { majorityOf } from '../ledger/ledger-clock.js';

/**
 * What one actor's log says of a container at a time: it runs, it does not, it must have been running (the log begins
 * with its end), or the log cannot say.
 */
export type LogState = 'on' | 'off' | 'presumed' | 'blind';

/** An event in a container's life. Times are 19 digits. */
export interface LifeEvent {
  readonly time: string;
  readonly action: string;
  /** The witnesses that attest it. */
  readonly actors: readonly string[];
}

/** What one witness watched of the container's source, within the day. */
export interface WitnessView {
  readonly actor: string;
  readonly stretches: readonly Interval[];
  /** What its log said at the end of the day before, if it knew the container. */
  readonly carried: LogState | undefined;
}

/** Nanoseconds. */
export interface Measure {
  readonly agreed: bigint;
  readonly disputed: bigint;
  readonly unknown: bigint;
  readonly perActor: ReadonlyMap<string, bigint>;
  /** What each log says at the end of the day. */
  readonly final: ReadonlyMap<string, LogState>;
}

const BEGINS = new Set(['start', 'restart', 'unpause']);
const ENDS = new Set(['die', 'pause', 'stop', 'destroy']);
/** An end that shows that the container was running until then. */
const ENDS_RUNNING = new Set(['die', 'pause']);

/** The actions that change whether a container runs, or make it known. */
export const LIFE_ACTIONS: readonly string[] = ['create', ...BEGINS, ...ENDS];

/**
 * Measures a container's day: agreed where a majority of the witnesses has it running and nobody denies it, disputed
 * where some have it running and others not, unknown where it ran but too few can say. The three add up to the union of
 * all actors' intervals. A log that had a hole says nothing of a container until its next event of it, or until it
 * lacks another's event that it should have seen.
 */
export function measure(day: Interval, views: readonly WitnessView[], events: readonly LifeEvent[]): Measure {
  const states = new Map<string, LogState>(
    views.map(({ actor, carried }) => [actor, initialState(actor, carried, events)]),
  );
  const total = { agreed: 0n, disputed: 0n, unknown: 0n };
  const perActor = new Map<string, bigint>(views.map(({ actor }) => [actor, 0n]));
  let from = day.from;
  for (const step of stepsOf(day, views, events)) {
    const length = BigInt(step.time) - BigInt(from);
    if (length > 0n) {
      const kind = classify([...states.values()]);
      if (kind !== undefined) total[kind] += length;
      for (const [actor, state] of states) {
        if (state === 'on' || state === 'presumed') perActor.set(actor, (perActor.get(actor) ?? 0n) + length);
      }
      from = step.time;
    }
    step.apply(states);
  }
  return { ...total, perActor, final: states };
}

interface Step {
  readonly time: string;
  /** Steps of one time: what is lost first, then what happens. */
  readonly order: number;
  readonly apply: (states: Map<string, LogState>) => void;
}

function stepsOf(day: Interval, views: readonly WitnessView[], events: readonly LifeEvent[]): Step[] {
  const steps: Step[] = [{ time: day.to, order: 2, apply: () => {} }];
  for (const view of views) {
    for (const hole of blindTimes(day, view, events)) {
      steps.push({ time: hole.from, order: 0, apply: (states) => states.set(view.actor, 'blind') });
    }
  }
  for (const event of events)
    steps.push({ time: event.time, order: 1, apply: (states) => happen(event, views, states) });
  return steps.sort((a, b) => (a.time === b.time ? a.order - b.order : a.time < b.time ? -1 : 1));
}

/** Holes of a view; none where the actor's own last event of the container shows that it knew until then. */
function blindTimes(day: Interval, { actor, stretches }: WitnessView, events: readonly LifeEvent[]): Interval[] {
  const last = events.findLast(({ actors }) => actors.includes(actor))?.time ?? '';
  const holes = subtract(day, stretches);
  const end = stretches.at(-1)?.to ?? day.from;
  return holes.flatMap((hole) => {
    if (hole.from < end || last <= hole.from) return [hole];
    return last < hole.to ? [{ from: last, to: hole.to }] : [];
  });
}

function happen(event: LifeEvent, views: readonly WitnessView[], states: Map<string, LogState>): void {
  for (const { actor, stretches } of views) {
    if (event.actors.includes(actor)) {
      if (BEGINS.has(event.action)) states.set(actor, 'on');
      else if (ENDS.has(event.action) || event.action === 'create') states.set(actor, 'off');
    } else if (states.get(actor) === 'blind' && (event.action === 'start' || event.action === 'create')) {
      // It watched, and its log has nothing of this beginning: the container does not run for it.
      const watched = stretches.some(({ from, to }) => from <= event.time && event.time < to);
      if (watched) states.set(actor, 'off');
    }
  }
}

function initialState(actor: string, carried: LogState | undefined, events: readonly LifeEvent[]): LogState {
  if (carried !== undefined) return carried;
  const first = events.find(({ actors, action }) => actors.includes(actor) && action !== 'rename');
  if (first === undefined) return 'blind';
  return ENDS_RUNNING.has(first.action) ? 'presumed' : 'off';
}

function classify(states: readonly LogState[]): 'agreed' | 'disputed' | 'unknown' | undefined {
  const count = (state: LogState) => states.filter((other) => other === state).length;
  if (count('on') + count('presumed') === 0) return undefined;
  if (count('off') > 0) return 'disputed';
  return count('on') >= majorityOf(states.length) ? 'agreed' : 'unknown';
}
