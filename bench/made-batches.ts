import { type Batch, batchDigest, canonicalEvent, type HashedEvent, NO_PREVIOUS, padNanos } from '#chaincode';
import { DEFAULT_ACTORS } from '../network/actor-folders.js';
import { benchSha256, eachMadeUpEvent } from './events.js';

const SECOND = 1_000_000_000n;
// 2026-11-22T00:00:00Z
const DAY_START = 1_795_305_600_000_000_000n;
const DAY_END = DAY_START + 86_400n * SECOND;
export const DAY = '2026-11-22';
export const SOURCE = 'bench-engine';
export const COLLECTOR = 'collector-1';
export const RUN = 'bench';

/** What is made: so many events, each actor lacking or altering some. */
export interface MadeEvents {
  readonly events: number;
  /** Entries of a batch, about. */
  readonly batch: number;
  /** About how many bytes each canonical event has. */
  readonly bytes: number;
  /** Each actor lacks one in so many events and attests another content of as many. */
  readonly oneIn: number;
  /** Nanoseconds from one event to the next. If left out they fill the day, and the last watches reach its end. */
  readonly step?: bigint;
}

/** A batch of one actor's collector. */
export interface MadeBatch {
  readonly actor: string;
  readonly text: string;
  /** Number of its first entry. */
  readonly from: number;
  readonly events: readonly HashedEvent[];
}

/** Batch by batch what three collectors attest of the same day, which the last ones of each watch to its end. */
export function* eachMadeBatch({ events, batch, bytes, oneIn, step }: MadeEvents): Generator<MadeBatch> {
  const runs = DEFAULT_ACTORS.map(() => ({ n: 1, from: 1, prev: NO_PREVIOUS }));
  let chunk: HashedEvent[] = [];
  let count = 0;
  for (const event of eachMadeUpEvent(events, SOURCE, bytes, step)) {
    chunk.push(event);
    count += 1;
    if (chunk.length < batch && count < events) continue;
    const first = count - chunk.length;
    const until = count === events && step === undefined ? DAY_END : BigInt(event.event.time ?? 0) + 1n;
    for (const [index, run] of runs.entries()) {
      const seen = chunk.flatMap((one, at) => seenBy(one, first + at, index, oneIn));
      const text = JSON.stringify(batchOf(seen, run, until));
      yield { actor: DEFAULT_ACTORS[index] ?? '', text, from: run.from, events: seen };
      run.n += 1;
      run.from += seen.length;
      run.prev = batchDigest(text, benchSha256);
    }
    chunk = [];
  }
}

/** A batch of the run's collector that has watched until then. */
export function batchOf(
  events: readonly HashedEvent[],
  { n, from, prev }: { n: number; from: number; prev: string },
  until: bigint,
): Batch {
  return {
    v: 1,
    policy: 1,
    collector: COLLECTOR,
    run: RUN,
    n,
    from,
    prev,
    sentAt: (until + SECOND).toString(),
    entries: events.map(({ canonical }) => ({ b: canonical })),
    watches: [{ source: SOURCE, from: DAY_START.toString(), to: until.toString() }],
    gaps: [],
  };
}

/** What an actor attests of an event: nothing, another content, or the same as the others. */
function seenBy(one: HashedEvent, at: number, actor: number, oneIn: number): HashedEvent[] {
  const turn = at % oneIn;
  if (turn === actor * 2 + 1) return [];
  if (turn !== actor * 2 + 2) return [one];
  const { scope, type, action, object: id, time = '0', attributes } = one.event;
  const altered = new Map(Object.entries(attributes as Record<string, string>));
  altered.set('image', 'registry.example/shop/another:2.0.0');
  const raw = { scope, type, action, id, attributes: altered, timeNano: time };
  return [canonicalEvent(raw, { source: SOURCE, ignore: [] }, benchSha256)];
}

/** The rows of state that the contract would write. */
export function rowsOf({ actor, from, events }: MadeBatch): Map<string, Uint8Array> {
  return new Map(
    events.map(({ canonical, hash, event }, at) => [
      `a/${padNanos(event.time ?? '0')}/${hash}/${actor}/${COLLECTOR}`,
      Buffer.from(
        `{"actor":"${actor}","collector":"${COLLECTOR}","event":${canonical},"number":${from + at},"run":"${RUN}"}`,
      ),
    ]),
  );
}
