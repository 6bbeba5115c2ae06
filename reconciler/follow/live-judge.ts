import type { Day } from '#chaincode';
import { lastSealed } from '../amend.js';
import type { DayFindings } from '../findings.js';
import type { Finding } from '../judgement.js';
import { sealedDay } from '../kept-days.js';
import { prepared } from '../projection/database.js';
import type { Projection } from '../projection/projection.js';
import { Allowance } from './allowance.js';
import { Changes } from './changes.js';
import { FindingBook } from './finding-book.js';
import { OpenJudgement } from './open-judgement.js';
import { Slice } from './slice.js';

/** In the units of a slice: some 20 milliseconds. */
const SLICE = 15_000;

/** How finely a live judge divides its work. */
interface Fineness {
  /** What of all that waits is done at a time, in units of about a microsecond. */
  readonly slice?: number;
  /** How many bytes of changes are held, about, before all is looked at anew. */
  readonly changes?: number;
}

/**
 * Judges the open days again and again while blocks come in, at a cost that follows what the blocks say and not what is
 * known: only events, containers, watches and stretches of time are looked at of which something was said, or which the
 * ledger clock has decided. What it finds is what a judgement of the whole days finds, and stands in a table of its own.
 */
export class LiveJudge {
  readonly #projection: Projection;
  readonly #slice: number;
  readonly #changes: Changes;
  readonly #allowance = new Allowance();
  readonly #book: FindingBook;
  #judgement: OpenJudgement | undefined;
  #hadClock = false;
  #head = '';
  #isCutShort = false;

  constructor(projection: Projection, { slice = SLICE, changes }: Fineness = {}) {
    this.#projection = projection;
    this.#slice = slice;
    this.#changes = new Changes(changes);
    this.#book = new FindingBook(projection.db);
  }

  /** How many events are held in memory for judging them. */
  get held(): number {
    return this.#judgement?.held ?? 0;
  }

  /** Whether there is work left that need not wait for anything to come in. */
  get isCutShort(): boolean {
    return this.#isCutShort;
  }

  /**
   * Judges what has changed since the last time, and goes on with what waits. Call within a database transaction, when all rows
   * are written.
   * @param settle whether to look at everything that has changed, whatever it costs; else it is done slice by slice, and what is
   *   large waits until much has come in, or for pauses
   * @returns findings that are new or say something else, day by day; a day that was sealed since is named even without any
   */
  update(settle = false): DayFindings[] {
    const { policies, clock, head } = this.#projection;
    if (policies.inForce.length === 0 || head === undefined) return [];
    // To go on with what was cut short earns nothing.
    if (head.block !== this.#head) this.#allowance.earn(this.#changes.events.size);
    this.#head = head.block;
    this.#allowance.isUnlimited = settle;
    const sealed = lastSealed(this.#projection)?.day;
    const before = this.#judgement?.sealed;
    const isFirst = this.#judgement === undefined;
    const judgement = this.#judgementOf(sealed, clock.now !== undefined);
    const slice = new Slice(settle ? Number.POSITIVE_INFINITY : this.#slice);
    judgement.go(this.#changes, slice);
    this.#isCutShort = slice.isOver;
    this.#changes.clear();
    // What waits may change what the rows say: whoever asks meanwhile, or after a crash, has it judged anew.
    if (!judgement.isPutOff) this.#book.judgedUpTo(head.block);
    return [...this.#atSeal(isFirst ? undefined : (before ?? ''), sealed), ...byDay(this.#book.take())];
  }

  #judgementOf(sealed: Day | undefined, hasClock: boolean): OpenJudgement {
    const known = this.#judgement;
    if (known !== undefined && !this.#changes.isTooMuch && hasClock === this.#hadClock) {
      if (sealed !== undefined && sealed !== known.sealed) known.seal(sealed);
      return known;
    }
    this.#hadClock = hasClock;
    this.#book.clear();
    this.#changes.clear();
    const judgement = new OpenJudgement(this.#projection, this.#book, this.#allowance, sealed);
    this.#judgement = judgement;
    // From here on; what came before is looked at with all there is.
    this.#projection.listener = this.#changes;
    return judgement;
  }

  /** @param before the last day that was sealed before; undefined for the last alone */
  #atSeal(before: Day | undefined, sealed: Day | undefined): DayFindings[] {
    if (sealed === undefined || sealed === before) return [];
    const fresh = prepared(this.#projection.db, 'SELECT day FROM days WHERE day > ? ORDER BY day').pluck();
    const days = before === undefined ? [sealed] : (fresh.all(before) as Day[]);
    return days.map((day) => ({
      day,
      sealed: true,
      findings: sealedDay(this.#projection, day)?.findings ?? [],
    }));
  }
}

function byDay(all: readonly { readonly day: Day; readonly finding: Finding }[]): DayFindings[] {
  const days = new Map<Day, Finding[]>();
  for (const { day, finding } of all) {
    const found = days.get(day);
    if (found === undefined) days.set(day, [finding]);
    else found.push(finding);
  }
  return [...days].map(([day, findings]) => ({ day, sealed: false, findings }));
}
