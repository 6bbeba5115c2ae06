import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isHealthy } from '../../network/fabric/health.js';
import { NetworkLayout } from '../../network/fabric/layout.js';
import { findPrograms } from '../../network/fabric/programs.js';
import { untilEndorsing } from '../../network/fabric/readiness.js';
import { requireNetworkSettings } from '../../network/fabric/settings.js';
import { BINARY, event2ledger } from '../support/command.js';
import { composeServices, NETWORK_FOLDER, type Service } from '../support/compose.js';
import { eventually } from '../support/eventually.js';
import { describeWithFabric } from '../support/fabric.js';

const ACTORS = ['ProviderMSP', 'DeveloperMSP', 'UserMSP'];

// No image can be had everywhere; the programs in them are those that run here, under the same commands.
describeWithFabric('the commands of the compose file, as processes on this machine', () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-compose-'));
  const network = join(dir, 'network');
  const running: ChildProcess[] = [];
  const services = composeServices();
  const here = (text: string) => text.replaceAll(NETWORK_FOLDER, network);

  function start({ command = [], environment = {} }: Service): void {
    const { ccaasBuilder, peer, orderer } = findPrograms(process.env, process.cwd());
    const own = Object.entries(environment).map(([name, value]): [string, string] => [
      name,
      here(value).replace('/opt/hyperledger/ccaas_builder', ccaasBuilder),
    ]);
    const [first = '', ...args] = command.map(here);
    const program = { peer, orderer }[first];
    const words = program === undefined ? [process.execPath, BINARY, first, ...args] : [program, ...args];
    const env = { ...process.env, ...Object.fromEntries(own) };
    running.push(spawn(words[0] ?? '', words.slice(1), { env, stdio: 'ignore' }));
  }

  beforeAll(async () => {
    const script = services.setup?.command?.join('\n') ?? '';
    const commands = [...script.matchAll(/^event2ledger (.*)$/gm)].map(([, line = '']) =>
      here(line).replace('"$$CONSENSUS"', 'raft').split(' '),
    );
    expect(commands.map(([, what]) => what)).toEqual(['up', 'down']);
    for (const command of commands) {
      const { code, stderr } = await event2ledger(command);
      expect(code, stderr).toBe(0);
    }
    for (const [name, service] of Object.entries(services)) {
      if (/^(orderer|peer|chaincode)-/.test(name) && service.profiles === undefined) start(service);
    }
  }, 240_000);

  afterAll(async () => {
    await Promise.all(
      running.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }),
    );
    if (existsSync(join(network, 'network.json'))) await event2ledger(['network', 'clean', '--data', network]);
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  it('make a network that endorses for every actor, and takes what a collector attests', async () => {
    expect(running).toHaveLength(9);
    const profiles = ACTORS.map((actor) => join(network, 'actors', actor, 'collector-1', 'profile.json'));
    const layout = new NetworkLayout(network, requireNetworkSettings(network));
    for (const node of layout.nodes) await eventually(`${node.name} is healthy`, () => isHealthy(layout, node));
    await untilEndorsing(profiles, AbortSignal.timeout(120_000));
    const trace = ['--source', 'file:demo/trace/shop.ndjson', '--source-id', 'engine-1', '--once'];
    const spool = ['--spool', join(dir, 'spool.db')];
    const collected = await event2ledger(['collect', '--profile', profiles[0] ?? '', ...trace, ...spool]);
    expect(collected.code, collected.stderr).toBe(0);
    expect(running.every(({ exitCode }) => exitCode === null)).toBe(true);
  }, 240_000);
});
