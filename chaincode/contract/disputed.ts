import type { Context } from 'fabric-contract-api';
import {
  type CanonicalEvent,
  isRecorded,
  isTimeless,
  medianTime,
  type Nanos,
  type NumberedPolicy,
  policyAt,
  type Watch,
  witnessesOf,
} from '../record/index.js';
import type { EventGroup } from './events.js';
import { type CollectorRow, kindRange, rows } from './state.js';

/** Each actor's watches, by source, from the latest batches of all its collectors. */
export type WatchesOf = ReadonlyMap<string, ReadonlyMap<string, readonly Watch[]>>;

/** Where an expected actor without an attestation stands. */
export type AbsentState = 'lacking' | 'blind' | 'undecided';

/** What is in dispute about an event. */
export interface Disagreement {
  readonly absent: readonly { readonly actor: string; readonly state: AbsentState }[];
  readonly unexpected: readonly string[];
}

/** Reads the latest watches of these actors' collectors. Each actor has a range of its own: none can crowd another out. */
export async function readWatches(ctx: Context, actors: Iterable<string>): Promise<WatchesOf> {
  const all = new Map<string, Map<string, Watch[]>>();
  for (const actor of actors) {
    const sources = new Map<string, Watch[]>();
    all.set(actor, sources);
    for await (const { value } of rows<CollectorRow>(ctx, kindRange(`c/${actor}`))) {
      for (const watch of value.watches) {
        const known = sources.get(watch.source);
        if (known === undefined) sources.set(watch.source, [watch]);
        else known.push(watch);
      }
    }
  }
  return all;
}

/**
 * Compares who attested an event with whom the policy of its time expects; `undefined` where they are the same, or
 * where no policy governs the time.
 */
export function disagreement(
  group: EventGroup,
  inForce: readonly NumberedPolicy[],
  watches: WatchesOf,
): Disagreement | undefined {
  const event = JSON.parse(group.canonical) as CanonicalEvent;
  const time = isTimeless(event) ? (medianTime(group.attestations) ?? group.time) : group.time;
  const policy = policyAt(inForce, time)?.policy;
  if (policy === undefined) return undefined;
  const expected = isRecorded(policy, event) ? witnessesOf(policy, event.source, time) : [];
  const attesting = [...new Set(group.attestations.map(({ actor }) => actor))].sort();
  const absent = expected
    .filter((actor) => !attesting.includes(actor))
    .map((actor) => ({ actor, state: stateOf(watches.get(actor)?.get(event.source) ?? [], time) }));
  const unexpected = attesting.filter((actor) => !expected.includes(actor));
  return absent.length === 0 && unexpected.length === 0 ? undefined : { absent, unexpected };
}

/** Whether an actor's watches of a source say that it looked at a time, that it did not, or neither yet. */
export function stateOf(watches: readonly Watch[], time: Nanos): AbsentState {
  const at = BigInt(time);
  if (watches.some(({ from, to }) => BigInt(from) <= at && at < BigInt(to))) return 'lacking';
  return watches.some(({ to }) => at < BigInt(to)) ? 'blind' : 'undecided';
}
