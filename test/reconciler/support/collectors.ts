import type { HashedEvent } from '#chaincode';
import type { Invocation } from '../../../reconciler/ledger/block.js';
import { Run, watch } from './history.js';

/** Seconds from one batch of a collector to the next. */
export const PACE = 1200;
const DAY_LENGTH = 86_400;
/** Long enough for the deadlines of the day to pass, and for a day that is not watched to its end to be sealed. */
const AFTER = 24 * PACE;

/** What happens to a collector. Seconds. */
export interface Fortune {
  /** How far its clock is off. */
  readonly skew: number;
  /** For each batch how long it is on its way; the list is gone through again and again. */
  readonly delays: readonly number[];
  /** Which batches, of so many, land twice. */
  readonly retries: number;
  /** From when to when it is down; it then declares a gap and goes on, in a new run or not. */
  readonly crash?: { readonly from: number; readonly to: number; readonly newRun: boolean };
}

/** What a dishonest collector does with its batches, by their place in the day. */
export interface Misdeeds {
  readonly withheld?: ReadonlySet<number>;
  readonly twins?: ReadonlySet<number>;
}

interface Landing {
  readonly at: number;
  readonly transaction: Invocation;
}

/** A log's entry: when its collector sees it, in seconds of the day, and what. */
export interface Seen {
  readonly second: number;
  readonly event: HashedEvent;
}

/** The place of the batch in which a collector that is not down attests what it saw at a second. */
export function batchOf(second: number): number {
  return Math.floor(second / PACE);
}

/** One collector's day and some hours after it: a batch every so often, with what it saw and watched since the last. */
export function collected(actor: string, log: readonly Seen[], fortune: Fortune, misdeeds: Misdeeds = {}): Landing[] {
  let run = new Run(actor);
  const landings: Landing[] = [];
  let watchedTo = 0;
  for (let place = 0; place * PACE < DAY_LENGTH + AFTER; place++) {
    const [from, to] = [place * PACE, (place + 1) * PACE];
    const { crash, skew, delays, retries } = fortune;
    const isDown = crash !== undefined && from < crash.to && to > crash.from;
    if (isDown) continue;
    const lost = watchedTo < from ? [{ ...watch(watchedTo, from), reason: 'was down' }] : [];
    if (lost.length > 0 && crash?.newRun) run = new Run(actor, 'collector-1', 'run-2');
    const parts = {
      events: log.filter(({ second }) => second >= from && second < to).map(({ event }) => event),
      watches: [watch(from, to)],
      gaps: lost,
      sentAt: to + skew,
    };
    watchedTo = to;
    const transaction = run.batch(parts);
    const at = to + (delays[place % delays.length] ?? 0);
    if (misdeeds.withheld?.has(place)) continue;
    landings.push({ at, transaction });
    if (misdeeds.twins?.has(place)) {
      landings.push({ at: at + 1, transaction: run.twin({ ...parts, sentAt: parts.sentAt + 1 }) });
    }
    if (retries > 0 && place % retries === 0) {
      landings.push({ at: at + 2, transaction: { ...transaction, txId: `${transaction.txId} again` } });
    }
  }
  return landings;
}

/** What lands, in the order in which it does. */
export function landed(landings: readonly Landing[]): Invocation[] {
  return [...landings].sort((a, b) => a.at - b.at).map(({ transaction }) => transaction);
}
