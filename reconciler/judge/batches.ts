import type { BatchEvidence, Finding } from '../judgement.js';
import { nanosOf } from '../ledger/policy-book.js';
import { prepared } from '../projection/database.js';
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

/** Whether there is any batch in a range, or before, that `equivocations` and `sequenceBreaks` would look at. */
export function isAnyOdd({ db }: Projection, { after }: LedgerRange): boolean {
  const any = prepared(
    db,
    'SELECT EXISTS (SELECT 1 FROM repeated_batches WHERE seq > ?) OR EXISTS (SELECT 1 FROM holes) OR EXISTS (SELECT 1 FROM broken_links)',
  );
  return any.pluck().get(after) === 1;
}

/** How many batches there are that `equivocations` and `sequenceBreaks` look at. */
export function oddBatches(projection: Projection, range: LedgerRange): number {
  if (!isAnyOdd(projection, range)) return 0;
  const from = firstRelevant(projection, range);
  const count = prepared(
    projection.db,
    `SELECT (SELECT count(*) FROM repeated_batches WHERE seq > ?) + (SELECT count(*) FROM holes WHERE seq >= ?)
       + (SELECT count(*) FROM broken_links WHERE seq >= ?)`,
  );
  return count.pluck().get(range.after, from, from) as number;
}

/** When `sequenceBreaks` may have more to say, if nobody says a word; left out what it does not wait for. */
export interface Overdue {
  /** What the ledger clock must pass. */
  readonly clock?: bigint;
  /** The transaction that must appear. */
  readonly unseen?: number;
}

/** When the next of what is out of order by now has been so for too long. */
export function nextOverdue(projection: Projection, range: LedgerRange): Overdue {
  const { appearances, policies, clock } = projection;
  const from = firstRelevant(projection, range);
  const seqs = projection.db
    .prepare('SELECT seq FROM holes WHERE seq >= ? UNION SELECT seq FROM broken_links WHERE seq >= ? ORDER BY seq')
    .pluck()
    .all(from, from) as number[];
  let due: bigint | undefined;
  for (const seq of seqs) {
    const appearance = appearances.of(seq);
    // Transactions appear in order.
    if (appearance === undefined) return { ...(due !== undefined && { clock: due }), unseen: seq };
    const deadline = policies.governing(appearance)?.policy.deadline;
    if (deadline === undefined) continue;
    const limit = clock.limit(appearance, nanosOf(deadline));
    if (clock.now !== undefined && clock.now > limit) continue;
    if (due === undefined || limit < due) due = limit;
  }
  return due === undefined ? {} : { clock: due };
}

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
  const rows = projection.db
    .prepare(
      `SELECT h."from", h."to", r.actor, r.collector, r.run, b.n, b.digest, b.seq
       FROM holes h JOIN runs r ON r.id = h.run JOIN batches b ON b.seq = h.seq
       WHERE h.seq >= ? AND h.seq <= ? AND NOT EXISTS (
         SELECT 1 FROM runs later WHERE later.actor = r.actor AND later.collector = r.collector AND later.begun > r.latest
       ) ORDER BY h.run, h."from"`,
    )
    .all(firstRelevant(projection, range), range.upTo) as (BatchRow & { from: number; to: number })[];
  return rows
    .filter(({ seq }) => isOverdue(projection, seq, range))
    .map(({ from, to, ...revealing }) => {
      const { actor, collector, run, seq } = revealing;
      const about = {
        id: findingId('', `sequence/${actor}/${collector}/${run}/${from}`),
        source: '',
        time: appearanceOf(projection, seq),
        actor,
      };
      return {
        ...established('sequence', about),
        numbers: { from: `${from}`, to: `${to}` },
        batches: [evidenceOf(revealing, locate)],
      };
    });
}

function broken(projection: Projection, range: LedgerRange, locate: Locate): Finding[] {
  const { db } = projection;
  const rows = db
    .prepare(
      `SELECT r.actor, r.collector, r.run, l.run AS id, l.n, l.digest, l.seq AS since, b.seq FROM broken_links l
       JOIN runs r ON r.id = l.run JOIN batches b ON b.run = l.run AND b.n = l.n AND b.digest = l.digest
       WHERE l.seq >= ? AND l.seq <= ?
       AND NOT EXISTS (SELECT 1 FROM batches p WHERE p.run = l.run AND p.n = l.n - 1 AND p.digest = b.prev)
       ORDER BY l.run, l.n, l.digest`,
    )
    .all(firstRelevant(projection, range), range.upTo) as (BatchRow & { id: number; since: number })[];
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
  const past = projection.appearances.firstPast(projection.clock.limit(appearance, nanosOf(deadline)));
  return past !== undefined && past > after && past <= upTo;
}

/**
 * A transaction before which nothing can be due within the range: what they showed appeared so long before its beginning
 * that every deadline was past by then. Transactions appear in order.
 */
function firstRelevant({ db, clock: ledgerClock, appearances, policies }: Projection, { after }: LedgerRange): number {
  const clock = db.prepare('SELECT clock FROM transactions WHERE seq = ?').pluck().get(after) as
    | string
    | null
    | undefined;
  if (!clock) return 0;
  const longest = policies.inForce.reduce((most, { policy }) => Math.max(most, policy.deadline), 0);
  const isPast = (seq: number) => {
    const appearance = appearances.of(seq);
    return appearance !== undefined && ledgerClock.limit(appearance, nanosOf(longest)) < BigInt(clock);
  };
  let [low, high] = [1, after];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isPast(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
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
