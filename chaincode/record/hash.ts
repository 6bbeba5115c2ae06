import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

// A prefix per kind: a digest of one kind of text can never pass for one of another.
const EVENT_PREFIX = 'event2ledger/event/v1\n';
/** Stands before a batch where it is hashed. */
export const BATCH_PREFIX = 'event2ledger/batch/v1\n';
const POLICY_PREFIX = 'event2ledger/policy/v1\n';

/** SHA-256 of text as UTF-8, in lower-case hex. */
export type Sha256 = (text: string) => string;

/** The SHA-256 that defines the record format: audited, the same bytes of code on every endorser. */
export const sha256Hex: Sha256 = (text) => bytesToHex(sha256(Buffer.from(text, 'utf8')));

/**
 * The event hash: SHA-256 over its prefix and the canonical event, in lower-case hex.
 * @param sha another implementation, for who checks attestations by the million
 */
export function eventHash(canonical: string, sha: Sha256 = sha256Hex): string {
  return sha(EVENT_PREFIX + canonical);
}

/** A batch's digest: the next batch of the run names it as `prev`. */
export function batchDigest(batch: string, sha: Sha256 = sha256Hex): string {
  return sha(BATCH_PREFIX + batch);
}

/** A policy's hash, under which it is approved. */
export function policyHash(policy: string): string {
  return sha256Hex(POLICY_PREFIX + policy);
}
