import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The pid that a network in a folder has noted for one of its processes. */
export function pidOfNode(data: string, name: string): number {
  return (JSON.parse(readFileSync(join(data, 'run', `${name}.json`), 'utf8')) as { pid: number }).pid;
}

/** Kills one process of a network at once. */
export function killNode(data: string, name: string): void {
  process.kill(pidOfNode(data, name), 'SIGKILL');
}
