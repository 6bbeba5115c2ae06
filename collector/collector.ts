import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerConnection } from '../network/connection.js';
import { Attester } from './attester/attester.js';
import type { BatchLimits } from './attester/sealer.js';
import { PATIENCE, type Patience } from './attester/sender.js';
import { BoundedWarnings } from './bounded-warnings.js';
import { type Clock, type Random, systemClock, systemRandom } from './clock.js';
import { CollectorError } from './errors.js';
import { type CollectorLog, silentLog } from './log.js';
import type { Observation } from './observation.js';
import type { Source } from './source/source.js';
import { Spool, type SpoolLimits } from './spool/spool.js';
import type { Vitals } from './vitals.js';

export interface CollectorOptions {
  /** The collector's own identity on the ledger. Stays open. */
  readonly connection: LedgerConnection;
  readonly source: Source;
  /** The spool's file, or `:memory:` for what need not survive. */
  readonly spool: string;
  readonly spoolLimits?: SpoolLimits;
  /** Ends the collector: it attests what is spooled, gives a last watch, and returns. */
  readonly signal: AbortSignal;
  /** Ends when the source has ended and everything is attested; else the collector stays, with its heartbeats. */
  readonly once?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: CollectorLog;
  readonly limits?: BatchLimits;
  /** An observation waits at most so many milliseconds for its batch to fill; 1,000 if left out. */
  readonly maxAgeMs?: number;
  /** Batches under way at a time; 4 if left out. */
  readonly parallel?: number;
  readonly patience?: Patience;
  /** How long stopping may take, from the signal or a source's failure (unless `once`) on, in milliseconds; 16,000 if left out. */
  readonly stopWithinMs?: number;
  /** Called whenever a count has changed. */
  readonly onProgress?: (counts: CollectorCounts) => void;
  /** Told, as it happens, who answers and what was declared or refused. */
  readonly vitals?: Vitals;
}

/** What the collector did since it started. */
export interface CollectorCounts {
  /** Events read, known ones included. */
  readonly events: number;
  /** Of these, events that had been observed before. */
  readonly known: number;
  /** What was to be an event and could not be read. */
  readonly malformed: number;
  /** Entries put into batches, by the policy's rules. */
  readonly recorded: number;
  /** Events that the policy does not have recorded. */
  readonly unrecorded: number;
  /** Events from before the first policy. */
  readonly ungoverned: number;
  /** Entries known to be on the ledger. */
  readonly attested: number;
  /** Batches known to be on the ledger. */
  readonly batches: number;
  /** Observations and entries in the spool that are not yet on the ledger. */
  readonly behind: number;
}

export interface CollectorSummary extends CollectorCounts {
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
}

/** Many times what an engine remembers. */
const KEEP_EVENTS = 20_000;
const ONCE_GIVES_UP_MS = 60_000;
/**
 * The last watch and the flush together. Operators are promised 20 seconds in all, within which spool and connections are
 * closed too; orchestrators are told to wait for 30 before they kill.
 */
const STOP_WITHIN_MS = 16_000;
const PROBE_WITHIN_MS = 3_000;
const ROOM_PAUSE_MS = 1_000;

/**
 * Runs a collector: source → spool → batches → ledger, until the source ends (`once`) or the signal aborts.
 * @throws CollectorError; what could not be attested stays in the spool for the next start.
 * @example
 * await runCollector({ connection: connect(profile), source: fileSource('day.ndjson'), spool: 'spool.db', once: true, signal });
 */
export async function runCollector(options: CollectorOptions): Promise<CollectorSummary> {
  const { mspId, name, channel, chaincode } = options.connection.profile;
  const owner = { actor: mspId, collector: name, channel, chaincode, source: options.source.name };
  // A source that goes on knows its last events; a trace may be read again from its beginning.
  const kept = options.source.resumes ? { keepEvents: KEEP_EVENTS } : {};
  const spool = new Spool(options.spool, owner, { ...kept, ...options.spoolLimits }, options.log);
  options.vitals?.tell('spool', true);
  options.vitals?.watchSpool(() => ({ bytes: spool.bytes(), unreadable: spool.unreadable() }));
  try {
    const collector = new Collector(options, spool);
    await collector.run();
    return { actor: mspId, collector: name, run: spool.run()?.run ?? '', ...collector.counts() };
  } finally {
    options.vitals?.watchSpool(undefined);
    spool.close();
  }
}

class Collector {
  readonly #options: CollectorOptions;
  readonly #spool: Spool;
  readonly #log: CollectorLog;
  readonly #attester: Attester;
  readonly #unreadable: BoundedWarnings;
  /** Ends the source. */
  readonly #enough = new AbortController();
  /** Ends everything. */
  readonly #over = new AbortController();
  readonly #counted = { events: 0, known: 0, malformed: 0, recorded: 0, unrecorded: 0, ungoverned: 0 };
  #attested = 0;
  #batches = 0;
  #sealed: number;

  constructor(options: CollectorOptions, spool: Spool) {
    this.#options = options;
    this.#spool = spool;
    this.#log = options.log ?? silentLog;
    this.#unreadable = new BoundedWarnings(this.#log, (more) =>
      more === 1 ? '1 more could not be read.' : `${more} more could not be read.`,
    );
    this.#sealed = spool.unsent().reduce((sum, { count }) => sum + count, 0);
    const { connection, clock = systemClock(), random = systemRandom, once = false } = options;
    const patience = options.patience ?? (once ? { ...PATIENCE, giveUpAfterMs: ONCE_GIVES_UP_MS } : PATIENCE);
    this.#attester = new Attester({
      ...options,
      connection,
      spool,
      clock,
      random,
      log: this.#log,
      signal: this.#over.signal,
      probe: () => this.#probe(),
      needsPolicy: once,
      patience,
      onSealed: ({ batch, unrecorded, ungoverned }) => {
        if (ungoverned > 0 && this.#counted.ungoverned === 0) {
          this.#log.warn('There are events from before the first policy; they are not recorded.');
        }
        this.#counted.unrecorded += unrecorded;
        this.#counted.ungoverned += ungoverned;
        this.#counted.recorded += batch?.count ?? 0;
        this.#sealed += batch?.count ?? 0;
        this.#tell();
      },
      onCommitted: ({ count }) => {
        this.#attested += count;
        this.#sealed -= count;
        this.#batches++;
        this.#tell();
      },
    });
  }

  counts(): CollectorCounts {
    const behind = this.#spool.pendingCount() + this.#sealed;
    return { ...this.#counted, attested: this.#attested, batches: this.#batches, behind };
  }

  async run(): Promise<void> {
    const { signal, once = false, stopWithinMs = STOP_WITHIN_MS } = this.#options;
    const stopped = aborted(signal);
    const done = new AbortController();
    const bounded = () =>
      delay(stopWithinMs, undefined, { signal: done.signal }).then(
        () => this.#over.abort(),
        () => {},
      );
    void stopped.then(bounded);
    const attesting = this.#attester.run();
    const reading = this.#read();
    // Both are awaited below; until then a failure must not count as unhandled.
    for (const work of [attesting, reading]) work.catch(() => {});
    const failed = new Promise<never>((_, reject) => attesting.catch(reject));
    failed.catch(() => {});
    let broken = false;
    const ended = reading.catch(() => {
      broken = true;
      // Who was to run for ever must not seem to, waiting for a ledger that does not answer.
      if (!once) void bounded();
    });
    let cut = false;
    try {
      await Promise.race([ended, stopped, failed]);
      if (!once && !broken) {
        if (!signal.aborted) this.#inputEnded();
        await Promise.race([stopped, failed]);
      }
      cut = signal.aborted;
      // The last word of a source that is still there: how far it has watched.
      if (signal.aborted) await this.#probe();
      this.#enough.abort();
      // That the time to stop is over is told by what finishes.
      await Promise.race([
        ended,
        failed.catch((error) => (this.#over.signal.aborted ? undefined : Promise.reject(error))),
      ]);
      await this.#finish(attesting);
      await reading;
    } finally {
      done.abort();
      this.#enough.abort();
      this.#over.abort();
      await Promise.allSettled([reading, attesting]);
      this.#unreadable.flush();
    }
    if (once && (cut || this.counts().behind > 0)) throw this.#unfinished();
  }

  async #read(): Promise<void> {
    const { source, vitals } = this.#options;
    const { signal } = this.#enough;
    const context = { memory: this.#spool, log: this.#log, signal, ...(vitals === undefined ? {} : { vitals }) };
    let left: string | undefined;
    while (true) {
      let full: CollectorError | undefined;
      for await (const group of source.observe({ ...context, left })) {
        full = await this.#keep(group);
        if (full !== undefined) break;
      }
      if (full === undefined || signal.aborted) return;
      // A source that resumes is asked again: what it has forgotten meanwhile, it tells as a gap.
      await this.#room(full);
      if (signal.aborted) return;
      // Behind a full disk stands SQLite's word, behind the spool's own limit nothing.
      left = full.cause === undefined ? 'spool full' : 'disk full';
    }
  }

  /** @returns the error if there is no room, and the source can be asked again once there is */
  async #keep(group: readonly Observation[]): Promise<CollectorError | undefined> {
    const { source, vitals } = this.#options;
    while (true) {
      try {
        const { events, known } = this.#spool.add(group);
        this.#counted.events += events;
        this.#counted.known += known;
        break;
      } catch (error) {
        if (!isFull(error)) throw error;
        if (source.resumes) return error;
        await this.#room(error);
        if (this.#enough.signal.aborted) return error;
      }
    }
    for (const observation of group) {
      if (observation.kind === 'gap') vitals?.gap();
      if (observation.kind === 'watch') vitals?.watched(observation.source, observation.to);
      if (observation.kind !== 'malformed') continue;
      this.#counted.malformed++;
      this.#unreadable.warn(`${observation.place}: ${observation.why}`);
    }
    this.#attester.wake();
    this.#tell();
    return undefined;
  }

  /** Waits until the spool takes something again, or the collector ends. */
  async #room(full: CollectorError): Promise<void> {
    const { signal } = this.#enough;
    this.#options.vitals?.tell('spool', false);
    this.#log.error(
      `${full.message} Nothing is dropped, and nothing more is read until there is room; what is lost meanwhile will be declared as a gap.`,
    );
    // The signal is looked at, not waited for: an abort ends the pause early.
    while (!signal.aborted && !this.#spool.hasRoom()) {
      await delay(ROOM_PAUSE_MS, undefined, { signal }).catch(() => {});
    }
    if (signal.aborted) return;
    this.#options.vitals?.tell('spool', true);
    this.#log.info('The spool has room again.');
  }

  /** Who stays for its heartbeats must not look as if it watched. */
  #inputEnded(): void {
    const { source, vitals } = this.#options;
    const message =
      'The input has ended. What was read is attested, and only heartbeats are sent from now on, until the collector is stopped.';
    if (source.endless) {
      vitals?.end();
      this.#log.warn(message);
    } else this.#log.info(message);
  }

  /** Waits until everything is attested, or the time to stop is over. */
  async #finish(attesting: Promise<void>): Promise<void> {
    this.#attester.finish();
    try {
      await attesting;
    } catch (error) {
      const waiting = error instanceof CollectorError && error.code === 'UNFINISHED';
      if (!this.#over.signal.aborted && !waiting) throw error;
      // With `once` this is the error that the collector ends with.
      if (!this.#options.once && this.counts().behind > 0) this.#log.warn(this.#unfinished().message);
    }
  }

  async #probe(): Promise<void> {
    const bounded = new AbortController();
    const signal = AbortSignal.any([bounded.signal, this.#over.signal]);
    const late = delay(PROBE_WITHIN_MS, undefined, { signal }).catch(() => {});
    await Promise.race([this.#options.source.probe?.(), late]);
    bounded.abort();
  }

  #unfinished(): CollectorError {
    const { behind } = this.counts();
    if (behind === 0) {
      return new CollectorError(
        'UNFINISHED',
        "Stopped before the trace's end; what was read is on the ledger. Start it again for the rest.",
      );
    }
    const waiting = behind === 1 ? '1 observation that is' : `${behind} observations that are`;
    return new CollectorError(
      'UNFINISHED',
      `Stopped with ${waiting} not yet on the ledger; the spool keeps ${behind === 1 ? 'it' : 'them'} for the next start.`,
    );
  }

  #tell(): void {
    this.#options.onProgress?.(this.counts());
  }
}

function isFull(error: unknown): error is CollectorError {
  return error instanceof CollectorError && error.code === 'FULL';
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
