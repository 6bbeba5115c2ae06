import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { printable } from '../../cli/printable.js';
import type { Committed, LedgerConnection } from '../../network/connection.js';
import { CollectorError } from '../errors.js';
import type { CollectorLog } from '../log.js';
import type { SealedBatch } from '../spool/records.js';
import type { Spool } from '../spool/spool.js';
import type { Vitals } from '../vitals.js';

/** How the collector waits for a ledger that does not answer. */
export interface Patience {
  /** Milliseconds before the first repetition; doubles with each. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Gives up after so many milliseconds without an answer; never if left out. */
  readonly giveUpAfterMs?: number;
}

export const PATIENCE: Patience = { firstPauseMs: 250, longestPauseMs: 15_000 };

const FULL_PAUSE_MS = 1_000;

/** Calls the ledger until it answers. */
export class Persistence {
  readonly #patience: Patience;
  readonly #log: CollectorLog;
  readonly #signal: AbortSignal;
  readonly #vitals: Vitals | undefined;
  readonly #validUntil: Date | undefined;
  #answered = Date.now();
  #down = false;

  /** @param certificate the collector's own, PEM */
  constructor(patience: Patience, log: CollectorLog, signal: AbortSignal, vitals?: Vitals, certificate = '') {
    this.#validUntil = endOf(certificate);
    this.#patience = patience;
    this.#log = log;
    this.#signal = signal;
    this.#vitals = vitals;
  }

  /**
   * Repeats `call`, unchanged, until the ledger answers.
   * @throws CollectorError `REFUSED` if it says no, `LEDGER` when patience ends; the signal's reason on abort.
   */
  async until<T>(what: string, call: () => Promise<T>): Promise<T> {
    for (let pause = this.#patience.firstPauseMs; ; pause = Math.min(pause * 2, this.#patience.longestPauseMs)) {
      this.#signal.throwIfAborted();
      try {
        const result = await this.orAborted(call());
        this.#up();
        return result;
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!isNetworkError(error)) throw error;
        // A key that does not sign is the profile's fault, not the ledger's: nothing was asked of it.
        if (!error.retryable && (error.code === 'TOKEN' || error.code === 'PROFILE')) throw error;
        // A renewed certificate will do: until then the spool keeps what comes, unless an end was asked for.
        if (!error.retryable && (!this.#expired() || this.#patience.giveUpAfterMs !== undefined)) {
          this.#vitals?.refused();
          throw refused(what, error);
        }
        this.#missed(error);
      }
      await delay(pause, undefined, { signal: this.#signal }).catch(() => {});
    }
  }

  /** Repeats what writes to the spool until the disk takes it. */
  async room<T>(work: () => T): Promise<T> {
    for (let told = false; ; told = true) {
      this.#signal.throwIfAborted();
      try {
        return work();
      } catch (error) {
        if (!(error instanceof CollectorError && error.code === 'FULL')) throw error;
        if (!told) this.#log.error(`${error.message} Make room; the collector goes on then.`);
      }
      await delay(FULL_PAUSE_MS, undefined, { signal: this.#signal }).catch(() => {});
    }
  }

  /** @throws the signal's reason on abort, whatever becomes of the promise. */
  async orAborted<T>(promise: Promise<T>): Promise<T> {
    let forget = () => {};
    const aborted = new Promise<never>((_, reject) => {
      const abort = () => reject(this.#signal.reason);
      this.#signal.addEventListener('abort', abort, { once: true });
      forget = () => this.#signal.removeEventListener('abort', abort);
    });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      forget();
    }
  }

  #up(): void {
    this.#vitals?.tell('ledger', true);
    this.#answered = Date.now();
    if (this.#down) this.#log.info('The ledger answers again.');
    this.#down = false;
  }

  #missed(error: Error & { readonly code: string }): void {
    this.#vitals?.tell('ledger', false);
    const waited = Date.now() - this.#answered;
    if (this.#patience.giveUpAfterMs !== undefined && waited >= this.#patience.giveUpAfterMs) {
      throw new CollectorError('LEDGER', `${notHadOf(error)}; what was read is in the spool.`, {
        cause: error,
      });
    }
    if (!this.#down) {
      const why = this.#expired()
        ? `The collector's certificate expired at ${this.#validUntil?.toISOString()} (${error.message}); renew it in the profile and start the collector again. The spool keeps what comes.`
        : `${notHadOf(error)}; the spool keeps what comes, trying again.`;
      this.#log.warn(why);
    }
    this.#down = true;
  }

  #expired(): boolean {
    return this.#validUntil !== undefined && this.#validUntil.getTime() < Date.now();
  }
}

/** Sends sealed batches, several at a time, each until it is committed. */
export class Sender {
  readonly #connection: LedgerConnection;
  readonly #spool: Spool;
  readonly #persistence: Persistence;
  readonly #parallel: number;
  readonly #onChange: (batch?: SealedBatch) => void;
  readonly #flying = new Set<Promise<void>>();
  #failure: unknown;

  /**
   * @param parallel how many batches may be under way
   * @param onChange called when a batch was committed, and (without one) when sending failed for good
   */
  constructor(
    connection: LedgerConnection,
    spool: Spool,
    persistence: Persistence,
    parallel: number,
    onChange: (batch?: SealedBatch) => void,
  ) {
    this.#connection = connection;
    this.#spool = spool;
    this.#persistence = persistence;
    this.#parallel = parallel;
    this.#onChange = onChange;
  }

  /** Whether another batch may be sent now. */
  get free(): boolean {
    return this.#flying.size < this.#parallel;
  }

  get idle(): boolean {
    return this.#flying.size === 0;
  }

  /** @throws what made sending fail for good, if anything did. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  send(batch: SealedBatch): void {
    const flight = this.#deliver(batch).then(
      () => {
        this.#flying.delete(flight);
        this.#onChange(batch);
      },
      (error) => {
        this.#flying.delete(flight);
        this.#failure ??= error;
        this.#onChange();
      },
    );
    this.#flying.add(flight);
  }

  /** Sends these, in order, and waits until all are committed. */
  async sendAll(batches: readonly SealedBatch[]): Promise<void> {
    for (const batch of batches) {
      while (!this.free) await Promise.race(this.#flying);
      this.check();
      this.send(batch);
    }
    await Promise.all(this.#flying);
    this.check();
  }

  async #deliver(batch: SealedBatch): Promise<void> {
    const what = `batch ${batch.n} of run ${batch.run}`;
    const { block, transactionId }: Committed = await this.#persistence.until(what, () =>
      this.#connection.submit('Attest', batch.text),
    );
    await this.#persistence.room(() => this.#spool.committed(batch.run, batch.n, block, transactionId));
  }
}

/** When a certificate expires; undefined if it cannot be read. */
function endOf(certificate: string): Date | undefined {
  try {
    return new Date(new X509Certificate(certificate).validTo);
  } catch {
    return undefined;
  }
}

function refused(what: string, error: Error): CollectorError {
  return new CollectorError('REFUSED', `The ledger refused ${what}: ${printable(error.message)}`, { cause: error });
}

/** Why nothing is sent, without the full stop: the ledger is away, or the token that signs. */
function notHadOf(error: Error & { readonly code: string }): string {
  const said = printable(error.message);
  return error.code === 'TOKEN' ? said.replace(/\.$/, '') : `The ledger does not answer (${said})`;
}

function isNetworkError(error: unknown): error is Error & { readonly retryable: boolean; readonly code: string } {
  return error instanceof Error && error.name === 'NetworkError' && 'retryable' in error;
}
