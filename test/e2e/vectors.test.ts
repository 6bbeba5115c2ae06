import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalEvent, isRecorded, POLICY_DEFAULTS, parseCanonicalEvent, parseDockerEvent } from '#chaincode';

interface Vector {
  readonly description: string;
  readonly raw: string;
  readonly source: string;
  readonly ignore: readonly string[];
  readonly canonical: string;
  readonly hash: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../chaincode/vectors/events.json', import.meta.url), 'utf8'),
) as Vector[];
const policy = { ...POLICY_DEFAULTS, from: '0', actors: ['A', 'B'], sources: {} };

describe('the published vectors', () => {
  it.each(vectors)('$description', ({ raw, source, ignore, canonical, hash }) => {
    const recorded = canonicalEvent(parseDockerEvent(raw), { source, ignore });
    expect(recorded.canonical).toBe(canonical);
    expect(recorded.hash).toBe(hash);
    expect(parseCanonicalEvent(canonical)).toEqual(recorded.event);
  });

  it('hash as another implementation of SHA-256 does', () => {
    for (const { canonical, hash } of vectors) {
      expect(createHash('sha256').update(`event2ledger/event/v1\n${canonical}`).digest('hex')).toBe(hash);
    }
  });

  it('hold a recorded event of every kind that a policy records by default', () => {
    const recorded = new Set(
      vectors
        .filter(({ description }) => description.startsWith('recorded from'))
        .map(({ canonical }) => parseCanonicalEvent(canonical))
        .filter((event) => isRecorded(policy, event))
        .map(({ type, action }) => `${type} ${action}`),
    );
    const kinds = Object.entries(policy.record).flatMap(([type, actions]) =>
      actions.map((action) => `${type} ${action}`),
    );
    expect([...recorded].sort()).toEqual(kinds.sort());
  });
});
