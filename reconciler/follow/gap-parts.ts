import type { Day } from '#chaincode';
import { foldAlike } from '../judge/fold.js';
import { gapOf, holesOf } from '../judge/gaps.js';
import { isExpected } from '../judge/judge-day.js';
import type { Finding } from '../judgement.js';
import type { Interval } from '../ledger/coverage.js';
import type { Source } from '../ledger/sources.js';
import type { Projection } from '../projection/projection.js';
import { type Allowance, COST } from './allowance.js';
import type { Judging } from './event-parts.js';
import type { FindingBook } from './finding-book.js';
import { type Hole, WitnessHoles } from './holes.js';
import type { OpenDay, OpenDays } from './open-days.js';
import type { EventRecord, Records } from './records.js';

/** All time. */
const EVER: Interval = { from: '', to: '~' };

/** Tells of the holes in actors' watches when they have changed, or what others attest in them. */
export class GapParts {
  readonly #known = new Map<Source, Map<string, WitnessHoles>>();
  readonly #byDay = new Map<Day, Set<WitnessHoles>>();
  /** Of days before nothing is told any more. */
  #first: Day = '';
  /** Whose claims have changed since their holes were found. */
  readonly #stale = new Set<WitnessHoles>();
  /** Of whom something else is to be told. */
  readonly #dirty = new Set<WitnessHoles>();

  constructor(
    private readonly projection: Projection,
    private readonly records: Records,
    private readonly openDays: OpenDays,
    private readonly book: FindingBook,
  ) {}

  get isPutOff(): boolean {
    return this.#stale.size + this.#dirty.size > 0;
  }

  /** Takes note of what claims have changed. */
  claimed(source: Source, actor: string, changed: readonly Interval[]): void {
    const holes = this.#of(source, actor);
    if (holes !== undefined && !holes.isUnchangedBy(changed)) this.#stale.add(holes);
  }

  /** Takes note that an event is there, is attested by others, or is judged or not any more. */
  touched(record: EventRecord): void {
    const now = record.judged ? this.#around(record) : [];
    const before = record.holes;
    for (const hole of before) if (!now.includes(hole)) this.#counted(hole, -1);
    for (const hole of now) if (!before.includes(hole)) this.#counted(hole, 1);
    record.holes = now;
  }

  /** Takes note that an event is not looked at any more. */
  forget(record: EventRecord): void {
    for (const hole of record.holes) this.#counted(hole, -1);
    record.holes = [];
  }

  /** Has all holes of a source told anew: of whom it is expected to be watched has changed. */
  expected(source: Source): void {
    for (const holes of this.#known.get(source)?.values() ?? []) {
      for (const day of holes.days) holes.dirty.add(day);
      this.#dirty.add(holes);
    }
  }

  /** Has the holes told that begin on a day, of which nothing was told. */
  begun(day: Day): void {
    for (const holes of this.#byDay.get(day) ?? []) {
      holes.dirty.add(day);
      this.#dirty.add(holes);
    }
  }

  /** Forgets the days before one. */
  dropBefore(day: Day): void {
    this.#first = day;
    for (const known of this.#byDay.keys()) if (known < day) this.#byDay.delete(known);
  }

  /** Begins, with all sources that there are. */
  all(): void {
    for (const source of this.projection.sources.all) {
      for (const actor of source.witnesses.keys()) {
        const holes = this.#of(source, actor);
        if (holes !== undefined) this.#find(holes);
      }
    }
  }

  judge({ days, allowance }: Judging): void {
    for (const holes of this.#stale) {
      if (!allowance.covers(holes.claims, COST.read, holes.foundAt)) continue;
      holes.foundAt = allowance.spent;
      this.#find(holes);
    }
    for (const holes of this.#dirty) {
      for (const day of holes.dirty) {
        const open = days.get(day);
        if (open !== undefined && !this.#tell(holes, open, allowance)) continue;
        holes.dirty.delete(day);
      }
      if (holes.dirty.size === 0) this.#dirty.delete(holes);
    }
  }

  #of(source: Source, actor: string): WitnessHoles | undefined {
    const bySource = this.#known.get(source) ?? new Map<string, WitnessHoles>();
    this.#known.set(source, bySource);
    const known = bySource.get(actor);
    if (known !== undefined) return known;
    const witness = source.witnesses.get(actor);
    if (witness === undefined) return undefined;
    const made = new WitnessHoles(source, actor, witness);
    bySource.set(actor, made);
    return made;
  }

  /** Finds the holes, and counts what lies in time that has come to be in one, or in another one. */
  #find(holes: WitnessHoles): void {
    this.#stale.delete(holes);
    const { source, witness } = holes;
    const changed = holes.replace(holesOf(witness, EVER), (time) => this.projection.tallies.dayOf(time));
    for (const { from, to } of changed) {
      for (const record of this.records.within(source, from, to)) this.touched(record);
    }
    if (holes.dirty.size === 0) return;
    this.#dirty.add(holes);
    for (const day of holes.dirty) {
      const known = this.#byDay.get(day) ?? new Set();
      this.#byDay.set(day, known.add(holes));
    }
  }

  /** The holes in which an event counts. */
  #around({ source, actors, time, at }: EventRecord): Hole[] {
    const around: Hole[] = [];
    for (const holes of this.#known.get(source)?.values() ?? []) {
      const hole = actors.includes(holes.actor) ? undefined : holes.at(at);
      const context = hole === undefined ? undefined : this.openDays.of(hole.day)?.context;
      if (hole !== undefined && context !== undefined && time >= context.from && time < context.to) around.push(hole);
    }
    return around;
  }

  #counted(hole: Hole, more: 1 | -1): void {
    hole.events += more;
    if (hole.day < this.#first) return;
    hole.of.dirty.add(hole.day);
    this.#dirty.add(hole.of);
  }

  /** @returns whether it was worth it by now */
  #tell(holes: WitnessHoles, { day, bounds }: OpenDay, allowance: Allowance): boolean {
    const own = holes.within(bounds);
    if (!allowance.covers(own.length, COST.read, holes.toldAt)) return false;
    if (!allowance.isFew(own.length)) holes.toldAt = allowance.spent;
    const { source, actor } = holes;
    const expected = own.filter(({ from }) => isExpected(this.projection, source, actor, from));
    this.book.set(day, `gap/${source.id}/${actor}`, foldAlike(expected.map(toldOf)));
    return true;
  }
}

/** What is told of a hole, the same object as long as it is the same. */
function toldOf(hole: Hole): Finding {
  const { finding, of, events } = hole;
  if (finding?.gap === undefined) hole.finding = gapOf(of.source, of.actor, of.witness, hole, events);
  else if (finding.gap.events !== events) hole.finding = { ...finding, gap: { ...finding.gap, events } };
  return hole.finding as Finding;
}
