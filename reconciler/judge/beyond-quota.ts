import { type Day, dayEnd, dayStart, padNanos } from '#chaincode';
import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';

/** What one actor alone attests of one day, beyond the policy's quota, in the order in which it came on the ledger. */
export interface Flood extends Interval {
  readonly actor: string;
  readonly day: Day;
  /** Number of the first event beyond the quota; those after it that the actor alone attests belong to it too. */
  readonly first: number;
}

/** The floods of all days that begin within an interval. */
export function floodsOf({ db, tallies, policies }: Projection, context: Interval): Flood[] {
  const count = db.prepare('SELECT count(*) FROM open_events WHERE time >= ? AND time < ? AND sole = ?').pluck();
  const beyond = db
    .prepare('SELECT event FROM open_events WHERE time >= ? AND time < ? AND sole = ? ORDER BY event LIMIT 1 OFFSET ?')
    .pluck();
  const days = tallies.days.map((day) => ({ day, from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) }));
  return days
    .filter(({ from }) => from >= context.from && from < context.to)
    .flatMap(({ day, from, to }) => {
      const policy = policies.at(padNanos((BigInt(to) - 1n).toString()));
      const quota = policy?.policy.quota ?? Number.POSITIVE_INFINITY;
      return tallies.attesters(day, quota).flatMap((actor): Flood[] => {
        if ((count.get(from, to, actor) as number) <= quota) return [];
        return [{ actor, day, from, to, first: beyond.get(from, to, actor, quota) as number }];
      });
    });
}

/** Tells whether an event, by its time in the key and its number, belongs to a flood. */
export function floodTest({ db }: Projection, floods: readonly Flood[]): (time: string, id: number) => boolean {
  const sole = db.prepare('SELECT sole FROM open_events WHERE time = ? AND event = ?').pluck();
  return (time, id) => {
    const near = floods.filter(({ from, to, first }) => time >= from && time < to && id >= first);
    if (near.length === 0) return false;
    const actor = sole.get(time, id);
    return near.some((flood) => flood.actor === actor);
  };
}
