import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accountOf } from '../support/audit.js';
import { ACTORS } from '../support/consortium.js';
import { conceived, forEachOf, names } from '../support/containers.js';
import { describeWithDocker, TEST_IMAGE } from '../support/docker-engine.js';
import { cuttingProxy } from '../support/proxy.js';
import { stopped, watchedEngine } from '../support/watched-engine.js';

const MINUTE = 60_000;
/** Two events each: more than an engine remembers. */
const UNSEEN = 150;
const CUTS = 3;

describeWithDocker('a collector that is disconnected from a real engine', (engine) => {
  const stage = watchedEngine(engine, { heartbeat: 2 });

  // In this order on one ledger: what is cut must be whole in the second one's report too.
  describe('by a proxy that cuts the stream within a line', () => {
    it(`loses nothing and declares nothing, ${CUTS} times over`, { timeout: 3 * MINUTE }, async () => {
      const { consortium, recorder } = stage;
      const socket = join(consortium.dir, 'proxy.sock');
      const proxy = await cuttingProxy(socket, { path: engine.host.replace('unix://', '') });
      const collectors = await Promise.all(
        ACTORS.map((actor) =>
          consortium.collector(actor, `docker:${actor === 'UserMSP' ? `unix://${socket}` : engine.host}`),
        ),
      );
      // By an event that it knows a collector tells that a stream goes on where the last one ended.
      await stage.live(1, 'known');
      await consortium.attestedByAll('known-1');
      for (let cut = 1; cut <= CUTS; cut++) {
        const done = proxy.cut();
        await stage.live(4, `cut-${cut}`);
        await done;
        await stage.live(4, `mended-${cut}`);
        // Only a stream that was opened again can be cut again.
        await consortium.attestedByAll(`mended-${cut}-4`);
      }
      await stopped(collectors);
      await proxy.close();
      const events = recorder.events();
      expect(events).toHaveLength((1 + CUTS * 8) * 6);
      await stage.expectAllAttested();
      const { findings, coverage } = await stage.reported();
      expect(findings).toEqual([]);
      expect(coverage).toMatchObject({ events: events.length, agreed: events.length });
    });
  });

  describe('while more happens than the engine remembers', () => {
    it('attests the rest and declares exactly one right gap', { timeout: 4 * MINUTE }, async () => {
      const { consortium, recorder } = stage;
      const begun = new Date();
      const source = `docker:${engine.host}`;
      const collectors = await Promise.all(
        (['DeveloperMSP', 'ProviderMSP'] as const).map((actor) => consortium.collector(actor, source)),
      );
      // On a spool of its own: the first half of this suite must not count as known.
      const spool = join(consortium.dir, 'UserMSP.spool');
      const first = await consortium.collector('UserMSP', source, { spool });
      await stage.live(3, 'before');
      await consortium.attestedByAll('before-3');
      await first.stop();
      const lastSeen = recorder.latest();
      // Made first, so that its creation has left the ring: only by asking can it still be known.
      const { id: survivor } = await engine.docker.createContainer({ Image: TEST_IMAGE, name: 'survivor' });
      await forEachOf(names(UNSEEN, 'unseen'), (name) => conceived(engine.docker, name));
      const again = await consortium.collector('UserMSP', source, { spool });
      const back = recorder.latest();
      await stage.live(3, 'after');
      await stopped([...collectors, again]);
      const events = recorder.events();
      const witnesses = await consortium.witnesses();
      const user = witnesses('UserMSP');
      const { inGaps, ...account } = accountOf(user, events);
      expect(account).toEqual({ lost: [], falselyWatched: [], duplicates: [], invented: [] });
      expect(user.gaps).toHaveLength(1);
      const [gap] = user.gaps;
      // The ring's last 256 may have come in; what had left it cannot.
      expect(inGaps.length).toBeGreaterThanOrEqual(2 * UNSEEN - 256);
      expect(inGaps.every(({ time }) => lastSeen < time && time <= back)).toBe(true);
      const firstMissed = inGaps.reduce((least, { time }) => (time < least ? time : least), back);
      expect(BigInt(gap?.from ?? 0)).toBeLessThanOrEqual(firstMissed);
      expect(BigInt(gap?.from ?? 0)).toBeGreaterThanOrEqual(BigInt(begun.getTime()) * 1_000_000n);
      expect(user).toMatchObject({ twoContents: [], broken: [] });
      expect(user.inspected.has(survivor)).toBe(true);
      expect(user.names.has('survivor')).toBe(false);
      expect(user.runs).toHaveLength(1);
      for (const actor of ['DeveloperMSP', 'ProviderMSP']) {
        expect(accountOf(witnesses(actor), events).lost, actor).toEqual([]);
      }

      const { findings, coverage } = await stage.reported();
      expect(findings.filter(({ dissent }) => dissent.includes('UserMSP'))).toMatchObject([
        { class: 'gap', dissent: ['UserMSP'], gap: { to: gap?.to, events: inGaps.length } },
      ]);
      expect(findings.every((finding) => finding.class === 'gap')).toBe(true);
      expect(coverage).toMatchObject({ events: events.length, agreed: events.length, disputed: 0 });
    });
  });
});
