import { type Day, dayEnd, dayOf } from '#chaincode';
import { amendments, lastSealed } from './amend.js';
import { disputesAbout, withExchange } from './exchange.js';
import type { DisputeStanding } from './exchange-form.js';
import { wholly } from './judge/findings.js';
import { judgeDay } from './judge/judge-day.js';
import type { DayJudgement, SaidDay } from './judgement.js';
import { lastSaid, sealedDay } from './kept-days.js';
import { nothingRead } from './projection/database.js';
import type { Projection } from './projection/projection.js';
import { withProjection } from './projection/with-projection.js';
import { eventDays, openDay } from './seal.js';

/**
 * What a projection says of one UTC day: what was sealed, else the day as far as it has been read.
 * @throws ReconcilerError `DATABASE` if there is no such projection, `EMPTY` if nothing was read, `NO_POLICY`.
 */
export function dayJudgement(dbFile: string, day: Day): DayJudgement {
  return withProjection(dbFile, (projection) => judgementOf(projection, day));
}

/** The disputes about a day's findings, as they stand after the last block that was read. */
export interface DisputesNow {
  readonly block: string;
  readonly disputes: readonly DisputeStanding[];
}

/**
 * How the disputes about a day's findings stand now, whenever the day was sealed.
 * @throws ReconcilerError `DATABASE` if there is no such projection
 */
export function disputesNow(dbFile: string, judgement: DayJudgement): DisputesNow {
  return withProjection(dbFile, (projection) => ({
    block: projection.head?.block ?? '',
    disputes: disputesAbout(projection, judgement),
  }));
}

/** As `dayJudgement`, of an open projection whose rows are all written. */
export function judgementOf(projection: Projection, day: Day): DayJudgement {
  const said = saidOf(projection, day);
  return { ...said, findings: Array.from(said.findings, wholly) };
}

/** As `judgementOf`, its findings told as they are gone through, while the projection stays as it is. */
export function saidOf(projection: Projection, day: Day): SaidDay {
  if (projection.head === undefined) throw nothingRead();
  return sealedDay(projection, day) ?? judgeUnsealed(projection, day);
}

/** Judges an open day; the open days before it are gone through for the containers they leave running. */
function judgeUnsealed(projection: Projection, day: Day): DayJudgement {
  const last = lastSealed(projection, day);
  const open = openDay(projection);
  const { amends, carry: left } = open === day ? amendments(projection, day) : { amends: [], carry: undefined };
  let carry = left ?? (last === undefined ? [] : lastSaid(projection, last.day).carry);
  const known = eventDays(projection);
  let before = last === undefined ? known[0] : dayOf(dayEnd(last.day));
  while (before !== undefined && before < day) {
    // Days without events matter only while a container runs through them.
    if (carry.length > 0 || known.includes(before)) {
      carry = judgeDay(projection, before, { carried: carry, sealed: false, conduct: undefined, amends: [] }).carry;
    }
    const next = before;
    before = carry.length > 0 ? dayOf(dayEnd(next)) : known.find((candidate) => candidate > next);
  }
  const conduct = open === day ? { after: last?.seq ?? 0, upTo: projection.seq } : undefined;
  const { judgement } = judgeDay(projection, day, { carried: carry, sealed: false, conduct, amends });
  return conduct === undefined ? judgement : withExchange(projection, judgement, last);
}
