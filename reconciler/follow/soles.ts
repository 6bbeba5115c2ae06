import { type Day, dayEnd, padNanos } from '#chaincode';
import type { Flood } from '../judge/beyond-quota.js';
import { firstIndex } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';
import type { EventRecord } from './records.js';

/** Which open events an actor alone attests, day by day, and from which on they are beyond its quota. */
export class Soles {
  /** By day and actor, with a slash between. */
  readonly #lists = new Map<
    string,
    { readonly day: Day; readonly actor: string; readonly ids: number[]; first?: number }
  >();
  readonly #changed = new Set<string>();

  constructor(private readonly projection: Projection) {}

  add(record: EventRecord): void {
    if (record.sole === '') return;
    const { day, key } = this.#placeOf(record);
    const list = this.#lists.get(key) ?? { day, actor: record.sole, ids: [] };
    this.#lists.set(key, list);
    if (record.id > (list.ids.at(-1) ?? 0)) list.ids.push(record.id);
    else
      list.ids.splice(
        firstIndex(list.ids, (id) => id >= record.id),
        0,
        record.id,
      );
    this.#changed.add(key);
  }

  remove(record: EventRecord): void {
    if (record.sole === '') return;
    const { key } = this.#placeOf(record);
    const list = this.#lists.get(key);
    const at = list === undefined ? -1 : firstIndex(list.ids, (id) => id >= record.id);
    if (list?.ids[at] !== record.id) return;
    list.ids.splice(at, 1);
    this.#changed.add(key);
  }

  /** Whether an event belongs to a flood, as it was when `settle` was last called. */
  isFlooded(record: EventRecord): boolean {
    if (record.sole === '') return false;
    const first = this.#lists.get(this.#placeOf(record).key)?.first;
    return first !== undefined && record.id >= first;
  }

  /** The flood that an event belongs to. */
  floodOf(record: EventRecord): string | undefined {
    return this.isFlooded(record) ? this.#placeOf(record).key : undefined;
  }

  flood(key: string): Omit<Flood, 'from' | 'to'> | undefined {
    const list = this.#lists.get(key);
    return list?.first === undefined ? undefined : { actor: list.actor, day: list.day, first: list.first };
  }

  /** How many events a flood has. */
  size(key: string): number {
    const list = this.#lists.get(key);
    return list?.first === undefined ? 0 : list.ids.length - firstIndex(list.ids, (id) => id >= (list.first as number));
  }

  /** Says where floods begin now. @returns floods that begin elsewhere, with the events that belong to them or no longer do */
  settle(): { readonly key: string; readonly day: Day; readonly ids: readonly number[] }[] {
    const moved = [...this.#changed].flatMap((key) => {
      const list = this.#lists.get(key);
      if (list === undefined) return [];
      const quota = this.#quotaOf(list.day);
      const before = list.first;
      const now = list.ids[quota];
      if (list.ids.length === 0) this.#lists.delete(key);
      if (before === now) return [];
      if (now === undefined) delete list.first;
      else list.first = now;
      const from = Math.min(before ?? Number.POSITIVE_INFINITY, now ?? Number.POSITIVE_INFINITY);
      const to = before === undefined || now === undefined ? Number.POSITIVE_INFINITY : Math.max(before, now);
      return [{ key, day: list.day, ids: list.ids.filter((id) => id >= from && id < to) }];
    });
    this.#changed.clear();
    return moved;
  }

  #placeOf({ time, sole }: EventRecord): { day: Day; key: string } {
    const day = this.projection.tallies.dayOf(time);
    return { day, key: `${day}/${sole}` };
  }

  #quotaOf(day: Day): number {
    const policy = this.projection.policies.at(padNanos((BigInt(dayEnd(day)) - 1n).toString()));
    return policy?.policy.quota ?? Number.POSITIVE_INFINITY;
  }
}
