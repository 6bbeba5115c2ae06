import { createHash } from 'node:crypto';
import { type Item, type ItemSet, ItemSetBuilder } from '../../exchange/protocol/item-set.js';
import type { ExchangeLimits } from '../../exchange/protocol/limits.js';
import { type Differences, type ExchangeCost, ExchangeParty } from '../../exchange/protocol/party.js';

export const KEY = createHash('sha256').update('a key').digest();

/** What both sides know after they have talked to each other. */
export interface Exchanged {
  readonly asking: Differences;
  readonly answering: Differences;
  /** As the asking side counts. */
  readonly cost: ExchangeCost;
}

/** Lets two parties talk until both are done. */
export function exchange(
  asking: ItemSet,
  answering: ItemSet,
  { limits, maxMessage }: { limits?: ExchangeLimits; maxMessage?: number } = {},
): Exchanged {
  const [a, b] = [asking, answering].map((set) => new ExchangeParty(set, KEY, limits, maxMessage)) as [
    ExchangeParty,
    ExchangeParty,
  ];
  let message: Buffer | undefined = a.open();
  for (let next = b; message !== undefined; next = next === a ? b : a) message = next.receive(message);
  if (a.differences === undefined || b.differences === undefined) throw new Error('The exchange did not end.');
  return { asking: a.differences, answering: b.differences, cost: a.cost };
}

/** The item of a number: times a tenth of a second apart or less, hashes that follow from the number. */
export function numbered(number: number): Item {
  const time = (1_795_300_000_000_000_000n + BigInt(number) * 86_400_123n).toString();
  return { time, hash: createHash('sha256').update(`item ${number}`).digest('hex') };
}

/** The items of the numbers below `count`. */
export function firstItems(count: number): ItemSet {
  const builder = new ItemSetBuilder();
  for (let number = 0; number < count; number++) {
    const { time, hash } = numbered(number);
    builder.add(time, hash);
  }
  return builder.build();
}

/** A set without the items at some places. */
export function without(set: ItemSet, places: ReadonlySet<number>): ItemSet {
  const builder = new ItemSetBuilder();
  for (let at = 0; at < set.count; at++) if (!places.has(at)) builder.addBytes(set.at(at));
  return builder.build();
}
