import { unpadNanos, witnessesOf } from '#chaincode';
import type { Finding } from '../judgement.js';
import { exists } from '../ledger/sources.js';
import type { Projection } from '../projection/projection.js';
import { evidenceOf, type LedgerRange } from './batches.js';
import { established, findingId, type Locate } from './findings.js';

/** The silences that went on within a range of the ledger: each is said again until it ends. */
export function silences(projection: Projection, range: LedgerRange, locate: Locate): Finding[] {
  const { db, sources, policies } = projection;
  const lasting = projection.silences.within(sources.all, range.after, range.upTo);
  // Asked after each block.
  if (lasting.length === 0) return [];
  const clockOf = db.prepare('SELECT clock FROM transactions WHERE seq = ?').pluck();
  const batch = db.prepare(
    `SELECT r.actor, r.collector, r.run, b.n, b.digest, b.seq FROM batches b JOIN runs r ON r.id = b.run
     WHERE b.seq = ?`,
  );
  return lasting.flatMap((silence) => {
    const { actor, since, watched, last, ended } = silence;
    const source = sources.byId(silence.source);
    const policy = policies.at(since);
    if (policy === undefined || !exists(source, policy, witnessesOf(policy.policy, source.name, unpadNanos(since)))) {
      return [];
    }
    const id = findingId(source.name, `silent/${actor}/${since}`);
    const to = ended === undefined || ended > range.upTo ? '' : unpadNanos(clockOf.get(ended) as string);
    return {
      ...established('silent', { id, source: source.name, time: since, actor }),
      silence: { watched: unpadNanos(watched), to },
      batches: [evidenceOf(batch.get(last) as Parameters<typeof evidenceOf>[0], locate)],
    };
  });
}
