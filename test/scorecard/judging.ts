import { type Day, dayEnd, dayOf } from '#chaincode';
import { judgementOf } from '../../reconciler/day-judgement.js';
import { wholly } from '../../reconciler/judge/findings.js';
import { judgeDay } from '../../reconciler/judge/judge-day.js';
import type { Finding, FindingClass } from '../../reconciler/judgement.js';
import type { Projection } from '../../reconciler/projection/projection.js';
import { dayAt, PACE } from './timing.js';
import type { World } from './world.js';

/** Told with the day that is sealed next, and not of a day. */
const CONDUCT: readonly FindingClass[] = ['silent', 'equivocation', 'sequence'];

/** The days of a history and one after them. */
export function daysOf({ begin, end }: World): Day[] {
  const last = dayOf(dayEnd(dayAt(end * PACE)));
  const days = [dayAt(begin * PACE)];
  for (let day = days[0] as Day; day < last; days.push(day)) day = dayOf(dayEnd(day));
  return days;
}

/**
 * All that is said up to the projection's latest transaction: of every day as it stands there, which is what its report
 * and the amendments of it say together, and of the actors' conduct in all reports.
 */
export function findingsOf(projection: Projection, days: readonly Day[]): Finding[] {
  const ofDays = days.flatMap((day) => {
    const options = { carried: [], sealed: false, conduct: undefined, amends: [] };
    return judgeDay(projection, day, options).judgement.findings.map(wholly);
  });
  const conduct = days
    .flatMap((day) => judgementOf(projection, day).findings)
    .filter(({ class: name }) => CONDUCT.includes(name));
  // A silence is told in each report of the time in which it lasts.
  return [...new Map([...ofDays, ...conduct].map((finding) => [finding.id, finding])).values()];
}
