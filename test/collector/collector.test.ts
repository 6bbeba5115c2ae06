import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fc, test } from '@fast-check/vitest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Batch, completePolicy } from '#chaincode';
import { type CollectorCounts, type CollectorOptions, runCollector } from '../../collector/collector.js';
import { type CollectorLog, silentLog } from '../../collector/log.js';
import { healthOf } from '../../collector/metrics-server.js';
import type { Observation } from '../../collector/observation.js';
import type { Source } from '../../collector/source/source.js';
import { type TraceOptions, traceSource } from '../../collector/source/trace.js';
import { Vitals } from '../../collector/vitals.js';
import { DAY, event, line, lines } from './events.js';
import { FakeLedger, unreachable } from './fake-ledger.js';

const S = 1_000_000_000n;
const PATIENCE = { firstPauseMs: 1, longestPauseMs: 4 };
const never = () => new AbortController().signal;

let files = 0;
let dir: string;
let spool: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'e2l-spool-'));
  spool = join(dir, 'spool.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function trace(content: readonly string[], options?: TraceOptions): Source {
  return traceSource(() => Readable.from(content.map((one) => Buffer.from(`${one}\n`))), options);
}

function collect(connection: FakeLedger, source: Source, more: Partial<CollectorOptions> = {}) {
  return runCollector({ connection, source, spool, signal: never(), once: true, patience: PATIENCE, ...more });
}

/** A source under the test's control: what is told is taken in order, `probe` tells how far. */
function told(name = 'docker') {
  const queue: (readonly Observation[])[] = [];
  let wake = () => {};
  let probes: Observation[] = [];
  const source: Source = {
    name,
    async *observe({ signal }) {
      signal.addEventListener('abort', () => wake(), { once: true });
      while (true) {
        for (let group = queue.shift(); group !== undefined; group = queue.shift()) yield group;
        if (signal.aborted) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async probe() {
      if (probes.length > 0) tell(...probes);
      probes = [];
    },
  };
  function tell(...observations: Observation[]): void {
    queue.push(observations);
    wake();
  }
  return { source, tell, onProbe: (...observations: Observation[]) => probes.push(...observations) };
}

const started = (seconds: bigint, id = `c${seconds}`): Observation => ({
  kind: 'event',
  source: 'E1',
  event: event({ time: DAY + seconds * S, id }),
});

describe('a collector with a trace', () => {
  it('attests every event, numbered without a break, and says what it did', async () => {
    const ledger = new FakeLedger();
    const summary = await collect(ledger, trace([...lines(25), 'no event']), {
      limits: { entries: 10, bytes: 100_000 },
    });
    expect(summary).toMatchObject({ events: 25, recorded: 25, attested: 25, malformed: 1, batches: 3, behind: 0 });
    expect(ledger.entries().map((one) => one.number)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    expect(ledger.faults()).toEqual([]);
    expect(summary.run).toMatch(/^\d{19}-[0-9a-f]{8}$/);
    expect(ledger.batches().at(-1)?.batch.gaps).toHaveLength(1);
  });

  it('claims a watch only in a batch up to which everything is attested', async () => {
    const ledger = new FakeLedger();
    await collect(ledger, trace(lines(25)), { limits: { entries: 10, bytes: 100_000 } });
    const claiming = ledger.batches().findIndex(({ batch }) => batch.watches.length > 0);
    const before = ledger.batches().slice(0, claiming + 1);
    expect(before.reduce((sum, one) => sum + one.entries.length, 0)).toBe(25);
    expect(ledger.batches()[claiming]?.batch.watches).toEqual([
      { source: 'trace', from: DAY.toString(), to: (DAY + 24n * S + 1n).toString() },
    ]);
  });

  it('attests nothing twice when it reads a trace again, and goes on with the next day in the same run', async () => {
    const ledger = new FakeLedger();
    const first = await collect(ledger, trace(lines(5)));
    const again = await collect(ledger, trace(lines(5)));
    expect(again).toMatchObject({ run: first.run, events: 5, known: 5, attested: 0, batches: 1 });
    const next = await collect(ledger, trace(lines(5, DAY + 86_400n * S)));
    expect(next).toMatchObject({ run: first.run, attested: 5 });
    expect(ledger.entries()).toHaveLength(10);
    expect(ledger.faults()).toEqual([]);
    expect(ledger.batches().at(-1)?.batch.watches).toHaveLength(2);
  });

  it('attests a line that stands twice in a trace once', async () => {
    const ledger = new FakeLedger();
    const content = lines(3);
    const summary = await collect(ledger, trace([...content, ...content]));
    expect(summary).toMatchObject({ events: 6, known: 3, attested: 3 });
  });

  it('records what the policy says, and nothing from before the first one', async () => {
    const ledger = new FakeLedger();
    ledger.policies = [completePolicy({ from: DAY.toString(), actors: ['A', 'B'], ignore: ['image'] })];
    const exec = line({ time: DAY, action: 'exec_create: sh' });
    const before = line({ time: DAY - 1n, id: 'early' });
    const summary = await collect(ledger, trace([before, exec, ...lines(2)]));
    expect(summary).toMatchObject({ events: 4, recorded: 2, unrecorded: 1, ungoverned: 1, attested: 2 });
    expect(ledger.entries().map((one) => one.event.attributes)).toEqual([{ name: 'one' }, { name: 'one' }]);
  });

  it('never puts events of two policies into one batch', async () => {
    const ledger = new FakeLedger();
    const base = { actors: ['A', 'B'] };
    const border = DAY + 5n * S;
    ledger.policies = [
      completePolicy({ ...base, from: '0' }),
      completePolicy({ ...base, from: border.toString(), ignore: ['name'] }),
    ];
    const disordered = [line({ time: border, id: 'x' }), line({ time: border - 1n, id: 'y' })];
    await collect(ledger, trace([...lines(10), ...disordered]));
    for (const { batch, entries } of ledger.batches()) {
      for (const entry of entries) expect(BigInt(entry.time) >= border ? 2 : 1).toBe(batch.policy);
    }
    expect(ledger.entries()).toHaveLength(12);
    expect(ledger.faults()).toEqual([]);
  });

  it("gives a Swarm removal the manager's own stamp", async () => {
    const ledger = new FakeLedger();
    await collect(ledger, trace([line({ time: DAY + 7n, type: 'service', action: 'remove', scope: 'swarm' })]));
    expect(ledger.entries()).toMatchObject([{ t: (DAY + 7n).toString(), time: DAY.toString() }]);
  });

  it('declares every hole of a trace that has more than a batch may name', async () => {
    const ledger = new FakeLedger();
    const content = lines(180).flatMap((one) => [one, 'x']);
    await collect(ledger, trace(content));
    const gaps = new Set(ledger.batches().flatMap(({ batch }) => batch.gaps.map((gap) => gap.reason)));
    const watches = new Set(ledger.batches().flatMap(({ batch }) => batch.watches.map((watch) => watch.from)));
    expect([gaps.size, watches.size]).toEqual([180, 180]);
    expect(ledger.faults()).toEqual([]);
  });

  it('ends with an error if no policy is in force, and keeps what it read', async () => {
    const ledger = new FakeLedger();
    const policies = ledger.policies;
    ledger.policies = [];
    await expect(collect(ledger, trace(lines(3)))).rejects.toMatchObject({ code: 'POLICY' });
    ledger.policies = policies;
    expect(await collect(ledger, trace([]))).toMatchObject({ attested: 3 });
  });

  it('gives up on a ledger that stays away, and goes on the next time', async () => {
    const ledger = new FakeLedger();
    ledger.beforeSubmit = unreachable;
    const patience = { ...PATIENCE, giveUpAfterMs: 20 };
    await expect(collect(ledger, trace(lines(3)), { patience })).rejects.toMatchObject({ code: 'LEDGER' });
    ledger.beforeSubmit = () => {};
    expect(await collect(ledger, trace([]))).toMatchObject({ attested: 3 });
    expect(ledger.faults()).toEqual([]);
  });

  it('ends with an error when a batch is refused, and skips none', async () => {
    const ledger = new FakeLedger('UserMSP', 'collector-1');
    const { NetworkError } = await import('../../network/errors.js');
    ledger.beforeSubmit = () => {
      throw new NetworkError('REFUSED', 'No.');
    };
    await expect(collect(ledger, trace(lines(3)))).rejects.toMatchObject({ code: 'REFUSED' });
    expect(ledger.entries()).toEqual([]);
    ledger.beforeSubmit = () => {};
    expect(await collect(ledger, trace(lines(4)))).toMatchObject({ attested: 4 });
    expect(ledger.faults()).toEqual([]);
  });
});

describe('another run under the same identity', () => {
  const errorsInto = (said: string[]): CollectorLog => ({ ...silentLog, error: (text) => void said.push(text) });

  it('is named at the start if it was heard of a moment ago', async () => {
    const ledger = new FakeLedger();
    const said: string[] = [];
    await collect(ledger, trace(lines(2)), { log: errorsInto(said) });
    await collect(ledger, trace(lines(3)), { log: errorsInto(said) });
    expect(said).toEqual([]);
    await collect(ledger, trace(lines(2)), { spool: join(dir, 'second.db'), log: errorsInto(said) });
    expect(said).toEqual([expect.stringMatching(/another run has sent something .* stop one of the two/)]);
    said.length = 0;
    const clock = { now: () => (BigInt(Date.now() + 120_000) * 1_000_000n).toString() };
    await collect(ledger, trace(lines(2)), { spool: join(dir, 'third.db'), log: errorsInto(said), clock });
    expect(said).toEqual([]);
  });

  it('is named once by the older one while it runs', async () => {
    const ledger = new FakeLedger();
    const stop = new AbortController();
    const said: string[] = [];
    let name = () => {};
    const named = new Promise<void>((resolve) => {
      name = resolve;
    });
    const error = (text: string) => {
      said.push(text);
      name();
    };
    const log = { ...silentLog, error };
    const { source, tell } = told();
    const running = collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 1, log });
    tell(started(1n));
    await ledger.until(() => ledger.entries().length === 1);
    const older = ledger.batches()[0]?.batch.run;
    ledger.beforeEvaluate = (fn) => {
      if (fn === 'GetCollector') ledger.reported = { run: 'z', n: 1 };
    };
    await named;
    const count = ledger.batches().length;
    await ledger.until(() => ledger.batches().length > count + 1);
    stop.abort();
    expect((await running).run).toBe(older);
    expect(said).toEqual([expect.stringMatching(/another run has begun since .* stop one of the two/)]);
  });
});

describe('what a collector says when it stops', () => {
  it('is nothing of a spool in which nothing waits', async () => {
    const ledger = new FakeLedger();
    ledger.beforeSubmit = unreachable;
    const said: string[] = [];
    const stop = new AbortController();
    const { source } = told();
    const tried = new Promise<void>((resolve) => {
      ledger.beforeSubmit = () => {
        resolve();
        unreachable();
      };
    });
    const log = { ...silentLog, warn: (text: string) => void said.push(text) };
    const running = collect(ledger, source, { once: false, signal: stop.signal, stopWithinMs: 20, log });
    await tried;
    stop.abort();
    expect(await running).toMatchObject({ behind: 0 });
    expect(said.filter((text) => text.startsWith('Stopped'))).toEqual([]);
  });

  it('with --once is its error alone, in words that count', async () => {
    const ledger = new FakeLedger();
    const stop = new AbortController();
    ledger.beforeSubmit = () => {
      stop.abort();
      unreachable();
    };
    const said: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void said.push(text) };
    const options = { signal: stop.signal, stopWithinMs: 20, maxAgeMs: 1, log };
    await expect(collect(ledger, trace(lines(1)), options)).rejects.toMatchObject({
      code: 'UNFINISHED',
      message: expect.stringMatching(/^Stopped with \d+ observations? that (is|are) not yet on the ledger/),
    });
    expect(said.filter((text) => text.startsWith('Stopped'))).toEqual([]);
    const before = new AbortController();
    before.abort();
    await expect(
      collect(new FakeLedger(), told('trace').source, { signal: before.signal, spool: join(dir, 'none.db') }),
    ).rejects.toMatchObject({ message: expect.stringMatching(/^Stopped before the trace's end/) });
  });
});

describe('a collector whose input ends, without --once', () => {
  it.each([
    ['standard input', true, false],
    ['a file', false, true],
  ])('stays for its heartbeats and says so: %s', async (_, endless, healthy) => {
    const ledger = new FakeLedger();
    const stop = new AbortController();
    const vitals = new Vitals();
    let ended = () => {};
    const said = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const note = (text: string) => void (text.startsWith('The input has ended.') && ended());
    const log = { ...silentLog, info: note, warn: note };
    const source = { ...trace(lines(3)), endless };
    const running = collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 1, log, vitals });
    await said;
    await ledger.until(() => ledger.entries().length === 3);
    const count = ledger.batches().length;
    await ledger.until(() => ledger.batches().length > count);
    const { ok, reasons } = healthOf(vitals, 60_000);
    expect([ok, reasons.join()]).toEqual([healthy, healthy ? '' : expect.stringContaining('The input has ended')]);
    stop.abort();
    expect(await running).toMatchObject({ attested: 3, behind: 0 });
  });
});

describe("a collector's spool", () => {
  it("is refused to another's identity or source, and while it is in use", async () => {
    await collect(new FakeLedger(), trace(lines(1)));
    await expect(collect(new FakeLedger('ProviderMSP'), trace(lines(1)))).rejects.toMatchObject({ code: 'SPOOL' });
    await expect(collect(new FakeLedger(), trace(lines(1), { sourceId: 'E2' }))).rejects.toMatchObject({
      code: 'SPOOL',
    });
    const stop = new AbortController();
    const ledger = new FakeLedger();
    ledger.forgetCollectors = true;
    const other = join(dir, 'other.db');
    const running = collect(ledger, trace(lines(1)), { once: false, signal: stop.signal, spool: other });
    await ledger.until(() => ledger.entries().length === 1);
    await expect(collect(ledger, trace(lines(1)), { spool: other })).rejects.toMatchObject({ code: 'SPOOL' });
    stop.abort();
    expect(await running).toMatchObject({ attested: 1 });
  });

  it('begins a new run when it does not continue what the ledger has', async () => {
    const ledger = new FakeLedger();
    const first = await collect(ledger, trace(lines(2)));
    const second = await collect(ledger, trace(lines(2)), { spool: join(dir, 'second.db') });
    expect(second.run).not.toBe(first.run);
    const third = await collect(ledger, trace(lines(3)));
    expect([first.run, second.run]).not.toContain(third.run);
    expect(third).toMatchObject({ attested: 1 });
    expect(ledger.faults()).toEqual([]);
  });

  it('is refused by a ledger that knows nothing of what it has attested', async () => {
    await collect(new FakeLedger(), trace(lines(2)));
    await expect(collect(new FakeLedger(), trace(lines(2)))).rejects.toMatchObject({ code: 'LEDGER' });
  });

  const crash = fc.record({
    at: fc.nat({ max: 12 }),
    when: fc.constantFrom('before', 'after'),
    entries: fc.integer({ min: 1, max: 9 }),
  });
  test.prop([fc.array(crash, { maxLength: 5 }), fc.integer({ min: 1, max: 60 })], { numRuns: 25 })(
    'resends the same bytes after a crash at any moment, and gives no number twice',
    async (crashes, count) => {
      const ledger = new FakeLedger();
      const file = join(dir, `${files++}.db`);
      const content = lines(count);
      for (const { at, when, entries } of crashes) {
        const { NetworkError } = await import('../../network/errors.js');
        let left = at;
        const fail = () => {
          // Not retryable: the collector ends on the spot, with this batch and its neighbours under way.
          if (left-- <= 0) throw new NetworkError('REFUSED', 'Crashed.');
        };
        ledger.beforeSubmit = when === 'before' ? fail : () => {};
        ledger.afterSubmit = when === 'after' ? fail : () => {};
        const limits = { entries, bytes: 100_000 };
        await collect(ledger, trace(content), { spool: file, limits }).catch((error) => {
          expect(error).toMatchObject({ code: 'REFUSED' });
        });
      }
      ledger.beforeSubmit = () => {};
      ledger.afterSubmit = () => {};
      await collect(ledger, trace(content), { spool: file });
      expect(ledger.faults()).toEqual([]);
      const hashes = ledger.entries().map((one) => one.hash);
      expect(new Set(hashes).size).toBe(count);
      expect(hashes).toHaveLength(count);
    },
  );
});

describe('a collector with an engine', () => {
  it('sends heartbeats, with how far it has watched', async () => {
    const ledger = new FakeLedger();
    const stop = new AbortController();
    const { source, tell, onProbe } = told();
    const running = collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 5 });
    tell({ kind: 'origin', source: 'E1', scope: 'local', since: DAY.toString() }, started(1n));
    await ledger.until(() => ledger.entries().length === 1);
    const watch = { source: 'E1', from: DAY.toString(), to: (DAY + 2n * S).toString() };
    onProbe({ kind: 'watch', ...watch });
    await ledger.until(() => ledger.batches().some(({ batch }) => batch.watches.length > 0));
    onProbe({ kind: 'watch', source: 'E1', from: watch.to, to: (DAY + 3n * S).toString() });
    stop.abort();
    expect(await running).toMatchObject({ attested: 1, behind: 0 });
    expect(ledger.batches().at(-1)?.batch.watches).toEqual([{ ...watch, to: (DAY + 3n * S).toString() }]);
    expect(ledger.faults()).toEqual([]);
  });

  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('event' as const) },
    { weight: 1, arbitrary: fc.constant('watch' as const) },
    { weight: 1, arbitrary: fc.constant('turn' as const) },
  );
  test.prop([fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 })], { numRuns: 30 })(
    'never claims a watch ahead of what it has attested',
    async (steps, entries) => {
      const ledger = new FakeLedger();
      const stop = new AbortController();
      const { source, tell } = told();
      const limits = { entries, bytes: 100_000 };
      const file = join(dir, `${files++}.db`);
      const running = collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 1, limits, spool: file });
      const times: bigint[] = [];
      for (const what of steps) {
        const now = DAY + BigInt(times.length) * S;
        if (what === 'turn') await new Promise((resolve) => setImmediate(resolve));
        else if (what === 'event') {
          tell(started(BigInt(times.length)));
          times.push(now);
        } else if (times.length > 0) tell({ kind: 'watch', source: 'E1', from: DAY.toString(), to: now.toString() });
      }
      stop.abort();
      expect(await running).toMatchObject({ attested: times.length, behind: 0 });
      const attested = new Set<bigint>();
      for (const { batch, entries } of ledger.batches()) {
        for (const entry of entries) attested.add(BigInt(entry.time));
        const claimed = batch.watches.map(({ to }) => BigInt(to)).reduce((a, b) => (a > b ? a : b), 0n);
        expect(times.filter((time) => time < claimed && !attested.has(time))).toEqual([]);
      }
      expect(ledger.faults()).toEqual([]);
    },
  );

  it('keeps batches under way while the ledger is slow, and resends them unchanged', async () => {
    const ledger = new FakeLedger();
    let failures = 20;
    ledger.beforeSubmit = () => {
      if (failures-- > 0) unreachable();
    };
    let losses = 3;
    ledger.afterSubmit = () => {
      if (losses-- > 0) unreachable();
    };
    const stop = new AbortController();
    const { source, tell } = told();
    const options = { once: false, signal: stop.signal, maxAgeMs: 1, limits: { entries: 3, bytes: 100_000 } };
    const running = collect(ledger, source, options);
    for (let second = 0n; second < 30n; second++) tell(started(second));
    await ledger.until(() => ledger.entries().length === 30);
    stop.abort();
    await running;
    expect(ledger.faults()).toEqual([]);
    expect([...ledger.sent.values()].every((texts) => texts.size === 1)).toBe(true);
  });

  it('spools without a policy and attests once there is one', async () => {
    const ledger = new FakeLedger();
    const policies = ledger.policies;
    ledger.policies = [];
    const stop = new AbortController();
    const { source, tell } = told();
    const said: string[] = [];
    let warn = () => {};
    const warned = new Promise<void>((resolve) => {
      warn = resolve;
    });
    const log: CollectorLog = {
      ...silentLog,
      warn(text) {
        said.push(text);
        warn();
      },
    };
    const running = collect(ledger, source, { once: false, signal: stop.signal, log });
    tell(started(1n));
    await warned;
    expect(said[0]).toContain('No policy is in force');
    ledger.policies = policies;
    await ledger.until(() => ledger.entries().length === 1);
    stop.abort();
    expect(await running).toMatchObject({ attested: 1 });
  });

  it('stops within its time when the ledger does not answer, and attests it all the next time', async () => {
    const ledger = new FakeLedger();
    const stop = new AbortController();
    const { source, tell } = told();
    const tried = new Promise<Batch>((resolve) => {
      ledger.beforeSubmit = (batch) => {
        if (batch.entries.length > 0) resolve(batch);
        unreachable();
      };
    });
    const running = collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 1, stopWithinMs: 50 });
    tell(started(1n), started(2n));
    await tried;
    tell(started(3n));
    stop.abort();
    expect(await running).toMatchObject({ events: 3, attested: 0, behind: 3 });
    ledger.beforeSubmit = () => {};
    const second = new AbortController();
    const again = collect(ledger, told().source, { once: false, signal: second.signal });
    await ledger.until(() => ledger.entries().length === 3);
    second.abort();
    await again;
    expect(ledger.faults()).toEqual([]);
  });

  it.each([
    ['the source does not say how far it has watched', 'probe' as const],
    ['the ledger does not name its collectors', 'GetCollectors' as const],
    ['the ledger neither takes nor refuses a batch', 'submit' as const],
  ])('stops within its time though %s', async (_, hangs) => {
    const ledger = new FakeLedger();
    const stop = new AbortController();
    const { source, tell } = told();
    const never = new Promise<void>(() => {});
    let reached = () => {};
    const hanging = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const hang = () => {
      reached();
      return never;
    };
    if (hangs === 'probe') source.probe = hang;
    if (hangs === 'submit') ledger.beforeSubmit = (batch) => (batch.entries.length > 0 ? hang() : undefined);
    ledger.beforeEvaluate = (fn) => (fn === hangs ? hang() : undefined);
    tell({ kind: 'origin', source: 'E1', scope: 'local', since: DAY.toString() }, started(1n));
    const options = { once: false, signal: stop.signal, maxAgeMs: 1, stopWithinMs: 50 };
    const running = collect(ledger, source, options);
    await hanging;
    stop.abort();
    expect(await running).toMatchObject({ events: 1 });
  });

  it('refuses an engine that is not the one that the spool has watched', async () => {
    const ledger = new FakeLedger();
    const { source, tell } = told();
    tell({ kind: 'origin', source: 'E1', scope: 'local', since: '1' });
    tell({ kind: 'origin', source: 'E2', scope: 'local', since: '2' });
    await expect(collect(ledger, source, { once: false })).rejects.toMatchObject({ code: 'SPOOL' });
  });

  it('listens between the many events that the policy does not have recorded', async () => {
    const ledger = new FakeLedger();
    const stop = new AbortController();
    const { source, tell } = told();
    const unrecorded = (index: number): Observation => ({
      kind: 'event',
      source: 'E1',
      event: event({ time: DAY + BigInt(index), action: 'exec_start: sh' }),
    });
    tell({ kind: 'origin', source: 'E1', scope: 'local', since: DAY.toString() });
    tell(...Array.from({ length: 12_000 }, (_, index) => unrecorded(index)), started(1n));
    let turn = 0;
    let turning = setImmediate(function next() {
      turn++;
      turning = setImmediate(next);
    });
    const inTurn = new Map<number, number>();
    let seen = 0;
    const onProgress = (counts: CollectorCounts) => {
      inTurn.set(turn, (inTurn.get(turn) ?? 0) + counts.unrecorded - seen);
      seen = counts.unrecorded;
      if (counts.attested === 1) stop.abort();
    };
    await collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 1, onProgress });
    clearImmediate(turning);
    expect(seen).toBe(12_000);
    expect(Math.max(...inTurn.values())).toBeLessThanOrEqual(5_000);
  });

  it('that fails while the ledger does not answer ends the collector all the same, in the time that stopping has', async () => {
    const ledger = new FakeLedger();
    ledger.beforeEvaluate = unreachable;
    const source: Source = {
      name: 'docker',
      resumes: true,
      // biome-ignore lint/correctness/useYield: it fails before it tells anything
      async *observe() {
        throw new Error('It cannot go on.');
      },
    };
    await expect(collect(ledger, source, { once: false, stopWithinMs: 20 })).rejects.toThrow('It cannot go on.');
  });
});
