import { hash } from 'node:crypto';
import type { Day } from '#chaincode';
import type { Finding } from '../judgement.js';
import type { Db } from '../projection/database.js';

interface Kept {
  readonly id: string;
  readonly digest: string;
}

/**
 * What is found of the open days, part by part, as rows that any reader finds at once. When all is judged no two parts of a day
 * name one finding.
 */
export class FindingBook {
  readonly #days = new Map<Day, Map<string, readonly Kept[]>>();
  readonly #sql;
  #changed: Finding[] = [];

  constructor(db: Db) {
    this.#sql = {
      clear: db.prepare('DELETE FROM open_findings'),
      clearDay: db.prepare('DELETE FROM open_findings WHERE day = ?'),
      remove: db.prepare('DELETE FROM open_findings WHERE day = ? AND part = ? AND id = ?'),
      head: db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('judged', ?)"),
      put: db.prepare('INSERT OR REPLACE INTO open_findings (day, part, id, finding) VALUES (?, ?, ?, ?)'),
    };
  }

  /** Begins anew. */
  clear(): void {
    this.#days.clear();
    this.#changed = [];
    this.#sql.clear.run();
  }

  clearDay(day: Day): void {
    if (this.#days.delete(day)) this.#sql.clearDay.run(day);
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
      const text = JSON.stringify(finding);
      const digest = hash('sha256', text, 'base64');
      if (known.get(finding.id) !== digest) {
        this.#sql.put.run(day, part, finding.id, text);
        this.#changed.push(finding);
      }
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
  take(): Finding[] {
    return this.#changed.splice(0);
  }
}
