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
  /** What they leave of the day, where that is known. */
  readonly holes?: readonly Interval[];
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

export const BEGINS = new Set(['start', 'restart', 'unpause']);
const ENDS = new Set(['die', 'pause', 'stop', 'destroy']);
/** An end that shows that the container was running until then. */
export const ENDS_RUNNING = new Set(['die', 'pause']);

/** The actions that change whether a container runs, or make it known. */
export const LIFE_ACTIONS: readonly string[] = ['create', ...BEGINS, ...ENDS];

/**
 * Measures a container's day: agreed where a majority of the witnesses has it running and nobody denies it, disputed
 * where some have it running and others not, unknown where it ran but too few can say. The three add up to the union of
 * all actors' intervals. A log that had a hole says nothing of a container until its next event of it, or until it
 * lacks another's event that it should have seen.
 */
export function measure(day: Interval, views: readonly WitnessView[], events: readonly LifeEvent[]): Measure {
  const states = views.map(({ actor, carried }) => initialState(actor, carried, events));
  const total = { agreed: 0, disputed: 0, unknown: 0 };
  const running = views.map(() => 0);
  let from = day.from;
  const passTo = (time: string) => {
    const length = time === from ? 0 : nanosBetween(from, time);
    if (length <= 0) return;
    from = time;
    const kind = classify(states);
    if (kind === undefined) return;
    total[kind] += length;
    for (const [index, state] of states.entries()) {
      if (state === 'on' || state === 'presumed') running[index] = (running[index] ?? 0) + length;
    }
  };
  const losses = lossesOf(day, views, events);
  let lost = 0;
  // Of one time, what is lost comes first, then what happens.
  const loseTo = (time: string) => {
    for (let loss = losses[lost]; loss !== undefined && loss.time <= time; loss = losses[lost]) {
      passTo(loss.time);
      states[loss.view] = 'blind';
      lost += 1;
    }
  };
  for (const event of inOrder(events)) {
    if (lost < losses.length) loseTo(event.time);
    passTo(event.time);
    happen(event, views, states);
  }
  loseTo(day.to);
  passTo(day.to);
  return {
    agreed: BigInt(total.agreed),
    disputed: BigInt(total.disputed),
    unknown: BigInt(total.unknown),
    perActor: new Map(views.map(({ actor }, index) => [actor, BigInt(running[index] ?? 0)])),
    final: new Map(views.map(({ actor }, index) => [actor, states[index] ?? 'blind'])),
  };
}

const ZERO = 0x30;

/** From one time of 19 digits to another; exact within a day and well beyond. */
export function nanosBetween(from: string, to: string): number {
  let length = 0;
  for (let digit = 0; digit < to.length; digit++) {
    length = length * 10 + (to.charCodeAt(digit) - ZERO) - (from.charCodeAt(digit) - ZERO);
  }
  return length;
}

/** Nearly always they are in order of time as they come. */
function inOrder(events: readonly LifeEvent[]): readonly LifeEvent[] {
  const isSorted = events.every(({ time }, index) => index === 0 || (events[index - 1] as LifeEvent).time <= time);
  return isSorted ? events : [...events].sort((a, b) => (a.time === b.time ? 0 : a.time < b.time ? -1 : 1));
}

/** Where logs lose sight of a container, in order of time. */
function lossesOf(day: Interval, views: readonly WitnessView[], events: readonly LifeEvent[]) {
  const losses: { readonly time: string; readonly view: number }[] = [];
  for (const [view, one] of views.entries()) {
    for (const hole of blindTimes(day, one, events)) losses.push({ time: hole.from, view });
  }
  return losses.sort((a, b) => (a.time === b.time ? 0 : a.time < b.time ? -1 : 1));
}

/** Holes of a view; none where the actor's own last event of the container shows that it knew until then. */
function blindTimes(day: Interval, view: WitnessView, events: readonly LifeEvent[]): readonly Interval[] {
  const holes = view.holes ?? subtract(day, view.stretches);
  if (holes.length === 0) return holes;
  const { actor, stretches } = view;
  const last = events.findLast(({ actors }) => actors.includes(actor))?.time ?? '';
  const end = stretches.at(-1)?.to ?? day.from;
  return holes.flatMap((hole) => {
    if (hole.from < end || last <= hole.from) return [hole];
    return last < hole.to ? [{ from: last, to: hole.to }] : [];
  });
}

function happen(event: LifeEvent, views: readonly WitnessView[], states: LogState[]): void {
  for (const [index, { actor, stretches }] of views.entries()) {
    if (event.actors.includes(actor)) {
      if (BEGINS.has(event.action)) states[index] = 'on';
      else if (ENDS.has(event.action) || event.action === 'create') states[index] = 'off';
    } else if (states[index] === 'blind' && (event.action === 'start' || event.action === 'create')) {
      // It watched, and its log has nothing of this beginning: the container does not run for it.
      const watched = stretches.some(({ from, to }) => from <= event.time && event.time < to);
      if (watched) states[index] = 'off';
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
  let [on, presumed, off] = [0, 0, 0];
  for (const state of states) {
    if (state === 'on') on += 1;
    else if (state === 'presumed') presumed += 1;
    else if (state === 'off') off += 1;
  }
  if (on + presumed === 0) return undefined;
  if (off > 0) return 'disputed';
  return on >= majorityOf(states.length) ? 'agreed' : 'unknown';
}
