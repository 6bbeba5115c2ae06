import type { Day } from '#chaincode';
import type { DayJudgement } from './judgement.js';
import { prepared } from './projection/database.js';
import type { Projection } from './projection/projection.js';

/** What was stored when the day was sealed; undefined if it has not been. */
export function sealedJudgement({ db }: Projection, day: Day): DayJudgement | undefined {
  const row = db.prepare('SELECT judgement FROM days WHERE day = ?').pluck().get(day) as string | undefined;
  return row === undefined ? undefined : (JSON.parse(row) as DayJudgement);
}

/** Days that are sealed, in order. */
export function sealedDays({ db }: Projection): Day[] {
  return prepared(db, 'SELECT day FROM days ORDER BY day').pluck().all() as Day[];
}
