/**
 * A collector's memory over many events: a replay of Docker's `/events` publishes them as fast as its listener takes them, as
 * fast as no real engine does, and the collector's resident memory is read along the way.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_ACTORS } from '../network/actor-folders.js';
import { connect } from '../network/connection.js';
import { loadProfile } from '../network/profile.js';
import { machine, usageOf } from './machine.js';
import { startService } from './processes.js';
import { ReplayEngine } from './replay-engine.js';

const EVENTS = Number(process.env.EVENTS ?? 1_000_000);
/** Events a second, so that the ledger on the same machine keeps up; 0 for as fast as they are taken. */
const RATE = Number(process.env.RATE ?? 0);
const READINGS = 20;
/** Of every so many events the policy has all but one left out: the ledger is not what is measured. */
const RECORDED_OF = Number(process.env.RECORDED_OF ?? 10);
const GROUP = 200;

const dir = mkdtempSync(join(tmpdir(), 'event2ledger-replay-'));
const engine = new ReplayEngine();
const socket = join(dir, 'docker.sock');
await engine.listen(socket);
const ledger = await startService(['ledger', 'serve', '--data', join(dir, 'ledger'), '--port', '0'], /ready/);
const actor = DEFAULT_ACTORS[0] as string;
const identity = (name: string) => join(dir, 'ledger', 'actors', actor, name, 'profile.json');
const spool = join(dir, 'spool.db');
const source = ['--source', `docker:unix://${socket}`];
const collector = await startService(
  ['collect', '--profile', identity('collector-1'), ...source, '--spool', spool],
  /watching/i,
);
const reader = connect(loadProfile(identity('reconciler')));
try {
  console.log(machine());
  console.log(`${EVENTS} events, one of ${RECORDED_OF} recorded by the policy`);
  console.log('events      seconds  CPU s  RSS MiB  spool MiB');
  const start = performance.now();
  const read = (published: number) => {
    const { cpu, rss } = usageOf(collector.pid);
    const columns = [
      String(published).padEnd(10),
      ((performance.now() - start) / 1000).toFixed(1).padStart(8),
      cpu.toFixed(1).padStart(6),
      rss.toFixed(0).padStart(8),
      (statSync(spool).size / 2 ** 20).toFixed(0).padStart(10),
    ];
    console.log(columns.join(' '));
    return rss;
  };
  const readings = [read(0)];
  for (let published = 0; published < EVENTS; ) {
    const group = Array.from({ length: Math.min(GROUP, EVENTS - published) }, (_, index) => {
      const number = published + index;
      return engine.publish({
        type: 'container',
        action: number % RECORDED_OF === 0 ? 'start' : 'exec_start: true',
        id: number.toString(16).padStart(64, '0'),
        attributes: { image: 'registry.example/shop/service:1.0.0', name: `replayed-${number}` },
      });
    });
    await Promise.all(group);
    published += group.length;
    // An engine does not wait for its listeners; here the rate is to be the collector's own.
    while (engine.waiting() > GROUP) await delay(1);
    const early = RATE === 0 ? 0 : (published / RATE) * 1000 - (performance.now() - start);
    if (early > 0) await delay(early);
    if (published % Math.ceil(EVENTS / READINGS) < GROUP) readings.push(read(published));
  }
  // Until the last event has come onto the ledger: then its batches carry heartbeats alone.
  for (let before = -1, now = await batches(); now - before > 1; ) {
    await delay(5_000);
    [before, now] = [now, await batches()];
  }
  readings.push(read(EVENTS));
  const half = readings.slice(Math.floor(readings.length / 2));
  console.log(
    `RSS over the second half: ${Math.round(Math.min(...half))} to ${Math.round(Math.max(...half))} MiB, ` +
      `peak ${Math.round(usageOf(collector.pid).peak)} MiB; the engine skipped ${engine.skipped} events`,
  );
  console.log(`the collector's own account: ${(await collector.stop()).trim()}`);
} finally {
  reader.close();
  await collector.stop();
  await ledger.stop();
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
}

/** The number of the collector's newest batch on the ledger. */
async function batches(): Promise<number> {
  const [own] = JSON.parse(await reader.evaluate('GetCollectors')) as { n: number }[];
  return own?.n ?? 0;
}
