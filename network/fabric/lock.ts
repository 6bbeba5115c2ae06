import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { NetworkError } from '../errors.js';
import { currentProcess, runningProcess } from './processes.js';

/**
 * Runs with a folder's lock held, so that no two commands start or stop one network at a time. A lock whose holder is
 * gone is taken over.
 * @throws NetworkError `LOCKED`
 */
export async function withLock<T>(file: string, run: () => Promise<T>): Promise<T> {
  if (!take(file)) {
    const holder = runningProcess(file);
    if (holder !== undefined) {
      throw new NetworkError('LOCKED', `Process ${holder.pid} is starting or stopping this network; wait for it.`);
    }
    rmSync(file, { force: true });
    if (!take(file)) throw new NetworkError('LOCKED', 'Another process took this network at the same time; try again.');
  }
  try {
    return await run();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    writeFileSync(descriptor, `${JSON.stringify(currentProcess())}\n`);
    closeSync(descriptor);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}
