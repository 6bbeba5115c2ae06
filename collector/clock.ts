import { randomBytes } from 'node:crypto';
import type { Nanos } from '#chaincode';

/** Where a collector's own times come from. */
export interface Clock {
  /** Nanoseconds since the epoch. */
  now(): Nanos;
}

/** Where a run's name takes its randomness from. */
export type Random = (bytes: number) => Uint8Array;

export const systemRandom: Random = (bytes) => randomBytes(bytes);

/** The system's clock, with the fine resolution of the monotonic one between two of its milliseconds. */
export function systemClock(): Clock {
  let anchorWall = BigInt(Date.now()) * 1_000_000n;
  let anchorMonotonic = process.hrtime.bigint();
  return {
    now() {
      const wall = BigInt(Date.now()) * 1_000_000n;
      const fine = anchorWall + (process.hrtime.bigint() - anchorMonotonic);
      const apart = fine > wall ? fine - wall : wall - fine;
      // The wall clock was set, or the two have drifted apart: follow the wall clock.
      if (apart > 5_000_000n) {
        anchorWall = wall;
        anchorMonotonic = process.hrtime.bigint();
        return wall.toString();
      }
      return fine.toString();
    },
  };
}
