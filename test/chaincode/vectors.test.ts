import { existsSync, readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { canonicalEvent, parseCanonicalEvent, parseDockerEvent } from '#chaincode';

interface Vector {
  readonly description: string;
  readonly raw: string;
  readonly source: string;
  readonly ignore: readonly string[];
  readonly canonical: string;
  readonly hash: string;
}

const file = new URL('../../chaincode/vectors/events.json', import.meta.url);
const vectors = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]) : [];

describe.skipIf(vectors.length === 0)('the published test vectors', () => {
  it.each(vectors)('$description', ({ raw, source, ignore, canonical, hash }) => {
    const recorded = canonicalEvent(parseDockerEvent(raw), { source, ignore });
    expect(recorded.canonical).toBe(canonical);
    expect(recorded.hash).toBe(hash);
    expect(bytesToHex(sha256(utf8ToBytes(`event2ledger/event/v1\n${canonical}`)))).toBe(hash);
    expect(parseCanonicalEvent(canonical)).toEqual(recorded.event);
  });
});
