import { addSeconds, type Day, dayOf, dayStart, padNanos } from '#chaincode';
import { changesBetween } from './amendment.js';
import { type JudgedDay, judgeDay } from './judge/judge-day.js';
import type { DayJudgement } from './judgement.js';
import { type Db, prepared } from './projection/database.js';
import type { Projection } from './projection/projection.js';
import type { CarriedContainer } from './running/day.js';

interface SealedDay {
  readonly day: Day;
  /** The sealing transaction. */
  readonly seq: number;
}

/** What later transactions changed, and the containers that the last sealed day leaves running by that. */
interface Amendments {
  readonly amends: DayJudgement['amends'];
  /** Left out where no day is sealed. */
  readonly carry?: readonly CarriedContainer[];
}

/** The last sealed day, of those before another if that is given. */
export function lastSealed({ db }: Projection, before?: Day): SealedDay | undefined {
  const last =
    before === undefined
      ? prepared(db, 'SELECT max(day) FROM days').pluck().get()
      : prepared(db, 'SELECT max(day) FROM days WHERE day < ?').pluck().get(before);
  return typeof last === 'string' ? { day: last, seq: sealedAt(db, last) } : undefined;
}

/** Sealed days stay as they are: a row is long, what is said of it once is asked for with each block. */
const SEALED_AT = new WeakMap<Db, Map<Day, number>>();

function sealedAt(db: Db, day: Day): number {
  const known = SEALED_AT.get(db) ?? new Map<Day, number>();
  SEALED_AT.set(db, known);
  const seq = known.get(day) ?? (prepared(db, 'SELECT seq FROM days WHERE day = ?').pluck().get(day) as number);
  known.set(day, seq);
  return seq;
}

/** What was last said of a sealed day: in its own report, or in the amendments of later ones. */
export function lastSaid({ db }: Projection, day: Day): JudgedDay {
  const row = (db.prepare('SELECT judgement, carry FROM amended_days WHERE day = ?').get(day) ??
    db.prepare('SELECT judgement, carry FROM days WHERE day = ?').get(day)) as { judgement: string; carry: string };
  return {
    judgement: JSON.parse(row.judgement) as DayJudgement,
    carry: JSON.parse(row.carry) as CarriedContainer[],
  };
}

/**
 * Amends the sealed days for the report of the day that is sealed now, and keeps what is said of them. Their own reports
 * stay as they are.
 */
export function amendSealed(projection: Projection, next: Day): DayJudgement['amends'] {
  const keep = projection.db.prepare('INSERT OR REPLACE INTO amended_days (day, judgement, carry) VALUES (?, ?, ?)');
  const { amends, judged } = judgeAnew(projection, next);
  for (const [day, { judgement, carry }] of judged) {
    keep.run(day, JSON.stringify(judgement), JSON.stringify(carry));
    projection.touched.judged(day);
    // What is not decided yet is decided by the clock, with nothing said of it.
    if (judgement.coverage.pending > 0) projection.touched.add(day);
  }
  return amends;
}

/** The amendments that the report of an open day has, as things stand. */
export function amendments(projection: Projection, next: Day): Amendments {
  const { amends, judged } = judgeAnew(projection, next);
  const last = lastSealed(projection);
  if (last === undefined) return { amends };
  return { amends, carry: (judged.get(last.day) ?? lastSaid(projection, last.day)).carry };
}

/**
 * Judges the sealed days anew whose verdicts may have changed: those of which something was said since, and those so
 * near to the next day that its events may be variants of theirs.
 */
function judgeAnew(projection: Projection, next: Day): { amends: DayJudgement['amends']; judged: Map<Day, JudgedDay> } {
  const { db } = projection;
  const window = projection.policies.at(padNanos(dayStart(next)))?.policy.window ?? 0;
  const near = db
    .prepare('SELECT day FROM days WHERE day >= ? ORDER BY day')
    .pluck()
    .all(dayOf(addSeconds(dayStart(next), -2 * window))) as Day[];
  const touched = new Set(projection.touched.days);
  const judged = new Map<Day, JudgedDay>();
  const amends: DayJudgement['amends'][number][] = [];
  // A changed day may leave other containers running, which changes the next: so in order, and the list may grow.
  const days = new Set([...near, ...touched].sort());
  for (const day of [...days]) {
    for (let at: Day | undefined = day; at !== undefined && !judged.has(at); ) {
      const change = judgeSealed(projection, at, judged, touched);
      if (change === undefined) break;
      const { said, now, following } = change;
      const changes = changesBetween(said.judgement, now.judgement);
      amends.push(...changes);
      const isCarried = JSON.stringify(said.carry) !== JSON.stringify(now.carry);
      if (changes.length > 0 || isCarried || touched.has(at)) judged.set(at, now);
      if (isCarried && following !== undefined) touched.add(following);
      at = isCarried ? following : undefined;
    }
  }
  return { amends, judged };
}

/** @returns undefined for a day that was sealed at the latest transaction: nothing has come since */
function judgeSealed(
  projection: Projection,
  day: Day,
  judged: ReadonlyMap<Day, JudgedDay>,
  touched: ReadonlySet<Day>,
): { readonly said: JudgedDay; readonly now: JudgedDay; readonly following: Day | undefined } | undefined {
  const { db } = projection;
  const seq = sealedAt(db, day);
  if (seq === projection.seq && !touched.has(day)) return undefined;
  const previous = lastSealed(projection, day);
  const said = lastSaid(projection, day);
  const isSame = !touched.has(day) && said.judgement.coverage.pending === 0;
  const carried = previous === undefined ? [] : (judged.get(previous.day) ?? lastSaid(projection, previous.day)).carry;
  const now = judgeDay(projection, day, {
    carried,
    sealed: false,
    conduct: { after: previous?.seq ?? 0, upTo: seq },
    amends: [],
    ...(isSame && { before: said }),
  });
  const following = db.prepare('SELECT min(day) FROM days WHERE day > ?').pluck().get(day) as Day | null;
  return { said, now, following: following ?? undefined };
}
