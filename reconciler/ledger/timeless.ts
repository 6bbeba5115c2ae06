import { type Nanos, padNanos } from '#chaincode';

/** When an actor says that an event without a time of its own happened. */
export interface SaidTime {
  readonly actor: string;
  readonly t?: Nanos | null;
}

/**
 * The time of an event that carries none: the lower median of the attesting actors' times, each actor's first word
 * counting. 19 digits; undefined where nobody says a time, for the event has its own.
 * @param said in ledger order
 */
export function medianTime(said: readonly SaidTime[]): string | undefined {
  const times = new Map<string, string>();
  for (const { actor, t } of said) if (t && !times.has(actor)) times.set(actor, padNanos(t));
  const sorted = [...times.values()].sort();
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
