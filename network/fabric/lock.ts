import { join } from 'node:path';
import Database from 'better-sqlite3';
import { privateDir } from '../actor-folders.js';
import { NetworkError } from '../errors.js';

/** Node says ENOENT for a folder that cannot be made on a read-only file system. */
const CANNOT_WRITE = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENOENT']);

/**
 * Runs with a network's lock held, so that no two commands start, stop or remove it at a time. The operating system frees
 * the lock however the process that holds it ends.
 * @throws NetworkError `LOCKED`; `DATA_DIR` where the folder cannot be written
 */
export async function withLock<T>(folder: string, run: () => Promise<T>): Promise<T> {
  try {
    return await locked(folder, run);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined || path === undefined || !CANNOT_WRITE.has(code)) throw error;
    const message = `${path} cannot be written or removed (${code}); is ${folder} read-only, another user's, or its disk full?`;
    throw new NetworkError('DATA_DIR', message, { cause: error });
  }
}

async function locked<T>(folder: string, run: () => Promise<T>): Promise<T> {
  privateDir(join(folder, 'run'));
  const lock = new Database(join(folder, 'run', 'lock'), { timeout: 0 });
  try {
    take(lock, folder);
    return await run();
  } finally {
    lock.close();
  }
}

function take(lock: Database.Database, folder: string): void {
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    if (!(cause as { code?: string }).code?.startsWith('SQLITE_BUSY')) throw cause;
    throw new NetworkError(
      'LOCKED',
      `Another command is starting, stopping or removing the network in ${folder}; wait for it, then try again.`,
      { cause },
    );
  }
}
