import { FOR_EVER } from './parts.js';
import type { GivenUp, Walked } from './walk.js';

/** The logs that are held against the others no further. */
export interface GivenUpLogs {
  /** Each once, to the end of all parts. */
  readonly all: readonly GivenUp[];
  /** Whether a log was given up before a part: nothing counts that it says in it, and nobody knows the numbers of its lines. */
  isGivenUpBefore(part: number, log: number): boolean;
}

/** Brings together which logs were given up in which part. */
export function givenUpIn(parts: readonly Pick<Walked, 'givenUp'>[]): GivenUpLogs {
  const since = new Map<number, number>();
  const all = new Map<number, GivenUp>();
  for (const [part, { givenUp }] of parts.entries()) {
    for (const one of givenUp) {
      const known = all.get(one.log);
      if (known === undefined) since.set(one.log, part);
      // One that is in no order has nothing that could be trusted.
      if (known === undefined || one.from === undefined) all.set(one.log, { ...one, until: FOR_EVER });
    }
  }
  const isGivenUpBefore = (part: number, log: number) => part > (since.get(log) ?? Number.POSITIVE_INFINITY);
  return { all: [...all.values()], isGivenUpBefore };
}
