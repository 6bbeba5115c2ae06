import type { Nanos } from '#chaincode';
import type { Reread } from './continuity.js';
import type { Engine } from './docker-engine.js';
import { LineSplitter } from './line-splitter.js';
import type { Identified } from './recent.js';

const REREAD_TIMEOUT_MS = 10_000;
/** More events than this are no ring: another engine's long memory, of which this is enough. */
const MAX_REREAD = 4_096;

/** What an engine still had. */
export interface LookedBack extends Reread {
  readonly events: readonly Identified[];
}

/**
 * Reads the events that the engine still has, in its order.
 * @param by `live`: how many the live stream has brought so far; `read` gives the event of a line, undefined if there is none
 * @throws if the engine does not answer, within ten seconds.
 */
export async function lookBack(
  engine: Engine,
  range: { readonly since: Nanos; readonly until: Nanos },
  closing: AbortSignal,
  { live, read }: { readonly live: number; readonly read: (text: string) => Identified | undefined },
): Promise<LookedBack> {
  const splitter = new LineSplitter();
  const events: Identified[] = [];
  let cut = false;
  const enough = new AbortController();
  const signal = AbortSignal.any([closing, enough.signal, AbortSignal.timeout(REREAD_TIMEOUT_MS)]);
  const stream = await engine.events(range, signal);
  // Closing the session may break it after its end, when nobody awaits it any more.
  stream.on('error', () => {});
  for await (const chunk of stream) {
    for (const { text } of splitter.push(chunk as Buffer)) {
      const one = text === undefined ? undefined : read(text);
      if (one !== undefined) events.push(one);
    }
    cut = events.length > MAX_REREAD;
    if (cut) break;
  }
  enough.abort();
  return { events, ids: events.map(({ id }) => id), cut, live };
}
