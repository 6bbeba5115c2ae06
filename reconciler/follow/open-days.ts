import { addSeconds, type Day, dayEnd, dayOf, dayStart, type NumberedPolicy, padNanos } from '#chaincode';
import { policyOf } from '../judge/judge-day.js';
import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';
import { isGoverned, openDay } from '../seal.js';

/** A day that may still change, with what judging it looks at. */
export interface OpenDay {
  readonly day: Day;
  readonly bounds: Interval;
  /** The time of all events that what is told of the day may depend on. */
  readonly context: Interval;
}

/** A day's bounds and what may pair with its events: twice the window, from the start of a day, for there timeless events are kept. */
export function spanOf(day: Day, { policy }: NumberedPolicy): OpenDay {
  return {
    day,
    bounds: { from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) },
    context: {
      from: padNanos(dayStart(dayOf(addSeconds(dayStart(day), -2 * policy.window)))),
      to: padNanos(addSeconds(dayEnd(day), 2 * policy.window)),
    },
  };
}

/** The days after the last sealed one of which anything is to be said. */
export function openDays(projection: Projection, sealed: Day): OpenDay[] {
  return [...new OpenDays(projection).after(sealed).values()];
}

/** As `openDays`, asked again and again under the same policies. */
export class OpenDays {
  /** Undefined of days that no policy governs. */
  readonly #known = new Map<Day, OpenDay | undefined>();
  #days: ReadonlyMap<Day, OpenDay> = new Map();

  constructor(private readonly projection: Projection) {}

  /** In order; the same object as long as they are the same. */
  after(sealed: Day | undefined): ReadonlyMap<Day, OpenDay> {
    const open = openDay(this.projection);
    const names = new Set(this.projection.tallies.days.filter((day) => day > (sealed ?? '')));
    if (open !== undefined) names.add(open);
    const days = [...names].sort().flatMap((day) => this.of(day) ?? []);
    if (days.length !== this.#days.size || days.some(({ day }) => !this.#days.has(day))) {
      this.#days = new Map(days.map((day) => [day.day, day]));
    }
    return this.#days;
  }

  /** A day, open or not; undefined if no policy governs it. */
  of(day: Day): OpenDay | undefined {
    if (!this.#known.has(day)) this.#known.set(day, isGoverned(this.projection, day) ? this.#made(day) : undefined);
    return this.#known.get(day);
  }

  #made(day: Day): OpenDay {
    const bounds = { from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) };
    return spanOf(day, policyOf(this.projection, day, bounds));
  }
}
