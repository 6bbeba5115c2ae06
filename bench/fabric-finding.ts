import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { runCollector } from '../collector/collector.js';
import type { Observation } from '../collector/observation.js';
import { dockerSource } from '../collector/source/docker.js';
import { dockerEngine } from '../collector/source/docker-engine.js';
import type { Source } from '../collector/source/source.js';
import { connect, type LedgerConnection } from '../network/connection.js';
import { loadProfile } from '../network/profile.js';
import { judgementOf } from '../reconciler/day-judgement.js';
import type { Projection } from '../reconciler/projection/projection.js';
import { reconcile } from '../reconciler/reconcile.js';
import { openDay } from '../reconciler/seal.js';
import { TEST_IMAGE } from './docker-engine.js';

const GIVES_UP_MS = 120_000;

/** Containers that are run one after the other, of whose ends one actor keeps quiet. */
export interface Pace {
  readonly containers: number;
  /** From the end of one container to the start of the next, milliseconds. */
  readonly pause: number;
}

interface Actor {
  readonly name: string;
  /** File of its collector's profile. */
  readonly collector: string;
}

/**
 * The seconds from each `die` on a real engine to the finding `missing` against the last actor, which keeps it quiet, in a
 * reconciler that follows the ledger. Collectors, reconciler and engine have one clock here: this machine's.
 * @param reconciler file of a profile that may read the channel
 */
export async function secondsToFinding(
  docker: Docker,
  actors: readonly Actor[],
  reconciler: string,
  dir: string,
  paces: readonly Pace[],
): Promise<number[][]> {
  mkdirSync(dir, { recursive: true });
  const stop = new AbortController();
  const connections: LedgerConnection[] = [];
  const connected = (profile: string) => {
    const connection = connect(loadProfile(profile));
    connections.push(connection);
    return connection;
  };
  const found = new Map<string, number>();
  const working = [
    ...actors.map(({ name, collector }, index) => {
      const honest = dockerSource(dockerEngine(docker));
      const source = index === actors.length - 1 ? quiet(honest) : honest;
      return runCollector({
        connection: connected(collector),
        source,
        spool: join(dir, `${name}.db`),
        signal: stop.signal,
      });
    }),
    reconcile({
      connection: connected(reconciler),
      dbFile: join(dir, 'reconciler.db'),
      follow: true,
      signal: stop.signal,
      onProgress: (_, projection) => note(projection, found),
    }),
  ];
  const failed = Promise.all(working);
  try {
    return await Promise.race([measured(docker, paces, found), failed.then(() => Promise.reject(new Error('ended')))]);
  } finally {
    stop.abort();
    await failed.catch(() => {});
    for (const connection of connections) connection.close();
  }
}

/** Lies to its collector: no container ever ended. */
function quiet(source: Source): Source {
  const kept = (observation: Observation) => observation.kind !== 'event' || observation.event.action !== 'die';
  const { probe } = source;
  return {
    name: source.name,
    async *observe(context) {
      for await (const group of source.observe(context)) yield group.filter(kept);
    },
    ...(probe && { probe: () => probe.call(source) }),
  };
}

function note(projection: Projection, found: Map<string, number>): void {
  const day = openDay(projection);
  if (day === undefined) return;
  for (const { class: name, object = '', time = '0' } of judgementOf(projection, day).findings) {
    if (name === 'missing' && !found.has(object)) found.set(object, Date.now() - Number(BigInt(time) / 1_000_000n));
  }
}

async function measured(docker: Docker, paces: readonly Pace[], found: Map<string, number>): Promise<number[][]> {
  const all: number[][] = [];
  // What happens before a collector's first watch is nobody's duty.
  await delay(20_000);
  for (const { containers, pause } of paces) {
    const own: string[] = [];
    for (let index = 0; index < containers; index++) {
      const container = await docker.createContainer({ Image: TEST_IMAGE, HostConfig: { NetworkMode: 'none' } });
      own.push(container.id);
      await container.start();
      await container.wait();
      await container.remove();
      await delay(pause);
    }
    const until = Date.now() + GIVES_UP_MS;
    while (own.some((id) => !found.has(id))) {
      if (Date.now() > until) throw new Error(`only ${found.size} of ${own.length} silences were found`);
      await delay(200);
    }
    all.push(own.map((id) => (found.get(id) ?? Number.NaN) / 1000));
  }
  return all;
}
