import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { accountOf, type Expected, NOTHING_WRONG, tallyOf, type Witness } from '../support/audit.js';
import type { Running } from '../support/command.js';
import { conceived, names } from '../support/containers.js';
import { describeWithDocker } from '../support/docker-engine.js';
import { eventually } from '../support/eventually.js';
import { stopped, watchedEngine } from '../support/watched-engine.js';

const MINUTE = 60_000;
const HEARTBEAT_SECONDS = 1;
/** A share that fits into every run of the tests: ten missed heartbeats. `npm run test:outage` for minutes. */
const OUTAGE_SECONDS = Number(process.env.E2L_TEST_OUTAGE_SECONDS ?? 10 * HEARTBEAT_SECONDS);

/** As many events as an engine remembers. */
const REMEMBERED = 256;
/** Watches end so many nanoseconds before what they were proven by. */
const MARGIN = 1_000_000_000n;

describeWithDocker('a real engine goes on while something else fails', (engine) => {
  const stage = watchedEngine(engine, { heartbeat: HEARTBEAT_SECONDS });
  const source = `docker:${engine.host}`;

  it(`the ledger, down for ${OUTAGE_SECONDS} s: the spools grow, and all comes onto it when it is back`, {
    timeout: 3 * MINUTE + 3 * OUTAGE_SECONDS * 1000,
  }, async () => {
    const { consortium, recorder } = stage;
    const collectors = await consortium.collectors(source);
    await stage.live(3, 'before');
    await consortium.attestedByAll('before-3');
    await consortium.stopLedger();
    const stoppedAt = performance.now();
    let over = false;
    const down = delay(OUTAGE_SECONDS * 1000).then(() => {
      over = true;
    });
    let rounds = 0;
    do await stage.live(10, `meanwhile-${++rounds}`);
    while (!over);
    await Promise.all(collectors.map((collector) => collector.said(/ledger does not answer/)));
    await down;
    const seconds = Math.round((performance.now() - stoppedAt) / 1000);
    await consortium.serveAgain();
    await stage.live(3, 'after');
    await consortium.attestedByAll('after-3');
    await stopped(collectors);
    await stage.expectAllAttested();
    const { findings, coverage } = await stage.reported();
    // What was on its way when the ledger went down is late by the ledger's clock; nothing worse may be said.
    expect(findings.filter((finding) => finding.class !== 'late')).toEqual([]);
    const count = (3 + 10 * rounds + 3) * 6;
    expect(recorder.events()).toHaveLength(count);
    expect(coverage).toMatchObject({ events: count, agreed: count });
    console.log(`the ledger was down for ${seconds} s; all of ${count} events are agreed`);
  });

  // On real disks of its own for each: a spool that knows nothing, and no room but what is made.
  describe("a spool's disk is full", () => {
    const identities = ['collector-2', 'collector-3'] as const;
    beforeAll(async () => {
      for (const identity of identities) await stage.consortium.addIdentity('UserMSP', identity);
    });

    interface Full {
      readonly witness: Witness;
      /** What the engine published since the collector watched, in the engine's order. */
      readonly events: readonly Expected[];
      /** Of these, how many there were when it watched again. */
      readonly back: number;
    }

    /** Fills a collector's disk, makes room after `meanwhile`, and lets it attest what it has. */
    async function fullDisk(
      identity: (typeof identities)[number],
      meanwhile: (collector: Running) => Promise<void>,
    ): Promise<Full> {
      const { consortium, recorder, live } = stage;
      const disk = join(consortium.dir, identity);
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
      try {
        const options = { spool: join(disk, 'spool.db'), identity };
        const before = recorder.events().length;
        const collector = await consortium.collector('UserMSP', source, options);
        await live(3, `${identity}-roomy`);
        fill(disk);
        // What the database still has room for in its own files comes first.
        const told = collector.said(/nothing more is read until there is room/);
        for (let round = 1; !(await Promise.race([told.then(() => true), live(1, `${identity}-${round}`)])); round++);
        await meanwhile(collector);
        rmSync(join(disk, 'ballast'));
        await collector.said(/spool has room again[\s\S]*(?:Watching the engine|engine's events come again)/);
        const back = recorder.events().length - before;
        await live(3, `${identity}-after`);
        await eventually('an attestation after the disk has room again', async () =>
          (await consortium.witnesses())('UserMSP', identity).names.has(`${identity}-after-3`),
        );
        await stopped([collector]);
        const witnesses = await consortium.witnesses();
        return { witness: witnesses('UserMSP', identity), events: recorder.events().slice(before), back };
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    }

    it('for fewer events than the engine remembers: all are attested, and there is no gap', {
      timeout: 3 * MINUTE,
    }, async () => {
      const { witness, events } = await fullDisk('collector-2', () => stage.live(20, 'few'));
      expect(witness).toMatchObject({ gaps: [], twoContents: [], broken: [] });
      expect(tallyOf(accountOf(witness, events))).toEqual(NOTHING_WRONG);
    });

    it('for more: one gap, of what the engine has forgotten and of nothing else beyond the margin', {
      timeout: 3 * MINUTE,
    }, async () => {
      const { witness, events, back } = await fullDisk('collector-3', async () => {
        // One after the other, so that the engine's order is that of the stamps: two events each.
        for (const name of names(REMEMBERED * 0.75, 'many')) await conceived(engine.docker, name);
      });
      const { inGaps, ...account } = accountOf(witness, events);
      expect(account).toEqual({ lost: [], falselyWatched: [], duplicates: [], invented: [] });
      expect(witness).toMatchObject({ twoContents: [], broken: [] });
      expect(witness.runs).toHaveLength(1);
      // From the first event that found no room to the last that the engine had forgotten.
      const first = events.findIndex(({ hash }) => !witness.attested.has(hash));
      const end = back - REMEMBERED;
      expect(inGaps).toEqual(events.slice(first, end));
      expect(inGaps.length).toBeGreaterThanOrEqual(REMEMBERED / 2);
      expect(witness.gaps).toHaveLength(1);
      const [gap] = witness.gaps;
      const bound = { from: BigInt(gap?.from ?? 0), to: BigInt(gap?.to ?? 0) };
      const time = (index: number) => events[index]?.time ?? 0n;
      // On either side of what was lost at most a margin of what was not.
      expect(bound.from).toBeLessThanOrEqual(time(first));
      expect(bound.from).toBeGreaterThanOrEqual(time(first - 1) - MARGIN);
      expect(bound.to).toBeGreaterThan(time(end - 1));
      expect(bound.to).toBeLessThanOrEqual(time(end) + MARGIN);
    });
  });
});

/** Takes all the room that a disk has left. */
function fill(disk: string): void {
  const ballast = join(disk, 'ballast');
  for (const size of [1024 * 1024, 4096, 1]) {
    try {
      for (;;) writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}
