import { expect, it } from 'vitest';
import { ACTORS, containerEvent, hashed, policyTransactions, projectionOf, Run, SOURCE } from './support/history.js';

const [DEVELOPER = '', PROVIDER = '', USER = ''] = ACTORS;
const open = hashed(containerEvent('c1', 'start', 1n));
const retired = hashed(containerEvent('c2', 'start', 2n));

it('keeps every attestation of an event that was retired, whatever others attested before it', () => {
  const provider = new Run(PROVIDER);
  const projection = projectionOf(
    [
      // The one expected witness retires the event at once; the other stays open.
      ...policyTransactions({ sources: { [SOURCE]: { witnesses: [DEVELOPER] }, '*': { witnesses: ACTORS } } }),
      new Run(DEVELOPER).batch({ events: [retired] }),
      provider.batch({ events: [open, retired] }),
      new Run(PROVIDER, 'collector-2').batch({ events: [retired] }),
      new Run(USER).batch({ events: [open, retired] }),
    ],
    1,
  );
  try {
    const attested = projection.db
      .prepare(
        `SELECT r.actor, r.collector FROM attestations a JOIN events e ON e.id = a.event JOIN runs r ON r.id = a.run
         WHERE e.hash = ? ORDER BY a.seq`,
      )
      .all(retired.hash);
    expect(attested).toEqual([
      { actor: DEVELOPER, collector: 'collector-1' },
      { actor: PROVIDER, collector: 'collector-1' },
      { actor: PROVIDER, collector: 'collector-2' },
      { actor: USER, collector: 'collector-1' },
    ]);
  } finally {
    projection.close();
  }
});
