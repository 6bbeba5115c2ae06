import type { Interval } from '../ledger/coverage.js';
import type { Source } from '../ledger/sources.js';
import type { ChangeListener } from '../projection/change-listener.js';
import type { OpenEvent } from '../projection/open-event.js';

/** Beyond so many bytes, about, all is looked at anew: they come while a ledger is caught up with. */
const MUCH = 64 * 1024 * 1024;
/** What one change takes besides an event's text, and one interval of those that a claim changed. */
const CHANGE = 200;
const INTERVAL = 100;

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
  #bytes = 0;
  #isTooMuch = false;

  /** @param most how many bytes may be held, about */
  constructor(private readonly most = MUCH) {}

  /** Whether what is known of changes is not all, or a policy came into force: nothing remains as it was. */
  get isTooMuch(): boolean {
    return this.#isTooMuch;
  }

  attested(event: OpenEvent, late: boolean): void {
    if (this.#isTooMuch) return;
    const known = this.events.get(event.id);
    this.events.set(event.id, { event, late: late || known?.late === true });
    this.sources.add(event.source);
    // Its text may be held by nothing else any more.
    if (known === undefined) this.#held(CHANGE + 2 * event.text.length);
  }

  named(source: Source): void {
    if (this.#isTooMuch || this.sources.has(source)) return;
    this.sources.add(source);
    this.#held(CHANGE);
  }

  claimed(actor: string, sources: readonly string[], changed: readonly Interval[]): void {
    if (this.#isTooMuch) return;
    const named = new Set(sources);
    for (const source of named) this.claims.push({ actor, source, changed });
    this.#held(CHANGE * named.size + INTERVAL * changed.length);
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

  #held(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.most) this.governed();
  }

  #forget(): void {
    this.events.clear();
    this.sources.clear();
    this.claims.length = 0;
    this.#bytes = 0;
  }
}
