import type { BatchEvidence, Finding } from '../judgement.js';
import { nanosOf } from '../ledger/policy-book.js';
import type { Projection } from '../projection/projection.js';
import { established, findingId, type Locate } from './findings.js';

/** The transactions on whose conduct a report tells: after one seal, up to the next. */
export interface LedgerRange {
  /** Number of the transaction that sealed the day before; 0 for the first. */
  readonly after: number;
  readonly upTo: number;
}

interface BatchRow {
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
  readonly n: number;
  readonly digest: string;
  readonly seq: number;
}

// Evidence of two contents is proof; a hostile collector could send ever more.
const MAX_CONTENTS = 10;

/** Two digests under one actor, collector, run and batch number; said where the range has a second digest or a further one. */
export function equivocations(projection: Projection, range: LedgerRange, locate: Locate): Finding[] {
  const { db } = projection;
  const repeated = db
    .prepare('SELECT run, n, min(seq) AS seq FROM repeated_batches WHERE seq > ? AND seq <= ? GROUP BY run, n')
    .all(range.after, range.upTo) as { run: number; n: number; seq: number }[];
  const contents = db.prepare(
    `SELECT r.actor, r.collector, r.run, b.n, b.digest, b.seq FROM batches b JOIN runs r ON r.id = b.run
     WHERE b.run = ? AND b.n = ? AND b.seq <= ? ORDER BY b.seq LIMIT ${MAX_CONTENTS}`,
  );
  return repeated.map(({ run, n, seq }) => {
    const batches = (contents.all(run, n, range.upTo) as BatchRow[]).map((row) => evidenceOf(row, locate));
    const { actor, collector, run: name } = batches[0] as BatchEvidence;
    const id = findingId('', `equivocation/${actor}/${collector}/${name}/${n}`);
    return { ...established('equivocation', { id, source: '', time: clockAfter(projection, seq), actor }), batches };
  });
}

/** Numbers that a run left out, and batches that do not continue the one before: still so a deadline after they appeared. */
export function sequenceBreaks(projection: Projection, range: LedgerRange, locate: Locate): Finding[] {
  return [...leftOut(projection, range, locate), ...broken(projection, range, locate)];
}

/** One finding for each stretch of numbers left out of a run that its collector has not given up for a later one. */
function leftOut(projection: Projection, range: LedgerRange, locate: Locate): Finding[] {
  const { db } = projection;
  const runs = db
    .prepare(
      `SELECT r.id, r.contiguous FROM runs r WHERE EXISTS (SELECT 1 FROM waiting_claims w WHERE w.run = r.id)
       AND NOT EXISTS (
         SELECT 1 FROM runs later WHERE later.actor = r.actor AND later.collector = r.collector AND later.id > r.id
         AND (SELECT min(seq) FROM batches WHERE run = later.id) > (SELECT max(seq) FROM batches WHERE run = r.id)
       ) ORDER BY r.id`,
    )
    .all() as { id: number; contiguous: number }[];
  const beyond = db.prepare(
    `SELECT r.actor, r.collector, r.run, b.n, b.digest, b.seq FROM batches b JOIN runs r ON r.id = b.run
     WHERE b.run = ? AND b.n > ? ORDER BY b.n DESC, b.seq DESC`,
  );
  return runs.flatMap(({ id, contiguous }) => {
    const found: Finding[] = [];
    // From the end: what shows a hole is the first batch committed of all those with greater numbers.
    let revealing: BatchRow | undefined;
    let above: number | undefined;
    const hole = (from: number, to: number) => {
      if (revealing === undefined || !isOverdue(projection, revealing.seq, range)) return;
      const { actor, collector, run } = revealing;
      found.push({
        ...established('sequence', {
          id: findingId('', `sequence/${actor}/${collector}/${run}/${from}`),
          source: '',
          time: appearanceOf(projection, revealing.seq),
          actor,
        }),
        numbers: { from: `${from}`, to: `${to}` },
        batches: [evidenceOf(revealing, locate)],
      });
    };
    for (const row of beyond.iterate(id, contiguous) as Iterable<BatchRow>) {
      if (above !== undefined && row.n < above - 1) hole(row.n + 1, above - 1);
      if (revealing === undefined || row.seq < revealing.seq) revealing = row;
      above = row.n;
    }
    if (above !== undefined && above > contiguous + 1) hole(contiguous + 1, above - 1);
    return found;
  });
}

function broken(projection: Projection, range: LedgerRange, locate: Locate): Finding[] {
  const { db } = projection;
  const rows = db
    .prepare(
      `SELECT r.actor, r.collector, r.run, l.run AS id, l.n, l.digest, l.seq AS since, b.seq FROM broken_links l
       JOIN runs r ON r.id = l.run JOIN batches b ON b.run = l.run AND b.n = l.n AND b.digest = l.digest
       WHERE NOT EXISTS (SELECT 1 FROM batches p WHERE p.run = l.run AND p.n = l.n - 1 AND p.digest = b.prev)
       ORDER BY l.run, l.n, l.digest`,
    )
    .all() as (BatchRow & { id: number; since: number })[];
  const before = db.prepare('SELECT digest, seq FROM batches WHERE run = ? AND n = ? ORDER BY seq LIMIT 1');
  return rows
    .filter(({ since }) => isOverdue(projection, since, range))
    .map((row) => {
      const { actor, collector, run, n, digest, id, since } = row;
      const previous = { ...row, n: n - 1, ...(before.get(id, n - 1) as Pick<BatchRow, 'digest' | 'seq'>) };
      const about = {
        id: findingId('', `sequence/${actor}/${collector}/${run}/${n}/${digest}`),
        source: '',
        time: appearanceOf(projection, since),
        actor,
      };
      return {
        ...established('sequence', about),
        numbers: { from: `${n}`, to: `${n}` },
        batches: [evidenceOf(previous, locate), evidenceOf(row, locate)],
      };
    });
}

/** Whether the deadline after what a transaction showed has passed, and did so within the range. */
function isOverdue(projection: Projection, seq: number, { after, upTo }: LedgerRange): boolean {
  const appearance = projection.appearances.of(seq);
  const deadline = projection.policies.governing(appearance)?.policy.deadline;
  if (appearance === undefined || deadline === undefined) return false;
  const past = projection.appearances.firstPast(appearance + nanosOf(deadline));
  return past !== undefined && past > after && past <= upTo;
}

function appearanceOf(projection: Projection, seq: number): string {
  return (projection.appearances.of(seq) ?? 0n).toString();
}

function clockAfter({ db }: Projection, seq: number): string {
  // While the clock is undefined nothing has a time of its own: the first that there is.
  const clock = db.prepare('SELECT clock FROM transactions WHERE seq >= ? AND clock IS NOT NULL ORDER BY seq LIMIT 1');
  return (clock.pluck().get(seq) as string | undefined) ?? '0';
}

/** Where a batch stands on the ledger. */
export function evidenceOf({ actor, collector, run, n, digest, seq }: BatchRow, locate: Locate): BatchEvidence {
  return { actor, collector, run, n: `${n}`, digest, ...locate(seq) };
}
