import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Watch } from '#chaincode';
import { runCollector } from '../../collector/collector.js';
import type { CollectorLog } from '../../collector/log.js';
import { silentLog } from '../../collector/log.js';
import { DAY, line } from './events.js';
import { FakeEngine } from './fake-engine.js';
import { FakeLedger } from './fake-ledger.js';

const S = 1_000_000_000n;

let dir: string;
let engine: FakeEngine;
let ledger: FakeLedger;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'e2l-engine-'));
  engine = new FakeEngine(join(dir, 'docker.sock'));
  ledger = new FakeLedger();
  await engine.start();
});
afterEach(async () => {
  await engine.stop();
  rmSync(dir, { recursive: true, force: true });
});

function start(log: CollectorLog = silentLog) {
  const stop = new AbortController();
  const running = runCollector({
    connection: ledger,
    source: engine.source(),
    spool: join(dir, 'spool.db'),
    signal: stop.signal,
    maxAgeMs: 2,
    log,
  });
  return {
    async end() {
      stop.abort();
      return await running;
    },
  };
}

const objects = () => ledger.entries().map((entry) => entry.event.object);
const attested = (id: string) => ledger.until(() => objects().includes(id));
const watches = () => ledger.batches().at(-1)?.batch.watches ?? [];
const gaps = () => ledger.batches().flatMap(({ batch }) => batch.gaps);
const covered = (time: bigint) => (watch: Watch) => BigInt(watch.from) <= time && time < BigInt(watch.to);

describe('a collector of a Docker engine', () => {
  it("attests what happens from its start on, and watches by the engine's clock less a margin", async () => {
    engine.happens('before');
    const from = engine.now;
    const collector = start();
    await engine.listenedTo();
    engine.happens('one');
    engine.happens('two');
    await attested('two');
    const summary = await collector.end();
    expect(objects()).toEqual(['one', 'two']);
    expect(watches()).toEqual([{ source: 'ENGINE', from: from.toString(), to: (engine.now - S).toString() }]);
    expect(gaps()).toEqual([]);
    expect(summary).toMatchObject({ events: 2, attested: 2, behind: 0 });
  });

  it('goes on after a stream that was cut in mid-line: nothing lost, nothing twice, no gap', async () => {
    const collector = start();
    await engine.listenedTo();
    engine.happens('one');
    await attested('one');
    engine.cut();
    for (let index = 0; index < 100; index++) engine.happens(`missed ${index}`);
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await collector.end();
    expect(new Set(objects()).size).toBe(102);
    expect(objects()).toHaveLength(102);
    expect(watches()).toHaveLength(1);
    expect(watches().some(covered(DAY))).toBe(true);
    expect(gaps()).toEqual([]);
  });

  it('goes on after its own restart', async () => {
    const first = start();
    await engine.listenedTo();
    engine.happens('one');
    await attested('one');
    await first.end();
    engine.happens('meanwhile');
    const second = start();
    await attested('meanwhile');
    await second.end();
    expect(objects()).toEqual(['one', 'meanwhile']);
    expect(watches()).toHaveLength(1);
    expect(gaps()).toEqual([]);
    expect(ledger.faults()).toEqual([]);
  });

  it.each([
    ['the engine forgot its events', (): void => engine.forget()],
    [
      'more happened than the engine remembers',
      (): void => {
        engine.cut();
        for (let index = 0; index < 300; index++) engine.happens(`missed ${index}`);
      },
    ],
  ])('declares one gap when %s', async (_, loses) => {
    const collector = start();
    await engine.listenedTo();
    engine.happens('one');
    await attested('one');
    const lastKnown = engine.now;
    loses();
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await collector.end();
    expect(gaps()).toMatchObject([{ source: 'ENGINE', reason: expect.stringContaining('no longer has') }]);
    const [gap] = gaps();
    expect(BigInt(gap?.from ?? 0)).toBeLessThanOrEqual(lastKnown);
    for (const watch of watches()) {
      expect(BigInt(watch.to) <= BigInt(gap?.from ?? 0) || BigInt(watch.from) >= BigInt(gap?.to ?? 0)).toBe(true);
    }
    expect(objects()).toContain('two');
  });

  it("keeps a Swarm's events until it knows the Swarm's name, and watches it on its own", async () => {
    const collector = start();
    await engine.listenedTo();
    engine.cluster = 'CLUSTER';
    engine.happens('service', { scope: 'swarm', type: 'service' });
    engine.happens('container');
    // A service start is not recorded by default; a removal of the same is.
    engine.says(line({ time: engine.now, id: 'gone', type: 'service', action: 'remove', scope: 'swarm' }));
    await attested('gone');
    engine.now += 20n * S;
    await collector.end();
    expect(ledger.entries().map(({ event }) => [event.source, event.object])).toContainEqual(['CLUSTER', 'gone']);
    const local = watches().find(({ source }) => source === 'ENGINE');
    const swarm = watches().find(({ source }) => source === 'CLUSTER');
    expect(local?.to).toBe((engine.now - S).toString());
    expect(swarm?.to).toBe((engine.now - 10n * S).toString());
  });

  it('tells an event that it cannot read, and leaves a hole there', async () => {
    const said: string[] = [];
    const collector = start({ ...silentLog, warn: (text) => void said.push(text) });
    await engine.listenedTo();
    engine.happens('one');
    engine.says('{"Type":7}');
    engine.happens('two');
    await attested('two');
    const summary = await collector.end();
    expect(summary.malformed).toBe(1);
    expect(said).toEqual([expect.stringContaining('event 2 of the stream')]);
    expect(gaps()).toMatchObject([{ reason: 'malformed event in the stream' }]);
    expect(watches().some(covered(DAY + S))).toBe(false);
  });

  it('waits for an engine that is not there yet', async () => {
    await engine.stop();
    let warned = () => {};
    const waiting = new Promise<void>((resolve) => {
      warned = resolve;
    });
    const collector = start({ ...silentLog, warn: () => warned() });
    await waiting;
    engine = new FakeEngine(engine.socket);
    await engine.start();
    await engine.listenedTo();
    engine.happens('one');
    await attested('one');
    expect(await collector.end()).toMatchObject({ attested: 1 });
  });
});
