import type { LoneLines } from './lone-lines.js';
import type { Blame } from './patience.js';

/** What waits of one moment. */
export interface WaitingMoment {
  /** Its number among all. */
  readonly number: number;
  /** Lines that say the same, of each content, by their places. */
  readonly groups: number[][];
  blame: Blame;
  /** Of so many groups. */
  blamed: number;
}

/** So many moments, usually. */
const MOST_FRESH = 1 << 10;
/** So many ways to blame are known apart, and so many groups of a moment; one with more is not put away. */
const MOST_BLAMES = 1 << 10;
const MOST_GROUPS = 8;

/**
 * Moments of which not all logs have said the same yet, by time. Most of those wait to the end, so what was not looked at lately
 * is put away, in a fraction of the memory.
 */
export class WaitingMoments {
  readonly #fresh = new Map<string, WaitingMoment>();
  /** Of each the place of its blame, and its lines. */
  readonly #away = new Map<string, readonly number[]>();
  readonly #blames: Blame[] = [];
  readonly #placeOfBlame = new Map<string, number>();
  #most: number;

  /**
   * @param onAway told of the lines of a moment that is put away
   * @param onBack told of the lines of one that is looked at again
   * @param mostFresh so many moments are kept as they are looked at
   */
  constructor(
    private readonly lone: LoneLines,
    private readonly onAway: (groups: readonly (readonly number[])[]) => void,
    private readonly onBack: (rows: readonly number[]) => void,
    private readonly mostFresh = MOST_FRESH,
  ) {
    this.#most = mostFresh;
  }

  get size(): number {
    return this.#fresh.size + this.#away.size;
  }

  has(key: string): boolean {
    return this.#fresh.has(key) || this.#away.has(key);
  }

  get(key: string): WaitingMoment | undefined {
    const fresh = this.#fresh.get(key);
    if (fresh !== undefined || this.#away.size === 0) return fresh;
    const away = this.#away.get(key);
    if (away === undefined) return undefined;
    this.#away.delete(key);
    const [blame = 0, ...rows] = away;
    this.onBack(rows);
    const groups = this.#groupsOf(rows);
    const number = this.lone.at(rows[0] as number).among;
    const moment = { number, groups, blame: this.#blames[blame] as Blame, blamed: groups.length };
    this.#fresh.set(key, moment);
    return moment;
  }

  set(key: string, moment: WaitingMoment): void {
    this.#fresh.set(key, moment);
    if (this.#fresh.size > this.#most) this.#putAway();
  }

  delete(key: string): void {
    this.#fresh.delete(key);
  }

  /** The lines that wait, those that say the same together. */
  *groups(): Generator<readonly number[]> {
    for (const { groups } of this.#fresh.values()) yield* groups;
    for (const [, ...rows] of this.#away.values()) yield* this.#groupsOf(rows);
  }

  /** Nothing waits any more. */
  letGo(): void {
    for (const { groups } of this.#fresh.values()) this.onAway(groups);
    this.#fresh.clear();
    this.#away.clear();
  }

  /** Puts the older half away. */
  #putAway(): void {
    let count = this.#fresh.size >> 1;
    for (const [key, { groups, blame }] of this.#fresh) {
      if (count-- === 0) break;
      const place = this.#placeOf(blame);
      if (place === undefined || groups.length > MOST_GROUPS) continue;
      this.onAway(groups);
      this.#fresh.delete(key);
      // As long as it must be, and no longer: what is pushed to grows ahead.
      this.#away.set(key, [place].concat(...groups));
    }
    // What cannot be put away is not tried again and again.
    this.#most = Math.max(this.mostFresh, this.#fresh.size * 2);
  }

  #placeOf(blame: Blame): number | undefined {
    const name = blame.map(({ log, lines }) => `${log}:${lines}`).join();
    const known = this.#placeOfBlame.get(name);
    if (known !== undefined || this.#blames.length === MOST_BLAMES) return known;
    this.#placeOfBlame.set(name, this.#blames.length);
    return this.#blames.push(blame) - 1;
  }

  #groupsOf(rows: readonly number[]): number[][] {
    const groups = new Map<number, number[]>();
    for (const row of rows) {
      const alike = this.lone.alikeOf(row);
      const group = groups.get(alike);
      if (group === undefined) groups.set(alike, [row]);
      else group.push(row);
    }
    return [...groups.values()];
  }
}
