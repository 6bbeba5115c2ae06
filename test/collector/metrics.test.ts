import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CollectorCounts } from '../../collector/collector.js';
import { runCollector } from '../../collector/collector.js';
import { collectorMetrics, METRICS } from '../../collector/metrics.js';
import { healthOf, type MetricsServer, serveMetrics } from '../../collector/metrics-server.js';
import { Vitals } from '../../collector/vitals.js';
import { FakeEngine } from './fake-engine.js';
import { FakeLedger, unreachable } from './fake-ledger.js';

const COUNTS: CollectorCounts = {
  events: 7,
  known: 2,
  malformed: 1,
  recorded: 4,
  unrecorded: 1,
  ungoverned: 0,
  attested: 3,
  batches: 2,
  behind: 1,
};

let dir: string;
let server: MetricsServer | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'e2l-metrics-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

async function serve(vitals: Vitals, counts: () => CollectorCounts | undefined, graceMs = 0): Promise<string> {
  const registry = collectorMetrics({
    vitals,
    counts,
    spoolLimitBytes: 1000,
    actor: 'UserMSP',
    collector: 'say "hi"\\',
  });
  server = await serveMetrics({ host: '127.0.0.1', port: 0 }, registry, () => healthOf(vitals, graceMs));
  return server.url;
}

/** One metric's samples, by their labels besides the constant ones. */
async function sample(url: string, name: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const samples: Record<string, number> = {};
  for (const [, found, labels = '', value] of text.matchAll(/^([a-z0-9_]+)(?:\{(.*)\})? ([0-9.e+-]+)$/gm)) {
    const own = labels.replace(/,?(?:actor|collector)="(?:[^"\\]|\\.)*"/g, '').replace(/^,/, '');
    if (found === `event2ledger_collector_${name}`) samples[own] = Number(value);
  }
  return samples;
}

describe('/metrics', () => {
  it('gives every count, and what the vitals say', async () => {
    const vitals = new Vitals();
    let counts: CollectorCounts | undefined;
    const url = await serve(vitals, () => counts);
    expect(await sample(url, 'events_read_total')).toEqual({ '': 0 });
    expect(await sample(url, 'engine_up')).toEqual({});
    counts = COUNTS;
    vitals.tell('engine', true);
    vitals.tell('ledger', false);
    vitals.gap();
    vitals.refused();
    vitals.watched('engine "1"', '1795300553028063346');
    vitals.watchSpool(() => ({ bytes: 111, unreadable: 5 }));
    vitals.unproven();
    const expected: Record<string, Record<string, number>> = {
      events_read_total: { '': 7 },
      events_known_total: { '': 2 },
      events_spooled_total: { '': 5 },
      events_malformed_total: { '': 1 },
      entries_attested_total: { '': 3 },
      batches_committed_total: { '': 2 },
      behind: { '': 1 },
      gaps_declared_total: { '': 1 },
      refusals_total: { '': 1 },
      reconnections_total: { '': 0 },
      engine_up: { '': 1 },
      ledger_up: { '': 0 },
      spool_bytes: { '': 111 },
      spool_limit_bytes: { '': 1000 },
      spool_unreadable: { '': 5 },
      rereads_failed_total: { '': 1 },
      memory_up: { '': 0 },
      watched_until_seconds: { 'source="engine \\"1\\""': 1795300553.028 },
    };
    for (const [name, samples] of Object.entries(expected))
      expect([name, await sample(url, name)]).toEqual([name, samples]);
    // Asked again, a counter has not counted twice.
    expect(await sample(url, 'events_read_total')).toEqual({ '': 7 });
    vitals.watchSpool(undefined);
    expect(await sample(url, 'spool_bytes')).toEqual({});
    vitals.tell('engine', false);
    vitals.tell('engine', true);
    expect(await sample(url, 'reconnections_total')).toEqual({ '': 1 });
  });

  it('serves every metric that is listed, with its kind and help', async () => {
    const vitals = new Vitals();
    vitals.watched('e', '1');
    vitals.watchSpool(() => ({ bytes: 1, unreadable: 0 }));
    const url = await serve(vitals, () => COUNTS);
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    for (const { name, kind, help } of METRICS) {
      expect(text).toContain(`# TYPE ${name} ${kind}\n`);
      expect(text).toContain(`# HELP ${name} ${help}\n`);
    }
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('has nothing else, and only to read', async () => {
    const url = await serve(new Vitals(), () => COUNTS);
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics/../..//etc/passwd`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await fetch(`${url}/metrics`, { method: 'HEAD' })).status).toBe(200);
  });

  it('refuses a spool that others can read', async () => {
    const spool = join(dir, 'open.db');
    writeFileSync(spool, '');
    chmodSync(spool, 0o640);
    const engine = new FakeEngine(join(dir, 'docker.sock'));
    const options = { connection: new FakeLedger(), source: engine.source(), spool, signal: AbortSignal.abort() };
    await expect(runCollector(options)).rejects.toMatchObject({
      code: 'SPOOL',
      message: expect.stringContaining('open to others (mode 0640)'),
    });
  });

  it('says that its address is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const serving = serveMetrics(
      { host: '127.0.0.1', port },
      collectorMetrics({
        vitals: new Vitals(),
        counts: () => COUNTS,
        spoolLimitBytes: 1,
        actor: 'A',
        collector: 'c',
      }),
      () => healthOf(new Vitals(), 0),
    );
    await expect(serving).rejects.toMatchObject({ code: 'METRICS', message: expect.stringContaining('EADDRINUSE') });
    other.close();
  });
});

/** Vitals whose changes can be awaited. */
class ToldVitals extends Vitals {
  #waiting: (() => void)[] = [];

  override tell(...told: Parameters<Vitals['tell']>): void {
    super.tell(...told);
    this.changed();
  }

  changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

describe('/healthz', () => {
  const asked = async (url: string) => {
    const response = await fetch(`${url}/healthz`);
    return { status: response.status, body: (await response.json()) as unknown };
  };

  it('says which of the two does not answer, once the grace is over', async () => {
    let now = 0;
    const vitals = new Vitals(() => now);
    const url = await serve(vitals, () => COUNTS, 60_000);
    const fine = { ok: true, engine: 'unknown', memory: 'unknown', ledger: 'unknown', spool: 'unknown', reasons: [] };
    expect(await asked(url)).toEqual({ status: 200, body: fine });
    vitals.tell('engine', true);
    vitals.tell('ledger', true);
    now = 1_000;
    vitals.tell('ledger', false);
    now = 60_999;
    vitals.tell('ledger', false);
    expect(await asked(url)).toEqual({ status: 200, body: { ...fine, engine: 'up', ledger: 'down' } });
    now = 61_000;
    const reasons = ['The ledger has not answered for 60 s.'];
    const body = { ...fine, ok: false, engine: 'up', ledger: 'down', reasons };
    expect(await asked(url)).toEqual({ status: 503, body });
    vitals.tell('ledger', true);
    expect((await asked(url)).status).toBe(200);
    vitals.tell('spool', false);
    now = 200_000;
    expect((await asked(url)).body).toMatchObject({
      ok: false,
      engine: 'up',
      spool: 'full',
      reasons: ['The spool has been full, so that nothing is read, for 139 s.'],
    });
    vitals.tell('spool', true);
    vitals.unproven();
    now = 260_000;
    expect((await asked(url)).body).toMatchObject({
      ok: false,
      memory: 'down',
      reasons: ["The engine's memory could not be read, so that nothing is claimed, for 60 s."],
    });
  });

  it('follows a collector through the loss of its ledger and of its engine', async () => {
    const engine = new FakeEngine(join(dir, 'docker.sock'));
    const ledger = new FakeLedger();
    await engine.start();
    const vitals = new ToldVitals();
    let counts: CollectorCounts | undefined;
    const stop = new AbortController();
    const running = runCollector({
      connection: ledger,
      source: engine.source(),
      spool: join(dir, 'spool.db'),
      signal: stop.signal,
      maxAgeMs: 2,
      patience: { firstPauseMs: 5, longestPauseMs: 5 },
      vitals,
      onProgress: (latest) => {
        counts = latest;
        vitals.changed();
      },
    });
    const url = await serve(vitals, () => counts);
    await engine.listenedTo();
    await vitals.until(() => vitals.up('engine') === true && vitals.up('ledger') === true);
    expect((await asked(url)).status).toBe(200);
    ledger.beforeSubmit = unreachable;
    engine.happens('one');
    await vitals.until(() => vitals.up('ledger') === false);
    expect(await asked(url)).toMatchObject({ status: 503, body: { ok: false, engine: 'up', ledger: 'down' } });
    ledger.beforeSubmit = () => {};
    await ledger.until(() => ledger.entries().some(({ event }) => event.object === 'one'));
    await vitals.until(() => counts?.attested === 1);
    await engine.stop();
    await vitals.until(() => vitals.up('engine') === false);
    expect(await asked(url)).toMatchObject({ status: 503, body: { engine: 'down', ledger: 'up' } });
    await engine.start();
    await vitals.until(() => vitals.up('engine') === true);
    expect(await sample(url, 'reconnections_total')).toEqual({ '': 1 });
    expect(await sample(url, 'events_spooled_total')).toEqual({ '': 1 });
    stop.abort();
    await running;
    await engine.stop();
  });
});
