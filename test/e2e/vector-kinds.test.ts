import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isRecorded, POLICY_DEFAULTS, parseCanonicalEvent } from '#chaincode';

interface Vector {
  readonly description: string;
  readonly canonical: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../chaincode/vectors/events.json', import.meta.url), 'utf8'),
) as Vector[];
const policy = { ...POLICY_DEFAULTS, from: '0', actors: ['A', 'B'], sources: {} };

describe('the published vectors', () => {
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
