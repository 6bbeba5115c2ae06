import Database from 'better-sqlite3';
import { NetworkError } from '../errors.js';
import type { MadeBlock } from './blocks.js';
import type { Version } from './rwset.js';

// 2: blocks are signed, and block 0 says by whom.
const SCHEMA_VERSION = 2;
// Keys are BLOBs: composite keys hold NUL, and byte order is Fabric's order.
const SCHEMA = `
  CREATE TABLE block (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE tx (id TEXT PRIMARY KEY, block INTEGER NOT NULL, position INTEGER NOT NULL, code INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE TABLE state (key BLOB PRIMARY KEY, value BLOB NOT NULL, block INTEGER NOT NULL, tx INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
`;

/** Where a transaction stands, and its validation code. */
export interface TransactionStatus {
  readonly block: number;
  readonly position: number;
  readonly code: number;
}

/** A value of the state and where it was last written. */
export interface StateValue extends Version {
  readonly value: Buffer;
}

/** Everything that one block changes. */
export interface BlockChanges {
  readonly block: MadeBlock;
  /** In the block's order. An id that is on the ledger already keeps its first status. */
  readonly transactions: readonly { readonly id: string; readonly code: number }[];
  /** The last write to each key; a value `undefined` deletes it. */
  readonly writes: ReadonlyMap<string, { readonly value: Uint8Array | undefined; readonly tx: number }>;
}

/**
 * Blocks, transaction index and state in one SQLite file. The file is locked while it is open, so that one process
 * alone serves it; the operating system frees the lock however the process ends.
 */
export class Store {
  readonly #db: Database.Database;
  readonly #statements: ReturnType<typeof prepare>;
  #height: number;

  /** @throws NetworkError `LOCKED` if another process has it open, `DATA_DIR` if it is not ours. */
  constructor(file: string) {
    this.#db = open(file);
    this.#statements = prepare(this.#db);
    this.#height = (this.#statements.height.get() as { height: number }).height;
  }

  /** Number of blocks. */
  get height(): number {
    return this.#height;
  }

  /** Appends a block with all it changes, durably or not at all. */
  commit({ block, transactions, writes }: BlockChanges): void {
    const { putBlock, putTransaction, putState, deleteState } = this.#statements;
    this.#db.transaction(() => {
      putBlock.run(block.number, block.hash, block.bytes);
      for (const [position, { id, code }] of transactions.entries()) {
        putTransaction.run(id, block.number, position, code);
      }
      for (const [key, { value, tx }] of writes) {
        if (value === undefined) deleteState.run(Buffer.from(key));
        else putState.run(Buffer.from(key), value, block.number, tx);
      }
    })();
    this.#height = block.number + 1;
  }

  block(number: number): Buffer | undefined {
    return (this.#statements.block.get(number) as { bytes: Buffer } | undefined)?.bytes;
  }

  blockHash(number: number): Buffer | undefined {
    return (this.#statements.blockHash.get(number) as { hash: Buffer } | undefined)?.hash;
  }

  transaction(id: string): TransactionStatus | undefined {
    return this.#statements.transaction.get(id) as TransactionStatus | undefined;
  }

  state(key: string): StateValue | undefined {
    return this.#statements.state.get(Buffer.from(key)) as StateValue | undefined;
  }

  /**
   * The values of keys from `start` (inclusive) to `end` (exclusive, `''` for no end) in byte order.
   * @param limit at most so many
   */
  range(start: string, end: string, limit: number): { key: string; value: Buffer }[] {
    const { range, openRange } = this.#statements;
    const rows =
      end === '' ? openRange.all(Buffer.from(start), limit) : range.all(Buffer.from(start), Buffer.from(end), limit);
    return (rows as { key: Buffer; value: Buffer }[]).map(({ key, value }) => ({ key: key.toString(), value }));
  }

  close(): void {
    this.#db.close();
  }
}

function open(file: string): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: 0 });
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    // Committed means on disk: one fsync a block.
    db.pragma('synchronous = FULL');
    db.pragma('wal_autocheckpoint = 4000');
    db.pragma('cache_size = -65536');
    // Blocks are long and read once: from the system's cache, without another copy in ours.
    db.pragma(`mmap_size = ${2 ** 31}`);
    db.exec('BEGIN EXCLUSIVE; COMMIT');
    migrate(db, file);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof NetworkError) throw cause;
    const { code, message } = cause as { code?: string; message: string };
    if (code?.startsWith('SQLITE_BUSY')) {
      throw new NetworkError('LOCKED', `Another process serves ${file}; stop it, or choose another folder.`, { cause });
    }
    throw new NetworkError('DATA_DIR', `${file} cannot be opened: ${message}.`, { cause });
  }
}

function migrate(db: Database.Database, file: string): void {
  const version = db.pragma('user_version', { simple: true });
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) {
    throw new NetworkError('DATA_DIR', `${file} was written by another version of this program (${version}).`);
  }
  db.transaction(() => {
    db.exec(SCHEMA);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}

function prepare(db: Database.Database) {
  return {
    height: db.prepare('SELECT coalesce(max(number) + 1, 0) AS height FROM block'),
    putBlock: db.prepare('INSERT INTO block (number, hash, bytes) VALUES (?, ?, ?)'),
    putTransaction: db.prepare(
      'INSERT INTO tx (id, block, position, code) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
    ),
    putState: db.prepare('INSERT OR REPLACE INTO state (key, value, block, tx) VALUES (?, ?, ?, ?)'),
    deleteState: db.prepare('DELETE FROM state WHERE key = ?'),
    block: db.prepare('SELECT bytes FROM block WHERE number = ?'),
    blockHash: db.prepare('SELECT hash FROM block WHERE number = ?'),
    transaction: db.prepare('SELECT block, position, code FROM tx WHERE id = ?'),
    state: db.prepare('SELECT value, block, tx FROM state WHERE key = ?'),
    range: db.prepare('SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key LIMIT ?'),
    openRange: db.prepare('SELECT key, value FROM state WHERE key >= ? ORDER BY key LIMIT ?'),
  };
}
