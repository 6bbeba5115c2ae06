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
}

/**
 * The runs of all collectors: a watch takes effect when every batch of its run up to its own is committed, in whatever
 * order parallel batches land. What waits for a batch lies in a table: a hostile run may leave a number out for ever.
 */
export class RunStore {
  readonly #runs = new Map<string, Run>();
  readonly #sql;

  constructor(db: Db) {
    this.#sql = {
      open: db.prepare('INSERT INTO runs (id, actor, collector, run) VALUES (?, ?, ?, ?)'),
      reach: db.prepare('UPDATE runs SET contiguous = ? WHERE id = ?'),
      wait: db.prepare('INSERT INTO waiting_claims (run, n, claims) VALUES (?, ?, ?)'),
      waiting: db.prepare('SELECT claims FROM waiting_claims WHERE run = ? AND n = ?').pluck(),
      leave: db.prepare('DELETE FROM waiting_claims WHERE run = ? AND n = ?'),
    };
    const rows = db.prepare('SELECT id, actor, collector, run, contiguous FROM runs ORDER BY id').all() as (Run & {
      actor: string;
      collector: string;
      run: string;
    })[];
    for (const { id, actor, collector, run, contiguous } of rows) {
      this.#runs.set(keyOf(actor, collector, run), { id, contiguous });
    }
  }

  /** The run's number in the projection, from 1; a new run is made known. */
  idOf(actor: string, { collector, run }: Batch): number {
    return this.#of(actor, collector, run).id;
  }

  /**
   * Takes in the first batch committed under its number.
   * @returns the claims that take effect now: its own, if all before it are there, and of those that waited for it
   */
  arrived(actor: string, batch: Batch): Claims[] {
    const run = this.#of(actor, batch.collector, batch.run);
    const claims: Claims = { watches: batch.watches, gaps: batch.gaps };
    if (batch.n !== run.contiguous + 1) {
      this.#sql.wait.run(run.id, batch.n, JSON.stringify(claims));
      return [];
    }
    const inEffect = [claims];
    run.contiguous = batch.n;
    for (let next = this.#takeWaiting(run); next !== undefined; next = this.#takeWaiting(run)) inEffect.push(next);
    this.#sql.reach.run(run.contiguous, run.id);
    return inEffect;
  }

  #takeWaiting(run: Run): Claims | undefined {
    const text = this.#sql.waiting.get(run.id, run.contiguous + 1) as string | undefined;
    if (text === undefined) return undefined;
    run.contiguous += 1;
    this.#sql.leave.run(run.id, run.contiguous);
    return JSON.parse(text) as Claims;
  }

  #of(actor: string, collector: string, run: string): Run {
    const key = keyOf(actor, collector, run);
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    const made: Run = { id: this.#runs.size + 1, contiguous: 0 };
    this.#runs.set(key, made);
    this.#sql.open.run(made.id, actor, collector, run);
    return made;
  }
}

function keyOf(actor: string, collector: string, run: string): string {
  return `${actor}/${collector}/${run}`;
}
