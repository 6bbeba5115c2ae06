import type { Nanos } from '#chaincode';

/**
 * The two that a collector stands between; the engine's memory, without which nothing can be claimed; and the collector's
 * own spool, which may be full.
 */
export type Counterpart = 'engine' | 'memory' | 'ledger' | 'spool';

/** What a spool holds. */
export interface SpoolState {
  /** As its limit counts it. */
  readonly bytes: number;
  /** What was to be an event and could not be read, since the spool was made. */
  readonly unreadable: number;
}

/** Whether a counterpart answers; `undefined` until it was first asked (a trace has no engine to ask). */
interface Contact {
  up: boolean | undefined;
  /** When it last changed, by the process's monotonic clock, in milliseconds. */
  since: number;
}

/**
 * How a running collector fares, beyond its counts: who answers, what was declared, what was refused. Written by the
 * collector's parts as it happens, read by whoever watches it.
 */
export class Vitals {
  readonly #now: () => number;
  readonly #contacts: Record<Counterpart, Contact>;
  readonly #watchedUntil = new Map<string, Nanos>();
  #reconnections = 0;
  #gaps = 0;
  #refused = 0;
  #unproven = 0;
  #spool: (() => SpoolState) | undefined;
  #everUp = false;
  #ended = false;

  /** @param now a monotonic clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    const unknown = () => ({ up: undefined, since: now() });
    this.#contacts = { engine: unknown(), memory: unknown(), ledger: unknown(), spool: unknown() };
  }

  /** Says that a counterpart answers, or does not. Said again without a change, it is no news. */
  tell(counterpart: Counterpart, up: boolean): void {
    const contact = this.#contacts[counterpart];
    if (contact.up === up) return;
    contact.up = up;
    contact.since = this.#now();
    if (counterpart !== 'engine' || !up) return;
    if (this.#everUp) this.#reconnections++;
    this.#everUp = true;
  }

  /** Says that a gap was declared. */
  gap(): void {
    this.#gaps++;
  }

  /** Says that the engine's memory could not be read. */
  unproven(): void {
    this.#unproven++;
    this.tell('memory', false);
  }

  /** Says where the spool's state is to be read, or that it is open no more. */
  watchSpool(state: (() => SpoolState) | undefined): void {
    this.#spool = state;
  }

  /** The spool's state now; undefined while it is not open. */
  get spool(): SpoolState | undefined {
    return this.#spool?.();
  }

  /** Says that the ledger refused a batch for good. */
  refused(): void {
    this.#refused++;
  }

  /** Says that an input which was to go on has ended. */
  end(): void {
    this.#ended = true;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Says how far a source was claimed to have been watched. */
  watched(source: string, until: Nanos): void {
    this.#watchedUntil.set(source, until);
  }

  up(counterpart: Counterpart): boolean | undefined {
    return this.#contacts[counterpart].up;
  }

  /** Milliseconds since a counterpart last answered; 0 if it does, or was never asked. */
  downFor(counterpart: Counterpart): number {
    const { up, since } = this.#contacts[counterpart];
    return up === false ? this.#now() - since : 0;
  }

  get reconnections(): number {
    return this.#reconnections;
  }

  get gaps(): number {
    return this.#gaps;
  }

  /** How often the engine's memory could not be read. */
  get rereadsFailed(): number {
    return this.#unproven;
  }

  get batchesRefused(): number {
    return this.#refused;
  }

  /** How far each source was claimed to have been watched, since the collector started. */
  get watchedUntil(): ReadonlyMap<string, Nanos> {
    return this.#watchedUntil;
  }
}
