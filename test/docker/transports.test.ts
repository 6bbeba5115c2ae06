import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeWithMounts } from '../../bench/mounts.js';
import { runCollector } from '../../collector/collector.js';
import { dockerEngine } from '../../collector/source/docker-engine.js';
import { dockerAt } from '../../collector/source/docker-host.js';
import { sourceOf } from '../../collector/source/parse-source.js';
import { newCa, newIdentity, newLoopbackServer } from '../../network/pki.js';
import { FakeLedger } from '../collector/fake-ledger.js';
import { cliAt, dockerAvailable, ensureImage, TEST_IMAGE, whenAnswering } from '../support/docker-engine.js';

const available = dockerAvailable();
const reason = !available.ok
  ? available.reason
  : process.env.E2L_TEST_DOCKER_HOST
    ? 'the engine was not started by the tests, which need one that listens with TLS'
    : undefined;
if (reason !== undefined && process.env.E2L_REQUIRE_DOCKER === '1') throw new Error(`needs a Docker engine: ${reason}`);
if (reason !== undefined) console.warn(`left out: the ways to an engine: ${reason}`);

const SSHD = '/usr/sbin/sshd';

describe.skipIf(reason)(`the ways to an engine${reason === undefined ? '' : `: left out: ${reason}`}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-ways-'));
  const socket = join(dir, 'docker.sock');
  const at = (...parts: string[]) => join(dir, ...parts);
  const children: ChildProcess[] = [];
  let port: number;
  let runs = 0;

  beforeAll(async () => {
    const ca = await newCa('engines', 'test');
    const [server, client] = [await newLoopbackServer(ca), await newIdentity(ca, 'collector', 'client')];
    const stranger = await newCa('strangers', 'test');
    for (const [folder, files] of Object.entries({
      server: { 'ca.pem': ca.certificate, 'cert.pem': server.certificate, 'key.pem': server.key },
      client: { 'ca.pem': ca.certificate, 'cert.pem': client.certificate, 'key.pem': client.key },
      stranger: { 'ca.pem': stranger.certificate, 'cert.pem': client.certificate, 'key.pem': client.key },
    })) {
      mkdirSync(at(folder));
      for (const [name, pem] of Object.entries(files)) writeFileSync(at(folder, name), pem, { mode: 0o600 });
    }
    port = await freePort();
    const log = openSync(at('log'), 'a');
    const tls = ['cacert:ca.pem', 'cert:cert.pem', 'key:key.pem'].map((pair) => pair.split(':'));
    const daemon = spawn(
      'dockerd',
      [
        ...['-H', `unix://${socket}`, '-H', `tcp://127.0.0.1:${port}`, '--tlsverify'],
        ...tls.map(([flag, name]) => `--tls${flag}=${at('server', name ?? '')}`),
        ...['--data-root', at('data'), '--exec-root', at('exec'), '-p', at('docker.pid')],
        ...['--iptables=false', '--bridge=none'],
      ],
      { stdio: ['ignore', log, log] },
    );
    children.push(daemon);
    const docker = new Docker({ socketPath: socket });
    await whenAnswering(docker, daemon, dir);
    await ensureImage(docker);
  });
  afterAll(async () => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    removeWithMounts(dir);
  });

  /** A collector sees a container's life that way. */
  async function collects(source: string, env: NodeJS.ProcessEnv): Promise<void> {
    const name = `way-${++runs}`;
    const ledger = new FakeLedger();
    const stop = new AbortController();
    let watching = () => {};
    const watches = new Promise<void>((resolve) => {
      watching = resolve;
    });
    let refuse = (_: Error) => {};
    const refused = new Promise<never>((_, reject) => {
      refuse = reject;
    });
    refused.catch(() => {});
    const complain = (text: string) => refuse(new Error(text));
    const info = (text: string) => {
      if (text.startsWith('Watching')) watching();
    };
    const running = runCollector({
      connection: ledger,
      source: sourceOf({ source }, { stdin: process.stdin, env }),
      spool: ':memory:',
      signal: stop.signal,
      maxAgeMs: 20,
      log: { debug: () => {}, info, warn: complain, error: complain },
    });
    const failed = running.then(() => Promise.reject(new Error('ended early')));
    failed.catch(() => {});
    try {
      await Promise.race([watches, failed, refused]);
      await cliAt(`unix://${socket}`)('run', '--rm', '--network', 'none', '--name', name, TEST_IMAGE);
      const actions = () =>
        ledger
          .entries()
          .filter(({ event }) => (event.attributes as { name?: string }).name === name)
          .map(({ event }) => event.action);
      await ledger.until(() => actions().includes('destroy'));
      expect(actions().filter((action) => ['create', 'start', 'die', 'destroy'].includes(action))).toHaveLength(4);
    } finally {
      stop.abort();
      await running;
    }
  }

  const state = async (source: string | undefined, env: NodeJS.ProcessEnv) =>
    dockerEngine(dockerAt(source, env)).state(AbortSignal.timeout(10_000));

  it('a unix socket, named or by DOCKER_HOST', async () => {
    await collects(`docker:unix://${socket}`, {});
    await collects('docker', { DOCKER_HOST: `unix://${socket}` });
  });

  it('TCP with TLS, both sides known to each other', async () => {
    const env = { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: at('client') };
    await collects('docker', env);
    await expect(state(undefined, { ...env, DOCKER_CERT_PATH: at('stranger') })).rejects.toThrow(
      /certificate|self.signed/i,
    );
    await expect(state(undefined, { ...env, DOCKER_CERT_PATH: at('nowhere') })).rejects.toThrow(
      /lacks a readable ca\.pem/,
    );
    // In the clear nothing is told.
    await expect(state(undefined, { DOCKER_HOST: env.DOCKER_HOST })).rejects.toThrow(/400|HTTP request to an HTTPS/);
    expect(() => dockerAt(undefined, { ...env, DOCKER_TLS_VERIFY: 'yes' })).toThrow(/DOCKER_TLS_VERIFY is "yes"/);
  });

  it("a Docker context, made by Docker's own client", async () => {
    const env = { ...process.env, DOCKER_CONFIG: at('config'), DOCKER_HOST: '', DOCKER_CONTEXT: '' };
    const docker = (...args: string[]) => execFileSync('docker', args, { env, stdio: 'pipe' });
    const files = ['ca', 'cert', 'key'].map((part) => `${part}=${at('client', `${part}.pem`)}`);
    docker('context', 'create', 'far', '--docker', [`host=tcp://127.0.0.1:${port}`, ...files].join(','));
    docker('context', 'create', 'near', '--docker', `host=unix://${socket}`);
    await collects('docker:context=far', env);
    docker('context', 'use', 'near');
    await collects('docker', env);
    await collects('docker', { ...env, DOCKER_CONTEXT: 'far' });
  });

  it('ssh, as Docker’s client has it: with whatever stands for ssh on PATH', async () => {
    mkdirSync(at('fake'));
    // The last word is what the other side would run.
    writeFileSync(
      at('fake', 'ssh'),
      `#!/bin/sh\necho "$@" >> ${at('asked')}\nfor word; do :; done\nexec sh -c "$word"\n`,
    );
    chmodSync(at('fake', 'ssh'), 0o755);
    await collects(`docker:ssh://me@far.example:2222${socket}`, { PATH: `${at('fake')}:${process.env.PATH}` });
    const asked = readFileSync(at('asked'), 'utf8').split('\n')[0] ?? '';
    expect(asked).toContain('BatchMode=yes');
    expect(asked).toMatch(/ -l me -p 2222 -- far\.example docker --host unix:\/\/\S+ system dial-stdio$/);
    // Idle connections are used again rather than opened anew.
    expect(readFileSync(at('asked'), 'utf8').trim().split('\n').length).toBeLessThan(10);
  });

  it('ssh that fails says why', async () => {
    mkdirSync(at('broken'));
    writeFileSync(at('broken', 'ssh'), '#!/bin/sh\necho "Host key verification failed." >&2\nexit 255\n');
    chmodSync(at('broken', 'ssh'), 0o755);
    const env = { PATH: `${at('broken')}:${process.env.PATH}` };
    await expect(state('ssh://me@far.example', env)).rejects.toThrow(/ssh said: Host key verification failed/);
    await expect(state('ssh://me@far.example', { PATH: at('nothing') })).rejects.toThrow(/ssh cannot be started/);
  });

  const sshd = existsSync(SSHD) ? undefined : 'no sshd (Debian: openssh-server)';
  it.skipIf(sshd)(`ssh with a real sshd${sshd === undefined ? '' : `: left out: ${sshd}`}`, async () => {
    const keygen = (name: string) => execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
    for (const name of ['host', 'user']) keygen(name);
    const sshPort = await freePort();
    mkdirSync('/run/sshd', { recursive: true });
    writeFileSync(at('authorized'), readFileSync(at('user.pub')), { mode: 0o600 });
    writeFileSync(at('known'), `[127.0.0.1]:${sshPort} ${readFileSync(at('host.pub'), 'utf8')}`);
    const options = ['UsePAM no', 'StrictModes no', 'PasswordAuthentication no', 'PermitRootLogin prohibit-password'];
    const server = [`Port ${sshPort}`, 'ListenAddress 127.0.0.1', `HostKey ${at('host')}`, `PidFile ${at('sshd.pid')}`];
    writeFileSync(at('sshd_config'), [...server, `AuthorizedKeysFile ${at('authorized')}`, ...options, ''].join('\n'));
    writeFileSync(
      at('ssh_config'),
      `IdentityFile ${at('user')}\nUserKnownHostsFile ${at('known')}\nStrictHostKeyChecking yes\n`,
    );
    mkdirSync(at('real'));
    writeFileSync(at('real', 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${at('ssh_config')} "$@"\n`);
    chmodSync(at('real', 'ssh'), 0o755);
    const daemon = spawn(SSHD, ['-D', '-e', '-f', at('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(daemon);
    await new Promise<void>((resolve, reject) => {
      let said = '';
      daemon.stderr?.on('data', (text: Buffer) => {
        said += text;
        if (said.includes('Server listening')) resolve();
      });
      daemon.once('exit', () => reject(new Error(`sshd ended: ${said}`)));
    });
    const env = { PATH: `${at('real')}:${process.env.PATH}`, HOME: dir };
    const url = `ssh://${userInfo().username}@127.0.0.1:${sshPort}${socket}`;
    await collects(`docker:${url}`, env);
    // A host that is not the one known is not believed.
    writeFileSync(at('known'), `[127.0.0.1]:${sshPort} ${readFileSync(at('user.pub'), 'utf8')}`);
    await expect(state(url, env)).rejects.toThrow(/ssh said: .*(?:verification failed|changed)/i);
  });
});

describe('what is no way to an engine', () => {
  const config = mkdtempSync(join(tmpdir(), 'e2l-contexts-'));
  afterAll(() => rmSync(config, { recursive: true, force: true }));
  const env = { DOCKER_CONFIG: config };
  const context = (name: string, meta: string) => {
    const folder = join(config, 'contexts', 'meta', createHash('sha256').update(name).digest('hex'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'meta.json'), meta);
  };

  it.each([
    ['ssh://me:secret@host', /password in an ssh/],
    ['ssh://-oProxyCommand=x', /no Docker host|none of a Docker host/],
    ['ssh://%zz@host', /none of a Docker host/],
    ['ssh://-lroot@host/x', /none of a Docker host/],
    ['ssh://host/x;reboot', /none of a Docker host/],
    ['ftp://host', /is no Docker host/],
    ['tcp://host:x', /is no Docker host/],
    ['context=none', /no Docker context "none" in .*docker:URL/],
    ['context=../../etc', /no Docker context/],
  ])('%s', (url, message) => {
    expect(() => dockerAt(url, env)).toThrow(message);
  });

  it('contexts that cannot be used say how to do without', () => {
    context('cluster', '{"Name":"cluster","Endpoints":{"kubernetes":{}}}');
    expect(() => dockerAt('context=cluster', env)).toThrow(/no Docker endpoint.*--source docker:URL/);
    context('lax', '{"Name":"lax","Endpoints":{"docker":{"Host":"tcp://h:1","SkipTLSVerify":true}}}');
    expect(() => dockerAt('context=lax', env)).toThrow(/must know whom it watches/);
    writeFileSync(join(config, 'config.json'), '{"currentContext":');
    expect(() => dockerAt(undefined, env)).toThrow(/config\.json is no JSON/);
    writeFileSync(join(config, 'config.json'), '{"currentContext":"gone"}');
    expect(() => dockerAt(undefined, env)).toThrow(/no Docker context "gone"/);
    expect(() => dockerAt('context=x', {})).toThrow(/no home folder/);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
