import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event2ledger, startEvent2ledger } from '../support/command.js';
import { type Consortium, startConsortium } from '../support/consortium.js';
import { eventually } from '../support/eventually.js';
import { FakeEngine } from './fake-engine.js';

const ABSENT = { E2L_CONFIG: undefined, DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined };

describe('collect', () => {
  let consortium: Consortium;
  let engine: FakeEngine;
  let config: string;

  beforeAll(async () => {
    consortium = await startConsortium();
    engine = new FakeEngine(join(consortium.dir, 'docker.sock'));
    await engine.start();
    config = join(consortium.dir, 'collector.yml');
    writeFileSync(
      config,
      [
        'profile: ledger/actors/UserMSP/collector-1/profile.json',
        `source: docker:unix://${engine.socket}`,
        'source-id: engine-1',
        'spool: user.spool',
        'metrics: 0',
        'log-format: text',
      ].join('\n'),
    );
  });
  afterAll(async () => {
    await engine?.stop();
    await consortium?.close();
  });

  it('shows its settings, and who gave each', async () => {
    const env = { ...ABSENT, E2L_BATCH_SIZE: '7' };
    const { code, stdout } = await event2ledger(['collect', '--config', config, '--print-config'], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      'source-id': { value: 'engine-1', from: config },
      spool: { value: join(consortium.dir, 'user.spool'), from: config },
      'batch-size': { value: 7, from: 'E2L_BATCH_SIZE' },
      'log-level': { value: 'info', from: 'default' },
    });
  });

  it('ends with 2 and one sentence when a setting is wrong', async () => {
    const env = { ...ABSENT, E2L_SPOOL_LIMIT: 'much' };
    const { code, stderr } = await event2ledger(['collect', '--config', config], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^event2ledger: spool-limit \(from E2L_SPOOL_LIMIT\) must be a size .*\.\n$/);
  });

  it('runs by its config file, tells its health, and stops gracefully: flushed, with a last watch', async () => {
    const collector = startEvent2ledger(['collect', '--json'], { env: { ...ABSENT, E2L_CONFIG: config } });
    const [, url] = await collector.said(/Metrics at (http:\/\/127\.0\.0\.1:\d+)\/metrics/);
    await collector.said(/Watching the engine/);
    await engine.listenedTo();
    engine.happens('one');
    const value = async (name: string) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      const sample = new RegExp(`^event2ledger_collector_${name}\\{(.*)\\} (.*)$`, 'm').exec(text);
      return { labels: sample?.[1], value: Number(sample?.[2]) };
    };
    await eventually('the event on the ledger', async () => (await value('entries_attested_total')).value === 1);
    expect((await value('events_spooled_total')).labels).toBe('actor="UserMSP",collector="collector-1"');
    expect((await value('spool_limit_bytes')).value).toBe(2 ** 30);
    expect((await value('spool_bytes')).value).toBeGreaterThan(0);
    const health = await fetch(`${url}/healthz`);
    expect(health.status).toBe(200);
    expect(await health.json()).toEqual({
      ok: true,
      engine: 'up',
      memory: 'up',
      ledger: 'up',
      spool: 'up',
      reasons: [],
    });
    engine.happens('two');
    const { code, stdout, stderr } = await collector.stop();
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ actor: 'UserMSP', attested: 2, behind: 0 });
    const events = await consortium.events();
    expect(events.map(({ event }) => [event.source, event.object])).toEqual([
      ['engine-1', 'one'],
      ['engine-1', 'two'],
    ]);
  });

  it('keeps the spools of two sources apart, under names that no URL can lead astray', async () => {
    const identity = join(consortium.dir, 'ledger/actors/ProviderMSP/collector-1');
    for (const socket of ['a', '../../b']) {
      const source = `docker:unix://${consortium.dir}/${socket}`;
      const args = ['collect', '--profile', join(identity, 'profile.json'), '--source', source, '--log-format', 'text'];
      const collector = startEvent2ledger(args, { env: ABSENT });
      await collector.said(/The engine does not answer/);
      await collector.stop();
    }
    const spools = readdirSync(identity).filter((name) => name.endsWith('.db'));
    expect(spools).toHaveLength(2);
    for (const name of spools) expect(name).toMatch(/^spool-docker-[0-9a-f]{16}\.db$/);
  });

  it('says that its metrics address is taken, and leaves nothing running', async () => {
    const taken = startEvent2ledger(['collect', '--config', config, '--spool', join(consortium.dir, 'a.spool')], {
      env: ABSENT,
    });
    const [, port] = await taken.said(/Metrics at http:\/\/127\.0\.0\.1:(\d+)/);
    const args = ['collect', '--config', config, '--spool', join(consortium.dir, 'b.spool'), '--metrics', String(port)];
    const { code, stderr } = await event2ledger(args, { env: ABSENT });
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be served at 127\.0\.0\.1:\d+ \(EADDRINUSE\); give another address with --metrics/);
    await taken.stop();
  });
});
