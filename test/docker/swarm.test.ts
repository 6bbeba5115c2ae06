import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EventAnswer } from '#chaincode';
import { describeWithDocker, TEST_IMAGE } from '../support/docker-engine.js';
import { eventually } from '../support/eventually.js';
import { stopped, watchedEngine } from '../support/watched-engine.js';

const MINUTES = 60_000;
const SERVICE = ['sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'];

describeWithDocker('the two scenarios of SBRC 2022', (engine) => {
  const stage = watchedEngine(engine);
  let events: EventAnswer[];

  const containersOf = async (service: string, ...filters: string[]) => {
    const label = `label=com.docker.swarm.service.name=${service}`;
    const listed = await engine.cli('ps', '-a', '--quiet', '--filter', label, ...filters);
    return listed.split('\n').filter((line) => line !== '').length;
  };
  const running = ['--filter', 'status=running'];

  beforeAll(async () => {
    await engine.cli('swarm', 'init', '--advertise-addr', '127.0.0.1');
    const collectors = await stage.consortium.collectors(`docker:${engine.host}`);

    const quiet = ['--detach', '--no-resolve-image', '--network', 'host'];
    await engine.cli('service', 'create', ...quiet, '--name', 'web', '--replicas', '1', TEST_IMAGE, ...SERVICE);
    await eventually('one replica', async () => (await containersOf('web', ...running)) === 1);
    await engine.cli('service', 'scale', '--detach', 'web=3');
    await eventually('three replicas', async () => (await containersOf('web', ...running)) === 3);
    await engine.cli('service', 'rm', 'web');
    await eventually('none', async () => (await containersOf('web')) === 0);

    await engine.cli('create', '--name', 'by-hand', '--network', 'none', TEST_IMAGE, ...SERVICE);
    for (const step of ['start', 'pause', 'unpause', 'stop', 'rm']) await engine.cli(step, 'by-hand');

    await stopped(collectors);
    events = await stage.consortium.events();
  }, 5 * MINUTES);
  afterAll(() => engine.cli('swarm', 'leave', '--force').catch(() => {}));

  it("records the service's life, from creation over scaling to removal", () => {
    const life = events.filter(({ event }) => event.type === 'service').map(({ event }) => event);
    expect(life.map(({ action }) => action).sort()).toEqual(expect.arrayContaining(['create', 'remove', 'update']));
    expect(life.every(({ scope }) => scope === 'swarm')).toBe(true);
    const scaled = life.find(({ attributes }) => typeof attributes !== 'string' && 'replicas.new' in attributes);
    expect(scaled?.attributes).toMatchObject({ 'replicas.old': '1', 'replicas.new': '3' });
    expect(life.filter(({ action, time }) => action === 'remove' && time === undefined)).toHaveLength(1);
  });

  it("records the container's life as the command line led it", () => {
    const life = events.filter(
      ({ event }) =>
        event.type === 'container' && typeof event.attributes !== 'string' && event.attributes.name === 'by-hand',
    );
    expect(life.map(({ event }) => event.action)).toEqual([
      'create',
      'start',
      'pause',
      'unpause',
      'kill',
      'die',
      'stop',
      'destroy',
    ]);
  });

  it('agrees on every event', async () => {
    const { codes, findings, coverage } = await stage.reported();
    expect(findings).toEqual([]);
    const count = events.length;
    expect(coverage).toEqual({ events: count, agreed: count, disputed: 0, pending: 0, unobservable: 0 });
    expect(codes.every((code) => code === 0)).toBe(true);
  });
});
