import type { Finding } from '../judgement.js';
import type { Projection } from '../projection/projection.js';
import { sealedDays, sealedJudgement } from '../seal-store.js';
import { Allowance } from './allowance.js';
import { Changes } from './changes.js';
import { FindingBook } from './finding-book.js';
import { OpenJudgement } from './open-judgement.js';

/**
 * Judges the open days again and again while blocks come in, at a cost that follows what the blocks say and not what is
 * known: only events, containers, watches and stretches of time are looked at of which something was said, or which the
 * ledger clock has decided. What it finds is what a judgement of the whole days finds, and stands in a table of its own.
 */
export class LiveJudge {
  readonly #projection: Projection;
  readonly #changes = new Changes();
  readonly #allowance = new Allowance();
  readonly #book: FindingBook;
  #judgement: OpenJudgement | undefined;
  #hadClock = false;

  constructor(projection: Projection) {
    this.#projection = projection;
    this.#book = new FindingBook(projection.db);
  }

  /**
   * Judges what has changed since the last time. Call within a database transaction, when all rows are written.
   * @param settle whether to look at everything that has changed, whatever it costs; else what is large waits until much
   *   has come in, or for pauses
   * @returns findings that are new or say something else, those of a day that was sealed since included
   */
  update(settle = false): Finding[] {
    const { policies, clock, head } = this.#projection;
    if (policies.inForce.length === 0 || head === undefined) return [];
    this.#allowance.earn(this.#changes.events.size, settle);
    const sealed = sealedDays(this.#projection);
    const before = this.#judgement;
    const hasClock = clock.now !== undefined;
    if (
      before === undefined ||
      before.sealed !== sealed.at(-1) ||
      this.#changes.isTooMuch ||
      hasClock !== this.#hadClock
    ) {
      this.#book.clear();
      this.#judgement = new OpenJudgement(this.#projection, this.#book, this.#allowance, sealed.at(-1));
      // From here on; what came before was looked at with all there is.
      this.#projection.listener = this.#changes;
    } else before.go(this.#changes);
    this.#hadClock = hasClock;
    this.#changes.clear();
    this.#book.judgedUpTo(head.block);
    const fresh = before === undefined ? sealed.slice(-1) : sealed.filter((day) => day > (before.sealed ?? ''));
    const atSeal = fresh.flatMap((day) => sealedJudgement(this.#projection, day)?.findings ?? []);
    return [...atSeal, ...this.#book.take()];
  }
}
