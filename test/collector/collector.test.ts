import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { completePolicy } from '#chaincode';
import { type CollectorLog, silentLog } from '../../collector/log.js';
import { healthOf } from '../../collector/metrics-server.js';
import { Vitals } from '../../collector/vitals.js';
import { Collecting, PATIENCE, S, started, told, trace } from './collecting.js';
import { DAY, line, lines } from './events.js';
import { FakeLedger, unreachable } from './fake-ledger.js';

const its = new Collecting();

let files = 0;

describe('a collector with a trace', () => {
  it('attests every event, numbered without a break, and says what it did', async () => {
    const ledger = new FakeLedger();
    const summary = await its.collect(ledger, trace([...lines(25), 'no event']), {
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
    await its.collect(ledger, trace(lines(25)), { limits: { entries: 10, bytes: 100_000 } });
    const claiming = ledger.batches().findIndex(({ batch }) => batch.watches.length > 0);
    const before = ledger.batches().slice(0, claiming + 1);
    expect(before.reduce((sum, one) => sum + one.entries.length, 0)).toBe(25);
    expect(ledger.batches()[claiming]?.batch.watches).toEqual([
      { source: 'trace', from: DAY.toString(), to: (DAY + 24n * S + 1n).toString() },
    ]);
  });

  it('attests nothing twice when it reads a trace again, and goes on with the next day in the same run', async () => {
    const ledger = new FakeLedger();
    const first = await its.collect(ledger, trace(lines(5)));
    const again = await its.collect(ledger, trace(lines(5)));
    expect(again).toMatchObject({ run: first.run, events: 5, known: 5, attested: 0, batches: 1 });
    const next = await its.collect(ledger, trace(lines(5, DAY + 86_400n * S)));
    expect(next).toMatchObject({ run: first.run, attested: 5 });
    expect(ledger.entries()).toHaveLength(10);
    expect(ledger.faults()).toEqual([]);
    expect(ledger.batches().at(-1)?.batch.watches).toHaveLength(2);
  });

  it('attests a line that stands twice in a trace once', async () => {
    const ledger = new FakeLedger();
    const content = lines(3);
    const summary = await its.collect(ledger, trace([...content, ...content]));
    expect(summary).toMatchObject({ events: 6, known: 3, attested: 3 });
  });

  it('records what the policy says, and nothing from before the first one', async () => {
    const ledger = new FakeLedger();
    ledger.policies = [completePolicy({ from: DAY.toString(), actors: ['A', 'B'], ignore: ['image'] })];
    const exec = line({ time: DAY, action: 'exec_create: sh' });
    const before = line({ time: DAY - 1n, id: 'early' });
    const summary = await its.collect(ledger, trace([before, exec, ...lines(2)]));
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
    await its.collect(ledger, trace([...lines(10), ...disordered]));
    for (const { batch, entries } of ledger.batches()) {
      for (const entry of entries) expect(BigInt(entry.time) >= border ? 2 : 1).toBe(batch.policy);
    }
    expect(ledger.entries()).toHaveLength(12);
    expect(ledger.faults()).toEqual([]);
  });

  it("gives a Swarm removal the manager's own stamp", async () => {
    const ledger = new FakeLedger();
    await its.collect(ledger, trace([line({ time: DAY + 7n, type: 'service', action: 'remove', scope: 'swarm' })]));
    expect(ledger.entries()).toMatchObject([{ t: (DAY + 7n).toString(), time: DAY.toString() }]);
  });

  it('declares every hole of a trace that has more than a batch may name', async () => {
    const ledger = new FakeLedger();
    const content = lines(180).flatMap((one) => [one, 'x']);
    await its.collect(ledger, trace(content));
    const gaps = new Set(ledger.batches().flatMap(({ batch }) => batch.gaps.map((gap) => gap.reason)));
    const watches = new Set(ledger.batches().flatMap(({ batch }) => batch.watches.map((watch) => watch.from)));
    expect([gaps.size, watches.size]).toEqual([180, 180]);
    expect(ledger.faults()).toEqual([]);
  });

  it('ends with an error if no policy is in force, and keeps what it read', async () => {
    const ledger = new FakeLedger();
    const policies = ledger.policies;
    ledger.policies = [];
    await expect(its.collect(ledger, trace(lines(3)))).rejects.toMatchObject({ code: 'POLICY' });
    ledger.policies = policies;
    expect(await its.collect(ledger, trace([]))).toMatchObject({ attested: 3 });
  });

  it('gives up on a ledger that stays away, and goes on the next time', async () => {
    const ledger = new FakeLedger();
    ledger.beforeSubmit = unreachable;
    const patience = { ...PATIENCE, giveUpAfterMs: 20 };
    await expect(its.collect(ledger, trace(lines(3)), { patience })).rejects.toMatchObject({ code: 'LEDGER' });
    ledger.beforeSubmit = () => {};
    expect(await its.collect(ledger, trace([]))).toMatchObject({ attested: 3 });
    expect(ledger.faults()).toEqual([]);
  });

  it('ends with an error when a batch is refused, and skips none', async () => {
    const ledger = new FakeLedger('UserMSP', 'collector-1');
    const { NetworkError } = await import('../../network/errors.js');
    ledger.beforeSubmit = () => {
      throw new NetworkError('REFUSED', 'No.');
    };
    await expect(its.collect(ledger, trace(lines(3)))).rejects.toMatchObject({ code: 'REFUSED' });
    expect(ledger.entries()).toEqual([]);
    ledger.beforeSubmit = () => {};
    expect(await its.collect(ledger, trace(lines(4)))).toMatchObject({ attested: 4 });
    expect(ledger.faults()).toEqual([]);
  });
});

describe('another run under the same identity', () => {
  const errorsInto = (said: string[]): CollectorLog => ({ ...silentLog, error: (text) => void said.push(text) });

  it('is named at the start if it was heard of a moment ago', async () => {
    const ledger = new FakeLedger();
    const said: string[] = [];
    await its.collect(ledger, trace(lines(2)), { log: errorsInto(said) });
    await its.collect(ledger, trace(lines(3)), { log: errorsInto(said) });
    expect(said).toEqual([]);
    await its.collect(ledger, trace(lines(2)), { spool: its.file('second.db'), log: errorsInto(said) });
    expect(said).toEqual([expect.stringMatching(/another run has sent something .* stop one of the two/)]);
    said.length = 0;
    const clock = { now: () => (BigInt(Date.now() + 120_000) * 1_000_000n).toString() };
    await its.collect(ledger, trace(lines(2)), { spool: its.file('third.db'), log: errorsInto(said), clock });
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
    const running = its.collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 1, log });
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
    const running = its.collect(ledger, source, { once: false, signal: stop.signal, stopWithinMs: 20, log });
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
    await expect(its.collect(ledger, trace(lines(1)), options)).rejects.toMatchObject({
      code: 'UNFINISHED',
      message: expect.stringMatching(/^Stopped with \d+ observations? that (is|are) not yet on the ledger/),
    });
    expect(said.filter((text) => text.startsWith('Stopped'))).toEqual([]);
    const before = new AbortController();
    before.abort();
    await expect(
      its.collect(new FakeLedger(), told('trace').source, { signal: before.signal, spool: its.file('none.db') }),
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
    const running = its.collect(ledger, source, { once: false, signal: stop.signal, maxAgeMs: 1, log, vitals });
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
    await its.collect(new FakeLedger(), trace(lines(1)));
    await expect(its.collect(new FakeLedger('ProviderMSP'), trace(lines(1)))).rejects.toMatchObject({ code: 'SPOOL' });
    await expect(its.collect(new FakeLedger(), trace(lines(1), { sourceId: 'E2' }))).rejects.toMatchObject({
      code: 'SPOOL',
    });
    const stop = new AbortController();
    const ledger = new FakeLedger();
    ledger.forgetCollectors = true;
    const other = its.file('other.db');
    const running = its.collect(ledger, trace(lines(1)), { once: false, signal: stop.signal, spool: other });
    await ledger.until(() => ledger.entries().length === 1);
    await expect(its.collect(ledger, trace(lines(1)), { spool: other })).rejects.toMatchObject({ code: 'SPOOL' });
    stop.abort();
    expect(await running).toMatchObject({ attested: 1 });
  });

  it('begins a new run when it does not continue what the ledger has', async () => {
    const ledger = new FakeLedger();
    const first = await its.collect(ledger, trace(lines(2)));
    const second = await its.collect(ledger, trace(lines(2)), { spool: its.file('second.db') });
    expect(second.run).not.toBe(first.run);
    const third = await its.collect(ledger, trace(lines(3)));
    expect([first.run, second.run]).not.toContain(third.run);
    expect(third).toMatchObject({ attested: 1 });
    expect(ledger.faults()).toEqual([]);
  });

  it('is refused by a ledger that knows nothing of what it has attested', async () => {
    await its.collect(new FakeLedger(), trace(lines(2)));
    await expect(its.collect(new FakeLedger(), trace(lines(2)))).rejects.toMatchObject({ code: 'LEDGER' });
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
      const file = its.file(`${files++}.db`);
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
        await its.collect(ledger, trace(content), { spool: file, limits }).catch((error) => {
          expect(error).toMatchObject({ code: 'REFUSED' });
        });
      }
      ledger.beforeSubmit = () => {};
      ledger.afterSubmit = () => {};
      await its.collect(ledger, trace(content), { spool: file });
      expect(ledger.faults()).toEqual([]);
      const hashes = ledger.entries().map((one) => one.hash);
      expect(new Set(hashes).size).toBe(count);
      expect(hashes).toHaveLength(count);
    },
  );
});
