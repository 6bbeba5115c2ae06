/** What is earned with each change, and each time anything is judged. */
const PER_CHANGE = 8;
const PER_TURN = 64;
/** In a pause, when nothing is attested: the time for what was put off. */
const PER_PAUSE = 65_536;

/** So few things are looked at whenever it is asked. */
const FEW = 16;

/**
 * What it costs to look at one thing, each about a microsecond: to judge an event whole, to look whether it is decided, to tell
 * where one stands, to read a row.
 */
export const COST = { judge: 128, look: 20, decide: 8, read: 4 } as const;

/**
 * Bounds what looking at the same things again and again may cost: what is large is looked at again when so much has come in
 * that it was earned.
 */
export class Allowance {
  #earned = 0;
  #isUnlimited = false;

  /** A turn with so many changes begins. */
  earn(changes: number): void {
    this.#earned += changes === 0 ? PER_PAUSE : PER_TURN + PER_CHANGE * changes;
  }

  /** Whether from now on all is covered. */
  set isUnlimited(isUnlimited: boolean) {
    this.#isUnlimited = isUnlimited;
  }

  /** All that was earned up to now: from here the next look is counted. */
  get spent(): number {
    return this.#earned;
  }

  /** Up to what all is covered that had to be earned. */
  get reach(): number {
    return this.#isUnlimited ? Number.POSITIVE_INFINITY : this.#earned;
  }

  /** How many things of a cost may be looked at that were looked at when `spent` was as it is given. */
  most(cost: number, spent: number): number {
    return this.#isUnlimited ? Number.POSITIVE_INFINITY : Math.max(FEW, Math.floor((this.#earned - spent) / cost));
  }

  covers(things: number, cost: number, spent: number): boolean {
    return things <= this.most(cost, spent);
  }

  /** Whether so few things may be looked at each time. */
  isFew(things: number): boolean {
    return things <= FEW;
  }
}
