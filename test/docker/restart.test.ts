import { expect, it } from 'vitest';
import { accountOf } from '../support/audit.js';
import { ACTORS } from '../support/consortium.js';
import { conceived, lived, names } from '../support/containers.js';
import { describeWithDocker } from '../support/docker-engine.js';
import { Recorder } from '../support/recorder.js';
import { stopped, watchedEngine } from '../support/watched-engine.js';

const MINUTE = 60_000;

describeWithDocker('dockerd restarted under load', (engine) => {
  const stage = watchedEngine(engine, { heartbeat: 2 });

  const given = process.env.E2L_TEST_DOCKER_HOST;
  if (given) it.skip('left out: the engine was not started by the tests, which do not restart it', () => {});
  it.skipIf(given)(
    'every collector declares exactly one right gap, and nothing else is found',
    { timeout: 4 * MINUTE },
    async () => {
      const { consortium, recorder: before } = stage;
      const collectors = await consortium.collectors(`docker:${engine.host}`);
      await stage.live(3, 'before');
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
      await stage.live(3, 'after');
      await stopped(collectors);
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
      after.stop();

      const { findings, coverage } = await stage.reported();
      expect(findings.map((finding) => [finding.class, finding.dissent.join()]).sort()).toEqual(
        [...ACTORS].sort().map((actor) => ['gap', actor]),
      );
      expect(coverage.disputed).toBe(0);
    },
  );
});
