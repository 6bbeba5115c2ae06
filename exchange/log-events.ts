import {
  canonicalEvent,
  type DockerEvent,
  dayOf,
  dayStart,
  isRecorded,
  type NumberedPolicy,
  policyAt,
  splitAction,
} from '#chaincode';
import type { CollectorLog } from '../collector/log.js';
import type { Observation } from '../collector/observation.js';
import type { Source } from '../collector/source/source.js';
import { traceSource } from '../collector/source/trace.js';
import { type Item, type ItemSet, ItemSetBuilder, itemBytes } from './protocol/item-set.js';

/** A log as `docker events --format '{{json .}}'` prints it, and what its events are recorded as. */
export interface Log {
  /** Opens the log's bytes, from their beginning each time. */
  readonly open: () => NodeJS.ReadableStream;
  /** The engine's name in the canonical events. */
  readonly sourceId: string;
  /** In the order in which they came into force. */
  readonly inForce: readonly NumberedPolicy[];
}

/** What a log holds. */
export interface LogEvents {
  readonly set: ItemSet;
  readonly events: number;
  /** Events that the policies do not have recorded, or from before the first one. */
  readonly unrecorded: number;
  readonly malformed: number;
  /** Times of the first and the last recorded event, nanoseconds; undefined if there is none. */
  readonly first: bigint | undefined;
  readonly last: bigint | undefined;
}

/** What an event is among those that an actor attests; undefined if no policy has it recorded. */
export function recordedItem({ sourceId, inForce }: Log, raw: DockerEvent): Item | undefined {
  const policy = policyAt(inForce, raw.timeNano)?.policy;
  if (policy === undefined || !isRecorded(policy, { type: raw.type, action: splitAction(raw.action).action })) {
    return undefined;
  }
  const { event, hash } = canonicalEvent(raw, { source: sourceId, ignore: policy.ignore });
  return { time: event.time ?? dayStart(dayOf(raw.timeNano)), hash };
}

/**
 * Reads a log as a collector reads a trace.
 * @throws CollectorError `SOURCE`, `TRACE`
 */
export async function readLog(log: Log, signal: AbortSignal, words: CollectorLog): Promise<LogEvents> {
  const set = new ItemSetBuilder();
  let [events, unrecorded, malformed] = [0, 0, 0];
  let first: bigint | undefined;
  let last: bigint | undefined;
  for await (const observation of observationsOf(log, signal, words)) {
    if (observation.kind === 'malformed') malformed++;
    if (observation.kind !== 'event') continue;
    events++;
    const item = recordedItem(log, observation.event);
    if (item === undefined) {
      unrecorded++;
      continue;
    }
    set.add(item.time, item.hash);
    const time = BigInt(observation.event.timeNano);
    if (first === undefined || time < first) first = time;
    if (last === undefined || time > last) last = time;
  }
  signal.throwIfAborted();
  return { set: set.build(), events, unrecorded, malformed, first, last };
}

/** A source that has of a log's events only those in `missing`, and claims no watch: it only adds what was left out. */
export function missingEvents(log: Log, missing: ItemSet): Source {
  return {
    name: `missing:${log.sourceId}`,
    async *observe({ signal, log: words }) {
      for await (const observation of observationsOf(log, signal, words)) {
        if (observation.kind !== 'event') continue;
        const item = recordedItem(log, observation.event);
        if (item !== undefined && missing.has(itemBytes(item))) yield [observation];
      }
    },
  };
}

async function* observationsOf(log: Log, signal: AbortSignal, words: CollectorLog): AsyncGenerator<Observation> {
  const groups = traceSource(log.open, { sourceId: log.sourceId }).observe({ signal, log: words });
  for await (const group of groups) yield* group;
}
