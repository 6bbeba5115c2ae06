import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../../network/connection.js';
import type { NodeStatus } from '../../network/fabric/status.js';
import { loadProfile } from '../../network/profile.js';
import { event2ledger, startEvent2ledger } from '../support/command.js';
import { describeWithFabric } from '../support/fabric.js';

const PROCESSES = ['orderer', 'peer', 'chaincode'].flatMap((kind) =>
  ['ProviderMSP', 'DeveloperMSP', 'UserMSP'].map((actor) => `${kind}.${actor}`),
);

describeWithFabric('a network on this machine', () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-network-'));
  const data = join(dir, 'network');
  const network = (command: string, ...args: string[]) => event2ledger(['network', command, '--data', data, ...args]);
  const status = async () => JSON.parse((await network('status', '--json')).stdout) as NodeStatus[];
  const pids = async () => (await status()).map(({ pid }) => pid);
  const height = async () => {
    const ledger = connect(loadProfile(join(data, 'actors', 'UserMSP', 'reconciler', 'profile.json')));
    try {
      return await ledger.height();
    } finally {
      ledger.close();
    }
  };

  beforeAll(async () => {
    const wrong = await event2ledger(['network', 'up', '--data', data, '--policy', '-'], { input: '{"grace":"long"}' });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('The policy is malformed: grace') });
    const wishes = ['--channel', 'cloud-1', '--block-transactions', '20', '--block-timeout', '300'];
    const cutOff = startEvent2ledger(['network', 'up', '--data', data, ...wishes]);
    await cutOff.said(/deploying the chaincode/);
    expect((await cutOff.stop()).code).toBe(2);
    expect((await status()).every(({ pid }) => pid === undefined)).toBe(true);
    // A start that was cut off goes on where it was.
    const { code, stderr } = await network('up');
    expect(code, stderr).toBe(0);
  });
  afterAll(async () => {
    if (existsSync(join(data, 'network.json'))) await network('clean');
    rmSync(dir, { recursive: true, force: true });
  });

  it('runs an orderer, a peer and a chaincode server for each actor, all at one height', async () => {
    const nodes = await status();
    expect(nodes.map(({ name }) => name)).toEqual(PROCESSES);
    expect(nodes.every(({ healthy }) => healthy)).toBe(true);
    const heights = nodes.filter(({ name }) => !name.startsWith('chaincode')).map((node) => node.height);
    expect(new Set(heights)).toEqual(new Set([String(await height())]));
  });

  it("logs every process in a file of its own, and keeps all keys the owner's", () => {
    for (const name of PROCESSES) expect(existsSync(join(data, 'logs', `${name}.log`)), name).toBe(true);
    const keys = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('key.pem'));
    expect(keys.length).toBeGreaterThan(20);
    for (const key of keys) expect(statSync(join(data, key)).mode & 0o077, key).toBe(0);
  });

  it('is left as it is by a second up', async () => {
    const before = await pids();
    const { code, stderr } = await network('up', '--json');
    expect(code, stderr).toBe(0);
    expect(await pids()).toEqual(before);
  });

  it.each([
    ['another consensus', ['--consensus', 'bft'], /keeps its consensus, "raft"/],
    ['another channel', ['--channel', 'cloud-2'], /keeps its channel, "cloud-1"/],
    ['other blocks', ['--block-transactions', '50'], /keeps its blocks/],
    ['other ports', ['--port-base', '16000'], /keeps its ports, from \d+/],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await network('up', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('starts again what alone was killed', async () => {
    const before = await status();
    const killed = before.find(({ name }) => name === 'chaincode.UserMSP');
    process.kill(killed?.pid ?? 0, 'SIGKILL');
    const { code, stderr } = await network('up');
    expect(code, stderr).toBe(0);
    const after = await status();
    const others = (nodes: NodeStatus[]) => nodes.filter(({ name }) => name !== killed?.name).map(({ pid }) => pid);
    expect(others(after)).toEqual(others(before));
    expect(after.find(({ name }) => name === killed?.name)).toMatchObject({ healthy: true });
  });

  it('stops, and starts again with its ledger', async () => {
    const before = await height();
    expect(await network('down')).toMatchObject({ code: 0, stdout: 'Stopped 9 processes.\n' });
    const stopped = await network('status');
    expect(stopped.code).toBe(1);
    expect(stopped.stdout).toContain('stopped');
    expect(await network('down')).toMatchObject({ code: 0, stdout: 'Nothing of it ran.\n' });
    const { code, stderr } = await network('up');
    expect(code, stderr).toBe(0);
    expect(await height()).toBe(before);
  });

  it('never ends a process that has the number of one of its own', async () => {
    expect((await network('down')).code).toBe(0);
    const file = join(data, 'run', 'peer.UserMSP.json');
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'at another time' }));
    expect(await network('down')).toMatchObject({ code: 0, stdout: 'Nothing of it ran.\n' });
    expect((await status()).every(({ pid }) => pid === undefined)).toBe(true);
  });

  it('names the port that somebody else took, and leaves nothing running', async () => {
    const { ports } = JSON.parse(readFileSync(join(data, 'network.json'), 'utf8')) as { ports: Record<string, number> };
    const port = ports['peer.UserMSP'];
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const { code, stderr } = await network('up');
      expect(code).toBe(2);
      expect(stderr).toContain(`Port ${port}`);
      expect((await status()).every(({ pid }) => pid === undefined)).toBe(true);
    } finally {
      squatter.close();
    }
  });

  it("is removed with all that is its own, and nothing that is the user's", async () => {
    writeFileSync(join(data, 'notes.txt'), 'mine');
    expect((await network('clean')).code).toBe(0);
    expect(readdirSync(data)).toEqual(['notes.txt']);
    const { code, stderr } = await network('status');
    expect(code).toBe(2);
    expect(stderr).toContain('There is no Fabric network');
  });

  it("names Fabric's programs that are missing, and where to get them", async () => {
    const empty = join(dir, 'empty');
    mkdirSync(empty);
    const { code, stderr } = await event2ledger(['network', 'up', '--data', join(dir, 'other')], {
      cwd: empty,
      env: { PATH: empty },
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/peer, orderer, configtxgen, osnadmin and builders\/ccaas .*https:\/\/hyperledger-fabric\./);
    expect(existsSync(join(dir, 'other'))).toBe(false);
  });
});
