import type { Day } from '#chaincode';
import type { Finding } from '../judgement.js';
import { firstIndex, type Interval } from '../ledger/coverage.js';
import type { DeclaredGap, Source, Witness } from '../ledger/sources.js';

/** A hole in an actor's watches of a source. */
export interface Hole {
  readonly of: WitnessHoles;
  readonly from: string;
  to: string;
  /** On which it begins, and is told. */
  readonly day: Day;
  /** How many events that the actor does not attest lie in it, of those that judging the day looks at. */
  events: number;
  /** As it was told last; undefined if anything but the number of events has changed since. */
  finding: Finding | undefined;
}

/** The holes of one actor's watches of one source, and how much of its claims they were told from. */
export class WitnessHoles {
  /** Days of which something else is to be told now. */
  readonly dirty = new Set<Day>();
  /** What had been earned when they were found last, and when those of a day were told last. */
  foundAt = 0;
  toldAt = 0;
  /** Disjoint, sorted. */
  #holes: readonly Hole[] = [];
  #stretches = 0;
  #hidden = 0;
  #declared = 0;
  /** Gaps are only ever added: it stands before the first that was not there last. */
  readonly #gaps: Iterator<DeclaredGap>;

  constructor(
    readonly source: Source,
    readonly actor: string,
    readonly witness: Witness,
  ) {
    this.#gaps = witness.declared.values();
  }

  /** The hole in which a time lies. */
  at(time: string): Hole | undefined {
    const hole = this.#holes[firstIndex(this.#holes, ({ to }) => to > time)];
    return hole !== undefined && hole.from <= time ? hole : undefined;
  }

  /** Those that begin within a stretch of time. */
  within({ from, to }: Interval): readonly Hole[] {
    const begin = firstIndex(this.#holes, (hole) => hole.from >= from);
    return this.#holes.slice(
      begin,
      firstIndex(this.#holes, (hole) => hole.from >= to),
    );
  }

  /** Of how many stretches the actor's claims consist. */
  get claims(): number {
    const { coverage, hidden } = this.witness;
    return coverage.stretches.length + hidden.length;
  }

  /** Whether claims that have changed this time leave the holes as they are, as watches do that only go on. */
  isUnchangedBy(changed: readonly Interval[]): boolean {
    const { coverage, hidden, declared } = this.witness;
    return (
      this.#stretches === coverage.stretches.length &&
      this.#hidden === hidden.length &&
      this.#declared === declared.size &&
      changed.every((piece) => this.#isBeside(piece))
    );
  }

  /**
   * Takes in where the holes are now.
   * @returns the time of which it has changed whether or in which hole it lies
   */
  replace(found: readonly Interval[], dayOf: (time: string) => Day): Interval[] {
    const { coverage, hidden, declared } = this.witness;
    this.#stretches = coverage.stretches.length;
    this.#hidden = hidden.length;
    const before = new Map(this.#holes.map((hole) => [hole.from, hole]));
    const changed: Interval[] = [];
    this.#holes = found.map(({ from, to }) => {
      const known = before.get(from);
      before.delete(from);
      const hole = known ?? { of: this, from, to, day: dayOf(from), events: 0, finding: undefined };
      if (known === undefined) changed.push({ from, to });
      else if (known.to !== to) changed.push({ from: least(known.to, to), to: greatest(known.to, to) });
      else return hole;
      hole.to = to;
      this.#changed(hole);
      return hole;
    });
    for (const hole of before.values()) {
      changed.push({ from: hole.from, to: hole.to });
      this.#changed(hole);
    }
    for (; this.#declared < declared.size; this.#declared += 1) {
      const gap = this.#gaps.next().value as DeclaredGap;
      const first = firstIndex(this.#holes, ({ to }) => to > gap.from);
      for (let at = first; at < this.#holes.length && (this.#holes[at] as Hole).from < gap.to; at += 1) {
        this.#changed(this.#holes[at] as Hole);
      }
    }
    return changed;
  }

  /** The days on which they begin. */
  get days(): Set<Day> {
    return new Set(this.#holes.map(({ day }) => day));
  }

  #changed(hole: Hole): void {
    hole.finding = undefined;
    this.dirty.add(hole.day);
  }

  #isBeside({ from, to }: Interval): boolean {
    const next = this.#holes[firstIndex(this.#holes, (hole) => hole.to > from)];
    return next === undefined || next.from >= to;
  }
}

function least(a: string, b: string): string {
  return a < b ? a : b;
}

function greatest(a: string, b: string): string {
  return a > b ? a : b;
}
