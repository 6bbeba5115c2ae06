import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { removeWithMounts } from '../../bench/mounts.js';
import { cliAt, ensureImage, whenAnswering } from './docker-engine.js';

const ADDRESSES = ['10.231.7.1', '10.231.7.2'] as const;

/** One engine in a network namespace of its own. */
export interface NamespacedEngine {
  readonly host: string;
  readonly address: string;
  readonly docker: Docker;
  cli(...args: string[]): Promise<string>;
}

/** Two engines that reach each other over a cable which a suite can pull. */
export interface EnginePair {
  readonly engines: readonly [NamespacedEngine, NamespacedEngine];
  /** Takes the cable away, or puts it back. */
  cable(state: 'up' | 'down'): void;
  stop(): Promise<void>;
}

/** Starts two engines, each in a network namespace, joined by a veth pair. Needs root and `ip`, `nsenter`. */
export async function startEnginePair(): Promise<EnginePair> {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-pair-'));
  const unique = `e2l${process.pid}`;
  const namespaces = [`${unique}a`, `${unique}b`] as const;
  const links = [`${unique}v0`, `${unique}v1`] as const;
  const daemons: ChildProcess[] = [];
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const inside = (index: 0 | 1, ...args: string[]) => ip('-n', namespaces[index], ...args);
  const stop = async () => {
    await Promise.all(daemons.map(endDaemon));
    for (const name of namespaces) {
      // Whatever the engines left in a namespace goes with it.
      try {
        ip('netns', 'delete', name);
      } catch {
        // It was never made.
      }
    }
    removeWithMounts(dir);
  };
  try {
    for (const name of namespaces) ip('netns', 'add', name);
    ip(
      'link',
      'add',
      links[0],
      'netns',
      namespaces[0],
      'type',
      'veth',
      'peer',
      'name',
      links[1],
      'netns',
      namespaces[1],
    );
    for (const index of [0, 1] as const) {
      inside(index, 'link', 'set', 'lo', 'up');
      inside(index, 'address', 'add', `${ADDRESSES[index]}/24`, 'dev', links[index]);
      inside(index, 'link', 'set', links[index], 'up');
      // Swarm asks the routing table for its way out.
      inside(index, 'route', 'add', 'default', 'via', ADDRESSES[index === 0 ? 1 : 0]);
    }
    const engines = [];
    for (const index of [0, 1] as const) {
      const home = join(dir, String(index));
      execFileSync('mkdir', ['-p', home]);
      const host = `unix://${home}/docker.sock`;
      const daemon = startIn(namespaces[index], home, host);
      daemons.push(daemon);
      const docker = new Docker({ socketPath: `${home}/docker.sock` });
      await whenAnswering(docker, daemon, home);
      await ensureImage(docker);
      engines.push({ host, address: ADDRESSES[index], docker, cli: cliAt(host) });
    }
    const [first, second] = engines as [NamespacedEngine, NamespacedEngine];
    return { engines: [first, second], cable: (state) => inside(0, 'link', 'set', links[0], state), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startIn(namespace: string, home: string, host: string): ChildProcess {
  const log = openSync(join(home, 'log'), 'a');
  const args = ['-H', host, '--data-root', join(home, 'data'), '--exec-root', join(home, 'exec')];
  const alone = ['-p', join(home, 'docker.pid'), '--iptables=false', '--bridge=none'];
  // Not `ip netns exec`, which mounts another /sys without the cgroups. nsenter becomes dockerd: its pid is the daemon's.
  const enter = [`--net=/var/run/netns/${namespace}`, 'dockerd'];
  const daemon = spawn('nsenter', [...enter, ...args, ...alone], { stdio: ['ignore', log, log] });
  closeSync(log);
  return daemon;
}

async function endDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  await ended;
}
