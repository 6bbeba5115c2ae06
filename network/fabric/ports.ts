import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { NetworkError } from '../errors.js';

const LOOPBACK = '127.0.0.1';
/** Below the ports that systems lend to outgoing connections, so that they are still free after a restart. */
const FIRST = 17_050;
const LAST = 30_000;
const STEP = 50;
const RUNS = Math.floor((LAST - FIRST) / STEP);

/**
 * Gives every name a port: a run of free ones from `base`, or any such run.
 * @throws NetworkError `PORT` if one from `base` is taken, or there is no such run
 */
export async function choosePorts(names: readonly string[], base?: number): Promise<Record<string, number>> {
  if (base !== undefined) {
    const taken = await firstTaken(base, names.length);
    if (taken === undefined) return assign(names, base);
    throw new NetworkError('PORT', `Port ${taken} is taken; choose other ports with --port-base.`);
  }
  // From anywhere on, so that two networks that are made at the same time do not choose alike.
  const start = randomInt(RUNS);
  for (let run = 0; run < RUNS; run += 1) {
    const candidate = FIRST + ((start + run) % RUNS) * STEP;
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
