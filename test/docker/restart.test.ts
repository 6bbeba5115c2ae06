import { afterAll, beforeAll, expect, it } from 'vitest';
import { accountOf } from '../support/audit.js';
import { ACTORS, type Consortium, startConsortium } from '../support/consortium.js';
import { conceived, forEachOf, lived, names } from '../support/containers.js';
import { describeWithDocker } from '../support/docker-engine.js';
import { Recorder } from '../support/recorder.js';
import { utcDays } from '../support/utc-day.js';

const MINUTE = 60_000;

describeWithDocker('dockerd restarted under load', (engine) => {
  let consortium: Consortium;
  beforeAll(async () => {
    consortium = await startConsortium({ heartbeat: 2 });
  }, MINUTE);
  afterAll(() => consortium.close());

  const given = process.env.E2L_TEST_DOCKER_HOST;
  if (given) it.skip('left out: the engine was not started by the tests, which do not restart it', () => {});
  it.skipIf(given)(
    'every collector declares exactly one right gap, and nothing else is found',
    { timeout: 4 * MINUTE },
    async () => {
      const begun = new Date();
      const before = await Recorder.on(engine.docker);
      const collectors = await consortium.collectors(`docker:${engine.host}`);
      await forEachOf(names(3, 'before'), (name) => lived(engine.docker, name));
      await consortium.attestedByAll('before-3');
      let loading = true;
      // Whatever the engine is doing: some of these fail, for it goes away.
      const load = Promise.all(
        names(4, 'load').map(async (name) => {
          for (let round = 1; loading; round++) await conceived(engine.docker, `${name}-${round}`).catch(() => {});
        }),
      );
      await consortium.attestedByAll('load-1-1');
      await engine.restart();
      const after = await Recorder.on(engine.docker);
      loading = false;
      await load;
      // Until every collector is back: what happens before that is in its gap.
      for (let round = 1, back = false; !back; round++) {
        await lived(engine.docker, `back-${round}`);
        const witnesses = await consortium.witnesses();
        back = ACTORS.every((actor) => [...witnesses(actor).names].some((name) => name.startsWith('back-')));
      }
      await forEachOf(names(3, 'after'), (name) => lived(engine.docker, name));
      for (const collector of collectors) {
        const { code, stderr } = await collector.stop();
        expect(code, stderr).toBe(0);
      }
      const lastBefore = before.latest();
      const events = [...new Map([...before.events(), ...after.events()].map((event) => [event.hash, event])).values()];
      const witnesses = await consortium.witnesses();
      for (const actor of ACTORS) {
        const witness = witnesses(actor);
        expect(witness.gaps, actor).toHaveLength(1);
        const { lost, falselyWatched, duplicates } = accountOf(witness, events);
        expect({ lost, falselyWatched, duplicates }, actor).toEqual({ lost: [], falselyWatched: [], duplicates: [] });
        const [gap] = witness.gaps;
        expect(BigInt(gap?.from ?? 0), actor).toBeLessThanOrEqual(lastBefore);
        expect(BigInt(gap?.to ?? 0), actor).toBeGreaterThan(lastBefore);
        expect(witness, actor).toMatchObject({ twoContents: [], broken: [] });
        expect(witness.names.has('after-3'), actor).toBe(true);
      }
      before.stop();
      after.stop();

      const reconciled = await consortium.reconcile();
      expect(reconciled.code, reconciled.stderr).toBe(1);
      const { findings, coverage } = await consortium.reports(utcDays(begun, new Date()));
      expect(findings.map((finding) => [finding.class, finding.dissent.join()]).sort()).toEqual(
        [...ACTORS].sort().map((actor) => ['gap', actor]),
      );
      expect(coverage.disputed).toBe(0);
    },
  );
});
