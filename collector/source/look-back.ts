import { type DockerEvent, type Nanos, sha256Hex } from '#chaincode';
import type { Reread } from './continuity.js';
import type { Engine } from './docker-engine.js';
import { LineSplitter } from './line-splitter.js';
import type { Identity } from './recent.js';

const REREAD_TIMEOUT_MS = 10_000;
/** More events than this are no ring: another engine's long memory, of which this is enough. */
const MAX_REREAD = 4_096;
/** Characters of what is kept in full, because it was not received before. */
const MAX_KEPT = 64 * 1024 * 1024;

/** An event in an engine's memory. */
export interface Remembered extends Identity {
  /** What it says; undefined if it was received before. */
  readonly event: DockerEvent | undefined;
}

/** Something in an engine's memory that cannot be read as an event and was not received before. */
export interface Unread {
  readonly text: string;
  readonly why: string;
}

/** What a line of an engine's memory is; undefined if it is nothing to know again. */
export type ReadLine = (text: string) => Remembered | Unread | undefined;

/** What an engine still had. */
export interface LookedBack extends Reread {
  /** In the engine's order. */
  readonly events: readonly Remembered[];
  readonly unread: readonly Unread[];
}

/**
 * Reads the events that the engine still has, in its order.
 * @param by `live`: how many events the live stream has brought so far; `read` says what a line is
 * @throws if the engine does not answer in full, within ten seconds.
 */
export async function lookBack(
  engine: Engine,
  range: { readonly since: Nanos; readonly until: Nanos },
  closing: AbortSignal,
  { live, read }: { readonly live: number; readonly read: ReadLine },
): Promise<LookedBack> {
  const splitter = new LineSplitter();
  const events: Remembered[] = [];
  const unread: Unread[] = [];
  const ids: string[] = [];
  let kept = 0;
  let cut = false;
  const enough = new AbortController();
  const signal = AbortSignal.any([closing, enough.signal, AbortSignal.timeout(REREAD_TIMEOUT_MS)]);
  const stream = await engine.events(range, signal);
  // Closing the session may break it after its end, when nobody awaits it any more.
  stream.on('error', () => {});
  const take = (text: string) => {
    if (text.trim() === '') return;
    const one = read(text);
    const event = one !== undefined && 'id' in one;
    // What is nobody's event, or none, was in the memory all the same, and shows how far it reaches.
    ids.push(event ? one.id : `text ${sha256Hex(text)}`);
    if (one === undefined) return;
    if ('id' in one) events.push(one);
    else unread.push(one);
    if (!('id' in one) || one.event !== undefined) kept += text.length;
    cut = ids.length > MAX_REREAD || kept > MAX_KEPT;
  };
  for await (const chunk of stream) {
    for (const { text } of splitter.push(chunk as Buffer)) {
      // One that was too long to keep came over the stream too, and is told there.
      if (text !== undefined) take(text);
      if (cut) break;
    }
    if (cut) break;
  }
  // Proxies pass on an answer that was cut short as if it were whole.
  if (!cut && splitter.end() !== undefined) throw new Error("the engine's answer ends within a line");
  enough.abort();
  return { events, unread, ids, cut, live };
}
