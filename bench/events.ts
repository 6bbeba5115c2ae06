import { hash } from 'node:crypto';
import { type Batch, batchDigest, canonicalEvent, type HashedEvent, NO_PREVIOUS, type Sha256 } from '#chaincode';

const SECOND = 1_000_000_000n;
// 2026-11-22T00:00:00Z
const DAY_START = 1_795_305_600_000_000_000n;
const ACTIONS = ['create', 'start', 'die', 'destroy'];
const EVENT_BYTES = 650;

/** OpenSSL's: what is measured must not wait for what is made. */
export const benchSha256: Sha256 = (text) => hash('sha256', text, 'hex');

/** Container events of about 650 bytes each, in order of time within one day; the same for the same count. */
export function madeUpEvents(count: number, source: string): HashedEvent[] {
  return [...eachMadeUpEvent(count, source)];
}

/**
 * The same, one after the other.
 * @param bytes about how long each is, if that is more than what it must hold (some 400)
 * @param step nanoseconds from one to the next; if left out they fill the day
 */
export function* eachMadeUpEvent(
  count: number,
  source: string,
  bytes = EVENT_BYTES,
  step = (86_000n * SECOND) / BigInt(count),
): Generator<HashedEvent> {
  for (let index = 0; index < count; index++) {
    const container = Math.floor(index / ACTIONS.length);
    const attributes = new Map([
      ['com.docker.compose.project', 'shop'],
      ['com.docker.compose.service', `service-${container % 17}`],
      ['image', `registry.example/shop/service-${container % 17}:1.${container % 5}.0`],
      ['name', `shop-service-${container}`],
    ]);
    const raw = {
      scope: 'local' as const,
      type: 'container',
      action: ACTIONS[index % ACTIONS.length] as string,
      id: container.toString(16).padStart(64, '0'),
      attributes,
      timeNano: (DAY_START + BigInt(index) * step).toString(),
    };
    const short = canonicalEvent(raw, { source, ignore: [] }, benchSha256);
    const more = bytes - short.canonical.length - 42;
    if (more > 0) attributes.set('org.opencontainers.image.description', 'x'.repeat(more));
    yield more > 0 ? canonicalEvent(raw, { source, ignore: [] }, benchSha256) : short;
  }
}

/** What the batches of a collector say besides their events. */
export interface BatchHead {
  readonly collector: string;
  readonly source: string;
  readonly run?: string;
}

/** The batches of one collector that saw all events, the last one with a watch over the whole day. */
export function batchesOf(events: readonly HashedEvent[], collector: string, size: number, source: string): string[] {
  return [...eachBatch(events, size, { collector, source })].map(({ text }) => text);
}

/** The same, one after the other, of events that come one after the other. */
export function* eachBatch(
  events: Iterable<HashedEvent>,
  size: number,
  { collector, source, run = 'bench' }: BatchHead,
): Generator<{ readonly text: string; readonly entries: number }> {
  const iterator = events[Symbol.iterator]();
  let next = iterator.next();
  let prev = NO_PREVIOUS;
  let from = 1;
  for (let n = 1; next.done !== true; n++) {
    const entries: { b: string }[] = [];
    for (; next.done !== true && entries.length < size; next = iterator.next())
      entries.push({ b: next.value.canonical });
    const batch: Batch = {
      v: 1,
      policy: 1,
      collector,
      run,
      n,
      from,
      prev,
      sentAt: (DAY_START + 86_400n * SECOND + BigInt(n - 1)).toString(),
      entries,
      watches: next.done ? [{ source, from: DAY_START.toString(), to: (DAY_START + 86_400n * SECOND).toString() }] : [],
      gaps: [],
    };
    const text = JSON.stringify(batch);
    yield { text, entries: entries.length };
    prev = batchDigest(text);
    from += entries.length;
  }
}
