/**
 * What it costs the containers to be watched: the time to start and finish 100 containers with three collectors attached to
 * the engine, against none. Rounds of both kinds take turns in one run, so that neither has the quieter hour, and each pair
 * gives a ratio of its own. The ledger, which is no part of what a host bears, runs at the lowest priority.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { DEFAULT_ACTORS } from '../network/actor-folders.js';
import { type DockerEngine, dockerAvailable, startDockerEngine, TEST_IMAGE } from './docker-engine.js';
import { machine, machineBusy, median, quantile, usageOf } from './machine.js';
import { type Service, startService } from './processes.js';

const CONTAINERS = Number(process.env.CONTAINERS ?? 100);
const ROUNDS = Number(process.env.ROUNDS ?? 7);
/** One after the other, as a shell's loop would; more of them load the machine until everything on it waits. */
const AT_A_TIME = Number(process.env.AT_A_TIME ?? 1);
/** Before each round, of either kind: a collector that has run for a while is what hosts have. */
const WARMING = Number(process.env.WARMING ?? 50);
/** Between two rounds: the collectors put what they have on the ledger, the engine tidies up. */
const REST_MS = 3_000;
/** So that the ledger takes only what the engine, the containers and the collectors leave over. */
const LEDGER_NICENESS = Number(process.env.LEDGER_NICENESS ?? 19);

/** Starts and finishes containers; gives the seconds that each took. */
async function containers(docker: Docker, prefix: string, count = CONTAINERS): Promise<number[]> {
  const queue = Array.from({ length: count }, (_, index) => `${prefix}-${index}`).values();
  const took: number[] = [];
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      for (const name of queue) {
        const start = performance.now();
        const container = await docker.createContainer({
          Image: TEST_IMAGE,
          name,
          HostConfig: { NetworkMode: 'none' },
        });
        await container.start();
        await container.wait();
        await container.remove();
        took.push((performance.now() - start) / 1000);
      }
    }),
  );
  return took;
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

interface Round {
  readonly seconds: number;
  /** Median seconds of one container. */
  readonly each: number;
  /** CPU seconds: of the engine itself, of each collector, of the ledger. */
  readonly engine: number;
  readonly collectors: readonly number[];
  readonly ledger: number;
  /** CPU seconds a second on the whole machine, whoever used them: another round's differ much only by neighbours. */
  readonly busy: number;
  /** MiB resident after the round, of each collector. */
  readonly resident: readonly number[];
}

interface Stage {
  readonly dir: string;
  readonly engine: DockerEngine;
  readonly ledger: Service;
}

/** One round, alike for both kinds but for the collectors. */
async function round({ dir, engine, ledger }: Stage, name: string, watched: boolean): Promise<Round> {
  const services = watched ? await collectors(dir, engine.host) : [];
  await containers(engine.docker, `${name}-warm`, WARMING);
  await delay(REST_MS);
  const enginePid = pidOf(engine);
  const pids = [enginePid, ledger.pid, ...services.map(({ pid }) => pid)];
  const cpu = () => pids.map((pid) => usageOf(pid).cpu);
  const [before, busyBefore, start] = [cpu(), machineBusy(), performance.now()];
  const took = await containers(engine.docker, name);
  const seconds = (performance.now() - start) / 1000;
  const busy = (machineBusy() - busyBefore) / seconds;
  // What the collectors still have to send is their cost too.
  await delay(REST_MS);
  const [ofEngine = 0, ofLedger = 0, ...ofCollectors] = cpu().map((value, index) => value - (before[index] ?? 0));
  const resident = services.map(({ pid }) => usageOf(pid).rss);
  for (const service of services) await service.stop();
  await delay(REST_MS);
  return {
    seconds,
    each: median(took),
    engine: ofEngine,
    collectors: ofCollectors,
    ledger: ofLedger,
    busy,
    resident,
  };
}

function pidOf({ host }: DockerEngine): number {
  return Number(readFileSync(host.replace(/^unix:\/\/(.*)\/[^/]*$/, '$1/docker.pid'), 'utf8'));
}

/** "1.012 (0.998 to 1.027; all 0.991 to 1.040)": the median, the middle half, the extremes. */
function spread(values: readonly number[], digits: number): string {
  const [least, low, middle, high, most] = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    quantile(values, share).toFixed(digits),
  );
  return `${middle} (${low} to ${high}; all ${least} to ${most})`;
}

function summary(pairs: readonly { readonly alone: Round; readonly watched: Round }[]): string {
  const watched = pairs.map((pair) => pair.watched);
  const ratios = (of: (round: Round) => number) => pairs.map((pair) => of(pair.watched) / of(pair.alone));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [
    'median (middle half; extremes):',
    `none: ${spread(
      pairs.map(({ alone }) => alone.seconds),
      2,
    )} s; three collectors: ${spread(
      watched.map(({ seconds }) => seconds),
      2,
    )} s`,
    `ratio of each pair: ${spread(
      ratios(({ seconds }) => seconds),
      3,
    )}`,
    `the same of the rounds' median container: ${spread(
      ratios(({ each }) => each),
      3,
    )}`,
    `a collector: ${spread(
      watched.map(({ collectors }) => mean(collectors)),
      2,
    )} s of CPU for ${CONTAINERS} containers, ` +
      `${spread(
        watched.map(({ resident }) => mean(resident)),
        0,
      )} MiB resident`,
    `the engine's own CPU: ratio of each pair ${spread(
      ratios(({ engine }) => engine),
      3,
    )}`,
    `the ledger, at niceness ${LEDGER_NICENESS}: ${spread(
      watched.map(({ ledger }) => ledger),
      2,
    )} s of CPU in a round with collectors`,
  ].join('\n');
}

async function main(): Promise<void> {
  const available = dockerAvailable();
  if (!available.ok) throw new Error(`No Docker engine to measure: ${available.reason}.`);
  if (process.env.E2L_TEST_DOCKER_HOST) throw new Error('This measures an engine that it starts itself.');
  const dir = mkdtempSync(join(tmpdir(), 'event2ledger-overhead-'));
  const engine = await startDockerEngine();
  const serve = ['ledger', 'serve', '--data', join(dir, 'ledger'), '--port', '0'];
  const ledger = await startService(serve, /ready/, LEDGER_NICENESS);
  try {
    console.log(machine());
    console.log(
      `${CONTAINERS} containers, ${AT_A_TIME} at a time, created, started, waited for, removed; ${ROUNDS} pairs of rounds`,
    );
    const stage = { dir, engine, ledger };
    await containers(engine.docker, 'warm');
    const pairs: { alone: Round; watched: Round }[] = [];
    for (let number = 1; number <= ROUNDS; number++) {
      // Whoever goes first, goes second the next time.
      const aloneFirst = number % 2 === 1;
      const first = await round(stage, `first-${number}`, !aloneFirst);
      const second = await round(stage, `second-${number}`, aloneFirst);
      const [alone, watched] = aloneFirst ? [first, second] : [second, first];
      pairs.push({ alone, watched });
      const cpu = watched.collectors.map((value) => value.toFixed(2)).join(' + ');
      console.log(
        `pair ${number}: none ${alone.seconds.toFixed(2)} s, three collectors ${watched.seconds.toFixed(2)} s, ` +
          `ratio ${(watched.seconds / alone.seconds).toFixed(3)}; collectors' CPU ${cpu} s, ` +
          `engine's ${alone.engine.toFixed(2)} and ${watched.engine.toFixed(2)} s; ` +
          `processors busy ${alone.busy.toFixed(2)} and ${watched.busy.toFixed(2)}`,
      );
    }
    console.log(summary(pairs));
  } finally {
    await ledger.stop();
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

await main();
