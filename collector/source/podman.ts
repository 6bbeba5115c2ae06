import { Readable } from 'node:stream';
import { addSeconds, type Nanos } from '#chaincode';
import { CollectorError } from '../errors.js';
import type { Engine } from './docker-engine.js';
import { later } from './earlier.js';
import { LineSplitter } from './line-splitter.js';

/** Podman ends a replay in whole seconds, and must find its end in the future. */
const AHEAD_SECONDS = 2;

/**
 * The engine as it is, or, where Podman answers at its socket, Podman as an engine. It differs in three things (tried
 * with Podman 4.3.1): `/info` has a new ID in each answer and always counts no listeners, and a replay whose end lies in
 * the past comes back empty more often than not.
 * @param named whether the engine was given a name, which Podman needs
 */
export function podmanAware(engine: Engine, named: boolean): Engine {
  let podman: boolean | undefined;
  const isPodman = async (signal: AbortSignal) => {
    podman ??= hasPodman(await engine.get('/info', signal));
    return podman;
  };
  return {
    ...engine,
    async state(signal) {
      const state = await engine.state(signal);
      if (!(await isPodman(signal))) return state;
      if (!named) {
        throw new CollectorError('SETTING', 'Podman has no ID of its own to go by; name this engine with --source-id.');
      }
      return { ...state, listeners: undefined };
    },
    async events(range, signal) {
      if (range.until === undefined || !(await isPodman(signal))) return await engine.events(range, signal);
      const { now } = await engine.state(signal);
      const until = later(range.until, addSeconds(now, AHEAD_SECONDS));
      return Readable.from(upTo(range.until, await engine.events({ since: range.since, until }, signal)), {
        objectMode: false,
      });
    },
  };
}

/** Only Podman tells what it builds with. */
function hasPodman(info: unknown): boolean {
  return typeof info === 'object' && info !== null && 'BuildahVersion' in info;
}

/** The lines of events up to a time, one by one: the replay reached further than was asked. */
async function* upTo(until: Nanos, stream: Readable): AsyncGenerator<Buffer> {
  const splitter = new LineSplitter();
  for await (const chunk of stream) {
    for (const { text } of splitter.push(chunk as Buffer)) {
      if (text === undefined || text === '') continue;
      const time = /"timeNano":(\d+)/.exec(text)?.[1];
      if (time === undefined || BigInt(time) <= BigInt(until)) yield Buffer.from(`${text}\n`);
    }
  }
  // What ends within a line is passed on as it is: whoever reads it knows then that it is not whole.
  const rest = splitter.end()?.text;
  if (rest !== undefined) yield Buffer.from(rest);
}
