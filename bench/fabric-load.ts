import { connect, type LedgerConnection } from '../network/connection.js';
import { NetworkError } from '../network/errors.js';
import { loadProfile } from '../network/profile.js';
import { eachBatch, eachMadeUpEvent } from './events.js';
import { median } from './machine.js';

/** More than any measurement takes. */
const ENDLESS = 100_000_000;
const TRIES = 5;
const COLLECTOR = 'collector-1';

/** What is sent: how large, how much at a time, how long. */
export interface Load {
  /** Attestations a transaction. */
  readonly size: number;
  /** Transactions of all actors that wait for their commit at any time. */
  readonly inFlight: number;
  readonly seconds: number;
  /** Of an event, about. */
  readonly bytes: number;
}

export interface Measured {
  /** Attestations a second, from the first transaction sent to the last one committed. */
  readonly rate: number;
  /** Median time from sending a transaction to its commit, milliseconds. */
  readonly latency: number;
  readonly transactions: number;
  /** Transactions that had to be sent again. */
  readonly again: number;
}

/** The collectors of all actors of a network in a folder. */
export class Collectors {
  readonly #connections: readonly LedgerConnection[];
  #again = 0;
  #runs = 0;

  constructor(profiles: readonly string[]) {
    this.#connections = profiles.map((profile) => connect(loadProfile(profile)));
  }

  /** Each actor attests events of a source of its own for some time. */
  async measure({ size, inFlight, seconds, bytes }: Load): Promise<Measured> {
    this.#again = 0;
    this.#runs += 1;
    const latencies: number[] = [];
    let attestations = 0;
    const start = performance.now();
    const sending = this.#connections.flatMap((connection, actor) => {
      const source = `bench-${this.#runs}-${actor}`;
      const batches = eachBatch(eachMadeUpEvent(ENDLESS, source, bytes), size, this.#head(source));
      // At least one of each actor; the first ones have one more where they do not share evenly.
      const [own, odd] = [Math.floor(inFlight / this.#connections.length), inFlight % this.#connections.length];
      return Array.from({ length: Math.max(1, own + (actor < odd ? 1 : 0)) }, async () => {
        for (const { text, entries } of batches) {
          if (performance.now() - start > seconds * 1000) return;
          const sent = performance.now();
          await this.#submit(connection, text);
          latencies.push(performance.now() - sent);
          attestations += entries;
        }
      });
    });
    await Promise.all(sending);
    const rate = attestations / ((performance.now() - start) / 1000);
    return { rate, latency: median(latencies), transactions: latencies.length, again: this.#again };
  }

  /** All actors attest the same events, and watched their source all day. @returns the seconds it took */
  async attestAll(events: number, source: string, { size, inFlight, bytes }: Omit<Load, 'seconds'>): Promise<number> {
    const start = performance.now();
    await Promise.all(
      this.#connections.map(async (connection) => {
        const batches = eachBatch(eachMadeUpEvent(events, source, bytes), size, this.#head(source));
        await Promise.all(
          Array.from({ length: Math.max(1, Math.round(inFlight / this.#connections.length)) }, async () => {
            for (const { text } of batches) await this.#submit(connection, text);
          }),
        );
      }),
    );
    return (performance.now() - start) / 1000;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #head(source: string) {
    return { collector: COLLECTOR, source, run: source };
  }

  async #submit(connection: LedgerConnection, text: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await connection.submit('Attest', text);
        return;
      } catch (error) {
        if (tries === TRIES || !(error instanceof NetworkError) || !error.retryable) throw error;
        this.#again += 1;
      }
    }
  }
}
