import { setImmediate as nextTurn } from 'node:timers/promises';
import { printable } from '../../cli/printable.js';
import type { LedgerConnection } from '../../network/connection.js';
import type { Clock, Random } from '../clock.js';
import { CollectorError } from '../errors.js';
import type { CollectorLog } from '../log.js';
import type { SealedBatch } from '../spool/records.js';
import type { Spool } from '../spool/spool.js';
import type { Vitals } from '../vitals.js';
import { Bell } from './bell.js';
import { Policies } from './policies.js';
import { companions, foreignAtStart, foreignNow, onLedger, settleRun } from './run.js';
import { type BatchLimits, DEFAULT_LIMITS, type Sealed, Sealer } from './sealer.js';
import { PATIENCE, type Patience, Persistence, Sender } from './sender.js';

/** A heartbeat leaves early by this share, for a batch takes a while to commit. */
const HEARTBEAT_SHARE = 0.75;
const NO_POLICY_PAUSE_MS = 2_000;

export interface AttesterOptions {
  readonly connection: LedgerConnection;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: CollectorLog;
  /** Drops everything at once: what is not committed stays in the spool. */
  readonly signal: AbortSignal;
  /** Makes the source tell how far it has watched; called before a heartbeat. */
  readonly probe: () => Promise<void>;
  /** Fails if no policy is in force, rather than wait for one. */
  readonly needsPolicy: boolean;
  readonly limits?: BatchLimits;
  /** An observation waits at most so many milliseconds for its batch to fill. */
  readonly maxAgeMs?: number;
  /** Batches under way at a time. */
  readonly parallel?: number;
  readonly patience?: Patience;
  readonly vitals?: Vitals;
  readonly onSealed: (sealed: Sealed) => void;
  readonly onCommitted: (batch: SealedBatch) => void;
}

/** Brings what is in the spool onto the ledger. */
export class Attester {
  readonly #options: AttesterOptions;
  readonly #bell: Bell;
  readonly #policies: Policies;
  readonly #persistence: Persistence;
  readonly #sender: Sender;
  #sealer: Sealer | undefined;
  #finishing = false;
  /** When the oldest unsealed observation came, by the process's own clock; undefined if there is none. */
  #waitingSince: number | undefined;
  #beatAt = 0;
  /** Sources whose other watchers were looked for. */
  readonly #companionsOf = new Set<string>();
  /** Runs of others under this identity that were named. */
  readonly #foreign = new Set<string>();
  #policiesAt = 0;

  constructor(options: AttesterOptions) {
    this.#options = options;
    this.#bell = new Bell(options.signal);
    this.#policies = new Policies(options.connection);
    this.#persistence = new Persistence(
      options.patience ?? PATIENCE,
      options.log,
      options.signal,
      options.vitals,
      options.connection.profile.certificate,
    );
    this.#sender = new Sender(options.connection, options.spool, this.#persistence, options.parallel ?? 4, (batch) => {
      if (batch !== undefined) options.onCommitted(batch);
      this.#bell.ring();
    });
  }

  /** Says that the spool has something new. */
  wake(): void {
    this.#bell.ring();
  }

  /** Says that nothing more will come: attest what there is, then end. */
  finish(): void {
    this.#finishing = true;
    this.#bell.ring();
  }

  /**
   * Attests until `finish` was called and everything is on the ledger.
   * @throws CollectorError `REFUSED`, `POLICY`, `LEDGER`; the signal's reason on abort.
   */
  async run(): Promise<void> {
    await this.#begin();
    while (!this.#done()) {
      this.#sender.check();
      this.#options.signal.throwIfAborted();
      if (this.#sender.free && this.#due()) await this.#sealNext();
      else await this.#bell.wait(this.#pause());
    }
    this.#sender.check();
  }

  /** Old batches first, unchanged; then the run is settled. */
  async #begin(): Promise<void> {
    const { connection, spool, clock, random, log } = this.#options;
    const ledger = await this.#persistence.until('to name its collectors', () => onLedger(connection));
    const atStart = foreignAtStart(spool.run(), ledger, clock.now());
    if (atStart !== undefined) this.#nameForeign(atStart, 'has sent something less than a minute ago');
    const unsent = spool.unsent();
    if (unsent.length > 0) log.info('Sending what was sealed before.', { batches: unsent.length });
    await this.#awaitPolicy();
    const begun = await this.#persistence.room(() => settleRun(spool, ledger, clock, random));
    await this.#sender.sendAll(unsent);
    if (begun) log.info('A new run begins.', { run: spool.run()?.run ?? '' });
    // Who runs once has nothing to announce before it has read something.
    if (this.#options.needsPolicy) this.#planBeat();
    this.#sealer = new Sealer(spool, connection.profile.name, clock, this.#options.limits ?? DEFAULT_LIMITS);
  }

  async #awaitPolicy(): Promise<void> {
    for (let told = false; ; told = true) {
      await this.#refreshPolicies();
      if (this.#policies.inForce.length > 0) return;
      if (this.#options.needsPolicy) {
        throw new CollectorError(
          'POLICY',
          'No policy is in force on the ledger; propose one and have every actor approve it.',
        );
      }
      if (!told)
        this.#options.log.warn('No policy is in force on the ledger; the spool keeps the events until one is.');
      // Nothing may be sealed without a policy: on the way out, the spool keeps what there is.
      if (this.#finishing) throw new CollectorError('UNFINISHED', 'No policy is in force; the spool keeps the events.');
      await this.#bell.wait(NO_POLICY_PAUSE_MS);
    }
  }

  async #refreshPolicies(): Promise<void> {
    await this.#persistence.until('to name its policies', () => this.#policies.refresh());
    this.#policiesAt = performance.now();
  }

  #done(): boolean {
    return this.#finishing && this.#sender.idle && this.#options.spool.pendingCount() === 0;
  }

  #due(): boolean {
    const { spool, limits = DEFAULT_LIMITS, maxAgeMs = 1_000 } = this.#options;
    const waiting = spool.pendingCount();
    if (waiting === 0) this.#waitingSince = undefined;
    else this.#waitingSince ??= performance.now();
    if (waiting > 0 && (this.#finishing || waiting >= limits.entries)) return true;
    if (this.#waitingSince !== undefined && performance.now() - this.#waitingSince >= maxAgeMs) return true;
    return this.#beatDue();
  }

  #beatDue(): boolean {
    return !this.#finishing && performance.now() >= this.#beatAt;
  }

  #planBeat(): void {
    this.#beatAt = performance.now() + this.#policies.heartbeat * 1000 * HEARTBEAT_SHARE;
  }

  /** Milliseconds until something is due without anything new. */
  #pause(): number {
    // A full window opens with a commit, which rings.
    if (!this.#sender.free || this.#finishing) return 60_000;
    const { maxAgeMs = 1_000 } = this.#options;
    const age = this.#waitingSince === undefined ? Number.POSITIVE_INFINITY : this.#waitingSince + maxAgeMs;
    return Math.max(1, Math.min(age, this.#beatAt) - performance.now());
  }

  /** Says once which other collectors of this actor watch the same source: meant, or two hosts with one engine ID. */
  async #nameCompanions(): Promise<void> {
    const { connection, spool, log } = this.#options;
    const sources = spool.sources().filter((source) => !this.#companionsOf.has(source));
    if (sources.length === 0) return;
    // Nothing depends on it: without an answer it is not said.
    const collectors = await this.#persistence.orAborted(companions(connection)).catch(() => []);
    for (const source of sources) {
      this.#companionsOf.add(source);
      const names = collectors.filter(({ watches }) => watches.some((watch) => watch.source === source));
      if (names.length === 0) continue;
      const others = names.map(({ collector }) => collector).join(', ');
      log.warn(
        `Of this actor ${printable(others, 200)} watches ${printable(source, 100)} too. If that is another host, whose engine has the same ID, give each a --source-id.`,
      );
    }
  }

  /** Two processes under one identity contradict each other; each may be the one that is too many. */
  async #lookForForeign(): Promise<void> {
    const { connection, spool } = this.#options;
    // Nothing depends on it: without an answer it is looked for with the next heartbeat.
    const ledger = await this.#persistence.orAborted(onLedger(connection)).catch(() => undefined);
    const run = foreignNow(spool.run(), ledger);
    if (run !== undefined) this.#nameForeign(run, 'has begun since');
  }

  #nameForeign(run: string, what: string): void {
    const { connection, log } = this.#options;
    if (this.#foreign.has(run)) return;
    this.#foreign.add(run);
    const { mspId, name } = connection.profile;
    log.error(
      `Under this identity (${printable(name, 100)} of ${printable(mspId, 100)}) another run ${what} that this spool knows nothing of. If another process uses it, stop one of the two and give it an identity of its own (event2ledger identity add): two under one contradict each other.`,
      { run: printable(run, 100) },
    );
  }

  async #sealNext(): Promise<void> {
    const beat = this.#beatDue();
    if (beat) await this.#options.probe();
    // The event's time selects its policy, and a new one lies at least a deadline ahead: a heartbeat's age is young enough.
    if (beat || performance.now() - this.#policiesAt > this.#policies.heartbeat * 1000) await this.#refreshPolicies();
    const sealed = await this.#persistence.room(() => this.#sealer?.seal(this.#policies.inForce, beat));
    if (sealed === undefined) return;
    if (beat) {
      await this.#nameCompanions();
      await this.#lookForForeign();
    }
    this.#waitingSince = undefined;
    this.#options.onSealed(sealed);
    if (sealed.batch !== undefined) {
      this.#planBeat();
      this.#sender.send(sealed.batch);
    }
    // Between two the engine is listened to, however much waits.
    await nextTurn();
  }
}
