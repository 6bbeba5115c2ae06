import type { Day } from '#chaincode';
import { equivocations, nextOverdue, type Overdue, oddBatches, sequenceBreaks } from '../judge/batches.js';
import { foldAlike } from '../judge/fold.js';
import { isTold, silences } from '../judge/silences.js';
import type { Source } from '../ledger/sources.js';
import { prepared } from '../projection/database.js';
import type { Projection } from '../projection/projection.js';
import { openDay } from '../seal.js';
import { COST } from './allowance.js';
import { Buckets, tickOf } from './buckets.js';
import type { Judging } from './event-parts.js';
import type { FindingBook } from './finding-book.js';

const SILENT = 'conduct/silent';
const ODD = 'conduct/odd';

/** Tells what the actors did on the ledger, with one of the open days: when something was said, or the clock has decided it. */
export class ConductParts {
  #day: Day | undefined;
  #after: number;
  /** Sources of which a silence may have begun or ended. */
  readonly #looked = new Set<Source>();
  readonly #lastEnd;
  /** When the clock may establish a further silence at a source. */
  readonly #due = new Buckets<Source>();
  readonly #dueOf = new Map<Source, number>();
  /** Sources at which somebody is silent, with who is, since when. */
  readonly #silent = new Map<Source, string>();
  #lastEnded: number | null = null;
  #isSilenceDirty = true;
  #silencesAt = 0;
  #isOddDirty = true;
  #oddAt = 0;
  #oddities = -1;
  #overdue: Overdue = {};

  constructor(
    private readonly projection: Projection,
    private readonly book: FindingBook,
    sealed: Day | undefined,
  ) {
    this.#after = this.#sealedAt(sealed);
    this.#lastEnd = projection.db.prepare('SELECT max(ended) FROM silences').pluck();
    for (const source of projection.sources.all) this.#looked.add(source);
  }

  get isPutOff(): boolean {
    return this.#isSilenceDirty || this.#isOddDirty;
  }

  /** Takes note that a day is sealed, whose report told of all up to its sealing transaction. */
  sealed(day: Day): void {
    this.#after = this.#sealedAt(day);
    this.#isSilenceDirty = true;
    this.#isOddDirty = true;
  }

  /** Takes note that more is watched of a source. */
  watched(source: Source): void {
    this.#looked.add(source);
  }

  /** Takes note that more actors name a source, which may exist by that. */
  named(source: Source): void {
    this.#looked.add(source);
    this.#isSilenceDirty = true;
  }

  judge(judging: Judging): void {
    const day = openDay(this.projection);
    const told = day !== undefined && judging.days.has(day) ? day : undefined;
    if (this.#day !== told) {
      if (this.#day !== undefined) for (const part of [SILENT, ODD]) this.book.set(this.#day, part, []);
      this.#day = told;
      this.#isSilenceDirty = true;
      this.#isOddDirty = true;
    }
    this.#judgeSilences(judging);
    this.#judgeOdd(judging);
  }

  #judgeSilences({ allowance, locate }: Judging): void {
    const { clock, seq } = this.projection;
    if (clock.now !== undefined) {
      for (const source of this.#due.between(Number.NEGATIVE_INFINITY, tickOf(clock.now))) {
        this.#looked.add(source);
      }
    }
    for (const source of this.#looked) this.#look(source);
    const lastEnded = this.#lastEnd.get() as number | null;
    if (lastEnded !== this.#lastEnded) this.#isSilenceDirty = true;
    this.#lastEnded = lastEnded;
    if (!this.#isSilenceDirty || !allowance.covers(this.#silent.size, COST.judge, this.#silencesAt)) return;
    this.#isSilenceDirty = false;
    if (!allowance.isFew(this.#silent.size)) this.#silencesAt = allowance.spent;
    if (this.#day === undefined) return;
    const found = silences(this.projection, { after: this.#after, upTo: seq }, locate, [...this.#silent.keys()]);
    this.book.set(this.#day, SILENT, foldAlike(found));
  }

  #look(source: Source): void {
    const { silences: store, seq } = this.projection;
    const { limit, isUnclear } = store.outlook(source);
    this.#await(source, limit);
    if (!isUnclear) this.#looked.delete(source);
    const silent = store
      .lasting(source, seq)
      .filter((silence) => isTold(this.projection, silence))
      .map(({ actor, since }) => `${actor}/${since}`)
      .join();
    if (silent === (this.#silent.get(source) ?? '')) return;
    if (silent === '') this.#silent.delete(source);
    else this.#silent.set(source, silent);
    this.#isSilenceDirty = true;
  }

  #await(source: Source, limit: bigint | undefined): void {
    const before = this.#dueOf.get(source);
    if (before !== undefined) this.#due.remove(before, source);
    this.#dueOf.delete(source);
    if (limit === undefined) return;
    const tick = tickOf(limit);
    this.#dueOf.set(source, tick);
    this.#due.add(tick, source);
  }

  #judgeOdd({ allowance, locate }: Judging): void {
    const { projection } = this;
    const { oddities, clock, appearances, seq } = projection;
    const { clock: due, unseen } = this.#overdue;
    const isDue = due !== undefined && clock.now !== undefined && clock.now > due;
    const isSeen = unseen !== undefined && unseen < appearances.snapshot().next;
    if (oddities !== this.#oddities || isDue || isSeen) this.#isOddDirty = true;
    if (!this.#isOddDirty) return;
    const range = { after: this.#after, upTo: seq };
    const many = oddBatches(projection, range);
    if (!allowance.covers(many, COST.judge, this.#oddAt)) return;
    this.#isOddDirty = false;
    this.#oddities = oddities;
    if (!allowance.isFew(many)) this.#oddAt = allowance.spent;
    this.#overdue = many === 0 ? {} : nextOverdue(projection, range);
    if (this.#day === undefined) return;
    const found =
      many === 0 ? [] : [...equivocations(projection, range, locate), ...sequenceBreaks(projection, range, locate)];
    this.book.set(this.#day, ODD, foldAlike(found));
  }

  #sealedAt(day: Day | undefined): number {
    if (day === undefined) return 0;
    return prepared(this.projection.db, 'SELECT seq FROM days WHERE day = ?').pluck().get(day) as number;
  }
}
