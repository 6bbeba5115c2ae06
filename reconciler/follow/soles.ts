import { type Day, dayEnd, padNanos } from '#chaincode';
import type { Flood } from '../judge/beyond-quota.js';
import type { Projection } from '../projection/projection.js';
import { SortedIds } from './sorted-ids.js';

/** What one actor alone attests of a day. */
interface List {
  readonly key: string;
  readonly day: Day;
  readonly actor: string;
  readonly ids: SortedIds;
  /** From which event on it is beyond the quota. */
  first: number | undefined;
}

/** A flood that has changed: where it began before and begins now, undefined if there was none, or is none any more. */
export interface Moved {
  readonly key: string;
  readonly day: Day;
  readonly actor: string;
  readonly before: number | undefined;
  readonly now: number | undefined;
  readonly ids: SortedIds;
}

/**
 * Which open events an actor alone attests, day by day, and from which on they are beyond its quota. A number is all that is
 * kept of one.
 */
export class Soles {
  readonly #lists = new Map<string, List>();
  readonly #byDay = new Map<Day, Set<List>>();
  readonly #changed = new Set<List>();

  constructor(private readonly projection: Projection) {}

  /** Takes note that an actor alone attests an event; more than once is as good as once. */
  add(day: Day, actor: string, id: number): void {
    const list = this.#listOf(day, actor);
    if (list.ids.add(id)) this.#changed.add(list);
  }

  /** @returns whether the actor alone attested it, as far as this knew */
  remove(day: Day, actor: string, id: number): boolean {
    const list = this.#lists.get(keyOf(day, actor));
    if (list === undefined || !list.ids.delete(id)) return false;
    this.#changed.add(list);
    return true;
  }

  /** As `remove`, on whatever day: that of an event without a time of its own may have changed. */
  removeAnywhere(actor: string, id: number): void {
    for (const list of this.#lists.values()) {
      if (list.actor === actor && list.ids.delete(id)) this.#changed.add(list);
    }
  }

  /** Forgets the days before one. */
  dropBefore(day: Day): void {
    for (const [key, list] of this.#lists) if (list.day < day) this.#lists.delete(key);
    for (const known of this.#byDay.keys()) if (known < day) this.#byDay.delete(known);
    for (const list of this.#changed) if (list.day < day) this.#changed.delete(list);
  }

  /** Whether an event belongs to a flood of that day, as they were when `settle` was last called. */
  isFlooded(day: Day, id: number): boolean {
    for (const { first, ids } of this.#byDay.get(day) ?? []) {
      if (first !== undefined && id >= first && ids.has(id)) return true;
    }
    return false;
  }

  flood(key: string): (Omit<Flood, 'from' | 'to'> & { readonly ids: SortedIds }) | undefined {
    const list = this.#lists.get(key);
    return list?.first === undefined
      ? undefined
      : { actor: list.actor, day: list.day, first: list.first, ids: list.ids };
  }

  /** How many events a flood has. */
  size(key: string): number {
    const list = this.#lists.get(key);
    return list?.first === undefined ? 0 : list.ids.countFrom(list.first);
  }

  /** Says where floods begin now. @returns floods that have other events, or begin elsewhere */
  settle(): Moved[] {
    const moved = [...this.#changed].flatMap((list): Moved[] => {
      const { key, day, actor, ids, first: before } = list;
      const now = ids.at(this.#quotaOf(day));
      list.first = now;
      if (ids.size === 0) this.#drop(list);
      return before === undefined && now === undefined ? [] : [{ key, day, actor, before, now, ids }];
    });
    this.#changed.clear();
    return moved;
  }

  #listOf(day: Day, actor: string): List {
    const key = keyOf(day, actor);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const list: List = { key, day, actor, ids: new SortedIds(), first: undefined };
    this.#lists.set(key, list);
    const ofDay = this.#byDay.get(day) ?? new Set();
    this.#byDay.set(day, ofDay.add(list));
    return list;
  }

  #drop(list: List): void {
    this.#lists.delete(list.key);
    const ofDay = this.#byDay.get(list.day);
    ofDay?.delete(list);
    if (ofDay?.size === 0) this.#byDay.delete(list.day);
  }

  #quotaOf(day: Day): number {
    const policy = this.projection.policies.at(padNanos((BigInt(dayEnd(day)) - 1n).toString()));
    return policy?.policy.quota ?? Number.POSITIVE_INFINITY;
  }
}

function keyOf(day: Day, actor: string): string {
  return `${day}/${actor}`;
}
