import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Batch } from '#chaincode';
import { type CollectorCounts } from '../../collector/collector.js';
import { type CollectorLog, silentLog } from '../../collector/log.js';
import type { Observation } from '../../collector/observation.js';
import type { Source } from '../../collector/source/source.js';
import { Collecting, S, started, told } from './collecting.js';
import { DAY, event } from './events.js';
import { FakeLedger, unreachable } from './fake-ledger.js';

const its = new Collecting();

let files = 0;

describe('a collector with an engine', () => {
  it('sends heartbeats, with how far it has watched', async () => {
    const ledger = new FakeLedger();
    const stop = new AbortController();
    const { source, tell, onProbe } = told();
    const running = its.collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 5 });
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
      const file = its.file(`${files++}.db`);
      const running = its.collect(ledger, source, {
        once: false,
        signal: stop.signal,
        maxAgeMs: 1,
        limits,
        spool: file,
      });
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
    const running = its.collect(ledger, source, options);
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
    const running = its.collect(ledger, source, { once: false, signal: stop.signal, log });
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
    const running = its.collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 1, stopWithinMs: 50 });
    tell(started(1n), started(2n));
    await tried;
    tell(started(3n));
    stop.abort();
    expect(await running).toMatchObject({ events: 3, attested: 0, behind: 3 });
    ledger.beforeSubmit = () => {};
    const second = new AbortController();
    const again = its.collect(ledger, told().source, { once: false, signal: second.signal });
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
    const running = its.collect(ledger, source, options);
    await hanging;
    stop.abort();
    expect(await running).toMatchObject({ events: 1 });
  });

  it('refuses an engine that is not the one that the spool has watched', async () => {
    const ledger = new FakeLedger();
    const { source, tell } = told();
    tell({ kind: 'origin', source: 'E1', scope: 'local', since: '1' });
    tell({ kind: 'origin', source: 'E2', scope: 'local', since: '2' });
    await expect(its.collect(ledger, source, { once: false })).rejects.toMatchObject({ code: 'SPOOL' });
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
    await its.collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 1, onProgress });
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
    await expect(its.collect(ledger, source, { once: false, stopWithinMs: 20 })).rejects.toThrow('It cannot go on.');
  });
});
