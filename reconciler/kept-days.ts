import type { Day } from '#chaincode';
import type { JudgedDay } from './judge/judge-day.js';
import type { DayJudgement, Finding, SaidDay } from './judgement.js';
import { type Db, prepared } from './projection/database.js';
import type { Projection } from './projection/projection.js';
import type { CarriedContainer } from './running/day.js';

/** So many findings are read at a time. */
const PAGE = 200;

/** As `day_findings` has it: what a day's own report says, and what was last said of it where amendments have changed that. */
const SAID = { sealed: 0, amended: 1 } as const;
type Said = (typeof SAID)[keyof typeof SAID];

/** A day as it was said, and what containers carry over into the next one. */
export interface KeptDay {
  readonly judgement: SaidDay;
  readonly carry: readonly CarriedContainer[];
}

/** A day's findings as they are kept, in their order; they are read when they are gone through. */
class KeptFindings implements Iterable<Finding> {
  constructor(
    private readonly db: Db,
    private readonly day: Day,
    private readonly said: Said,
  ) {}

  get length(): number {
    const count = prepared(this.db, 'SELECT count(*) FROM day_findings WHERE day = ? AND said = ?').pluck();
    return count.get(this.day, this.said) as number;
  }

  *[Symbol.iterator](): Iterator<Finding> {
    // In pages, for a statement that is under way lets nothing be written.
    const page = this.db
      .prepare(
        `SELECT finding FROM day_findings WHERE day = ? AND said = ? AND number >= ? ORDER BY number LIMIT ${PAGE}`,
      )
      .pluck();
    for (let from = 0; ; from += PAGE) {
      const findings = page.all(this.day, this.said, from) as string[];
      for (const finding of findings) yield JSON.parse(finding) as Finding;
      if (findings.length < PAGE) return;
    }
  }
}

/** Keeps what the report of a sealed day says. @param seq the sealing transaction */
export function keepSealed({ db }: Projection, { judgement, carry }: JudgedDay, seq: number): void {
  db.prepare('INSERT INTO days (day, rest, carry, seq) VALUES (?, ?, ?, ?)').run(
    judgement.day,
    withoutFindings(judgement),
    JSON.stringify(carry),
    seq,
  );
  keepFindings(db, judgement, SAID.sealed);
}

/** Keeps what is said of a sealed day now. */
export function keepAmended({ db }: Projection, { judgement, carry }: JudgedDay): void {
  const { day } = judgement;
  db.prepare('INSERT OR REPLACE INTO amended_days (day, rest, carry) VALUES (?, ?, ?)').run(
    day,
    withoutFindings(judgement),
    JSON.stringify(carry),
  );
  db.prepare('DELETE FROM day_findings WHERE day = ? AND said = ?').run(day, SAID.amended);
  keepFindings(db, judgement, SAID.amended);
}

function withoutFindings(judgement: DayJudgement): string {
  return JSON.stringify({ ...judgement, findings: [] });
}

function keepFindings(db: Db, { day, findings }: DayJudgement, said: Said): void {
  const keep = db.prepare('INSERT INTO day_findings (day, said, number, id, finding) VALUES (?, ?, ?, ?, ?)');
  for (const [number, finding] of findings.entries()) {
    keep.run(day, said, number, finding.id, JSON.stringify(finding));
  }
}

/** What the report of a sealed day says; undefined if it is not sealed. */
export function sealedDay({ db }: Projection, day: Day): SaidDay | undefined {
  const row = db.prepare('SELECT rest FROM days WHERE day = ?').pluck().get(day) as string | undefined;
  return row === undefined ? undefined : saidIn(db, row, day, SAID.sealed);
}

/** As `sealedDay`, with all findings in memory. */
export function sealedJudgement(projection: Projection, day: Day): DayJudgement | undefined {
  const said = sealedDay(projection, day);
  return said && { ...said, findings: [...said.findings] };
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
export function sealedFindings(
  db: Db,
  { day, id = '' }: { readonly day?: Day; readonly id?: string },
): Iterable<{ readonly day: Day; readonly finding: string }> {
  return db
    .prepare(
      `SELECT day, finding FROM day_findings WHERE said = ${SAID.sealed} AND (@day IS NULL OR day = @day)
       AND id >= @id AND id < @id || 'g' ORDER BY day, number`,
    )
    .iterate({ day: day ?? null, id }) as Iterable<{ readonly day: Day; readonly finding: string }>;
}

/** Everything that is said, or was, of a sealed day under one name: as sealed, then as amended. */
export function keptUnder({ db }: Projection, day: Day, id: string): Finding[] {
  const find = prepared(db, 'SELECT finding FROM day_findings WHERE id = ? AND day = ? ORDER BY said, number').pluck();
  return (find.all(id, day) as string[]).map((finding) => JSON.parse(finding) as Finding);
}

/** Days that are sealed, in order. */
export function sealedDays({ db }: Projection): Day[] {
  return prepared(db, 'SELECT day FROM days ORDER BY day').pluck().all() as Day[];
}
