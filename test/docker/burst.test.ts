import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { batchDigest, NO_PREVIOUS } from '#chaincode';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { ACTORS, type Actor } from '../support/consortium.js';
import { forEachOf, lived, names, renamed } from '../support/containers.js';
import { describeWithDocker } from '../support/docker-engine.js';
import { type Relay, slowProxy } from '../support/proxy.js';
import { stopped, watchedEngine } from '../support/watched-engine.js';

const MINUTE = 60_000;
/** A transaction crosses the wire six times: endorse, submit, wait for the commit. */
const CROSSINGS = 6;
const SLOWER = 10;
const LIVES = 60;
const RENAMED = { containers: 80, times: 22 };

describeWithDocker('a burst on a real engine while the ledger is slow', (engine) => {
  const stage = watchedEngine(engine, { heartbeat: 2 });
  let proxy: Relay | undefined;
  afterAll(() => proxy?.close());

  /** The profile of an identity, with the ledger behind the proxy. */
  const slowProfile = (actor: Actor, identity = 'collector-1') => {
    const usual = stage.consortium.profile(actor, identity);
    const file = join(dirname(usual), 'slow.json');
    const profile = JSON.parse(readFileSync(usual, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...profile, endpoint: `localhost:${proxy?.port}` }));
    return file;
  };
  /** Median milliseconds until a batch is on the ledger. */
  const latency = async (profile: string, collector: string, run: string) => {
    const ledger = connect(loadProfile(profile));
    let prev = NO_PREVIOUS;
    const took: number[] = [];
    for (let n = 1; n <= 5; n++) {
      const sentAt = (BigInt(Date.now()) * 1_000_000n).toString();
      const batch = { v: 1, policy: 1, collector, run, n, from: 1, prev, sentAt, entries: [], watches: [], gaps: [] };
      const text = JSON.stringify(batch);
      prev = batchDigest(text);
      const start = performance.now();
      await ledger.submit('Attest', text);
      took.push(performance.now() - start);
    }
    ledger.close();
    return took.sort((a, b) => a - b)[2] ?? 0;
  };

  it('skips nothing: every event is attested by all, without a gap', { timeout: 5 * MINUTE }, async () => {
    const { consortium, recorder } = stage;
    const probe = await consortium.addIdentity('UserMSP', 'probe');
    const usual = await latency(probe, 'probe', 'usual');
    const { endpoint } = loadProfile(probe);
    proxy = await slowProxy({ port: Number(endpoint.split(':')[1]) }, Math.ceil((usual * SLOWER) / CROSSINGS));
    const slow = await latency(slowProfile('UserMSP', 'probe'), 'probe', 'slow');
    console.log(
      `a batch is on the ledger after ${Math.round(usual)} ms, through the proxy after ${Math.round(slow)} ms`,
    );
    expect(slow).toBeGreaterThan(usual * SLOWER * 0.9);

    const collectors = await Promise.all(
      ACTORS.map((actor) =>
        // Batches of a few events: the slow ledger is asked as often as it would be by a busy day.
        consortium.collector(actor, `docker:${engine.host}`, {
          profile: slowProfile(actor),
          args: ['--batch-size', '50'],
        }),
      ),
    );
    const start = performance.now();
    await Promise.all([
      forEachOf(names(LIVES, 'lived'), (name) => lived(engine.docker, name)),
      forEachOf(names(RENAMED.containers, 'renamed'), (name) => renamed(engine.docker, name, RENAMED.times)),
    ]);
    const seconds = (performance.now() - start) / 1000;
    console.log(`the burst took ${seconds.toFixed(1)} s`);
    await lived(engine.docker, 'last');
    await consortium.attestedByAll('last');
    for (const { stderr } of await stopped(collectors)) expect(stderr).not.toMatch(/gap/i);
    const count = (LIVES + 1) * 6 + RENAMED.containers * (RENAMED.times + 2);
    expect(recorder.events()).toHaveLength(count);
    await stage.expectAllAttested();
    const { findings, coverage } = await stage.reported();
    expect(findings.filter((finding) => finding.class !== 'late')).toEqual([]);
    expect(coverage).toMatchObject({ events: count, agreed: count, disputed: 0 });
  });
});
