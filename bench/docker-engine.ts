import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { BUSYBOX, busyboxTar, isStatic } from './image.js';
import { removeWithMounts } from './mounts.js';

/** The image every test engine has: a busybox whose command greets and ends, as Docker's own `hello-world` does. */
export const TEST_IMAGE = 'hello-world';

const START_ATTEMPTS = 300;
const START_PAUSE_MS = 100;

/** A real Docker engine for tests. */
export interface DockerEngine {
  /** For `DOCKER_HOST`: `unix://…`. */
  readonly host: string;
  readonly docker: Docker;
  /** Runs the `docker` command against this engine and gives what it printed. */
  cli(...args: string[]): Promise<string>;
  /** Ends the engine and starts it again on the same data. Throws for an engine that was not started here. */
  restart(): Promise<void>;
  /** Ends the engine, if it was started here, and removes its files. */
  stop(): Promise<void>;
}

/** Whether a Docker engine can be had on this machine, as far as can be told without starting one. */
export function dockerAvailable(): { ok: true } | { ok: false; reason: string } {
  const lacking = (reason: string) => ({ ok: false, reason }) as const;
  if (!existsSync(BUSYBOX) || !isStatic(BUSYBOX)) {
    return lacking(`no static ${BUSYBOX} to make an image of (Debian: busybox-static)`);
  }
  if (!onPath('docker')) return lacking('no docker command on PATH');
  if (process.env.E2L_TEST_DOCKER_HOST) return { ok: true };
  if (process.platform !== 'linux') return lacking('a test engine can be started on Linux alone');
  if (!onPath('dockerd')) return lacking('no dockerd on PATH (Debian: docker.io)');
  if (process.getuid?.() !== 0) return lacking('dockerd needs root');
  return { ok: true };
}

/**
 * Starts a Docker engine that shares nothing with another one on the machine, or takes the one that
 * `E2L_TEST_DOCKER_HOST` names; makes the image `hello-world` there.
 */
export async function startDockerEngine(): Promise<DockerEngine> {
  const given = process.env.E2L_TEST_DOCKER_HOST;
  if (given) {
    const docker = dockerAt(given);
    await ensureImage(docker);
    const refuse = () => Promise.reject(new Error('This engine was not started by the tests.'));
    return { host: given, docker, cli: cliAt(given), restart: refuse, stop: async () => {} };
  }
  const dir = mkdtempSync(join(tmpdir(), 'e2l-docker-'));
  const host = `unix://${dir}/docker.sock`;
  const docker = dockerAt(host);
  let daemon = startDaemon(dir, host);
  // Should the tests end without `stop`: dockerd ends its containers and its containerd itself.
  const endAbruptly = () => {
    daemon.kill('SIGTERM');
  };
  process.once('exit', endAbruptly);
  const stop = async () => {
    process.off('exit', endAbruptly);
    await endDaemon(daemon);
    removeWithMounts(dir);
  };
  const restart = async () => {
    await endDaemon(daemon);
    daemon = startDaemon(dir, host);
    await whenAnswering(docker, daemon, dir);
  };
  try {
    await whenAnswering(docker, daemon, dir);
    await ensureImage(docker);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, docker, cli: cliAt(host), restart, stop };
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function dockerAt(host: string): Docker {
  const socket = /^unix:\/\/(.*)$/.exec(host)?.[1];
  if (socket !== undefined) return new Docker({ socketPath: socket });
  const { hostname, port } = new URL(host);
  return new Docker({ host: hostname, port: Number(port) });
}

/** Runs the `docker` command against an engine. */
export function cliAt(host: string): DockerEngine['cli'] {
  const run = promisify(execFile);
  return async (...args) => {
    const { stdout } = await run('docker', args, { env: { ...process.env, DOCKER_HOST: host } });
    return stdout;
  };
}

function startDaemon(dir: string, host: string): ChildProcess {
  const log = openSync(join(dir, 'log'), 'a');
  const args = ['-H', host, '--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec')];
  const alone = ['-p', join(dir, 'docker.pid'), '--iptables=false', '--bridge=none'];
  const daemon = spawn('dockerd', [...args, ...alone], { stdio: ['ignore', log, log] });
  closeSync(log);
  return daemon;
}

/** Resolves when an engine answers. @param dir where its log is */
export async function whenAnswering(docker: Docker, daemon: ChildProcess, dir: string): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS && daemon.exitCode === null; attempt++) {
    try {
      await docker.ping();
      return;
    } catch {
      await delay(START_PAUSE_MS);
    }
  }
  const said = readFileSync(join(dir, 'log'), 'utf8').trim().split('\n').at(-1) ?? '';
  throw new Error(`dockerd did not answer: ${said.slice(-300)}`);
}

async function endDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  await ended;
}

/** Makes the test image unless the engine has it. */
export async function ensureImage(docker: Docker): Promise<void> {
  const present = await docker.listImages({ filters: { reference: [`${TEST_IMAGE}:latest`] } });
  if (present.length > 0) return;
  const changes = 'CMD ["/bin/echo","Hello from Docker!"]';
  const answer = await docker.importImage(Readable.from([busyboxTar()]), { repo: TEST_IMAGE, tag: 'latest', changes });
  answer.resume();
  await once(answer, 'end');
}
