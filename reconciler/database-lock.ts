import { existsSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { ReconcilerError } from './errors.js';
import { databaseError } from './projection/database.js';

/** That nobody else takes blocks into a database, for as long as it is held. */
export interface DatabaseLock {
  release(): void;
}

/**
 * Holds a database for one reconciliation, so that a second one is refused before it does anything, and the first goes on. Readers
 * are not kept out. The lock is SQLite's own, on an empty file beside the database: the system takes it back when the process
 * ends, however it ends, and what is left is an empty file that holds nobody.
 * @throws ReconcilerError `DATABASE` if another reconcile holds it, or nothing can be written there
 */
export function lockDatabase(file: string): DatabaseLock {
  // One in memory is nobody else's.
  const lockFile = file === ':memory:' ? file : `${whereItLies(file)}.lock`;
  let held: Database.Database | undefined;
  try {
    held = new Database(lockFile, { timeout: 0 });
    // Nothing is ever written: the transaction is the lock.
    held.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    held?.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new ReconcilerError(
        'DATABASE',
        `Another reconcile reads into ${file}, and goes on with that; wait for its end or stop it, ask it with "event2ledger query findings", or give this one its own --db.`,
        { cause: error },
      );
    }
    if (!existsSync(lockFile)) throw databaseError(error as Error, file);
    throw new ReconcilerError(
      'DATABASE',
      `${lockFile} cannot be locked: ${(error as Error).message}; give access to it, or move away what is in its place.`,
      { cause: error },
    );
  }
  const lock = held;
  return { release: () => lock.close() };
}

/** One database has one lock, by whatever links it is named. */
function whereItLies(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    // It is made by whoever reads into it first, perhaps where a link leads.
    return linkedBy(file) ?? file;
  }
}

function linkedBy(file: string): string | undefined {
  try {
    return whereItLies(resolve(dirname(file), readlinkSync(file)));
  } catch {
    return undefined;
  }
}
