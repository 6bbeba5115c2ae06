import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SETTING_NAMES, variableOf } from '../../collector/config-settings.js';
import { DEFAULT_ACTORS } from '../../network/actor-folders.js';
import { NetworkLayout } from '../../network/fabric/layout.js';
import { composeServices, NETWORK_FOLDER } from '../support/compose.js';
import { read } from './documents.js';

const services = composeServices();
const entries = Object.entries(services);

function layout(consensus: 'raft' | 'bft'): NetworkLayout {
  return new NetworkLayout(NETWORK_FOLDER, {
    version: 1,
    consensus,
    channel: 'events',
    actors: [...DEFAULT_ACTORS],
    ...(consensus === 'bft' ? { auditor: 'AuditorMSP' } : {}),
    blocks: { timeout: 500, transactions: 500, bytes: 1024 },
    leaderTimeout: 100,
    state: { database: 'leveldb' },
    ports: {},
    deployed: true,
  });
}

describe('deploy/fabric.yml', () => {
  it.each(['raft', 'bft'] as const)('has a service for each process of `network up --consensus %s`', (consensus) => {
    const running = entries.filter(([, { profiles }]) => consensus === 'bft' || profiles === undefined);
    const found = running.flatMap(([name, { image = '', command = [], environment = {} }]) => {
      const { FABRIC_CFG_PATH: folder } = environment;
      if (folder !== undefined) return [{ name, folder, image: image.replace(/:.*/, ''), command: command.join(' ') }];
      const actor = command[command.indexOf('--actor') + 1];
      return command[1] === 'chaincode' ? [{ name, folder: `${actor}`, image, command: command.join(' ') }] : [];
    });
    const image = services.net?.image;
    const expected = layout(consensus).nodes.map(({ kind, organisation, folder }) => {
      const name = `${kind}-${organisation.replace('MSP', '').toLowerCase()}`;
      if (kind === 'chaincode') {
        const command = `network chaincode --data ${NETWORK_FOLDER} --actor ${organisation}`;
        return { name, folder: organisation, image, command };
      }
      return {
        name,
        folder,
        image: `hyperledger/fabric-${kind}`,
        command: kind === 'peer' ? 'peer node start' : 'orderer',
      };
    });
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(found.sort(byName)).toEqual(expected.sort(byName));
  });

  it('has a collector of each actor with a spool and metrics of its own, and a reconciler', () => {
    const collectors = DEFAULT_ACTORS.map((actor) => services[`collector-${actor.replace('MSP', '').toLowerCase()}`]);
    const profiles = collectors.map((service) => service?.environment?.E2L_PROFILE);
    expect(profiles).toEqual(
      DEFAULT_ACTORS.map((actor) => `${NETWORK_FOLDER}/actors/${actor}/collector-1/profile.json`),
    );
    expect(new Set(collectors.map((service) => service?.environment?.E2L_METRICS)).size).toBe(DEFAULT_ACTORS.length);
    const spools = collectors.map((service) => service?.volumes?.find((volume) => volume.startsWith('spool-')));
    expect(new Set(spools).size).toBe(DEFAULT_ACTORS.length);
    const known = SETTING_NAMES.map(variableOf);
    for (const service of collectors) {
      for (const variable of Object.keys(service?.environment ?? {})) expect(known).toContain(variable);
    }
    expect(services.reconciler?.command).toContain(
      `--profile=${NETWORK_FOLDER}/actors/UserMSP/reconciler/profile.json`,
    );
  });

  it('starts nothing before the network is set up, and all on one loopback', () => {
    for (const [name, service] of entries) {
      if (name === 'net') continue;
      expect([name, service.network_mode]).toEqual([name, 'service:net']);
      expect(service.user).toMatch(/^"?10001:/);
      if (name === 'setup') continue;
      expect([name, service.depends_on]).toEqual([name, { setup: { condition: 'service_completed_successfully' } }]);
    }
  });

  it('declares every volume that it uses', () => {
    const { volumes } = parse(read('deploy/fabric.yml'), { merge: true }) as { volumes: object };
    const used = entries.flatMap(([, service]) => (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? ''));
    const named = used.filter((volume) => !volume.startsWith('/'));
    expect(new Set(named)).toEqual(new Set(Object.keys(volumes)));
  });

  it('runs the release of Fabric whose programs set it up', () => {
    const release = /FABRIC_VERSION:-([\d.]+)/.exec(read('deploy/fabric.yml'))?.[1];
    expect(read('deploy/Containerfile.network')).toContain(`ARG FABRIC_VERSION=${release}`);
  });
});
