import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCollector } from '../../collector/collector.js';
import { silentLog } from '../../collector/log.js';
import { dockerSource } from '../../collector/source/docker.js';
import { dockerEngine } from '../../collector/source/docker-engine.js';
import { dockerAt } from '../../collector/source/docker-host.js';
import { describeWithDocker, TEST_IMAGE } from '../support/docker-engine.js';
import { FakeLedger } from './fake-ledger.js';

describeWithDocker('a collector of a real engine', (engine) => {
  let dir: string;
  let ledger: FakeLedger;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'e2l-real-'));
    ledger = new FakeLedger();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** Starts a collector; resolved when it watches. `again` is told of each later time. */
  async function start(again = () => {}) {
    const stop = new AbortController();
    let running: ReturnType<typeof runCollector> | undefined;
    await new Promise<void>((resolve) => {
      const info = (text: string) => {
        if (text.startsWith('Watching')) resolve();
        if (text.includes('come again')) again();
      };
      running = runCollector({
        connection: ledger,
        source: dockerSource(dockerEngine(dockerAt(engine.host, {})), { firstPauseMs: 20, longestPauseMs: 100 }),
        spool: join(dir, 'spool.db'),
        signal: stop.signal,
        maxAgeMs: 20,
        log: { ...silentLog, info },
      });
    });
    return async () => {
      stop.abort();
      return await running;
    };
  }

  const run = (name: string) => engine.cli('run', '--rm', '--network', 'none', '--name', name, TEST_IMAGE);
  const actions = (name: string) =>
    ledger
      .entries()
      .filter(({ event }) => event.type === 'container' && (event.attributes as { name?: string }).name === name)
      .map(({ event }) => event.action);
  const destroyed = (name: string) => ledger.until(() => actions(name).includes('destroy'));
  const gaps = () => ledger.batches().flatMap(({ batch }) => batch.gaps);
  const LIFE = ['create', 'start', 'die', 'destroy'];

  it('loses nothing and repeats nothing over its own restart', async () => {
    const end = await start();
    await run('one');
    await destroyed('one');
    await end();
    await run('two');
    const endAgain = await start();
    await run('three');
    await destroyed('three');
    await endAgain();
    for (const name of ['one', 'two', 'three']) expect(actions(name)).toEqual(LIFE);
    expect(gaps()).toEqual([]);
    expect(ledger.faults()).toEqual([]);
  });

  it('goes on over its own restart while nothing happens, by what the engine had shown before', async () => {
    await run('zero');
    const covered = () => ledger.batches().at(-1)?.batch.watches ?? [];
    const end = await start();
    await ledger.until(() => covered().length > 0);
    await end();
    const endAgain = await start();
    await run('one');
    await destroyed('one');
    await endAgain();
    expect(actions('zero')).toEqual([]);
    expect(actions('one')).toEqual(LIFE);
    expect(gaps()).toEqual([]);
    expect(covered()).toHaveLength(1);
  });

  const given = process.env.E2L_TEST_DOCKER_HOST;
  if (given) it.skip('left out: the engine was not started by the tests, which do not restart it', () => {});
  it.skipIf(given)("declares one gap over the engine's restart, and goes on", async () => {
    let back = () => {};
    const returned = new Promise<void>((resolve) => {
      back = resolve;
    });
    const end = await start(() => back());
    await run('one');
    await destroyed('one');
    await engine.restart();
    await returned;
    await run('two');
    await destroyed('two');
    await end();
    for (const name of ['one', 'two']) expect(actions(name)).toEqual(LIFE);
    expect(gaps()).toMatchObject([{ reason: expect.stringContaining('no longer has') }]);
    expect(ledger.faults()).toEqual([]);
  });
});
