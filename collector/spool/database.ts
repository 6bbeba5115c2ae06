import { closeSync, openSync, readSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { modeOpenToOthers } from '../../cli/private-file.js';
import { CollectorError } from '../errors.js';
import { MIGRATIONS } from './migrations.js';

/**
 * SQLite's log is folded into the database when it has so many pages (512 KiB). The default, 4 MB, can be more than a small
 * disk has: there the log would take all of it, and leave no room into which it could be folded.
 */
const LOG_PAGES = 128;
/** What the log takes at rest, after a transaction that was larger. */
const LOG_BYTES = 1024 * 1024;
/** The log, the largest transaction, and what the database grows by when they are folded in. */
const ROOM_BYTES = 4 * 1024 * 1024;

/**
 * Opens the spool's file, making it if there is none.
 * @throws CollectorError `SPOOL`, `FULL`.
 */
export function open(path: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    // Made by us, for our eyes: it holds what the containers were told in their labels.
    if (path !== ':memory:') {
      closeSync(openSync(path, 'a', 0o600));
      // A short file of any content is an empty database to SQLite, which would write over it.
      if (!beginsAsDatabase(path)) throw noSpool(path);
    }
    database = new Database(path, { timeout: 0 });
    // One collector a spool, held until the process ends; then no shared-memory file is needed either.
    database.pragma('locking_mode = EXCLUSIVE');
    refuseForeign(path, database);
    if (path !== ':memory:') {
      const mode = modeOpenToOthers(path);
      if (mode !== undefined) {
        throw new CollectorError('SPOOL', `The spool ${path} is open to others (mode ${mode}); run chmod 600 on it.`);
      }
    }
    // Before the first table: pages that are freed can be given back to the disk.
    database.pragma('auto_vacuum = INCREMENTAL');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
    database.pragma(`journal_size_limit = ${LOG_BYTES}`);
    foldLog(database);
    return database;
  } catch (error) {
    database?.close();
    throw asSpoolError(path, error);
  }
}

const DATABASE_HEADER = 'SQLite format 3\0';

/** Whether a file is empty, or says that it is SQLite's. */
function beginsAsDatabase(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const begin = Buffer.alloc(DATABASE_HEADER.length);
    const length = readSync(file, begin);
    return length === 0 || begin.toString('latin1') === DATABASE_HEADER;
  } finally {
    closeSync(file);
  }
}

/** Another program's database is left as it is, its mode included. */
function refuseForeign(path: string, database: Database.Database): void {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  if (tables.length === 0 || (tables.includes('meta') && tables.includes('observed'))) return;
  throw noSpool(path);
}

function noSpool(path: string, cause?: unknown): CollectorError {
  return new CollectorError('SPOOL', `${path} is no spool; give another file with --spool.`, { cause });
}

/** Folds SQLite's log into the database and gives its room back to the disk, as far as the disk lets it. */
export function foldLog(database: Database.Database): void {
  try {
    database.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // Nothing is lost: the log holds it all until there is room.
  }
}

/** A warning if the disk has less room than the spool's log needs; undefined if it has enough, or does not say. */
export function lackOfRoom(path: string, needed = ROOM_BYTES): string | undefined {
  if (path === ':memory:') return undefined;
  try {
    const { bavail, bsize } = statfsSync(dirname(path), { bigint: true });
    const free = bavail * bsize;
    if (free >= BigInt(needed)) return undefined;
    return `The disk of the spool ${path} has ${free} bytes free, and the spool's log alone needs up to ${needed}; make room, or give another disk with --spool.`;
  } catch {
    return undefined;
  }
}

/** Brings the tables to this version's. */
export function migrate(database: Database.Database): void {
  const version = database.pragma('user_version', { simple: true }) as number;
  if (version > MIGRATIONS.length) {
    throw new CollectorError('SPOOL', 'The spool was written by a newer version; use that one, or another --spool.');
  }
  // A full disk must not keep a collector from starting: what was sealed can still be sent.
  if (version === MIGRATIONS.length) return;
  database
    .transaction(() => {
      for (const script of MIGRATIONS.slice(version)) database.exec(script);
      database.pragma(`user_version = ${MIGRATIONS.length}`);
    })
    .immediate();
}

/** What the file system says of a path at which no spool can be opened, and what to do. */
const UNUSABLE: Readonly<Record<string, string>> = {
  ENOENT: 'lies in a folder that does not exist; make it',
  ENOTDIR: 'lies in what is no folder; correct its path',
  EISDIR: 'is a folder; give a file in it',
  EACCES: 'may not be written by this user (EACCES); let it',
  EPERM: 'may not be written by this user (EPERM); let it',
  EROFS: 'lies on a disk that is read-only; make that writable',
};

/** What SQLite says, as an error of the collector's. */
export function asSpoolError(path: string, error: unknown): unknown {
  if (error instanceof CollectorError || !(error instanceof Error)) return error;
  const code = (error as { code?: string }).code ?? '';
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new CollectorError(
      'SPOOL',
      `The spool ${path} is in use by another collector; give this one an identity of its own (event2ledger identity add), for two under one contradict each other.`,
      { cause: error },
    );
  }
  if (code === 'SQLITE_NOTADB') {
    return noSpool(path, error);
  }
  const unusable = UNUSABLE[code];
  if (unusable !== undefined) {
    return new CollectorError('SPOOL', `The spool ${path} ${unusable}, or give another file with --spool.`, {
      cause: error,
    });
  }
  if (code === '') return error;
  // A quota tells as an I/O error what a full disk tells as itself.
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_WRITE') {
    return new CollectorError('FULL', `The spool ${path} cannot grow: the disk is full.`, { cause: error });
  }
  return new CollectorError('SPOOL', `The spool ${path} cannot be used (${code}).`, { cause: error });
}
