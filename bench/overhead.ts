/**
 * What it costs the containers to be watched: the time to start and finish 100 containers with three collectors attached to
 * the engine, against none. Rounds of both kinds take turns in one run, so that neither has the quieter hour.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { DEFAULT_ACTORS } from '../network/embedded/ledger.js';
import { type DockerEngine, dockerAvailable, startDockerEngine, TEST_IMAGE } from './docker-engine.js';
import { machine, median, usageOf } from './machine.js';
import { type Service, startService } from './processes.js';

const CONTAINERS = Number(process.env.CONTAINERS ?? 100);
const ROUNDS = Number(process.env.ROUNDS ?? 7);
/** One after the other, as a shell's loop would; more of them load the machine until everything on it waits. */
const AT_A_TIME = Number(process.env.AT_A_TIME ?? 1);
/** Before each round: a collector that has run for a while is what hosts have. */
const WARMING = 20;
/** Between two rounds: the collectors put what they have on the ledger, the engine tidies up. */
const REST_MS = 2_000;

/** Starts and finishes containers; gives the seconds it took. */
async function containers(docker: Docker, prefix: string, count = CONTAINERS): Promise<number> {
  const queue = Array.from({ length: count }, (_, index) => `${prefix}-${index}`).values();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      for (const name of queue) {
        const container = await docker.createContainer({
          Image: TEST_IMAGE,
          name,
          HostConfig: { NetworkMode: 'none' },
        });
        await container.start();
        await container.wait();
        await container.remove();
      }
    }),
  );
  return (performance.now() - start) / 1000;
}

async function collectors(dir: string, host: string): Promise<Service[]> {
  return await Promise.all(
    DEFAULT_ACTORS.map((actor) => {
      const profile = join(dir, 'ledger', 'actors', actor, 'collector-1', 'profile.json');
      const args = ['--profile', profile, '--source', `docker:${host}`, '--spool', join(dir, `${actor}.spool`)];
      return startService(['collect', ...args], /watching/i);
    }),
  );
}

interface Watched {
  readonly seconds: number;
  /** Of one collector, on average over the three: CPU seconds during the round, MiB resident after it. */
  readonly cpu: number;
  readonly rss: number;
}

async function watchedRound(dir: string, engine: DockerEngine, name: string): Promise<Watched> {
  const services = await collectors(dir, engine.host);
  await containers(engine.docker, `${name}-warm`, WARMING);
  await delay(REST_MS);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const before = services.map(({ pid }) => usageOf(pid).cpu);
  const seconds = await containers(engine.docker, name);
  await delay(REST_MS);
  const after = services.map(({ pid }) => usageOf(pid));
  for (const service of services) await service.stop();
  return {
    seconds,
    cpu: mean(after.map(({ cpu }, index) => cpu - (before[index] ?? 0))),
    rss: mean(after.map(({ rss }) => rss)),
  };
}

async function main(): Promise<void> {
  const available = dockerAvailable();
  if (!available.ok) throw new Error(`No Docker engine to measure: ${available.reason}.`);
  const dir = mkdtempSync(join(tmpdir(), 'event2ledger-overhead-'));
  const engine = await startDockerEngine();
  const ledger = await startService(['ledger', 'serve', '--data', join(dir, 'ledger'), '--port', '0'], /ready/);
  try {
    console.log(machine());
    console.log(
      `${CONTAINERS} containers, ${AT_A_TIME} at a time, created, started, waited for, removed; ${ROUNDS} rounds of each kind`,
    );
    await containers(engine.docker, 'warm');
    const none: number[] = [];
    const watched: Watched[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      // Whoever goes first, goes second the next time.
      const kinds = round % 2 === 1 ? [false, true] : [true, false];
      for (const attached of kinds) {
        if (attached) watched.push(await watchedRound(dir, engine, `watched-${round}`));
        else {
          await containers(engine.docker, `alone-${round}-warm`, WARMING);
          await delay(REST_MS);
          none.push(await containers(engine.docker, `alone-${round}`));
        }
        await delay(REST_MS);
      }
      const [last, alone] = [watched.at(-1), none.at(-1)];
      console.log(`round ${round}: none ${alone?.toFixed(2)} s, three collectors ${last?.seconds.toFixed(2)} s`);
    }
    const [alone, with3] = [median(none), median(watched.map(({ seconds }) => seconds))];
    console.log(
      `median: none ${alone.toFixed(2)} s, three collectors ${with3.toFixed(2)} s, ratio ${(with3 / alone).toFixed(3)}`,
    );
    console.log(
      `a collector: ${median(watched.map(({ cpu }) => cpu)).toFixed(2)} s of CPU for the ${CONTAINERS} containers, ` +
        `${Math.round(median(watched.map(({ rss }) => rss)))} MiB resident`,
    );
    console.log(`the ledger, on the same machine: ${usageOf(ledger.pid).cpu.toFixed(1)} s of CPU over the whole run`);
  } finally {
    await ledger.stop();
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

await main();
