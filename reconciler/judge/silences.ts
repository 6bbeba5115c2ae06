import { unpadNanos, witnessesOf } from '#chaincode';
import type { Finding } from '../judgement.js';
import { exists, type Source } from '../ledger/sources.js';
import type { Projection } from '../projection/projection.js';
import type { Silence } from '../projection/silence-store.js';
import { evidenceOf, type LedgerRange } from './batches.js';
import { established, findingId, type Locate } from './findings.js';

/**
 * The silences that went on within a range of the ledger: each is said again until it ends.
 * @param among sources at which somebody is silent now; others cost a look each
 */
export function silences(
  projection: Projection,
  range: LedgerRange,
  locate: Locate,
  among: readonly Source[] = projection.sources.all,
): Finding[] {
  const { db, sources } = projection;
  const clockOf = db.prepare('SELECT clock FROM transactions WHERE seq = ?').pluck();
  const batch = db.prepare(
    `SELECT r.actor, r.collector, r.run, b.n, b.digest, b.seq FROM batches b JOIN runs r ON r.id = b.run
     WHERE b.seq = ?`,
  );
  return projection.silences.within(among, range.after, range.upTo).flatMap((silence) => {
    const { actor, since, watched, last, ended } = silence;
    if (!isTold(projection, silence)) return [];
    const source = sources.byId(silence.source);
    const id = findingId(source.name, `silent/${actor}/${since}`);
    const to = ended === undefined || ended > range.upTo ? '' : unpadNanos(clockOf.get(ended) as string);
    return {
      ...established('silent', { id, source: source.name, time: since, actor }),
      silence: { watched: unpadNanos(watched), to },
      batches: [evidenceOf(batch.get(last) as Parameters<typeof evidenceOf>[0], locate)],
    };
  });
}

/** Whether a silence is one at a source that exists, under a policy. */
export function isTold({ sources, policies }: Projection, { source: id, since }: Silence): boolean {
  const source = sources.byId(id);
  const policy = policies.at(since);
  return policy !== undefined && exists(source, policy, witnessesOf(policy.policy, source.name, unpadNanos(since)));
}
