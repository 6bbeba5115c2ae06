import type { Batch, Gap, Watch } from '#chaincode';
import type { Db } from './database.js';

/** What a batch claims about its sources' time. */
export interface Claims {
  readonly watches: readonly Watch[];
  readonly gaps: readonly Gap[];
}

interface Run {
  readonly id: number;
  /** All batches up to this number are committed. */
  contiguous: number;
  /** The greatest number committed. */
  highest: number;
  /** Digest of the first batch committed under `contiguous`, if it is known without asking. */
  digest?: string;
}

/**
 * The runs of all collectors: a watch takes effect when every batch of its run up to its own is committed, in whatever
 * order parallel batches land. What waits for a batch lies in a table: a hostile run may leave a number out for ever.
 * Where a batch does not continue the one before it, or repeats a number with another content, that is noted.
 */
export class RunStore {
  readonly #runs = new Map<string, Run>();
  readonly #sql;
  #oddities = 0;

  constructor(db: Db) {
    this.#sql = {
      open: db.prepare('INSERT INTO runs (id, actor, collector, run) VALUES (?, ?, ?, ?)'),
      reach: db.prepare('UPDATE runs SET contiguous = ? WHERE id = ?'),
      sent: db.prepare('UPDATE runs SET begun = coalesce(begun, @seq), latest = @seq WHERE id = @id'),
      hole: db.prepare('INSERT INTO holes (run, "from", "to", seq) VALUES (?, ?, ?, ?)'),
      holeAt: db.prepare(
        'SELECT "from", "to", seq FROM holes WHERE run = ? AND "from" <= ? ORDER BY "from" DESC LIMIT 1',
      ),
      fill: db.prepare('DELETE FROM holes WHERE run = ? AND "from" = ?'),
      wait: db.prepare('INSERT INTO waiting_claims (run, n, claims) VALUES (?, ?, ?)'),
      waiting: db.prepare('SELECT claims FROM waiting_claims WHERE run = ? AND n = ?').pluck(),
      leave: db.prepare('DELETE FROM waiting_claims WHERE run = ? AND n = ?'),
      batch: db.prepare('INSERT INTO batches (run, n, digest, prev, first, count, seq) VALUES (?, ?, ?, ?, ?, ?, ?)'),
      digests: db.prepare('SELECT digest FROM batches WHERE run = ? AND n = ?').pluck(),
      contents: db.prepare('SELECT digest, prev FROM batches WHERE run = ? AND n = ?'),
      repeated: db.prepare('INSERT INTO repeated_batches (seq, run, n) VALUES (?, ?, ?)'),
      broken: db.prepare('INSERT OR IGNORE INTO broken_links (run, n, digest, seq) VALUES (?, ?, ?, ?)'),
    };
    const rows = db
      .prepare(
        `SELECT id, actor, collector, run, contiguous,
           max(contiguous, coalesce((SELECT max(n) FROM waiting_claims w WHERE w.run = runs.id), 0)) AS highest
         FROM runs ORDER BY id`,
      )
      .all() as (Run & { actor: string; collector: string; run: string })[];
    for (const { actor, collector, run, ...rest } of rows) this.#runs.set(keyOf(actor, collector, run), rest);
  }

  /** Grows with each batch that may change what is odd about runs: left out numbers, repeated ones, and runs given up. */
  get oddities(): number {
    return this.#oddities;
  }

  /** The run's number in the projection, from 1; a new run is made known. */
  idOf(actor: string, { collector, run }: Batch): number {
    return this.#of(actor, collector, run).id;
  }

  /** Digests of what is committed under the batch's number, in order of digest. */
  digestsAt(actor: string, { collector, run, n }: Batch): string[] {
    const known = this.#of(actor, collector, run);
    return n > known.highest ? [] : (this.#sql.digests.all(known.id, n) as string[]);
  }

  /**
   * Takes in a batch whose digest is new under its number.
   * @param count of its entries
   * @returns the claims that take effect now: its own, if all before it are there, and of those that waited for it; none
   *   of a second content under one number
   */
  arrived(actor: string, batch: Batch, count: number, digest: string, seq: number): Claims[] {
    const run = this.#of(actor, batch.collector, batch.run);
    const isFirst = this.digestsAt(actor, batch).length === 0;
    this.#sql.batch.run(run.id, batch.n, digest, batch.prev, batch.from, count, seq);
    this.#sql.sent.run({ id: run.id, seq });
    this.#link(run, batch, digest, seq);
    // The first batch of a run gives the one before up, and any of a run that was given up takes it on again.
    const continues = batch.n === run.contiguous + 1 && run.contiguous === run.highest && run.digest === batch.prev;
    if (!isFirst || !continues) this.#oddities += 1;
    if (!isFirst) {
      this.#sql.repeated.run(seq, run.id, batch.n);
      return [];
    }
    this.#noteHoles(run, batch.n, seq);
    run.highest = Math.max(run.highest, batch.n);
    const claims: Claims = { watches: batch.watches, gaps: batch.gaps };
    if (batch.n !== run.contiguous + 1) {
      this.#sql.wait.run(run.id, batch.n, JSON.stringify(claims));
      return [];
    }
    const inEffect = [claims];
    run.contiguous = batch.n;
    run.digest = digest;
    for (let next = this.#takeWaiting(run); next !== undefined; next = this.#takeWaiting(run)) inEffect.push(next);
    this.#sql.reach.run(run.contiguous, run.id);
    return inEffect;
  }

  /** The numbers that are left out, with a batch of a new number in the run. */
  #noteHoles({ id, highest }: Run, n: number, seq: number): void {
    const { hole, holeAt, fill } = this.#sql;
    if (n > highest) {
      if (n > highest + 1) hole.run(id, highest + 1, n - 1, seq);
      return;
    }
    const around = holeAt.get(id, n) as { from: number; to: number; seq: number };
    fill.run(id, around.from);
    if (around.from < n) hole.run(id, around.from, n - 1, around.seq);
    if (n < around.to) hole.run(id, n + 1, around.to, around.seq);
  }

  /** Notes where a batch and its neighbours do not fit, as soon as both are there. A later content may still fit. */
  #link(run: Run, { n, prev }: Batch, digest: string, seq: number): void {
    const continues = n === 1 || (n === run.contiguous + 1 && run.digest === prev);
    if (!continues) {
      const before = this.#sql.digests.all(run.id, n - 1) as string[];
      if (before.length > 0 && !before.includes(prev)) this.#sql.broken.run(run.id, n, digest, seq);
    }
    if (n >= run.highest) return;
    const own = this.#sql.digests.all(run.id, n) as string[];
    for (const next of this.#sql.contents.all(run.id, n + 1) as { digest: string; prev: string }[]) {
      if (!own.includes(next.prev)) this.#sql.broken.run(run.id, n + 1, next.digest, seq);
    }
  }

  #takeWaiting(run: Run): Claims | undefined {
    const text = this.#sql.waiting.get(run.id, run.contiguous + 1) as string | undefined;
    if (text === undefined) return undefined;
    run.contiguous += 1;
    delete run.digest;
    this.#sql.leave.run(run.id, run.contiguous);
    return JSON.parse(text) as Claims;
  }

  #of(actor: string, collector: string, run: string): Run {
    const key = keyOf(actor, collector, run);
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    const made: Run = { id: this.#runs.size + 1, contiguous: 0, highest: 0 };
    this.#runs.set(key, made);
    this.#sql.open.run(made.id, actor, collector, run);
    return made;
  }
}

function keyOf(actor: string, collector: string, run: string): string {
  return `${actor}/${collector}/${run}`;
}
