import { type Batch, padNanos } from '#chaincode';
import { type CoveredPiece, type Interval, subtract } from '../ledger/coverage.js';
import { type DeclaredGap, declare, type Source, Sources, type Witness, witnessAt } from '../ledger/sources.js';
import type { Db } from './database.js';
import type { Claims } from './run-store.js';

// A collector restates its stretches in every batch; a hostile one could declare a new hole each time.
const MAX_DECLARED_GAPS = 10_000;

/** What claims have changed when they took effect. */
export interface TakenEffect {
  /** Sources of which the actor's watches now reach further, with the end that they had. */
  readonly advanced: { readonly source: Source; readonly before: CoveredPiece }[];
  /** Time that is covered, declared a hole, or known to be one for the first time. */
  readonly changed: Interval[];
}

/** Keeps sources, coverage and declared gaps in memory and in their tables alike. */
export class SourceStore {
  readonly sources = new Sources();
  readonly #sql;

  constructor(db: Db) {
    this.#sql = {
      source: db.prepare('INSERT INTO sources (id, name) VALUES (?, ?)'),
      witness: db.prepare('INSERT INTO witnesses (source, actor, first) VALUES (?, ?, ?)'),
      coverage: db.prepare('INSERT INTO coverage (source, actor, "from", "to", seq) VALUES (?, ?, ?, ?, ?)'),
      gap: db.prepare('INSERT INTO declared_gaps (source, actor, "from", "to", reason, seq) VALUES (?, ?, ?, ?, ?, ?)'),
    };
    this.#restore(db);
  }

  /** Takes note that an actor has put something on a source; `clock` counts if it is the first time. */
  touch(name: string, actor: string, clock: bigint | undefined): Source {
    const before = this.sources.all.length;
    const source = this.sources.named(name);
    if (this.sources.all.length > before) this.#sql.source.run(source.id, name);
    if (!source.witnesses.has(actor)) {
      witnessAt(source, actor, clock);
      this.#sql.witness.run(source.id, actor, clock === undefined ? null : padNanos(clock.toString()));
    }
    return source;
  }

  /** Notes every source that a batch claims something about. */
  touchAll(batch: Batch, actor: string, clock: bigint | undefined): void {
    for (const { source } of [...batch.watches, ...batch.gaps]) this.touch(source, actor, clock);
  }

  /** Claims that take effect in transaction `seq`. */
  takeEffect(claims: Claims, actor: string, seq: number, clock: bigint | undefined): TakenEffect {
    const effect: TakenEffect = { advanced: [], changed: [] };
    for (const { source: name, from, to } of claims.watches) {
      const source = this.touch(name, actor, clock);
      const watch = { from: padNanos(from), to: padNanos(to) };
      const { coverage } = witnessAt(source, actor, clock);
      const before = coverage.latest;
      for (const piece of coverage.add(watch, seq)) {
        this.#sql.coverage.run(source.id, actor, piece.from, piece.to, seq);
        effect.changed.push(piece);
      }
      if (before !== undefined && coverage.end > before.to) effect.advanced.push({ source, before });
      effect.changed.push(...blindTime(source, before, watch));
    }
    for (const { source: name, from, to, reason } of claims.gaps) {
      const source = this.touch(name, actor, clock);
      const gap = { from: padNanos(from), to: padNanos(to), reason };
      const { hidden } = witnessAt(source, actor, clock);
      // Of a gap that grows only what is new: what lies in the rest is known to be hidden.
      const fresh = subtract(gap, hidden);
      if (this.#declare(source, actor, gap, seq, clock)) effect.changed.push(...fresh);
    }
    return effect;
  }

  #declare(source: Source, actor: string, gap: DeclaredGap, seq: number, clock: bigint | undefined): boolean {
    const witness = witnessAt(source, actor, clock);
    if (witness.declared.size >= MAX_DECLARED_GAPS || !declare(witness, gap)) return false;
    this.#sql.gap.run(source.id, actor, gap.from, gap.to, gap.reason, seq);
    return true;
  }

  #restore(db: Db): void {
    const named = db.prepare('SELECT name FROM sources ORDER BY id').pluck().all() as string[];
    for (const name of named) this.sources.named(name);
    const first = db.prepare('SELECT source, actor, first FROM witnesses').all() as {
      source: number;
      actor: string;
      first: string | null;
    }[];
    for (const row of first) {
      witnessAt(this.sources.byId(row.source), row.actor, row.first === null ? undefined : BigInt(row.first));
    }
    const pieces = db
      .prepare('SELECT source, actor, "from", "to", seq FROM coverage ORDER BY rowid')
      .all() as (CoveredPiece & {
      source: number;
      actor: string;
    })[];
    for (const { source, actor, ...piece } of pieces) this.#witness(source, actor).coverage.add(piece, piece.seq);
    const gaps = db
      .prepare('SELECT source, actor, "from", "to", reason FROM declared_gaps ORDER BY rowid')
      .all() as (DeclaredGap & {
      source: number;
      actor: string;
    })[];
    for (const { source, actor, ...gap } of gaps) declare(this.#witness(source, actor), gap);
  }

  #witness(source: number, actor: string): Witness {
    return witnessAt(this.sources.byId(source), actor, undefined);
  }
}

/** The time that a watch shows to have been passed over: that between it and the latest before, or all before the first. */
function blindTime(source: Source, before: CoveredPiece | undefined, watch: Interval): Interval[] {
  // Of a source that nobody else has named nothing changes: actors can invent as many as they like.
  if (before === undefined && source.witnesses.size === 1) return [];
  const from = before?.to ?? padNanos('0');
  return from < watch.from ? [{ from, to: watch.from }] : [];
}
