import type { Interval } from '../ledger/coverage.js';
import type { Source } from '../ledger/sources.js';
import type { OpenEvent } from './open-event.js';

/** Is told what transactions change about what is judged. */
export interface ChangeListener {
  /** Somebody attested an event, which may be new, open or complete; `late` if beyond appearance plus grace. */
  attested(event: OpenEvent, late: boolean): void;
  /** An actor put something on a source. */
  named(source: Source): void;
  /** Claims of an actor took effect: of these sources, by name, this time is covered or known not to be for the first time. */
  claimed(actor: string, sources: readonly string[], changed: readonly Interval[]): void;
  /** A policy came into force. */
  governed(): void;
}
