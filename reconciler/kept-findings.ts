import type { Day } from '#chaincode';
import { differencesOf } from './judge/diff.js';
import { contentsOf } from './judge/findings.js';
import { type KeptContent, keptContent, variantReader } from './judge/kept-variants.js';
import type { Finding, Findings, Variant } from './judgement.js';
import { type Db, prepared } from './projection/database.js';

/** So many findings are read at a time. */
const PAGE = 200;

/** As `day_findings` has it: what a day's own report says, and what was last said of it where amendments have changed that. */
export const SAID = { sealed: 0, amended: 1 } as const;
export type Said = (typeof SAID)[keyof typeof SAID];

/** What is read of a finding's row. */
export interface FindingRow {
  readonly finding: string;
  /** NULL where all is in the finding itself. */
  readonly contents: string | null;
  readonly upTo: number | null;
}

export const FINDING_COLUMNS = 'finding, contents, up_to AS upTo';

/** Keeps what is said of a day, in its order. @param upTo the latest transaction */
export function keepFindings(db: Db, day: Day, said: Said, findings: Iterable<Finding>, upTo: number): void {
  const keep = db.prepare(
    'INSERT INTO day_findings (day, said, number, id, finding, contents, up_to) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  let number = 0;
  for (const finding of findings) {
    const contents = contentsOf(finding);
    if (contents === undefined) keep.run(day, said, number, finding.id, JSON.stringify(finding), null, null);
    else
      keep.run(
        day,
        said,
        number,
        finding.id,
        withoutContents(finding),
        JSON.stringify(contents.map(keptContent)),
        upTo,
      );
    number += 1;
  }
}

/** What is read from events' rows is left out, and not asked for. */
function withoutContents(finding: Finding): string {
  const rest: Partial<Record<keyof Finding, unknown>> = {};
  for (const name of Object.keys(finding) as (keyof Finding)[]) {
    if (name !== 'variants' && name !== 'diff') rest[name] = finding[name];
  }
  return JSON.stringify(rest);
}

/** Reads findings from their rows; what they say of events is read when it is asked for, see `wholly`. */
export function findingReader(db: Db): (row: FindingRow) => Finding {
  const read = variantReader(db);
  return ({ finding, contents, upTo }) => {
    const kept = JSON.parse(finding) as Finding;
    if (contents === null || upTo === null) return kept;
    let known: readonly Variant[] | undefined;
    const variants = () => {
      known ??= read(JSON.parse(contents) as KeptContent[], upTo);
      return known;
    };
    return {
      ...kept,
      get variants() {
        return variants();
      },
      get diff() {
        return differencesOf(variants());
      },
    };
  };
}

/** A day's findings as they are kept, in their order; they are read when they are gone through. */
export class KeptFindings implements Findings {
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
    const page = this.db.prepare(
      `SELECT ${FINDING_COLUMNS} FROM day_findings WHERE day = ? AND said = ? AND number >= ? ORDER BY number LIMIT ${PAGE}`,
    );
    const read = findingReader(this.db);
    for (let from = 0; ; from += PAGE) {
      const rows = page.all(this.day, this.said, from) as FindingRow[];
      yield* rows.map(read);
      if (rows.length < PAGE) return;
    }
  }
}
