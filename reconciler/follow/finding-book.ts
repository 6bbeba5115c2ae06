import { hash } from 'node:crypto';
import type { Day } from '#chaincode';
import type { Finding } from '../judgement.js';
import type { Db } from '../projection/database.js';
import { COST } from './allowance.js';
import type { Slice } from './slice.js';

/** So many rows are taken out at a time. */
const AT_ONCE = 500;

interface Kept {
  readonly id: string;
  readonly digest: string;
}

/** A finding with the day of which it tells. */
export interface OfDay {
  readonly day: Day;
  readonly finding: Finding;
}

/**
 * What is found of the open days, part by part, as rows that any reader finds at once. When all is judged no two parts of a day
 * name one finding.
 */
export class FindingBook {
  readonly #days = new Map<Day, Map<string, readonly Kept[]>>();
  readonly #sql;
  /** What is told again as the same object need not be written again to see that it is the same. */
  readonly #digests = new WeakMap<Finding, string>();
  #changed: OfDay[] = [];
  /** Days of which there may still be rows. */
  readonly #sealed = new Set<Day>();

  constructor(db: Db) {
    this.#sql = {
      clear: db.prepare('DELETE FROM open_findings'),
      clearDay: db.prepare('DELETE FROM open_findings WHERE day = ?'),
      sweep: db.prepare(
        `DELETE FROM open_findings WHERE day = ? AND (part, id) IN
         (SELECT part, id FROM open_findings WHERE day = ? LIMIT ${AT_ONCE})`,
      ),
      unjudged: db.prepare("DELETE FROM meta WHERE key = 'judged'"),
      remove: db.prepare('DELETE FROM open_findings WHERE day = ? AND part = ? AND id = ?'),
      head: db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('judged', ?)"),
      put: db.prepare('INSERT OR REPLACE INTO open_findings (day, part, id, finding) VALUES (?, ?, ?, ?)'),
    };
  }

  /** Begins anew. */
  clear(): void {
    this.#days.clear();
    this.#sealed.clear();
    this.#changed = [];
    this.#sql.clear.run();
    this.#sql.unjudged.run();
  }

  /**
   * Forgets what was found of a day that is not open any more.
   * @param isSealed whether nobody asks for its rows: they are taken out by and by
   */
  clearDay(day: Day, isSealed: boolean): void {
    this.#changed = this.#changed.filter((one) => one.day !== day);
    if (!this.#days.delete(day)) return;
    if (isSealed) this.#sealed.add(day);
    else this.#sql.clearDay.run(day);
  }

  /** Takes out rows of sealed days, as far as a slice reaches. */
  sweep(slice: Slice): void {
    for (const day of this.#sealed) {
      let changes = AT_ONCE;
      while (changes === AT_ONCE) {
        if (slice.isOver) return;
        changes = this.#sql.sweep.run(day, day).changes;
        slice.spend(COST.read * (changes + 1));
      }
      this.#sealed.delete(day);
    }
  }

  has(day: Day, part: string): boolean {
    return this.#days.get(day)?.has(part) === true;
  }

  /** What a part of a day finds now, in place of what it found before. */
  set(day: Day, part: string, findings: readonly Finding[]): void {
    const before = this.#days.get(day)?.get(part) ?? [];
    if (before.length === 0 && findings.length === 0) return;
    const known = new Map(before.map(({ id, digest }) => [id, digest]));
    const kept = findings.map((finding): Kept => {
      const same = this.#digests.get(finding);
      const text = same === undefined ? JSON.stringify(finding) : '';
      const digest = same ?? hash('sha256', text, 'base64');
      if (known.get(finding.id) !== digest) {
        this.#sql.put.run(day, part, finding.id, text === '' ? JSON.stringify(finding) : text);
        this.#changed.push({ day, finding });
      }
      this.#digests.set(finding, digest);
      known.delete(finding.id);
      return { id: finding.id, digest };
    });
    for (const id of known.keys()) this.#sql.remove.run(day, part, id);
    const parts = this.#days.get(day) ?? new Map<string, readonly Kept[]>();
    this.#days.set(day, parts);
    if (kept.length > 0) parts.set(part, kept);
    else parts.delete(part);
  }

  /** Takes note that the rows say what is found up to a block. */
  judgedUpTo(block: string): void {
    this.#sql.head.run(block);
  }

  /** What is new or changed since this was last asked. */
  take(): OfDay[] {
    return this.#changed.splice(0);
  }
}
