import { type Day, dayEnd, dayOf } from '#chaincode';
import { ReconcilerError } from './errors.js';
import { judgeDay } from './judge/judge-day.js';
import type { DayJudgement } from './judgement.js';
import { Projection } from './projection/projection.js';
import type { CarriedContainer } from './running/day.js';
import { eventDays, sealedJudgement } from './seal.js';

/**
 * What a projection says of one UTC day: what was sealed, else the day as far as it has been read.
 * @throws ReconcilerError `DATABASE` if there is no such projection, `EMPTY` if nothing was read, `NO_POLICY`.
 */
export function dayJudgement(dbFile: string, day: Day): DayJudgement {
  const projection = new Projection(dbFile, { mustExist: true, snapshot: true });
  try {
    return judgementOf(projection, day);
  } finally {
    projection.close();
  }
}

/** As `dayJudgement`, of an open projection whose rows are all written. */
export function judgementOf(projection: Projection, day: Day): DayJudgement {
  if (projection.head === undefined) {
    throw new ReconcilerError(
      'EMPTY',
      'Nothing has been read from the ledger yet; run "event2ledger reconcile" first.',
    );
  }
  return sealedJudgement(projection, day) ?? judgeUnsealed(projection, day);
}

/** Judges an open day; the open days before it are gone through for the containers they leave running. */
function judgeUnsealed(projection: Projection, day: Day): DayJudgement {
  const row = projection.db.prepare('SELECT day, carry FROM days WHERE day < ? ORDER BY day DESC LIMIT 1').get(day) as
    | { day: Day; carry: string }
    | undefined;
  let carry = row === undefined ? [] : (JSON.parse(row.carry) as CarriedContainer[]);
  const known = eventDays(projection);
  let before = row === undefined ? known[0] : dayOf(dayEnd(row.day));
  while (before !== undefined && before < day) {
    // Days without events matter only while a container runs through them.
    if (carry.length > 0 || known.includes(before)) carry = [...judgeDay(projection, before, carry, false).carry];
    const next = before;
    before = carry.length > 0 ? dayOf(dayEnd(next)) : known.find((candidate) => candidate > next);
  }
  return judgeDay(projection, day, carry, false).judgement;
}
