import { type Batch, dayEnd, dayStart, NO_PREVIOUS } from '#chaincode';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { ACTORS, type Consortium } from './consortium.js';

/**
 * Has each actor's collector claim in a run of its own that it watched a whole day and saw nothing. With that the day is
 * sealed.
 * @param sentAt what the collectors' clocks show, nanoseconds
 */
export async function watchedByAll(consortium: Consortium, day: string, sentAt: string): Promise<void> {
  for (const actor of ACTORS) {
    const batch: Batch = {
      v: 1,
      policy: 1,
      collector: 'collector-1',
      run: `watch-${day}-${sentAt}`,
      n: 1,
      from: 1,
      prev: NO_PREVIOUS,
      sentAt,
      entries: [],
      watches: [{ source: 'engine-1', from: dayStart(day), to: dayEnd(day) }],
      gaps: [],
    };
    const ledger = connect(loadProfile(consortium.profile(actor)));
    try {
      await ledger.submit('Attest', JSON.stringify(batch));
    } finally {
      ledger.close();
    }
  }
}

/** Nanoseconds some days after the machine's clock: later than anything that its collectors have sent. */
export function daysAhead(days: number): string {
  return ((BigInt(Date.now()) + BigInt(days) * 86_400_000n) * 1_000_000n).toString();
}
