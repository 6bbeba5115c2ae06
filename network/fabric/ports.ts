import { once } from 'node:events';
import { createServer } from 'node:net';
import { NetworkError } from '../errors.js';

const LOOPBACK = '127.0.0.1';
/** Below the ports that systems lend to outgoing connections, so that they are still free after a restart. */
const FIRST = 17_050;
const LAST = 30_000;
const STEP = 50;

/**
 * Gives every name a port: a run of free ones from `base`, or the first such run there is.
 * @throws NetworkError `PORT` if one from `base` is taken, or there is no such run
 */
export async function choosePorts(names: readonly string[], base?: number): Promise<Record<string, number>> {
  if (base !== undefined) {
    const taken = await firstTaken(base, names.length);
    if (taken === undefined) return assign(names, base);
    throw new NetworkError('PORT', `Port ${taken} is taken; choose other ports with --port-base.`);
  }
  for (let candidate = FIRST; candidate < LAST; candidate += STEP) {
    if ((await firstTaken(candidate, names.length)) === undefined) return assign(names, candidate);
  }
  throw new NetworkError('PORT', `No ${names.length} free ports in a row; choose some with --port-base.`);
}

/** The first port of a run on loopback that somebody listens on. */
async function firstTaken(base: number, count: number): Promise<number | undefined> {
  for (let number = base; number < base + count; number += 1) {
    if (!(await isFree(number))) return number;
  }
  return undefined;
}

/** Whether nobody listens on a port of loopback. */
export async function isFree(number: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(number, LOOPBACK);
    await once(probe, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}

function assign(names: readonly string[], base: number): Record<string, number> {
  return Object.fromEntries(names.map((name, index) => [name, base + index]));
}
