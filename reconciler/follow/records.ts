import type { CanonicalEvent, Day } from '#chaincode';
import type { LifeEventRow } from '../judge/load-containers.js';
import type { Source } from '../ledger/sources.js';
import { LIFE_ACTIONS } from '../running/sweep.js';
import { Buckets } from './buckets.js';
import type { Hole } from './holes.js';

/** How an event that judging looks at counts in its container's life. */
export type LifeCount = LifeEventRow['stands'];

/** An event that somebody lacks or attested late, with as little as is needed to tell when to judge it. */
export interface EventRecord {
  readonly id: number;
  /** In the ledger's key, 19 digits. */
  time: string;
  /** Its own, 19 digits. */
  at: string;
  readonly source: Source;
  readonly kind: Pick<CanonicalEvent, 'type' | 'action'>;
  readonly object: string;
  readonly firstSeq: number;
  actors: readonly string[];
  /** Who alone attests it, of those that not all have attested; empty if there are several. */
  sole: string;
  readonly group: Group;
  /** Whether a policy has it recorded. */
  judged: boolean;
  /** Undefined until it was judged. */
  counts: LifeCount | undefined;
  /** Whether its source does not exist. */
  nowhere: boolean;
  /** The holes in others' watches in which it is counted. */
  holes: Hole[];
}

/** What may be contents of one event, and so is judged together. */
export interface Group {
  readonly key: string;
  readonly members: Set<EventRecord>;
  /** Under which numbers it waits for the ledger clock, and for its events' appearance. */
  due: number | undefined;
  unseen: number | undefined;
  /** What must have been earned for it to be judged, if it is put off for that. */
  unearned: number | undefined;
  /** Days of which there are findings. */
  readonly days: Set<Day>;
  /** How much had been done when it was judged last. */
  judgedAt: number;
}

/** Whether an event is one of those that make a container's life. */
export function isLife({ kind }: Pick<EventRecord, 'kind'>): boolean {
  return kind.type === 'container' && LIFE_ACTIONS.includes(kind.action);
}

/** The records of all events that judging looks at, found by number, by what they may be contents of, and by time. */
export class Records {
  readonly byId = new Map<number, EventRecord>();
  readonly #groups = new Map<string, Group>();
  readonly #bySource = new Map<Source, Buckets<EventRecord>>();

  /** The group of that key; one that is new is kept when a record of it is added. */
  group(key: string): Group {
    const known = this.#groups.get(key);
    const waits = { due: undefined, unseen: undefined, unearned: undefined };
    return known ?? { key, members: new Set(), ...waits, days: new Set(), judgedAt: 0 };
  }

  get groups(): Iterable<Group> {
    return this.#groups.values();
  }

  add(record: EventRecord): void {
    this.byId.set(record.id, record);
    if (!this.#groups.has(record.group.key)) this.#groups.set(record.group.key, record.group);
    record.group.members.add(record);
    this.#ofSource(record.source).add(secondOf(record.at), record);
  }

  remove(record: EventRecord): void {
    this.byId.delete(record.id);
    record.group.members.delete(record);
    this.#ofSource(record.source).remove(secondOf(record.at), record);
  }

  /** Forgets what nothing belongs to any more. */
  drop(group: Group): void {
    if (group.members.size === 0) this.#groups.delete(group.key);
  }

  /** Those of a source whose own time lies in a stretch. */
  within(source: Source, from: string, to: string): EventRecord[] {
    const near = this.#bySource.get(source)?.between(secondOf(from), secondOf(to)) ?? [];
    return near.filter(({ at }) => at >= from && at < to);
  }

  /** Those whose own time is before a second begins. */
  before(time: string): EventRecord[] {
    const last = secondOf(time) - 1;
    return [...this.#bySource.values()].flatMap((records) => records.between(Number.NEGATIVE_INFINITY, last));
  }

  of(source: Source): EventRecord[] {
    return this.#bySource.get(source)?.between(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY) ?? [];
  }

  #ofSource(source: Source): Buckets<EventRecord> {
    const known = this.#bySource.get(source);
    if (known !== undefined) return known;
    const made = new Buckets<EventRecord>();
    this.#bySource.set(source, made);
    return made;
  }
}

/** The seconds of a time of 19 digits. */
function secondOf(time: string): number {
  return Number(time.slice(0, 10));
}
