import type { HashedEvent } from '#chaincode';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { type BatchParts, Run } from '../reconciler/support/history.js';
import { AFTER, AFTER_STEP, nanosAt, PACE } from './timing.js';
import type { Track, World } from './world.js';

/** What a collector puts into its batch of a place. */
export interface Entry {
  readonly place: number;
  readonly event: HashedEvent;
  /** The collector's time for an event without one, nanoseconds. */
  readonly t?: string;
}

/** A stretch of places in which a collector sends nothing. */
export interface Away {
  readonly from: number;
  /** The place of which it sends again; beyond all places if it never does. */
  readonly to: number;
  /** Afterwards it attests what it missed, declares a gap, or leaves a hole. */
  readonly after: 'catches up' | 'declares' | 'hides';
  readonly newRun: boolean;
}

/** What becomes of a collector's batches. Seconds. */
export interface Conduct {
  readonly skew: number;
  /** For each place how long its batches are on their way; gone through again and again. */
  readonly delays: readonly number[];
  /** How many entries go into a batch at the most, the same way. */
  readonly sizes: readonly number[];
  /** Every so many places the batch is sent twice; 0 for never. */
  readonly retries: number;
  readonly away?: Away;
  /** The place whose batches are never sent. */
  readonly withheld?: number;
  /** The place whose last batch gets a second content: other in its time alone, or in an event too. */
  readonly twin?: { readonly place: number; readonly instead?: readonly [HashedEvent, HashedEvent] };
}

/** A transaction and when it reaches the ledger. */
export interface Landing {
  readonly at: number;
  readonly transaction: Invocation;
}

/** What stands out among a collector's batches. */
export interface Collected {
  readonly landings: readonly Landing[];
  /** The last one before the collector was away or withheld something. */
  readonly lastBefore?: string;
  /** The first after it. */
  readonly firstAfter?: string;
  readonly twin?: { readonly run: string; readonly n: number; readonly txId: string };
  readonly withheld?: { readonly run: string; readonly from: number; readonly to: number };
}

/** The places of which a collector sends, each with the one after which it sends next. */
export function placesOf({ begin, end }: Pick<World, 'begin' | 'end'>): { from: number; to: number }[] {
  const places: { from: number; to: number }[] = [];
  for (let from = begin; from < end + AFTER; ) {
    const to = from + (from < end ? 1 : AFTER_STEP);
    places.push({ from, to });
    from = to;
  }
  return places;
}

/** Builds a collector's batches as a real one would, apart from what its conduct says. */
export function collect(
  world: World,
  { actor, collector, sources }: Track,
  log: readonly Entry[],
  conduct: Conduct,
): Collected {
  let runName = 'run-1';
  let run = new Run(actor, collector, runName);
  let n = 0;
  const landings: Landing[] = [];
  const marks: { -readonly [key in keyof Collected]?: Collected[key] } = {};
  let watchedTo = world.begin;
  let lastSent: string | undefined;
  const { away, skew } = conduct;
  for (const [index, { from, to }] of placesOf(world).entries()) {
    if (away !== undefined && from >= away.from && from < away.to) {
      marks.lastBefore ??= lastSent ?? '';
      continue;
    }
    const returns = watchedTo < from;
    const catchesUp = returns && away?.after === 'catches up';
    if (returns && away?.newRun) {
      runName = 'run-2';
      run = new Run(actor, collector, runName);
      n = 0;
    }
    const first = catchesUp ? watchedTo : from;
    const entries = log.filter(({ place }) => place >= first && place < to);
    const claim = (a: number, b: number) =>
      sources.map((source) => ({ source, from: nanosAt(a * PACE).toString(), to: nanosAt(b * PACE).toString() }));
    const gaps =
      returns && away?.after === 'declares'
        ? claim(watchedTo, from).map((gap) => ({ ...gap, reason: 'was away' }))
        : [];
    const chunks = chunksOf(entries, conduct.sizes[index % conduct.sizes.length] ?? 1000);
    const delay = conduct.delays[index % conduct.delays.length] ?? 0;
    const isWithheld = from === conduct.withheld;
    if (isWithheld) {
      marks.withheld = { run: runName, from: n + 1, to: n + chunks.length };
      marks.lastBefore = lastSent ?? '';
    }
    for (const [at, chunk] of chunks.entries()) {
      const isLast = at === chunks.length - 1;
      const t = chunk.find((entry) => entry.t !== undefined)?.t;
      const parts: BatchParts = {
        events: chunk.map(({ event }) => event),
        ...(isLast ? { watches: claim(first, to), gaps } : {}),
        sentAt: to * PACE + skew + at / 1000,
        ...(t !== undefined && { t }),
      };
      const transaction = run.batch(parts);
      n += 1;
      if (isWithheld) continue;
      lastSent = transaction.txId;
      const landsAt = to * PACE + delay + at / 100;
      landings.push({ at: landsAt, transaction });
      if (isLast && marks.lastBefore !== undefined) marks.firstAfter ??= transaction.txId;
      if (conduct.retries > 0 && index % conduct.retries === 0) {
        landings.push({ at: landsAt + 3, transaction: { ...transaction, txId: `${transaction.txId} again` } });
      }
      const { twin } = conduct;
      if (isLast && twin?.place === from) {
        const events = (parts.events ?? []).map((event) => (event === twin.instead?.[0] ? twin.instead[1] : event));
        const second = run.twin({ ...parts, events, sentAt: to * PACE + skew + 1 });
        landings.push({ at: landsAt + (index % 2 === 0 ? 5 : -0.001), transaction: second });
        marks.twin = { run: runName, n, txId: second.txId };
      }
    }
    watchedTo = to;
  }
  return { ...marks, landings };
}

/** At least one, empty if need be; of events without a time of their own one at the most, for they share a time. */
function chunksOf(entries: readonly Entry[], size: number): Entry[][] {
  const chunks: Entry[][] = [[]];
  for (const entry of entries) {
    const last = chunks.at(-1) as Entry[];
    const isFull = last.length >= size || (entry.t !== undefined && last.some(({ t }) => t !== undefined));
    if (isFull) chunks.push([entry]);
    else last.push(entry);
  }
  return chunks;
}
