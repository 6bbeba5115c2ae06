/** What may be spent for each change, in things looked at, and for each time that is asked. */
const PER_CHANGE = 8;
const PER_TURN = 64;

/**
 * Bounds what looking at the same things again and again may cost: what is large is looked at again when so much has come in
 * that it was earned.
 */
export class Allowance {
  #earned = 0;
  #isUnlimited = false;

  /** A turn with so many changes begins. */
  earn(changes: number, isUnlimited: boolean): void {
    this.#earned += PER_TURN + PER_CHANGE * changes;
    this.#isUnlimited = isUnlimited;
  }

  /** All that was earned up to now: from here the next look is counted. */
  get spent(): number {
    return this.#earned;
  }

  /** How many things may be looked at that were looked at when `spent` was as it is given. */
  most(spent: number): number {
    return this.#isUnlimited ? Number.POSITIVE_INFINITY : this.#earned - spent;
  }

  covers(things: number, spent: number): boolean {
    return things <= this.most(spent);
  }

  /** Whether so few things may be looked at each time. */
  isSmall(things: number): boolean {
    return things <= PER_TURN;
  }
}
