/** A bounded piece of work, between two of which new blocks are judged; in the units of `COST`, about a microsecond each. */
export class Slice {
  #left: number;

  constructor(units: number) {
    this.#left = units;
  }

  /** Takes note of work that was done. */
  spend(units: number): void {
    this.#left -= units;
  }

  /** Whether the rest has to wait for the next one. */
  get isOver(): boolean {
    return this.#left <= 0;
  }
}

/** Goes on with work that tells what each step of it took, as far as a slice reaches. @returns whether all of it is done */
export function advance(work: Iterator<number>, slice: Slice): boolean {
  while (!slice.isOver) {
    const { done, value } = work.next();
    if (done) return true;
    slice.spend(value);
  }
  return false;
}
