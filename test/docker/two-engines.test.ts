import { accessSync, constants } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventAnswer } from '#chaincode';
import { POLICY_DEFAULTS } from '#chaincode';
import type { Coverage, Finding } from '../../reconciler/judgement.js';
import type { Running } from '../support/command.js';
import { ACTORS, type Consortium, startConsortium } from '../support/consortium.js';
import { dockerAvailable, TEST_IMAGE } from '../support/docker-engine.js';
import { eventually } from '../support/eventually.js';
import { type EnginePair, startEnginePair } from '../support/namespaced-engines.js';
import { utcDays } from '../support/utc-day.js';
import { stopped } from '../support/watched-engine.js';

const MINUTE = 60_000;
const SERVICE = ['sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'];
const HOSTS = ['host-a', 'host-b'] as const;

/** Why this suite cannot run here, if it cannot. */
function lacking(): string | undefined {
  const docker = dockerAvailable();
  if (!docker.ok) return docker.reason;
  if (process.env.E2L_TEST_DOCKER_HOST) return 'it starts two engines of its own, and one is given';
  const onPath = (program: string) =>
    (process.env.PATH ?? '').split(':').some((dir) => {
      try {
        accessSync(`${dir}/${program}`, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  const absent = ['ip', 'nsenter'].filter((program) => !onPath(program));
  return absent.length > 0 ? `no ${absent.join(', ')} on PATH` : undefined;
}

const reason = lacking();
if (reason !== undefined && process.env.E2L_REQUIRE_DOCKER === '1') throw new Error(`two engines: ${reason}`);

describe('two engines in one Swarm, a collector of each actor on each', () => {
  if (reason !== undefined) {
    console.warn(`left out: two engines: ${reason}`);
    it.skip(`left out: ${reason}`, () => {});
    return;
  }
  let pair: EnginePair;
  let consortium: Consortium;
  let ids: string[];
  let cluster: string;
  let events: EventAnswer[];
  let findings: Finding[];
  let coverage: Coverage;

  const running = async (service: string) => {
    const counts = await Promise.all(
      pair.engines.map(({ cli }) => cli('ps', '--quiet', '--filter', `label=com.docker.swarm.service.name=${service}`)),
    );
    return counts
      .join('')
      .split('\n')
      .filter((line) => line !== '').length;
  };

  beforeAll(async () => {
    const begun = new Date();
    pair = await startEnginePair();
    const [first, second] = pair.engines;
    consortium = await startConsortium({
      heartbeat: 2,
      record: { ...POLICY_DEFAULTS.record, node: ['create', 'update', 'remove'] },
    });
    ids = (await Promise.all(pair.engines.map(({ docker }) => docker.info()))).map(({ ID }: { ID: string }) => ID);
    await first.cli('swarm', 'init', '--advertise-addr', first.address);
    const token = (await first.cli('swarm', 'join-token', '--quiet', 'manager')).trim();
    cluster = ((await first.docker.info()) as { Swarm: { Cluster: { ID: string } } }).Swarm.Cluster.ID;
    for (const actor of ACTORS) await consortium.addIdentity(actor, 'collector-2');
    const start = (index: 0 | 1) =>
      Promise.all(
        ACTORS.map((actor) =>
          consortium.collector(actor, `docker:${pair.engines[index].host}`, {
            identity: `collector-${index + 1}`,
            args: ['--source-id', HOSTS[index]],
          }),
        ),
      );
    const collectors: Running[] = await start(0);
    await second.cli('swarm', 'join', '--token', token, '--advertise-addr', second.address, `${first.address}:2377`);
    collectors.push(...(await start(1)));

    const quiet = ['--detach', '--no-resolve-image', '--network', 'host'];
    await first.cli('service', 'create', ...quiet, '--name', 'web', '--replicas', '2', TEST_IMAGE, ...SERVICE);
    await eventually('two replicas', async () => (await running('web')) === 2);
    await second.cli('service', 'scale', '--detach', 'web=4');
    await eventually('four replicas', async () => (await running('web')) === 4);
    const node = (await second.cli('node', 'ls', '--quiet', '--filter', 'role=manager')).split('\n')[0] ?? '';
    await second.cli('node', 'update', '--label-add', 'rack=7', node);

    // Apart, neither engine has a majority of the managers: no change of the Swarm, but containers go on.
    pair.cable('down');
    for (const [index, { cli }] of pair.engines.entries()) {
      await cli('run', '--rm', '--network', 'none', '--name', `apart-${index}`, TEST_IMAGE);
    }
    await eventually('the end of the quorum', async () =>
      first.cli('node', 'ls').then(
        () => false,
        () => true,
      ),
    );
    pair.cable('up');
    // On a busy machine managers may elect a leader several times until one stays; the suite's own limit ends it.
    const elections = 3000;
    await eventually(
      'a quorum again',
      async () =>
        Promise.all(pair.engines.map(({ cli }) => cli('service', 'scale', '--detach', 'web=1'))).then(
          () => true,
          () => false,
        ),
      elections,
    );
    await eventually('one replica', async () => (await running('web')) === 1);
    await first.cli('service', 'rm', 'web');
    await eventually('no replica', async () => (await running('web')) === 0);

    await stopped(collectors);
    events = await consortium.events();
    const { code, stderr } = await consortium.reconcile();
    expect(code, stderr).toBeLessThan(2);
    ({ findings, coverage } = await consortium.reports(utcDays(begun, new Date())));
  }, 6 * MINUTE);
  afterAll(async () => {
    for (const { cli } of pair?.engines ?? []) await cli('swarm', 'leave', '--force').catch(() => {});
    await consortium?.close();
    await pair?.stop();
  }, MINUTE);

  const ofSource = (source: string) => events.filter(({ event }) => event.source === source);
  const actors = ({ attestations }: EventAnswer) => [...new Set(attestations.map(({ actor }) => actor))].sort();

  it('the engines may report one ID, as cloned hosts do: their sources are told apart by --source-id', () => {
    expect(ids).toHaveLength(2);
    for (const host of HOSTS) expect(ofSource(host).length, host).toBeGreaterThan(0);
    for (const id of ids) expect(ofSource(id)).toEqual([]);
  });

  it("both managers' collectors attest service create, scale and remove, and node events, alike", () => {
    const swarm = ofSource(cluster);
    const services = swarm.filter(({ event }) => event.type === 'service');
    expect(new Set(services.map(({ event }) => event.action))).toEqual(new Set(['create', 'update', 'remove']));
    expect(swarm.some(({ event }) => event.type === 'node')).toBe(true);
    for (const event of swarm) expect(actors(event), event.reference).toEqual([...ACTORS]);
    // Each actor has one word for what both of its collectors saw: the same hash, from both.
    const created = services.filter(({ event }) => event.action === 'create');
    expect(created).toHaveLength(1);
    expect(new Set(created[0]?.attestations.map(({ actor, collector }) => `${actor}/${collector}`)).size).toBe(6);
    expect(services.filter(({ event }) => event.action === 'remove')).toHaveLength(1);
  });

  it("a container's events come from the engine that ran it alone", () => {
    for (const index of [0, 1] as const) {
      const life = events.filter(
        ({ event }) => typeof event.attributes !== 'string' && event.attributes.name === `apart-${index}`,
      );
      expect(life.map(({ event }) => event.action)).toEqual(['create', 'start', 'die', 'destroy']);
      expect(life.every(({ event }) => event.source === HOSTS[index])).toBe(true);
    }
  });

  it('ends without a finding, partition or not', () => {
    expect(findings).toEqual([]);
    expect(coverage).toMatchObject({ events: events.length, agreed: events.length });
  });
});
