import type { Moment } from './line-scan.js';
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

/** So many moments are sought in so many chains at first. */
const FEW = 1 << 10;
/** Lines whose neighbours lie in one piece: what grows is never copied. */
const PIECE = 1 << 12;
/** So many ways to blame are known apart, and so many groups of a moment lie in columns. */
const MOST_BLAMES = 1 << 12;
const MOST_GROUPS = 8;

/** What belongs to each line of a piece; places count from 1, for 0 is none. */
interface Links {
  /** The next line of the moment. */
  readonly next: Uint32Array;
  /** Of a moment's first line: the first line of another moment of the chain, and whose blame it is. */
  readonly other: Uint32Array;
  readonly blame: Uint16Array;
}

/**
 * Moments of which not all logs have said the same yet, by time. Most of those wait to the end, so they lie in columns, and are made
 * into values when they are looked at.
 */
export class WaitingMoments {
  #chains = new Uint32Array(FEW);
  /** Chains are chosen by the highest bits of a sum of products. */
  #shift = 32 - Math.log2(FEW);
  // Who writes a log must not be able to choose times that are all of one chain. Nothing that is said hangs on these.
  readonly #ofSeconds = oddNumber();
  readonly #ofNanos = oddNumber();
  readonly #links: Links[] = [];
  /** Moments that do not lie in columns, by their first lines. */
  readonly #large = new Map<number, WaitingMoment>();
  readonly #blames: Blame[] = [];
  readonly #placeOfBlame = new Map<string, number>();
  #size = 0;

  /** @param mostGroups so many groups of a moment lie in columns */
  constructor(
    private readonly lone: LoneLines,
    private readonly mostGroups = MOST_GROUPS,
  ) {}

  /** How many moments there are. */
  get size(): number {
    return this.#size;
  }

  has(time: Readonly<Moment>): boolean {
    return this.#size > 0 && this.#firstOf(time) > 0;
  }

  /** What waits of a moment; what is changed in it is to be `put`. */
  get(time: Readonly<Moment>): WaitingMoment | undefined {
    const first = this.#size > 0 ? this.#firstOf(time) : 0;
    return first === 0 ? undefined : this.#momentAt(first - 1);
  }

  /** Has a moment wait as it is now. */
  put(time: Readonly<Moment>, moment: WaitingMoment): void {
    this.delete(time);
    const first = moment.groups[0]?.[0];
    if (first === undefined) return;
    if (this.#size === this.#chains.length) this.#grow();
    this.#size++;
    this.#chain(first, time);
    const blame = moment.groups.length > this.mostGroups ? undefined : this.#placeOf(moment.blame);
    if (blame === undefined) {
      this.#large.set(first, moment);
      return;
    }
    let [links, at] = [this.#linksOf(first), first % PIECE];
    links.blame[at] = blame;
    for (const group of moment.groups) {
      for (const row of group) {
        if (row !== first) links.next[at] = row + 1;
        [links, at] = [this.#linksOf(row), row % PIECE];
      }
    }
    links.next[at] = 0;
  }

  delete(time: Readonly<Moment>): void {
    const chain = this.#chainOf(time);
    let before = -1;
    for (let place = this.#chains[chain] as number; place > 0; ) {
      const row = place - 1;
      const other = this.#linksOf(row).other[row % PIECE] as number;
      if (this.lone.isAt(row, time)) {
        if (before < 0) this.#chains[chain] = other;
        else this.#linksOf(before).other[before % PIECE] = other;
        this.#large.delete(row);
        this.#size--;
        return;
      }
      before = row;
      place = other;
    }
  }

  /** All that wait. */
  *moments(): Generator<WaitingMoment> {
    for (const first of this.#firsts()) yield this.#momentAt(first);
  }

  /** Nothing waits any more. */
  letGo(): void {
    this.#chains.fill(0);
    this.#large.clear();
    this.#size = 0;
  }

  /** The place of a moment's first line; 0 if none waits. */
  #firstOf(time: Readonly<Moment>): number {
    let place = this.#chains[this.#chainOf(time)] as number;
    while (place > 0 && !this.lone.isAt(place - 1, time)) {
      place = this.#linksOf(place - 1).other[(place - 1) % PIECE] as number;
    }
    return place;
  }

  #momentAt(first: number): WaitingMoment {
    const large = this.#large.get(first);
    if (large !== undefined) return large;
    const groups: number[][] = [];
    for (let place = first + 1; place > 0; ) {
      const row = place - 1;
      const alike = this.lone.alikeOf(row);
      const group = groups.find(([one]) => this.lone.alikeOf(one as number) === alike);
      if (group === undefined) groups.push([row]);
      else group.push(row);
      place = this.#linksOf(row).next[row % PIECE] as number;
    }
    const blame = this.#blames[this.#linksOf(first).blame[first % PIECE] as number] as Blame;
    return { number: this.lone.amongOf(first), groups, blame, blamed: groups.length };
  }

  #chainOf({ seconds, nanos }: Readonly<Moment>): number {
    return (Math.imul(seconds, this.#ofSeconds) + Math.imul(nanos, this.#ofNanos)) >>> this.#shift;
  }

  #chain(first: number, time: Readonly<Moment>): void {
    const chain = this.#chainOf(time);
    this.#linksOf(first).other[first % PIECE] = this.#chains[chain] as number;
    this.#chains[chain] = first + 1;
  }

  #firsts(): number[] {
    const firsts: number[] = [];
    for (const begin of this.#chains) {
      for (let place = begin; place > 0; ) {
        firsts.push(place - 1);
        place = this.#linksOf(place - 1).other[(place - 1) % PIECE] as number;
      }
    }
    return firsts;
  }

  #grow(): void {
    const firsts = this.#firsts();
    this.#chains = new Uint32Array(this.#chains.length * 2);
    this.#shift--;
    for (const first of firsts) this.#chain(first, this.lone.momentOf(first));
  }

  #linksOf(row: number): Links {
    const piece = Math.floor(row / PIECE);
    while (this.#links.length <= piece) {
      this.#links.push({
        next: new Uint32Array(PIECE),
        other: new Uint32Array(PIECE),
        blame: new Uint16Array(PIECE),
      });
    }
    return this.#links[piece] as Links;
  }

  #placeOf(blame: Blame): number | undefined {
    const name = blame.map(({ log, lines }) => `${log}:${lines}`).join();
    const known = this.#placeOfBlame.get(name);
    if (known !== undefined || this.#blames.length === MOST_BLAMES) return known;
    this.#placeOfBlame.set(name, this.#blames.length);
    return this.#blames.push(blame) - 1;
  }
}

function oddNumber(): number {
  return Math.floor(Math.random() * 2 ** 32) | 1;
}
