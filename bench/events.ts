import { type Batch, batchDigest, canonicalEvent, type HashedEvent, NO_PREVIOUS } from '#chaincode';

const SECOND = 1_000_000_000n;
// 2026-11-22T00:00:00Z
const DAY_START = 1_795_305_600_000_000_000n;
const ACTIONS = ['create', 'start', 'die', 'destroy'];
const EVENT_BYTES = 650;

/** Container events of about 650 bytes each, in order of time within one day; the same for the same count. */
export function madeUpEvents(count: number, source: string): HashedEvent[] {
  const step = (86_000n * SECOND) / BigInt(count);
  return Array.from({ length: count }, (_, index) => {
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
    const short = canonicalEvent(raw, { source, ignore: [] });
    attributes.set(
      'org.opencontainers.image.description',
      'x'.repeat(Math.max(0, EVENT_BYTES - short.canonical.length - 42)),
    );
    return canonicalEvent(raw, { source, ignore: [] });
  });
}

/** The batches of one collector that saw all events, the last one with a watch over the whole day. */
export function batchesOf(events: readonly HashedEvent[], collector: string, size: number, source: string): string[] {
  const batches: string[] = [];
  let prev = NO_PREVIOUS;
  for (let at = 0; at < events.length; at += size) {
    const last = at + size >= events.length;
    const batch: Batch = {
      v: 1,
      policy: 1,
      collector,
      run: 'bench',
      n: batches.length + 1,
      from: at + 1,
      prev,
      sentAt: (DAY_START + 86_400n * SECOND + BigInt(batches.length)).toString(),
      entries: events.slice(at, at + size).map(({ canonical }) => ({ b: canonical })),
      watches: last ? [{ source, from: DAY_START.toString(), to: (DAY_START + 86_400n * SECOND).toString() }] : [],
      gaps: [],
    };
    const text = JSON.stringify(batch);
    batches.push(text);
    prev = batchDigest(text);
  }
  return batches;
}
