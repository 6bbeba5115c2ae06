import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

// A prefix per kind: a digest of one kind of text can never pass for one of another.
const EVENT_PREFIX = utf8ToBytes('event2ledger/event/v1\n');
const BATCH_PREFIX = utf8ToBytes('event2ledger/batch/v1\n');
const POLICY_PREFIX = utf8ToBytes('event2ledger/policy/v1\n');

/** SHA-256 of text as UTF-8, in lower-case hex. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** The event hash: SHA-256 over its prefix and the canonical event, in lower-case hex. */
export function eventHash(canonical: string): string {
  return prefixed(EVENT_PREFIX, canonical);
}

/** A batch's digest: the next batch of the run names it as `prev`. */
export function batchDigest(batch: string): string {
  return prefixed(BATCH_PREFIX, batch);
}

/** A policy's hash, under which it is approved. */
export function policyHash(policy: string): string {
  return prefixed(POLICY_PREFIX, policy);
}

function prefixed(prefix: Uint8Array, text: string): string {
  return bytesToHex(sha256(concatBytes(prefix, utf8ToBytes(text))));
}
