import type { Day } from '#chaincode';
import type { Locate } from '../judge/findings.js';
import type { JudgedEvent, Vantage } from '../judge/input.js';
import { distinct, judgeEvents } from '../judge/judge-events.js';
import { pairVariants } from '../judge/pairing.js';
import { absentAfter, decide, type Standing, standingOf } from '../judge/standing.js';
import { nanosOf } from '../ledger/policy-book.js';
import type { Projection } from '../projection/projection.js';
import { type Allowance, COST } from './allowance.js';
import { Buckets, tickOf } from './buckets.js';
import type { FindingBook } from './finding-book.js';
import type { OpenDay } from './open-days.js';
import type { EventRecord, Group, LifeCount, Records } from './records.js';
import type { Slice } from './slice.js';

/** What judging needs of the ledger as it stands now. */
export interface Judging {
  readonly vantage: Vantage;
  readonly locate: Locate;
  readonly load: (id: number) => JudgedEvent;
  readonly days: ReadonlyMap<Day, OpenDay>;
  readonly allowance: Allowance;
  readonly slice: Slice;
}

/** Whom what is judged of an event matters to. */
interface Telling {
  /** It counts otherwise in its container's life. */
  counted(record: EventRecord, before: LifeCount | undefined): void;
  /** Something is decided about it, perhaps otherwise than before. */
  decided(record: EventRecord): void;
  /** A policy has it recorded, or none does any more. */
  judged(record: EventRecord): void;
}

/** Judges events that not all have attested, group by group, when something is said of them or their time has come. */
export class EventParts {
  /** Of these something was said: they are judged at once. */
  readonly #dirty = new Set<Group>();
  /** What the clock decides, or a claim, may be very much: these are judged slice by slice. */
  readonly #later = new Set<Group>();
  /** These are too large to be judged before so much has been earned. */
  readonly #unearned = new Buckets<Group>();
  #unearnedCount = 0;
  readonly #due = new Buckets<Group>();
  readonly #unseen = new Buckets<Group>();
  readonly #nowhere = new Map<Day, Set<EventRecord>>();
  readonly #dirtyNowhere = new Set<Day>();
  /** What had been earned when the sources that do not exist were judged last. */
  readonly #judgedAt = new Map<string, number>();

  constructor(
    private readonly projection: Projection,
    private readonly records: Records,
    private readonly book: FindingBook,
    private readonly tell: Telling,
  ) {}

  /** Whether anything has changed of which nothing is said yet. */
  get isPutOff(): boolean {
    return this.#dirty.size + this.#later.size + this.#unearnedCount + this.#dirtyNowhere.size > 0;
  }

  touch(group: Group): void {
    this.#dirty.add(group);
  }

  /** As `touch`, of what may be very much. */
  touchLater(group: Group): void {
    this.#later.add(group);
  }

  /** Takes note that an event is not looked at any more; call before its time is changed, too. */
  forget(record: EventRecord): void {
    this.#setNowhere(record, false);
    this.touch(record.group);
  }

  /** Takes note that an event of no day that may still change has been taken out: what is found of others stays as it is. */
  expired({ group }: EventRecord): void {
    if (group.members.size > 0) return;
    this.#sleep(group);
    this.#setUnearned(group, undefined);
    this.#later.delete(group);
    this.#dirty.delete(group);
    this.records.drop(group);
  }

  /** Forgets the days before one. */
  dropBefore(day: Day): void {
    for (const known of this.#nowhere.keys()) if (known < day) this.#nowhere.delete(known);
    for (const known of this.#dirtyNowhere) if (known < day) this.#dirtyNowhere.delete(known);
    for (const known of this.#judgedAt.keys()) if (known < day) this.#judgedAt.delete(known);
  }

  /** Has judged again what the clock decides, or that a majority has sent something since. */
  wake(clock: bigint | undefined): void {
    const { next } = this.projection.appearances.snapshot();
    for (const group of this.#unseen.between(Number.NEGATIVE_INFINITY, next - 1)) this.#woken(group);
    if (clock === undefined) return;
    for (const group of this.#due.between(Number.NEGATIVE_INFINITY, tickOf(clock))) this.#woken(group);
  }

  #woken(group: Group): void {
    this.#sleep(group);
    this.touchLater(group);
  }

  /** Judges what something has changed about, but what would cost more than it is worth by now. */
  judge(judging: Judging): void {
    const { allowance, slice } = judging;
    for (const group of this.#unearned.between(Number.NEGATIVE_INFINITY, allowance.reach)) this.#later.add(group);
    for (const group of this.#dirty) this.#judgeIfEarned(group, judging);
    this.#dirty.clear();
    for (const group of this.#later) {
      if (slice.isOver) break;
      this.#judgeIfEarned(group, judging);
    }
    for (const day of [...this.#dirtyNowhere]) this.#judgeNowhere(day, judging);
  }

  #judgeIfEarned(group: Group, judging: Judging): void {
    const { allowance, slice } = judging;
    const { size } = group.members;
    // It may wait for several reasons.
    this.#later.delete(group);
    this.#setUnearned(group, undefined);
    if (!allowance.covers(size, COST.judge, group.judgedAt)) {
      this.#setUnearned(group, group.judgedAt + size * COST.judge);
      return;
    }
    slice.spend(size * COST.look);
    group.judgedAt = allowance.spent;
    this.#judge(group, judging);
    this.records.drop(group);
  }

  #setUnearned(group: Group, at: number | undefined): void {
    if (group.unearned !== undefined) this.#unearned.remove(group.unearned, group);
    if (at !== undefined) this.#unearned.add(at, group);
    this.#unearnedCount += (at === undefined ? 0 : 1) - (group.unearned === undefined ? 0 : 1);
    group.unearned = at;
  }

  #judge(group: Group, judging: Judging): void {
    this.#sleep(group);
    const members: EventRecord[] = [];
    let isDecided = false;
    for (const record of group.members) {
      const { source, at: time, kind } = record;
      const appearance = this.projection.appearances.of(record.firstSeq);
      const subject = { source, time, kind, appearance };
      const decided = decide(subject, record.actors, judging.vantage);
      if (appearance === undefined) this.#awaitAppearance(group, record.firstSeq);
      for (const actor of decided?.pending ?? []) {
        const limit = absentAfter(subject, actor, judging.vantage);
        if (limit !== undefined) this.#awaitClock(group, limit);
      }
      if (record.judged !== (decided !== undefined)) {
        record.judged = decided !== undefined;
        this.tell.judged(record);
      }
      this.#setNowhere(record, record.judged && decided?.sourceExists === false);
      if (decided === undefined) this.#count(record, 'stands');
      else if (!decided.sourceExists) this.#count(record, 'ignored');
      else {
        members.push(record);
        if (decided.verdict === 'pending' && group.members.size > 1) this.#awaitGrace(group, time, judging.vantage);
        isDecided ||= decided.verdict !== 'pending' && decided.verdict !== 'unobservable';
      }
    }
    if (isDecided) {
      judging.slice.spend(members.length * COST.judge);
      this.#tell(group, members, judging);
    } else {
      for (const record of members) this.#count(record, 'undecided');
      this.#say(group, new Map());
    }
  }

  /** Judges a group of which something is decided. */
  #tell(group: Group, members: readonly EventRecord[], { load, vantage, locate, days }: Judging): void {
    const standings = members
      .flatMap((record): [EventRecord, Standing][] => {
        const standing = standingOf(load(record.id), vantage);
        return standing === undefined ? [] : [[record, standing]];
      })
      .sort(([, a], [, b]) => inOrder(a, b));
    const said = new Map<Day, ReturnType<typeof distinct>>();
    const counts = new Map<EventRecord, LifeCount>();
    for (const own of new Set(members.map(({ time }) => this.projection.tallies.dayOf(time)))) {
      const open = days.get(own);
      if (open === undefined) continue;
      const { day, bounds, context } = open;
      const near = standings.filter(([{ time }]) => time >= context.from && time < context.to);
      const ofDay = near.filter(([{ time }]) => time >= bounds.from && time < bounds.to);
      const pairing = pairVariants(
        near.map(([, standing]) => standing),
        vantage,
      );
      const { findings } = judgeEvents(
        near.map(([, standing]) => standing),
        pairing,
        bounds,
        locate,
      );
      said.set(day, distinct(findings));
      const instead = new Set(pairing.pairs.flatMap(({ dissent }) => dissent.map(({ variant }) => variant)));
      for (const [record, standing] of ofDay) counts.set(record, countOf(standing, instead.has(standing)));
    }
    for (const record of members) {
      this.tell.decided(record);
      this.#count(record, counts.get(record) ?? 'undecided');
    }
    this.#say(group, said);
  }

  #say(group: Group, said: ReadonlyMap<Day, ReturnType<typeof distinct>>): void {
    for (const day of [...group.days]) {
      if (said.has(day)) continue;
      this.book.set(day, group.key, []);
      group.days.delete(day);
    }
    for (const [day, findings] of said) {
      this.book.set(day, group.key, findings);
      if (findings.length > 0) group.days.add(day);
      else group.days.delete(day);
    }
  }

  /** The events of sources that do not exist, all those of a day together. */
  #judgeNowhere(day: Day, { allowance, load, vantage, locate, days, slice }: Judging): void {
    const open = days.get(day);
    if (open === undefined) {
      this.#dirtyNowhere.delete(day);
      return;
    }
    const records = [...(this.#nowhere.get(day) ?? [])];
    if (!allowance.covers(records.length, COST.judge, this.#judgedAt.get(day) ?? 0)) return;
    this.#judgedAt.set(day, allowance.spent);
    this.#dirtyNowhere.delete(day);
    slice.spend(records.length * COST.judge);
    const standings = records.flatMap((record) => standingOf(load(record.id), vantage) ?? []).sort(inOrder);
    const { findings } = judgeEvents(standings, { pairs: [], clusters: [] }, open.bounds, locate);
    this.book.set(day, 'nowhere', findings);
  }

  #setNowhere(record: EventRecord, nowhere: boolean): void {
    if (!nowhere && !record.nowhere) return;
    const day = this.projection.tallies.dayOf(record.time);
    const all = this.#nowhere.get(day) ?? new Set();
    this.#nowhere.set(day, all);
    if (nowhere) all.add(record);
    else all.delete(record);
    record.nowhere = nowhere;
    this.#dirtyNowhere.add(day);
  }

  #count(record: EventRecord, counts: LifeCount): void {
    const before = record.counts;
    if (before === counts) return;
    record.counts = counts;
    this.tell.counted(record, before);
  }

  #awaitAppearance(group: Group, seq: number): void {
    if (group.unseen !== undefined && group.unseen <= seq) return;
    if (group.unseen !== undefined) this.#unseen.remove(group.unseen, group);
    group.unseen = seq;
    this.#unseen.add(seq, group);
  }

  #awaitClock(group: Group, time: bigint): void {
    const tick = tickOf(time);
    if (group.due !== undefined && group.due <= tick) return;
    if (group.due !== undefined) this.#due.remove(group.due, group);
    group.due = tick;
    this.#due.add(tick, group);
  }

  /** A pending event may be a variant only while its time is not near the ledger clock. */
  #awaitGrace(group: Group, time: string, { clock, policyAt }: Vantage): void {
    const grace = policyAt(time)?.policy.grace;
    if (grace === undefined || clock === undefined) return;
    for (const bound of [BigInt(time) - nanosOf(grace), BigInt(time) + nanosOf(grace)]) {
      if (bound >= clock) this.#awaitClock(group, bound);
    }
  }

  #sleep(group: Group): void {
    if (group.due !== undefined) this.#due.remove(group.due, group);
    if (group.unseen !== undefined) this.#unseen.remove(group.unseen, group);
    group.due = undefined;
    group.unseen = undefined;
  }
}

function countOf({ verdict, sourceExists }: Standing, isInstead: boolean): LifeCount {
  if (isInstead || verdict === 'uncorroborated' || !sourceExists) return 'ignored';
  return verdict === 'stands' ? 'stands' : 'undecided';
}

/** As the ledger has them. */
function inOrder({ event: a }: Standing, { event: b }: Standing): number {
  return a.keyTime < b.keyTime || (a.keyTime === b.keyTime && a.hash < b.hash) ? -1 : 1;
}
