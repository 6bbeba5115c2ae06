import { batchDigest, canonicalEvent, type HashedEvent, NO_PREVIOUS } from '#chaincode';
import { DEFAULT_ACTORS } from '../../network/actor-folders.js';
import { batchOf, eachMadeBatch, type MadeBatch, type MadeEvents, SOURCE } from '../made-batches.js';

const [, , THIRD = ''] = DEFAULT_ACTORS;
const MOST_ENTRIES = 1000;
const MOST_BYTES = 1 << 20;

/** What a hostile actor's collector puts on the ledger. */
export interface HostileCollector {
  readonly name: string;
  readonly batches: (wishes: MadeEvents) => Iterable<MadeBatch>;
}

/** An event that nobody saw, of the same moment as another or so many nanoseconds later. */
function fake(of: HashedEvent, index: number, later: number, label = ''): HashedEvent {
  const time = (BigInt(of.event.time ?? 0) + BigInt(later)).toString();
  const attributes = new Map([['name', `fake-${index}${label}`]]);
  const raw = {
    scope: 'local' as const,
    type: 'container',
    action: 'start',
    id: `${index}`,
    attributes,
    timeNano: time,
  };
  return canonicalEvent(raw, { source: SOURCE, ignore: [] });
}

/** One whose hash begins as another's, as far as a few attempts go. */
function near(of: HashedEvent, index: number): HashedEvent {
  let best = fake(of, index, 0);
  for (let attempt = 0; attempt < 40; attempt++) {
    const one = fake(of, index, 0, `-${attempt}`);
    if (one.hash.slice(0, 2) === of.hash.slice(0, 2)) best = one;
    if (one.hash.slice(0, 3) === of.hash.slice(0, 3)) return one;
  }
  return best;
}

/** The honest two's batches, and what is made of the third's, whose run stays unbroken. */
function* altered(
  wishes: MadeEvents,
  made: (events: readonly HashedEvent[]) => readonly HashedEvent[],
  { size = MOST_ENTRIES, isEarly = false }: { readonly size?: number; readonly isEarly?: boolean } = {},
): Generator<MadeBatch> {
  const run = { n: 1, from: 1, prev: NO_PREVIOUS };
  for (const batch of eachMadeBatch(wishes)) {
    if (batch.actor !== THIRD) {
      yield batch;
      continue;
    }
    const until = BigInt((JSON.parse(batch.text) as { watches: { to: string }[] }).watches[0]?.to ?? 0);
    const events = made(batch.events);
    let at = 0;
    do {
      let bytes = 0;
      const part: HashedEvent[] = [];
      while (at < events.length && part.length < size && bytes < MOST_BYTES / 2) {
        const one = events[at++] as HashedEvent;
        part.push(one);
        bytes += one.canonical.length;
      }
      // What is claimed has been attested: else the day would be sealed before its last events come.
      const claimed = at < events.length && !isEarly ? BigInt(part.at(-1)?.event.time ?? 0) : until;
      const text = JSON.stringify(batchOf(part, run, claimed));
      yield { actor: THIRD, text, from: run.from, events: part };
      run.n += 1;
      run.from += part.length;
      run.prev = batchDigest(text);
    } while (at < events.length);
  }
}

const flooded =
  (many: number, later: number, isEarly = false) =>
  (wishes: MadeEvents) => {
    let index = 0;
    const made = (events: readonly HashedEvent[]) =>
      events.flatMap((event) => [
        event,
        ...Array.from({ length: many }, (_, one) => fake(event, index++, later * (one + 1))),
      ]);
    return altered(wishes, made, { isEarly });
  };

export const HOSTILE_COLLECTORS: readonly HostileCollector[] = [
  { name: '1 fake event for each, moments apart', batches: flooded(1, 1) },
  { name: '3 fake events for each, moments apart', batches: flooded(3, 1) },
  { name: '3 fake events for each, of its moment', batches: flooded(3, 0) },
  { name: '1 fake event for each, some behind the seal of their day', batches: flooded(1, 1, true) },
  {
    name: 'a fake event for each, of its moment, its hash beginning the same',
    batches: (wishes) => {
      let index = 0;
      return altered(wishes, (events) => events.flatMap((event) => [event, near(event, index++)]));
    },
  },
  { name: 'batches of 10 entries', batches: (wishes) => altered(wishes, (events) => events, { size: 10 }) },
  {
    name: 'batches of fake events of 16 KiB each, a tenth as many',
    batches: (wishes) => {
      let index = 0;
      const long = 'x'.repeat(1000);
      return altered(wishes, (events) =>
        events.flatMap((event, at) => {
          if (at % 10 > 0) return [event];
          const attributes = new Map(Array.from({ length: 15 }, (_, one) => [`label-${one}`, long]));
          const { time = '0' } = event.event;
          const raw = { scope: 'local' as const, type: 'container', action: 'start', id: `${index++}`, attributes };
          return [event, canonicalEvent({ ...raw, timeNano: time }, { source: SOURCE, ignore: [] })];
        }),
      );
    },
  },
  {
    name: 'its batches in reverse order, behind all others',
    batches: function* (wishes) {
      const own: MadeBatch[] = [];
      for (const batch of eachMadeBatch(wishes)) {
        if (batch.actor === THIRD) own.push(batch);
        else yield batch;
      }
      yield* own.reverse();
    },
  },
  {
    name: 'every event altered',
    batches: (wishes) =>
      altered(wishes, (events) =>
        events.map(({ event }) => {
          const { scope, type, action, object: id, time = '0' } = event;
          const attributes = new Map(Object.entries(event.attributes as Record<string, string>));
          attributes.set('image', 'registry.example/shop/another:3.0.0');
          return canonicalEvent(
            { scope, type, action, id, attributes, timeNano: time },
            { source: SOURCE, ignore: [] },
          );
        }),
      ),
  },
  { name: 'every event left out, and its watch claimed', batches: (wishes) => altered(wishes, () => []) },
];
