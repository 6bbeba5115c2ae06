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
        readonly Configs: readonly object[];
      };
    };
    readonly UpdateConfig: { readonly Order: string };
  };
}

describeWithDocker('the stack file', (engine) => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-stack-'));
  const stack = async (...args: string[]) => {
    const env = { ...process.env, DOCKER_HOST: engine.host, DOCKER_GID: '4242', EVENT2LEDGER_IMAGE: TEST_IMAGE };
    const { stdout } = await promisify(execFile)('docker', ['stack', ...args], { env });
    return stdout;
  };

  beforeAll(async () => {
    await engine.cli('swarm', 'init', '--advertise-addr', '127.0.0.1');
    // What a node has ready: its identity's folder, and the engine's socket.
    mkdirSync(join(dir, 'identity'));
    const file = read('deploy/swarm.yml')
      .replace('- /etc/event2ledger:', `- ${join(dir, 'identity')}:`)
      .replace('- /var/run/docker.sock:', `- ${engine.host.replace('unix://', '')}:`);
    writeFileSync(join(dir, 'swarm.yml'), file);
    writeFileSync(join(dir, 'collector.yml'), read('deploy/collector.yml'));
    await stack('deploy', '--resolve-image', 'never', '-c', join(dir, 'swarm.yml'), 'e2l');
  });
  afterAll(async () => {
    await stack('rm', 'e2l').catch(() => {});
    await engine.cli('swarm', 'leave', '--force').catch(() => {});
    rmSync(dir, { recursive: true, force: true });
  });

  it('makes a global service that runs as nobody in particular', async () => {
    const [service] = JSON.parse(await engine.cli('service', 'inspect', 'e2l_collector')) as Service[];
    expect(service?.Spec.Mode).toHaveProperty('Global');
    const { User, ReadOnly, Configs } = service?.Spec.TaskTemplate.ContainerSpec ?? {};
    expect({ User, ReadOnly }).toEqual({ User: '10001:4242', ReadOnly: true });
    expect(Configs).toHaveLength(1);
    // Never two at once with one identity.
    expect(service?.Spec.UpdateConfig.Order).toBe('stop-first');
  });

  it('names engine and spool by the node', async () => {
    let environment: string[] = [];
    const label = 'label=com.docker.swarm.service.name=e2l_collector';
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
