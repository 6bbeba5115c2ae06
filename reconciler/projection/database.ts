import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { ReconcilerError } from '../errors.js';
import { MIGRATIONS } from './schema.js';

export type Db = Database.Database;

// 'e2lr' as a 32-bit number: tells a projection from any other SQLite file.
const APPLICATION_ID = 0x65326c72;

/**
 * Opens a projection; a new one is made unless `mustExist`.
 * @throws ReconcilerError `DATABASE` if there is none, it is something else, or a newer version wrote it; `EMPTY` if it must
 * exist and holds nothing.
 */
export function openDatabase(file: string, { mustExist = false }: { mustExist?: boolean } = {}): Db {
  if (mustExist && !existsSync(file)) {
    throw new ReconcilerError(
      'DATABASE',
      `There is no ${file}; run "event2ledger reconcile --profile P --db ${file}" first.`,
    );
  }
  let db: Db | undefined;
  try {
    db = new Database(file);
    // Before anything is written: somebody else's database stays as it is.
    checkOwn(db, file, mustExist);
    // Of a new file: rows come in order of their keys, and fewer pages are less to write.
    db.pragma('page_size = 16384');
    db.pragma('journal_mode = WAL');
    // A lost tail after a power cut is read from the ledger again: rows and checkpoint go together.
    db.pragma('synchronous = NORMAL');
    db.pragma('cache_size = -65536');
    // Fewer, larger checkpoints while catching up.
    db.pragma('wal_autocheckpoint = 2000');
    // Readers need no turn among those who write.
    if (!isCurrent(db)) migrate(db, file);
    return db;
  } catch (error) {
    db?.close();
    throw error instanceof ReconcilerError ? error : databaseError(error as Error, file);
  }
}

const PREPARED = new WeakMap<Db, Map<string, Database.Statement>>();

/** A statement that is asked again and again: to prepare it costs more than to run it. Each text has one way to be run. */
export function prepared(db: Db, sql: string): Database.Statement {
  const known = PREPARED.get(db) ?? new Map<string, Database.Statement>();
  PREPARED.set(db, known);
  const statement = known.get(sql) ?? db.prepare(sql);
  known.set(sql, statement);
  return statement;
}

/** SQLite's errors as ours, any other as it is: no room, no access, somebody else's lock, a file that was damaged. */
export function asDatabaseError(error: unknown, file: string): unknown {
  return error instanceof Database.SqliteError ? databaseError(error, file) : error;
}

/** Why a file cannot be used as a projection. */
export function databaseError(cause: Error, file: string): ReconcilerError {
  const code = cause instanceof Database.SqliteError ? cause.code : '';
  if (code.startsWith('SQLITE_BUSY')) {
    return new ReconcilerError(
      'DATABASE',
      `${file} is in use by another program. If event2ledger reconcile made it, try again when that has written; if it is a ledger's or another program's own, name the file of reconcile with --db.`,
      { cause },
    );
  }
  const advice = code.startsWith('SQLITE_CORRUPT')
    ? ` Delete it, leave ${file}.blocks where it is, and read the ledger again.`
    : '';
  return new ReconcilerError('DATABASE', `${file} cannot be used as a projection: ${cause.message}.${advice}`, {
    cause,
  });
}

function checkOwn(db: Db, file: string, mustExist: boolean): void {
  const tables = db.prepare('SELECT count(*) FROM sqlite_master').pluck().get() as number;
  if (tables > 0 && db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new ReconcilerError('DATABASE', `${file} is another program's database; name a file of its own with --db.`);
  }
  if (tables === 0 && mustExist) throw nothingRead();
}

/** A projection without a block. */
export function nothingRead(): ReconcilerError {
  return new ReconcilerError('EMPTY', 'Nothing has been read from the ledger yet; run "event2ledger reconcile" first.');
}

/** Whether it has the form that this version knows. */
export function isCurrent(db: Db): boolean {
  return db.pragma('user_version', { simple: true }) === MIGRATIONS.length;
}

function migrate(db: Db, file: string): void {
  db.transaction(() => {
    checkOwn(db, file, false);
    const version = db.pragma('user_version', { simple: true }) as number;
    if (version > MIGRATIONS.length) {
      throw new ReconcilerError(
        'DATABASE',
        `${file} was written by a newer version; use that one, or delete the file and read again.`,
      );
    }
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }).immediate();
}
