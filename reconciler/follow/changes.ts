import type { Interval } from '../ledger/coverage.js';
import type { Source } from '../ledger/sources.js';
import type { ChangeListener } from '../projection/change-listener.js';
import type { OpenEvent } from '../projection/event-window.js';

/** Beyond so many changes all is looked at anew: they come while a ledger is caught up with. */
const MANY = 200_000;

/** Time that an actor's claims at a source changed. */
export interface Claimed {
  readonly actor: string;
  readonly source: string;
  readonly changed: readonly Interval[];
}

/** What has changed since it was last asked. */
export class Changes implements ChangeListener {
  /** By the event's number; whether any attestation of it was late. */
  readonly events = new Map<number, { readonly event: OpenEvent; readonly late: boolean }>();
  readonly sources = new Set<Source>();
  readonly claims: Claimed[] = [];
  #isTooMuch = false;

  /** Whether what is known of changes is not all, or a policy came into force: nothing remains as it was. */
  get isTooMuch(): boolean {
    return this.#isTooMuch;
  }

  attested(event: OpenEvent, late: boolean): void {
    if (this.#isTooMuch) return;
    const known = this.events.get(event.id);
    this.events.set(event.id, { event, late: late || known?.late === true });
    this.sources.add(event.source);
    this.#check();
  }

  named(source: Source): void {
    if (!this.#isTooMuch) this.sources.add(source);
  }

  claimed(actor: string, sources: readonly string[], changed: readonly Interval[]): void {
    if (this.#isTooMuch) return;
    for (const source of new Set(sources)) this.claims.push({ actor, source, changed });
    this.#check();
  }

  governed(): void {
    this.#isTooMuch = true;
    this.#forget();
  }

  /** Begins anew. */
  clear(): void {
    this.#isTooMuch = false;
    this.#forget();
  }

  #check(): void {
    if (this.events.size + this.claims.length > MANY) this.governed();
  }

  #forget(): void {
    this.events.clear();
    this.sources.clear();
    this.claims.length = 0;
  }
}
