import { setMaxListeners } from 'node:events';
import { peer } from '@hyperledger/fabric-protos';
import { type BlockSigner, makeBlock } from './blocks.js';
import type { ReadWriteSet, Version } from './rwset.js';
import type { Store, TransactionStatus } from './store.js';
import type { Inspected } from './validator.js';

const MAX_BLOCK_TRANSACTIONS = 100;
/** Below gRPC's default limit of 4 MiB, so that clients that never raised it can read every block. */
const MAX_BLOCK_BYTES = 3 * 1024 * 1024;

const { TxValidationCode } = peer;

/** What an `AbortSignal` ends, or the committer's end. */
export class Stopped extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'Stopped';
  }
}

/**
 * Orders, validates and commits: cuts blocks by number, bytes and time, checks what each transaction read against the
 * state, and writes a block with all its changes in one SQLite transaction.
 */
export class Committer {
  readonly #store: Store;
  readonly #batchTimeoutMs: number;
  readonly #signers: readonly BlockSigner[];
  readonly #queue: Inspected[] = [];
  readonly #waiting = new Map<string, Set<(status: TransactionStatus) => void>>();
  readonly #blockListeners = new Set<() => void>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  /** @param signers whose keys sign the blocks */
  constructor(store: Store, batchTimeoutMs: number, signers: readonly BlockSigner[]) {
    this.#store = store;
    this.#signers = signers;
    this.#batchTimeoutMs = batchTimeoutMs;
    // One for each call that waits.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Aborted, with the reason, when nothing will be committed any more. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Takes a transaction into the order.
   * @param more whether others are on their way, so that waiting for them saves blocks
   * @throws Stopped
   */
  submit(transaction: Inspected, more: boolean): void {
    this.#stop.signal.throwIfAborted();
    this.#queue.push(transaction);
    if (this.#queue.length >= MAX_BLOCK_TRANSACTIONS || !more) this.#soon();
    else this.#timer ??= setTimeout(() => this.#cut(), this.#batchTimeoutMs);
  }

  /**
   * The status of a transaction, as soon as it is committed.
   * @throws Stopped
   */
  status(id: string, signal: AbortSignal): Promise<TransactionStatus> {
    const committed = this.#store.transaction(id);
    if (committed !== undefined) return Promise.resolve(committed);
    return new Promise((resolve, reject) => {
      const listeners = this.#waiting.get(id) ?? new Set();
      const done = (status: TransactionStatus) => {
        end();
        resolve(status);
      };
      const abort = () => {
        end();
        reject(new Stopped(this.#stop.signal.aborted ? String(this.#stop.signal.reason?.message) : 'cancelled'));
      };
      const end = () => {
        signal.removeEventListener('abort', abort);
        this.#stop.signal.removeEventListener('abort', abort);
        listeners.delete(done);
        if (listeners.size === 0) this.#waiting.delete(id);
      };
      if (signal.aborted || this.#stop.signal.aborted) {
        abort();
        return;
      }
      this.#waiting.set(id, listeners.add(done));
      signal.addEventListener('abort', abort);
      this.#stop.signal.addEventListener('abort', abort);
    });
  }

  /** Resolves when there are more than `height` blocks, or one of the signals aborts. */
  async beyond(height: number, signal: AbortSignal): Promise<void> {
    if (this.#store.height > height || signal.aborted || this.#stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#blockListeners.delete(done);
        signal.removeEventListener('abort', done);
        this.#stop.signal.removeEventListener('abort', done);
        resolve();
      };
      this.#blockListeners.add(done);
      signal.addEventListener('abort', done);
      this.#stop.signal.addEventListener('abort', done);
    });
  }

  /** Commits what is queued, then ends everything that waits. */
  close(): void {
    if (this.#stop.signal.aborted) return;
    while (this.#queue.length > 0 && !this.#stop.signal.aborted) this.#cut();
    this.#end(new Stopped('the ledger is shutting down'));
  }

  #end(why: Stopped): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#queue.length = 0;
    this.#stop.abort(why);
  }

  /** After the requests that have already arrived. */
  #soon(): void {
    this.#immediate ??= setImmediate(() => this.#cut());
  }

  #cut(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
    const transactions = this.#take();
    if (transactions.length === 0) return;
    try {
      this.#commit(transactions);
    } catch (cause) {
      // A full disk, say. What is on disk is whole; nothing more can be promised.
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#end(new Stopped(`the ledger cannot write its blocks: ${why}`));
      return;
    }
    if (this.#queue.length > 0) this.#soon();
  }

  #take(): Inspected[] {
    let bytes = 0;
    let count = 0;
    for (const { envelope } of this.#queue) {
      bytes += envelope.length;
      if (count === MAX_BLOCK_TRANSACTIONS || (count > 0 && bytes > MAX_BLOCK_BYTES)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  #commit(transactions: readonly Inspected[]): void {
    const number = this.#store.height;
    const previous = this.#store.blockHash(number - 1);
    if (previous === undefined) throw new Error(`block ${number - 1} is missing`);
    const writes = new Map<string, { value: Uint8Array | undefined; tx: number }>();
    const seen = new Set<string>();
    const codes = transactions.map((transaction, tx) => {
      const code = this.#validate(transaction, seen, number, writes);
      seen.add(transaction.transactionId);
      if (code === TxValidationCode.VALID) {
        for (const [key, value] of transaction.readWriteSet.writes) writes.set(key, { value, tx });
      }
      return code;
    });
    const envelopes = transactions.map(({ envelope }) => envelope);
    const results = transactions.map(({ transactionId }, index) => ({ id: transactionId, code: codes[index] ?? 0 }));
    const block = makeBlock(number, previous, envelopes, codes, this.#signers);
    this.#store.commit({ block, transactions: results, writes });
    this.#announce(transactions);
  }

  #validate(
    { transactionId, code, readWriteSet }: Inspected,
    seen: ReadonlySet<string>,
    number: number,
    writes: ReadonlyMap<string, { value: Uint8Array | undefined; tx: number }>,
  ): number {
    if (seen.has(transactionId) || this.#store.transaction(transactionId) !== undefined) {
      return TxValidationCode.DUPLICATE_TXID;
    }
    if (code !== TxValidationCode.VALID) return code;
    return this.#readsHold(readWriteSet, number, writes) ? code : TxValidationCode.MVCC_READ_CONFLICT;
  }

  #readsHold(
    { reads }: ReadWriteSet,
    number: number,
    writes: ReadonlyMap<string, { value: Uint8Array | undefined; tx: number }>,
  ): boolean {
    for (const [key, seen] of reads) {
      const written = writes.get(key);
      const now: Version | undefined =
        written === undefined
          ? this.#store.state(key)
          : written.value === undefined
            ? undefined
            : { block: number, tx: written.tx };
      if (now?.block !== seen?.block || now?.tx !== seen?.tx) return false;
    }
    return true;
  }

  #announce(transactions: readonly Inspected[]): void {
    for (const { transactionId } of transactions) {
      const listeners = this.#waiting.get(transactionId);
      const status = listeners && this.#store.transaction(transactionId);
      if (status !== undefined) for (const listener of [...(listeners ?? [])]) listener(status);
    }
    for (const listener of [...this.#blockListeners]) listener();
  }
}
