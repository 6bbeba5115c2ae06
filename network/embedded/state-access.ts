import type { ReadWriteSet, Version } from './rwset.js';
import type { StateValue } from './store.js';

/** The committed state, as a contract may read it. */
export interface StateReader {
  state(key: string): StateValue | undefined;
  range(start: string, end: string, limit: number): { key: string; value: Buffer }[];
}

/** A peer's `totalQueryLimit`: ranges end there, silently, as they do on a real peer. */
const TOTAL_QUERY_LIMIT = 100_000;
const CHUNK = 500;

interface RangeResult {
  readonly iterator: RangeIterator;
  readonly metadata?: { readonly fetchedRecordsCount: number; readonly bookmark: string };
}

/**
 * What fabric-shim's stub calls its handler: the few requests that a contract of ours makes of its peer. Reads come
 * from the committed state and are noted with their versions; writes are only noted.
 */
export class StateAccess implements ReadWriteSet {
  readonly reads = new Map<string, Version | undefined>();
  readonly writes = new Map<string, Uint8Array | undefined>();
  ranged = false;
  readonly #state: StateReader;

  constructor(state: StateReader) {
    this.#state = state;
  }

  async handleGetState(collection: string, key: string): Promise<Buffer> {
    noPrivateData(collection);
    const found = this.#state.state(key);
    if (!this.reads.has(key)) this.reads.set(key, found && { block: found.block, tx: found.tx });
    return found?.value ?? Buffer.alloc(0);
  }

  async handlePutState(collection: string, key: string, value: Uint8Array): Promise<Buffer> {
    noPrivateData(collection);
    if (key === '') throw new Error('key must not be an empty string');
    this.writes.set(key, value);
    return Buffer.alloc(0);
  }

  async handleDeleteState(collection: string, key: string): Promise<Buffer> {
    noPrivateData(collection);
    this.writes.set(key, undefined);
    return Buffer.alloc(0);
  }

  async handleGetStateByRange(
    collection: string,
    start: string,
    end: string,
    _channel: string,
    _transactionId: string,
    metadata?: Uint8Array,
  ): Promise<RangeResult> {
    noPrivateData(collection);
    if (metadata !== undefined) throw new Error('this ledger has no paged ranges; end the range yourself');
    this.ranged = true;
    return { iterator: new RangeIterator(this.#state, start, end) };
  }

  async handleGetQueryResult(): Promise<never> {
    throw new Error('rich queries are not supported for the embedded ledger');
  }
}

/** Walks a range in chunks, for one may be far longer than what the contract takes of it. */
class RangeIterator {
  readonly #state: StateReader;
  readonly #end: string;
  #next: string | undefined;
  #chunk: { key: string; value: Buffer }[] = [];
  #at = 0;
  #given = 0;

  constructor(state: StateReader, start: string, end: string) {
    this.#state = state;
    this.#next = start;
    this.#end = end;
  }

  async next(): Promise<{ value?: { key: string; value: Buffer }; done: boolean }> {
    if (this.#at === this.#chunk.length) this.#fill();
    const value = this.#chunk[this.#at];
    if (value === undefined || this.#given === TOTAL_QUERY_LIMIT) return { done: true };
    this.#at += 1;
    this.#given += 1;
    return { value, done: false };
  }

  async close(): Promise<void> {
    this.#next = undefined;
    this.#chunk = [];
    this.#at = 0;
  }

  #fill(): void {
    this.#chunk = this.#next === undefined ? [] : this.#state.range(this.#next, this.#end, CHUNK);
    this.#at = 0;
    const last = this.#chunk.at(-1);
    // The least key after `last`.
    this.#next = last === undefined || this.#chunk.length < CHUNK ? undefined : `${last.key}\0`;
  }
}

function noPrivateData(collection: string): void {
  if (collection !== '') throw new Error('this ledger has no private data');
}
