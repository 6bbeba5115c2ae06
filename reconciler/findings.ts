import type { Day } from '#chaincode';
import { saidOf } from './day-judgement.js';
import { openDays } from './follow/open-days.js';
import { wholly } from './judge/findings.js';
import { byTimeAndClass } from './judge/judge-events.js';
import type { Finding, Findings, SaidDay } from './judgement.js';
import { sealedDays, sealedFindings } from './kept-days.js';
import { asDatabaseError, type Db, nothingRead, openDatabase } from './projection/database.js';
import { withProjection } from './projection/with-projection.js';

/** What is found of a day. */
export interface DayFindings {
  readonly day: Day;
  readonly sealed: boolean;
  readonly findings: Findings;
}

/** Which findings are asked for; all if nothing is named. */
export interface Asked {
  readonly day?: Day;
  /** A finding's name, or its beginning. */
  readonly id?: string;
}

/**
 * The findings that a projection has, day by day. Where a reconciler follows the ledger into it, they lie there ready; else the
 * days that are not sealed are judged now.
 * @throws ReconcilerError `DATABASE` if there is no such projection, `EMPTY` if nothing was read
 */
export function findingsOf(dbFile: string, asked: Asked = {}): DayFindings[] {
  const ready = askDatabase(dbFile, (db) =>
    isJudged(db) ? [...sealedOf(db, asked), ...openOf(db, asked)] : undefined,
  );
  return (ready ?? judgedNow(dbFile, asked)).sort((a, b) => (a.day < b.day ? -1 : 1));
}

function askDatabase<T>(dbFile: string, ask: (db: Db) => T): T {
  const db = openDatabase(dbFile, { mustExist: true });
  try {
    // One moment of the ledger, whatever is committed meanwhile.
    return db.transaction(() => ask(db)).deferred();
  } catch (error) {
    throw asDatabaseError(error, dbFile);
  } finally {
    db.close();
  }
}

/** Whether the rows of the open days say what is found up to the last block. */
function isJudged(db: Db): boolean {
  const value = db.prepare('SELECT value FROM meta WHERE key = ?').pluck();
  if (value.get('state') === undefined) throw nothingRead();
  const last = db.prepare('SELECT max(number) FROM blocks').pluck().get() as number | null;
  return last !== null && value.get('judged') === last.toString();
}

function openOf(db: Db, { day, id = '' }: Asked): DayFindings[] {
  const rows = db
    .prepare(
      `SELECT day, finding FROM open_findings WHERE id >= @id AND id < @id || 'g' AND (@day IS NULL OR day = @day)
       AND day NOT IN (SELECT day FROM days) ORDER BY day`,
    )
    .all({ id, day: day ?? null }) as { readonly day: Day; readonly finding: string }[];
  const found = rows.map(({ day: of, finding }) => ({ day: of, finding: JSON.parse(finding) as Finding }));
  return [...byDay(found)].map(([name, findings]) => ({
    day: name,
    sealed: false,
    findings: findings.sort(byTimeAndClass),
  }));
}

function sealedOf(db: Db, asked: Asked): DayFindings[] {
  return [...byDay(sealedFindings(db, asked))].map(([day, findings]) => ({ day, sealed: true, findings }));
}

function byDay(found: Iterable<{ readonly day: Day; readonly finding: Finding }>): Map<Day, Finding[]> {
  const days = new Map<Day, Finding[]>();
  for (const { day, finding } of found) {
    const known = days.get(day) ?? [];
    days.set(day, known);
    known.push(finding);
  }
  return days;
}

function judgedNow(dbFile: string, asked: Asked): DayFindings[] {
  return withProjection(dbFile, (projection) => {
    const sealed = sealedDays(projection);
    const open = projection.policies.inForce.length === 0 ? [] : openDays(projection, sealed.at(-1) ?? '');
    return [
      ...sealedOf(projection.db, asked),
      ...open
        .filter(({ day }) => asked.day === undefined || day === asked.day)
        .flatMap(({ day }) => askedOf(saidOf(projection, day), asked)),
    ];
  });
}

function askedOf({ day, sealed, findings }: SaidDay, { id = '' }: Asked): DayFindings[] {
  const named = [...findings].filter((finding) => finding.id.startsWith(id)).map(wholly);
  return named.length === 0 ? [] : [{ day, sealed, findings: named }];
}
