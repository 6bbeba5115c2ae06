import { foldAlike } from '../judge/fold.js';
import { gapOf, holesOf } from '../judge/gaps.js';
import { isExpected } from '../judge/judge-day.js';
import type { Finding } from '../judgement.js';
import { type Interval, subtract } from '../ledger/coverage.js';
import type { Source, Witness } from '../ledger/sources.js';
import type { Projection } from '../projection/projection.js';
import type { FindingBook } from './finding-book.js';
import type { OpenDay } from './open-days.js';
import type { EventRecord, Records } from './records.js';

/** All time. */
const EVER: Interval = { from: '', to: '~' };

/** The holes of one actor's watches of one source, and what they were told from. */
interface Known {
  readonly source: Source;
  readonly actor: string;
  readonly holes: readonly Interval[];
  readonly stretches: number;
  readonly hidden: number;
  readonly declared: number;
}

/** Tells of the holes in actors' watches when they have changed, or what others attest in them. */
export class GapParts {
  readonly #known = new Map<Source, Map<string, Known>>();
  readonly #dirty = new Map<string, Known>();

  constructor(
    private readonly projection: Projection,
    private readonly records: Records,
    private readonly book: FindingBook,
  ) {}

  /** Takes note of what claims have changed. */
  claimed(source: Source, actor: string, changed: readonly Interval[]): void {
    const witness = source.witnesses.get(actor);
    if (witness === undefined) return;
    const known = this.#known.get(source)?.get(actor);
    if (known !== undefined && isUnchanged(known, witness, changed)) return;
    this.#look(source, actor, witness);
  }

  /** Takes note that an event is there, is not any more, or is attested by others. */
  touched({ source, at }: EventRecord): void {
    for (const known of this.#known.get(source)?.values() ?? []) {
      if (known.holes.some(({ from, to }) => at >= from && at < to)) this.#dirty.set(partOf(known), known);
    }
  }

  /** Has all holes of a source told anew: of whom it is expected to be watched has changed. */
  expected(source: Source): void {
    for (const known of this.#known.get(source)?.values() ?? []) this.#dirty.set(partOf(known), known);
  }

  /** Begins anew, with all sources that there are. */
  all(): void {
    for (const source of this.projection.sources.all) {
      for (const [actor, witness] of source.witnesses) this.#look(source, actor, witness);
    }
  }

  judge(days: readonly OpenDay[]): void {
    for (const [part, known] of this.#dirty) {
      for (const day of days) this.book.set(day.day, part, this.#findings(known, day));
    }
    this.#dirty.clear();
  }

  #look(source: Source, actor: string, witness: Witness): void {
    const known: Known = {
      source,
      actor,
      holes: holesOf(witness, EVER),
      stretches: witness.coverage.stretches.length,
      hidden: witness.hidden.length,
      declared: witness.declared.size,
    };
    const bySource = this.#known.get(source) ?? new Map<string, Known>();
    this.#known.set(source, bySource);
    const before = bySource.get(actor);
    bySource.set(actor, known);
    if (known.holes.length > 0 || (before?.holes.length ?? 0) > 0) this.#dirty.set(partOf(known), known);
  }

  #findings({ source, actor, holes }: Known, { bounds, context }: OpenDay): Finding[] {
    const witness = source.witnesses.get(actor);
    if (witness === undefined) return [];
    const own = holes.filter(({ from }) => from >= bounds.from && from < bounds.to);
    return foldAlike(
      own
        .filter(({ from }) => isExpected(this.projection, source, actor, from))
        .map((hole) => {
          const events = this.records
            .within(source, hole.from, hole.to)
            .filter((record) => record.judged && !record.actors.includes(actor))
            .filter(({ time }) => time >= context.from && time < context.to);
          return gapOf(source, actor, witness, hole, events.length);
        }),
    );
  }
}

function partOf({ source, actor }: Known): string {
  return `gap/${source.id}/${actor}`;
}

/** Watches that only went on leave the holes as they are. */
function isUnchanged(known: Known, witness: Witness, changed: readonly Interval[]): boolean {
  return (
    known.stretches === witness.coverage.stretches.length &&
    known.hidden === witness.hidden.length &&
    known.declared === witness.declared.size &&
    changed.every((piece) => liesOutside(piece, known.holes))
  );
}

/** Whether an interval and disjoint sorted holes have no time in common. */
function liesOutside(piece: Interval, holes: readonly Interval[]): boolean {
  const [rest] = subtract(piece, holes);
  return rest?.from === piece.from && rest.to === piece.to;
}
