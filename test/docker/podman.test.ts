import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUSYBOX, busyboxTar } from '../../bench/image.js';
import { runCollector } from '../../collector/collector.js';
import { sourceOf } from '../../collector/source/parse-source.js';
import { FakeLedger } from '../collector/fake-ledger.js';
import { whenAnswering } from '../support/docker-engine.js';

function lacking(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'Podman is tried as root, on Linux';
  const found = (process.env.PATH ?? '').split(delimiter).some((dir) => executable(join(dir, 'podman')));
  if (!found) return 'no podman on PATH (Debian: podman)';
  return executable(BUSYBOX) ? undefined : `no ${BUSYBOX} to make an image of (Debian: busybox-static)`;
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const reason = lacking();
if (reason !== undefined) console.warn(`left out: Podman as an engine: ${reason}`);

describe.skipIf(reason)(`Podman as an engine${reason === undefined ? '' : `: left out: ${reason}`}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-podman-'));
  const host = `unix://${join(dir, 'podman.sock')}`;
  let service: ChildProcess;
  let ledger: FakeLedger;

  const podman = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)('podman', ['--remote', '--url', host, ...args]);
    return stdout.trim();
  };
  // A limit of the machine's on a container's own limits must not stop the test's containers.
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
  const run = (name: string, ...command: string[]) =>
    podman('run', '--rm', '--network', 'none', ...limits, '--name', name, 'test', ...command);

  beforeAll(async () => {
    const log = openSync(join(dir, 'log'), 'a');
    const own = ['root', 'runroot', 'tmpdir'].flatMap((flag) => [`--${flag}`, join(dir, flag)]);
    const plain = ['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'file'];
    service = spawn('podman', [...own, ...plain, 'system', 'service', '--time', '0', host], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await whenAnswering(new Docker({ socketPath: join(dir, 'podman.sock') }), service, dir);
    writeFileSync(join(dir, 'image.tar'), busyboxTar());
    await podman('import', join(dir, 'image.tar'), 'test');
    ledger = new FakeLedger();
  });
  afterAll(async () => {
    if (service?.exitCode === null) {
      const ended = once(service, 'exit');
      service.kill('SIGTERM');
      await ended;
    }
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  });

  async function collector(sourceId: string | undefined, spool: string) {
    const stop = new AbortController();
    const named = sourceId === undefined ? {} : { sourceId };
    const source = sourceOf({ source: `docker:${host}`, ...named }, { stdin: process.stdin, env: {} });
    let running: ReturnType<typeof runCollector> | undefined;
    const first = await new Promise<string>((resolve, reject) => {
      const say = (text: string) => {
        if (/Watching|does not answer/.test(text)) resolve(text);
      };
      const log = { debug: () => {}, info: say, warn: say, error: say };
      running = runCollector({ connection: ledger, source, spool, signal: stop.signal, maxAgeMs: 20, log });
      running.catch(reject);
    });
    return {
      first,
      end: async () => {
        stop.abort();
        await running;
      },
    };
  }

  const actions = (name: string) =>
    ledger
      .entries()
      .filter(({ event }) => (event.attributes as { name?: string }).name === name && event.type === 'container')
      .map(({ event }) => event.action);
  const died = (name: string) => ledger.until(() => actions(name).includes('die'));

  it('must be named: it has no ID of its own', async () => {
    await expect(collector(undefined, ':memory:')).rejects.toMatchObject({
      code: 'SETTING',
      message: expect.stringContaining('name this engine with --source-id'),
    });
    expect(ledger.entries()).toEqual([]);
  });

  it('is watched, and a restart of the collector leaves no gap', async () => {
    const spool = join(dir, 'spool.db');
    const one = await collector('pod-1', spool);
    expect(one.first).toContain('Watching');
    await expect(run('one', '/bin/sh', '-c', 'exit 3')).rejects.toMatchObject({ code: 3 });
    await died('one');
    await one.end();
    await run('two', '/bin/true');
    const two = await collector('pod-1', spool);
    await run('three', '/bin/true');
    await died('three');
    await died('two');
    await two.end();
    // What Docker calls destroy, Podman calls remove: to have it recorded, the policy names it.
    for (const name of ['one', 'two', 'three']) expect(actions(name)).toEqual(['create', 'start', 'die']);
    const exit = ledger.entries().find(({ event }) => event.action === 'die' && event.object !== '');
    expect(exit?.event).toMatchObject({ source: 'pod-1', attributes: { exitCode: '3', name: 'one' } });
    expect(ledger.batches().flatMap(({ batch }) => batch.gaps)).toEqual([]);
    expect(ledger.faults()).toEqual([]);
    expect(readFileSync(join(dir, 'log'), 'utf8')).not.toContain('panic');
  });
});
