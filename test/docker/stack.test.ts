import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { read } from '../deploy/documents.js';
import { describeWithDocker, TEST_IMAGE } from '../support/docker-engine.js';
import { eventually } from '../support/eventually.js';

interface Service {
  readonly Spec: {
    readonly Mode: object;
    readonly TaskTemplate: {
      readonly ContainerSpec: {
        readonly User: string;
        readonly ReadOnly: boolean;
        readonly Env: readonly string[];
        readonly Mounts: readonly { readonly Source: string; readonly Target: string }[];
        readonly Configs: readonly { readonly ConfigName: string }[];
      };
      readonly RestartPolicy: { readonly Condition: string };
    };
    readonly UpdateConfig: { readonly Order: string };
  };
}

const ACTORS = {
  provider: { METRICS_PORT: '9464' },
  // A key in a token: a wrong PIN must not be tried by one start after the other.
  user: { METRICS_PORT: '9465', RESTART: 'none' },
} as const;
type Name = keyof typeof ACTORS;

describeWithDocker('the stack file, for two actors in one Swarm', (engine) => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-stack-'));
  const stackOf = (actor: Name) => `e2l-${actor}`;
  const stack = async (actor: Name, ...args: string[]) => {
    const own = { ACTOR: actor, ACTOR_DIR: join(dir, actor), ...ACTORS[actor] };
    const env = {
      ...process.env,
      DOCKER_HOST: engine.host,
      DOCKER_GID: '4242',
      EVENT2LEDGER_IMAGE: TEST_IMAGE,
      ...own,
    };
    const { stdout } = await promisify(execFile)('docker', ['stack', ...args, stackOf(actor)], { env });
    return stdout;
  };
  const names = Object.keys(ACTORS) as Name[];

  beforeAll(async () => {
    await engine.cli('swarm', 'init', '--advertise-addr', '127.0.0.1');
    // What a node has ready: the engine's socket, and a folder for each actor.
    const file = read('deploy/swarm.yml').replace(
      '- /var/run/docker.sock:',
      `- ${engine.host.replace('unix://', '')}:`,
    );
    writeFileSync(join(dir, 'swarm.yml'), file);
    writeFileSync(join(dir, 'collector.yml'), read('deploy/collector.yml'));
    for (const actor of names) {
      mkdirSync(join(dir, actor));
      await stack(actor, 'deploy', '--resolve-image', 'never', '-c', join(dir, 'swarm.yml'));
    }
  });
  afterAll(async () => {
    for (const actor of names) await stack(actor, 'rm').catch(() => {});
    await engine.cli('swarm', 'leave', '--force').catch(() => {});
    rmSync(dir, { recursive: true, force: true });
  });

  const inspected = async (actor: Name) => {
    const [service] = JSON.parse(
      await engine.cli('service', 'inspect', `${stackOf(actor)}_collector`),
    ) as Partial<Service>[];
    return service?.Spec;
  };

  it('makes a global service that runs as nobody in particular', async () => {
    const spec = await inspected('provider');
    expect(spec?.Mode).toHaveProperty('Global');
    const { User, ReadOnly } = spec?.TaskTemplate.ContainerSpec ?? {};
    expect({ User, ReadOnly }).toEqual({ User: '10001:4242', ReadOnly: true });
    // Never two at once with one identity.
    expect(spec?.UpdateConfig.Order).toBe('stop-first');
  });

  it('gives each actor its own folder, spools, config, metrics and restarts', async () => {
    for (const actor of names) {
      const task = (await inspected(actor))?.TaskTemplate;
      const mounts = task?.ContainerSpec.Mounts.map(({ Source, Target }) => [Target, Source]);
      expect(mounts, actor).toContainEqual(['/etc/event2ledger', join(dir, actor)]);
      expect(mounts, actor).toContainEqual(['/var/lib/event2ledger', `${stackOf(actor)}_spool`]);
      expect(task?.ContainerSpec.Configs).toMatchObject([{ ConfigName: `event2ledger-${actor}-1` }]);
      expect(task?.ContainerSpec.Env).toContain(`E2L_METRICS=127.0.0.1:${ACTORS[actor].METRICS_PORT}`);
      expect(task?.RestartPolicy.Condition).toBe(actor === 'user' ? 'none' : 'on-failure');
    }
  });

  it('names engine and spool by the node', async () => {
    let environment: string[] = [];
    const label = `label=com.docker.swarm.service.name=${stackOf('provider')}_collector`;
    await eventually('a container of the service', async () => {
      const [container] = (await engine.cli('ps', '-a', '--quiet', '--filter', label)).split('\n');
      if (!container) return false;
      environment = JSON.parse(await engine.cli('inspect', '--format', '{{json .Config.Env}}', container)) as string[];
      return true;
    });
    expect(environment).toContain(`E2L_SOURCE_ID=${hostname()}`);
    expect(environment).toContain(`E2L_SPOOL=/var/lib/event2ledger/${hostname()}.db`);
  });
});
