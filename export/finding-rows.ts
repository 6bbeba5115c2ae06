import { type Day, dayEnd, padNanos } from '#chaincode';
import { orderedBody } from '../reconciler/daily-report.js';
import { judgementOf } from '../reconciler/day-judgement.js';
import type { Finding } from '../reconciler/judgement.js';
import { sealedDays } from '../reconciler/kept-days.js';
import type { Projection } from '../reconciler/projection/projection.js';
import { eventDays, openDay } from '../reconciler/seal.js';
import type { DayRange } from './ledger-rows.js';

/** A finding, in the published form, and the report in which it stands. */
export interface FindingRow {
  readonly day: Day;
  readonly sealed: boolean;
  readonly finding: Finding;
}

/** What the report of a day says. */
export interface ReportedDay {
  readonly day: Day;
  readonly sealed: boolean;
  /** No event is of it, and nothing is found. */
  readonly empty: boolean;
  /** In the report's order: time, class, id. */
  readonly findings: readonly FindingRow[];
}

/** The days' reports, one after the other. */
export function* reportedDays(projection: Projection, range: DayRange): Generator<ReportedDay> {
  for (const day of judgedDays(projection, range)) {
    const { sealed, coverage, findings } = orderedBody(judgementOf(projection, day));
    const empty = coverage.events === 0 && findings.length === 0;
    yield { day, sealed, empty, findings: findings.map((finding) => ({ day, sealed, finding })) };
  }
}

/** The days of a range on which there is anything to judge, in order. None without a policy. */
function judgedDays(projection: Projection, { from, to }: DayRange): Day[] {
  const open = openDay(projection);
  const days = new Set([...sealedDays(projection), ...eventDays(projection)]);
  // What actors did on the ledger may be all that there is to say of the next day.
  if (open !== undefined && isGoverned(projection, open)) days.add(open);
  return [...days].filter((day) => (from === undefined || day >= from) && (to === undefined || day < to)).sort();
}

function isGoverned({ policies }: Projection, day: Day): boolean {
  return policies.at(padNanos((BigInt(dayEnd(day)) - 1n).toString())) !== undefined;
}
