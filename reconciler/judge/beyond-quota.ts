import { type Day, dayEnd, dayStart, padNanos } from '#chaincode';
import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';

/** What one actor alone attests of one day, beyond the policy's quota, in the order in which it came on the ledger. */
export interface Flood extends Interval {
  readonly actor: string;
  readonly day: Day;
  /** Number of the first event beyond the quota; those after it that the actor alone attests belong to it too. */
  readonly first: number;
}

/** The floods of all days that begin within an interval. */
export function floodsOf({ db, tallies, policies }: Projection, context: Interval): Flood[] {
  const count = db.prepare('SELECT count(*) FROM open_events WHERE time >= ? AND time < ? AND sole = ?').pluck();
  const beyond = db
    .prepare('SELECT event FROM open_events WHERE time >= ? AND time < ? AND sole = ? ORDER BY event LIMIT 1 OFFSET ?')
    .pluck();
  const days = tallies.days.map((day) => ({ day, from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) }));
  return days
    .filter(({ from }) => from >= context.from && from < context.to)
    .flatMap(({ day, from, to }) => {
      const policy = policies.at(padNanos((BigInt(to) - 1n).toString()));
      const quota = policy?.policy.quota ?? Number.POSITIVE_INFINITY;
      return tallies.attesters(day, quota).flatMap((actor): Flood[] => {
        if ((count.get(from, to, actor) as number) <= quota) return [];
        return [{ actor, day, from, to, first: beyond.get(from, to, actor, quota) as number }];
      });
    });
}

/** Tells whether an event, by its number, belongs to one of these floods. */
export function floodTest({ db }: Projection, floods: readonly Flood[]): (id: number) => boolean {
  if (floods.length === 0) return () => false;
  const find = db
    .prepare('SELECT event FROM open_events WHERE time >= ? AND time < ? AND sole = ? AND event >= ?')
    .pluck();
  const ids = new Bits(Math.min(...floods.map(({ first }) => first)));
  for (const { from, to, actor, first } of floods) {
    for (const id of find.iterate(from, to, actor, first) as Iterable<number>) ids.add(id);
  }
  return (id) => ids.has(id);
}

/** A set of numbers from a least one on, of which most are there: a flood may have more than could be held one by one. */
class Bits {
  #bytes = new Uint8Array(1024);

  constructor(private readonly least: number) {}

  add(number: number): void {
    const at = number - this.least;
    const byte = Math.floor(at / 8);
    if (byte >= this.#bytes.length) {
      const longer = new Uint8Array(Math.max(byte + 1, this.#bytes.length * 2));
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    this.#bytes[byte] = (this.#bytes[byte] as number) | (1 << (at % 8));
  }

  has(number: number): boolean {
    const at = number - this.least;
    return at >= 0 && ((this.#bytes[Math.floor(at / 8)] ?? 0) & (1 << (at % 8))) !== 0;
  }
}
