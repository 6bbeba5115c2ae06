import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCollector } from '../../collector/collector.js';
import { CollectorError } from '../../collector/errors.js';
import { silentLog } from '../../collector/log.js';
import { healthOf } from '../../collector/metrics-server.js';
import type { Observation } from '../../collector/observation.js';
import { lackOfRoom } from '../../collector/spool/database.js';
import { Spool, type SpoolLimits } from '../../collector/spool/spool.js';
import { identityOf } from '../../collector/spool/spooled-event.js';
import { Vitals } from '../../collector/vitals.js';
import { DAY, event } from './events.js';
import { FakeEngine } from './fake-engine.js';
import { FakeLedger, unreachable } from './fake-ledger.js';

const S = 1_000_000_000n;
const OWNER = { actor: 'A', collector: 'c', channel: 'ch', chaincode: 'cc', source: 'docker' };

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'e2l-limits-'));
  file = join(dir, 'spool.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const happened = (index: number, size = 0): Observation => ({
  kind: 'event',
  source: 'E1',
  event: event({
    time: DAY + BigInt(index) * S,
    id: `c${index}`,
    attributes: { image: 'x'.repeat(size), name: `${index}` },
  }),
});

/** Seals and commits all that is pending, as the attester would. */
function attest(spool: Spool, n: number): void {
  const taken = [...spool.pending()];
  const sentAt = (DAY + BigInt(n)).toString();
  const batch = { run: 'r', n, first: 1, count: taken.length, digest: 'd', sentAt, text: 'x'.repeat(1000) };
  spool.seal(taken.at(-1)?.seq ?? 0, undefined, batch);
  spool.committed('r', n, BigInt(n), 'tx');
}

describe('a spool on a full disk', () => {
  /** SQLite's word on whatever would write by way of a pragma. */
  function full(refused: RegExp) {
    const pragma = Database.prototype.pragma;
    return vi.spyOn(Database.prototype, 'pragma').mockImplementation(function (this: Database.Database, text, options) {
      if (refused.test(text)) throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
      return pragma.call(this, text, options);
    });
  }
  afterEach(() => vi.restoreAllMocks());

  it('is opened as it is, for what was sealed is to be sent', () => {
    const first = new Spool(file, OWNER);
    first.beginRun('r');
    first.close();
    full(/user_version =/);
    const second = new Spool(file, OWNER);
    expect(second.run()).toMatchObject({ run: 'r' });
    second.close();
  });

  it('says that it cannot give room back, and goes on', () => {
    const said: string[] = [];
    const spool = new Spool(file, OWNER, {}, { ...silentLog, warn: (text) => said.push(text) });
    spool.beginRun('r');
    full(/incremental_vacuum/);
    for (let n = 1; n <= 65; n++) {
      spool.add([happened(n)]);
      attest(spool, n);
    }
    expect(said).toEqual([expect.stringContaining('the disk is full')]);
    expect(spool.unsent()).toEqual([]);
    spool.close();
  });
});

describe("a spool's log", () => {
  it('stays small however much is written, and is folded in at the start', () => {
    const spool = new Spool(file, OWNER);
    spool.beginRun('r');
    for (let n = 1; n <= 300; n++) {
      spool.add([happened(n, 4_000)]);
      attest(spool, n);
    }
    expect(statSync(`${file}-wal`).size).toBeLessThan(1024 * 1024);
    const killed = `${file}.killed`;
    for (const end of ['', '-wal']) copyFileSync(file + end, killed + end);
    const before = spool.pendingCount();
    spool.close();
    const again = new Spool(killed, OWNER);
    expect(again.pendingCount()).toBe(before);
    // What opening writes itself is all that is in it.
    expect(statSync(`${killed}-wal`).size).toBeLessThan(64 * 1024);
    again.close();
  });

  it('is folded in when the disk is full, so that its room serves what comes next', () => {
    const spool = new Spool(file, OWNER);
    spool.beginRun('r');
    for (let n = 1; n <= 10; n++) spool.add([happened(n, 4_000)]);
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    const transaction = vi.spyOn(Database.prototype, 'transaction').mockImplementationOnce(() => {
      throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
    });
    expect(() => spool.add([happened(11)])).toThrow(expect.objectContaining({ code: 'FULL' }));
    transaction.mockRestore();
    expect(statSync(`${file}-wal`).size).toBe(0);
    expect(spool.add([happened(11)])).toEqual({ events: 1, known: 0 });
    spool.close();
  });

  it('needs room, which is said where there is less', () => {
    expect(lackOfRoom(file, 1)).toBeUndefined();
    expect(lackOfRoom(':memory:', 2 ** 62)).toBeUndefined();
    expect(lackOfRoom(file, Number.MAX_SAFE_INTEGER)).toMatch(/has \d+ bytes free, .* make room/);
  });
});

describe('a spool with a limit', () => {
  it('takes nothing beyond it, drops nothing, and has room when what it has is attested', () => {
    const spool = new Spool(file, OWNER, { maxBytes: 400_000, keepEvents: 10 });
    spool.beginRun('r');
    let added = 0;
    const fill = () => {
      for (; ; added++) spool.add([happened(added, 2_000)]);
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'FULL' }));
    expect(added).toBeGreaterThan(50);
    expect(spool.pendingCount()).toBe(added);
    expect(spool.hasRoom()).toBe(false);
    attest(spool, 1);
    expect(spool.hasRoom()).toBe(true);
    expect(spool.add([happened(added, 2_000)])).toEqual({ events: 1, known: 0 });
    spool.close();
  });

  it('stays as small as what it needs, however much goes through it, and knows the last events again', () => {
    const spool = new Spool(file, OWNER, { keepEvents: 500 });
    spool.beginRun('r');
    const sizes: number[] = [];
    for (let n = 1; n <= 400; n++) {
      spool.add(Array.from({ length: 50 }, (_, index) => happened(n * 50 + index)));
      attest(spool, n);
      if (n % 100 === 0) sizes.push(statSync(file).size);
    }
    // All 20,000 events would be about a megabyte.
    expect(Math.max(...sizes)).toBeLessThan(400_000);
    const knows = (one: Observation) =>
      one.kind === 'event' && spool.knows(one.event.timeNano, identityOf(one.event, one.source));
    expect(knows(happened(400 * 50 + 49))).toBe(true);
    expect(knows(happened(60))).toBe(false);
    expect(spool.run()).toMatchObject({ run: 'r', n: 400 });
    expect(spool.hasCommitted()).toBe(true);
    spool.close();
  });

  it('remembers over its own end how many events no proof has covered yet', () => {
    const first = new Spool(file, OWNER);
    first.add([happened(1), happened(2), { kind: 'proven', after: 1 }, happened(3)]);
    first.close();
    const second = new Spool(file, OWNER);
    expect(second.unproven()).toBe(2);
    second.close();
  });
});

describe('the quarantine of a spool', () => {
  const unreadable = (index: number): Observation => ({
    kind: 'malformed',
    place: `event ${index} of the stream`,
    why: 'It is no event.',
    text: `{"Type":${index}}`,
    undeclared: true,
  });

  it('keeps the newest thousand, and counts them all for good', () => {
    const first = new Spool(file, OWNER);
    first.add(Array.from({ length: 1_500 }, (_, index) => unreadable(index)));
    // It comes again, and is new again.
    first.add([unreadable(500), unreadable(1_500)]);
    first.close();
    const second = new Spool(file, OWNER);
    expect(second.unreadable()).toBe(1_502);
    const kept = Array.from({ length: 1_501 }, (_, index) => index).filter((index) =>
      second.quarantined(`{"Type":${index}}`),
    );
    expect(kept).toEqual([500, ...Array.from({ length: 999 }, (_, index) => 502 + index)]);
    second.close();
  });
});

describe('a collector whose spool is full', () => {
  it('says that it was the disk, in the gap and in the log, with times that people can read', async () => {
    const engine = new FakeEngine(join(dir, 'docker.sock'));
    await engine.start();
    const ledger = new FakeLedger();
    const stop = new AbortController();
    const warned: string[] = [];
    const running = runCollector({
      connection: ledger,
      source: engine.source(),
      spool: file,
      signal: stop.signal,
      maxAgeMs: 2,
      log: { ...silentLog, warn: (text) => void warned.push(text) },
    });
    await engine.listenedTo();
    engine.happens('one');
    await ledger.until(() => ledger.entries().length === 1);
    const add = vi.spyOn(Spool.prototype, 'add').mockImplementationOnce(() => {
      // An engine that is started again has forgotten all.
      engine.forget();
      throw new CollectorError('FULL', 'The disk is full.', { cause: new Error('SQLITE_FULL') });
    });
    engine.happens('two');
    const gaps = () => ledger.batches().flatMap(({ batch }) => batch.gaps);
    await ledger.until(() => gaps().length > 0);
    add.mockRestore();
    stop.abort();
    await running;
    await engine.stop();
    expect(gaps().map(({ reason }) => reason)).toEqual([expect.stringMatching(/^disk full: /)]);
    expect(warned).toContainEqual(
      expect.stringMatching(
        /^A gap: events may have been lost from 2026-11-2\dT\S+Z to 2026-11-2\dT\S+Z \(disk full: /,
      ),
    );
  });

  it('keeps running, says so once, and ends with every event attested or in one gap', async () => {
    const engine = new FakeEngine(join(dir, 'docker.sock'));
    await engine.start();
    const ledger = new FakeLedger();
    ledger.beforeSubmit = unreachable;
    const errors: string[] = [];
    const vitals = new Vitals();
    const stop = new AbortController();
    const spoolLimits: SpoolLimits = { maxBytes: 300_000 };
    const running = runCollector({
      connection: ledger,
      source: engine.source(),
      spool: file,
      spoolLimits,
      signal: stop.signal,
      maxAgeMs: 2,
      patience: { firstPauseMs: 1, longestPauseMs: 5 },
      log: {
        ...silentLog,
        error: (text) => errors.push(text),
      },
      vitals,
    });
    await engine.listenedTo();
    let count = 0;
    while (errors.length === 0) {
      for (let index = 0; index < 20; index++) engine.happens(`event ${count++}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let index = 0; index < 1000; index++) engine.happens(`event ${count++}`);
    // The source is left, which says nothing of the engine; and metric and limit measure one thing.
    expect(healthOf(vitals, 0)).toMatchObject({ ok: false, engine: 'up', spool: 'full' });
    expect(healthOf(vitals, 0).reasons).toContainEqual(expect.stringContaining('The spool has been full'));
    expect(vitals.spool?.bytes).toBeGreaterThanOrEqual(300_000);
    ledger.beforeSubmit = () => {};
    const objects = () => ledger.entries().map((entry) => entry.event.object);
    await ledger.until(() => objects().includes(`event ${count - 1}`));
    stop.abort();
    await running;
    expect(vitals.reconnections).toBe(0);
    expect(vitals.spool).toBeUndefined();
    const gaps = ledger.batches().flatMap(({ batch }) => batch.gaps);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.reason).toMatch(/^spool full: /);
    const attested = new Set(objects());
    expect(objects()).toHaveLength(attested.size);
    const watches = ledger.batches().at(-1)?.batch.watches ?? [];
    for (let index = 0; index < count; index++) {
      if (attested.has(`event ${index}`)) continue;
      const time = DAY + BigInt(index) * S;
      expect(gaps.some(({ from, to }) => BigInt(from) <= time && time < BigInt(to))).toBe(true);
      expect(watches.some(({ from, to }) => BigInt(from) <= time && time < BigInt(to))).toBe(false);
    }
    expect(errors).toEqual([expect.stringContaining('has reached its limit')]);
    await engine.stop();
  });
});
