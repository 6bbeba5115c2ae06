import { hash } from 'node:crypto';

// A prefix per kind: a digest of one kind of text can never pass for one of another.
const EVENT_PREFIX = 'event2ledger/event/v1\n';
const BATCH_PREFIX = 'event2ledger/batch/v1\n';
const POLICY_PREFIX = 'event2ledger/policy/v1\n';

// Node's own SHA-256: every attestation is hashed by each endorser and each reconciler, and a JavaScript
// implementation takes about ten times as long (the tests hold it against one).

/** SHA-256 of text as UTF-8, in lower-case hex. */
export function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex');
}

/** The event hash: SHA-256 over its prefix and the canonical event, in lower-case hex. */
export function eventHash(canonical: string): string {
  return sha256Hex(EVENT_PREFIX + canonical);
}

/** A batch's digest: the next batch of the run names it as `prev`. */
export function batchDigest(batch: string): string {
  return sha256Hex(BATCH_PREFIX + batch);
}

/** A policy's hash, under which it is approved. */
export function policyHash(policy: string): string {
  return sha256Hex(POLICY_PREFIX + policy);
}
