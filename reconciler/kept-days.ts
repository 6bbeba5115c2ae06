import type { Day } from '#chaincode';
import { wholly } from './judge/findings.js';
import type { JudgedDay } from './judge/judge-day.js';
import type { DayJudgement, Finding, SaidDay } from './judgement.js';
import {
  FINDING_COLUMNS,
  type FindingRow,
  findingReader,
  KeptFindings,
  keepFindings,
  SAID,
  type Said,
} from './kept-findings.js';
import { type Db, prepared } from './projection/database.js';
import type { Projection } from './projection/projection.js';
import type { CarriedContainer } from './running/day.js';

/** A day as it was said, and what containers carry over into the next one. */
export interface KeptDay {
  readonly judgement: SaidDay;
  readonly carry: readonly CarriedContainer[];
}

/** Keeps what the report of a sealed day says. @param seq the sealing transaction */
export function keepSealed({ db }: Projection, { judgement, carry }: JudgedDay, seq: number): void {
  db.prepare('INSERT INTO days (day, rest, carry, seq) VALUES (?, ?, ?, ?)').run(
    judgement.day,
    withoutFindings(judgement),
    JSON.stringify(carry),
    seq,
  );
  keepFindings(db, judgement.day, SAID.sealed, judgement.findings, seq);
}

/** Keeps what is said of a sealed day now. */
export function keepAmended({ db, seq }: Projection, { judgement, carry }: JudgedDay): void {
  const { day } = judgement;
  db.prepare('INSERT OR REPLACE INTO amended_days (day, rest, carry) VALUES (?, ?, ?)').run(
    day,
    withoutFindings(judgement),
    JSON.stringify(carry),
  );
  db.prepare('DELETE FROM day_findings WHERE day = ? AND said = ?').run(day, SAID.amended);
  keepFindings(db, day, SAID.amended, judgement.findings, seq);
}

function withoutFindings(judgement: DayJudgement): string {
  return JSON.stringify({ ...judgement, findings: [] });
}

/** What the report of a sealed day says; undefined if it is not sealed. */
export function sealedDay({ db }: Projection, day: Day): SaidDay | undefined {
  const row = db.prepare('SELECT rest FROM days WHERE day = ?').pluck().get(day) as string | undefined;
  return row === undefined ? undefined : saidIn(db, row, day, SAID.sealed);
}

/** As `sealedDay`, with all findings in memory. */
export function sealedJudgement(projection: Projection, day: Day): DayJudgement | undefined {
  const said = sealedDay(projection, day);
  return said && { ...said, findings: Array.from(said.findings, wholly) };
}

/** What was last said of a sealed day: in its own report, or in the amendments of later ones. */
export function lastSaid({ db }: Projection, day: Day): KeptDay {
  const find = (table: string) => db.prepare(`SELECT rest, carry FROM ${table} WHERE day = ?`).get(day);
  const amended = find('amended_days');
  const { rest, carry } = (amended ?? find('days')) as { rest: string; carry: string };
  return {
    judgement: saidIn(db, rest, day, amended === undefined ? SAID.sealed : SAID.amended),
    carry: JSON.parse(carry) as CarriedContainer[],
  };
}

function saidIn(db: Db, row: string, day: Day, said: Said): SaidDay {
  return { ...(JSON.parse(row) as DayJudgement), findings: new KeptFindings(db, day, said) };
}

/** The findings in the reports of sealed days, day by day, in their order; all, or of one day, or whose names begin so. */
export function* sealedFindings(
  db: Db,
  { day, id = '' }: { readonly day?: Day; readonly id?: string },
): Generator<{ readonly day: Day; readonly finding: Finding }> {
  const rows = db
    .prepare(
      `SELECT day, ${FINDING_COLUMNS} FROM day_findings WHERE said = ${SAID.sealed} AND (@day IS NULL OR day = @day)
       AND id >= @id AND id < @id || 'g' ORDER BY day, number`,
    )
    .iterate({ day: day ?? null, id }) as Iterable<FindingRow & { readonly day: Day }>;
  const read = findingReader(db);
  for (const row of rows) yield { day: row.day, finding: wholly(read(row)) };
}

/** Everything that is said, or was, of a sealed day under one name: as sealed, then as amended. */
export function keptUnder({ db }: Projection, day: Day, id: string): Finding[] {
  const find = prepared(
    db,
    `SELECT ${FINDING_COLUMNS} FROM day_findings WHERE id = ? AND day = ? ORDER BY said, number`,
  );
  const read = findingReader(db);
  return (find.all(id, day) as FindingRow[]).map((row) => wholly(read(row)));
}

/** Days that are sealed, in order. */
export function sealedDays({ db }: Projection): Day[] {
  return prepared(db, 'SELECT day FROM days ORDER BY day').pluck().all() as Day[];
}
