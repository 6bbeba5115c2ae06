import { addSeconds, type Day, dayEnd, dayOf, dayStart, type NumberedPolicy, padNanos } from '#chaincode';
import { policyOf } from '../judge/judge-day.js';
import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';
import { eventDays, isGoverned, openDay } from '../seal.js';

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
  const open = openDay(projection);
  const days = new Set([
    ...eventDays(projection).filter((day) => day > sealed),
    ...(open !== undefined && isGoverned(projection, open) ? [open] : []),
  ]);
  return [...days].sort().map((day) => {
    const bounds = { from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) };
    return spanOf(day, policyOf(projection, day, bounds));
  });
}
