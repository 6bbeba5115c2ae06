import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accountOf, NOTHING_WRONG, tallyOf } from '../support/audit.js';
import { ACTORS, type Consortium, startConsortium } from '../support/consortium.js';
import { forEachOf, lived, names } from '../support/containers.js';
import { describeWithDocker } from '../support/docker-engine.js';
import { eventually } from '../support/eventually.js';
import { Recorder } from '../support/recorder.js';
import { utcDays } from '../support/utc-day.js';

const MINUTE = 60_000;
const HEARTBEAT_SECONDS = 1;
/** The ledger stays down for at least so many heartbeats; some suites' "minutes" must fit into a test run. */
const MISSED_HEARTBEATS = 10;

describeWithDocker('a real engine goes on while something else fails', (engine) => {
  let consortium: Consortium;
  let recorder: Recorder;
  let begun: Date;
  beforeAll(async () => {
    begun = new Date();
    consortium = await startConsortium({ heartbeat: HEARTBEAT_SECONDS });
    recorder = await Recorder.on(engine.docker);
  }, MINUTE);
  afterAll(async () => {
    recorder.stop();
    await consortium.close();
  });

  const live = (count: number, prefix: string) => forEachOf(names(count, prefix), (name) => lived(engine.docker, name));
  const expectNothingLost = async () => {
    const witnesses = await consortium.witnesses();
    const events = recorder.events();
    for (const actor of ACTORS) {
      const witness = witnesses(actor);
      expect(witness, actor).toMatchObject({ gaps: [], twoContents: [], broken: [] });
      expect(tallyOf(accountOf(witness, events)), actor).toEqual(NOTHING_WRONG);
    }
    const { code, stderr } = await consortium.reconcile();
    expect(code, stderr).toBeLessThan(2);
    const { findings, coverage } = await consortium.reports(utcDays(begun, new Date()));
    // What was on its way when the ledger went down is late by the ledger's clock; nothing worse may be said.
    expect(findings.filter((finding) => finding.class !== 'late')).toEqual([]);
    expect(coverage).toMatchObject({ events: events.length, agreed: events.length });
  };

  it('the ledger: the spools grow, and all comes onto it when it is back', { timeout: 3 * MINUTE }, async () => {
    const collectors = await consortium.collectors(`docker:${engine.host}`);
    await live(3, 'before');
    await consortium.attestedByAll('before-3');
    await consortium.stopLedger();
    const down = delay(MISSED_HEARTBEATS * HEARTBEAT_SECONDS * 1000);
    await live(30, 'meanwhile');
    await Promise.all(collectors.map((collector) => collector.said(/ledger does not answer/)));
    await down;
    await consortium.serveAgain();
    await live(3, 'after');
    await consortium.attestedByAll('after-3');
    for (const collector of collectors) {
      const { code, stderr } = await collector.stop();
      expect(code, stderr).toBe(0);
    }
    await expectNothingLost();
  });

  it("a spool's disk: the collector says so, and ends with all attested or one right gap", {
    timeout: 3 * MINUTE,
  }, async () => {
    const disk = join(consortium.dir, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
    try {
      const source = `docker:${engine.host}`;
      const spool = join(disk, 'spool.db');
      const options = { spool, identity: 'collector-2' };
      await consortium.addIdentity('UserMSP', 'collector-2');
      const collector = await consortium.collector('UserMSP', source, options);
      const begin = recorder.latest();
      await live(3, 'roomy');
      fill(disk);
      const told = collector.said(/full|no space/i);
      for (let round = 1; !(await Promise.race([told.then(() => true), live(2, `full-${round}`)])); round++);
      const seen = recorder.latest();
      rmSync(join(disk, 'ballast'));
      await live(3, 'roomy-again');
      await eventually('an attestation after the disk has room again', async () =>
        (await consortium.witnesses())('UserMSP', 'collector-2').names.has('roomy-again-3'),
      );
      const { code, stderr } = await collector.stop();
      expect(code, stderr).toBe(0);
      const witnesses = await consortium.witnesses();
      const user = witnesses('UserMSP', 'collector-2');
      const { inGaps, lost, falselyWatched, duplicates } = accountOf(
        user,
        recorder.events().filter(({ time }) => time > begin),
      );
      expect({ lost, falselyWatched, duplicates }).toEqual({ lost: [], falselyWatched: [], duplicates: [] });
      expect(user.gaps.length).toBeLessThanOrEqual(1);
      expect(inGaps.every(({ time }) => time <= seen)).toBe(true);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
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
