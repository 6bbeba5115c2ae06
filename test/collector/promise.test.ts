import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Gap, Watch } from '#chaincode';
import { runCollector } from '../../collector/collector.js';
import { type CollectorLog, silentLog } from '../../collector/log.js';
import type { DockerSourceOptions } from '../../collector/source/docker.js';
import type { SourceMemory } from '../../collector/source/source.js';
import { NetworkError } from '../../network/errors.js';
import { DAY, line } from './events.js';
import { FakeEngine } from './fake-engine.js';
import { FakeLedger, unreachable } from './fake-ledger.js';

const S = 1_000_000_000n;

let dir: string;
let engine: FakeEngine;
let ledger: FakeLedger;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'e2l-promise-'));
  engine = new FakeEngine(join(dir, 'docker.sock'));
  ledger = new FakeLedger();
  await engine.start();
});
afterEach(async () => {
  await engine.stop();
  rmSync(dir, { recursive: true, force: true });
});

function start(
  options: DockerSourceOptions = {},
  log: CollectorLog = silentLog,
  connection = ledger,
  spool = 'spool.db',
) {
  const stop = new AbortController();
  const running = runCollector({
    connection,
    source: engine.source(options),
    spool: join(dir, spool),
    signal: stop.signal,
    maxAgeMs: 2,
    patience: { firstPauseMs: 5, longestPauseMs: 40 },
    log,
  });
  return {
    async end() {
      stop.abort();
      return await running;
    },
  };
}

const objects = (of = ledger) => of.entries().map((entry) => entry.event.object);
const attested = (id: string, of = ledger) => of.until(() => objects(of).includes(id));
const watches = () => ledger.batches().at(-1)?.batch.watches ?? [];
const gaps = () => ledger.batches().flatMap(({ batch }) => batch.gaps);
const claimed = (source: string) =>
  ledger.until(() => watches().some((watch) => watch.source === source && BigInt(watch.to) >= BigInt(engine.now) - S));
const within = ({ from, to }: Watch | Gap, time: bigint) => BigInt(from) <= time && time < BigInt(to);

async function begin(...args: Parameters<typeof start>) {
  const collector = start(...args);
  await engine.listenedTo();
  engine.happens('one');
  await attested('one');
  // Room for a claim behind the margin.
  engine.now += 5n * S;
  return collector;
}

describe('a stream that skips events, silently', () => {
  it('loses none that the engine still remembers, and is opened again', async () => {
    const collector = await begin();
    engine.skips = 20;
    for (let index = 0; index < 20; index++) engine.happens(`skipped ${index}`);
    const streams = engine.streams;
    await attested('skipped 19');
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await collector.end();
    expect(engine.streams).toBeGreaterThan(streams);
    expect(gaps()).toEqual([]);
    expect(watches()).toHaveLength(1);
    expect(new Set(objects()).size).toBe(22);
    expect(objects()).toHaveLength(22);
  });

  it('leaves one hole, no wider than need be, where the engine has forgotten them', async () => {
    const collector = await begin();
    await claimed('ENGINE');
    const first = engine.now;
    engine.skips = 300;
    for (let index = 0; index < 300; index++) engine.happens(`skipped ${index}`);
    await attested('skipped 299');
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await collector.end();
    expect(gaps()).toHaveLength(1);
    const lost = Array.from({ length: 300 }, (_, index) => index).filter(
      (index) => !objects().includes(`skipped ${index}`),
    );
    expect(lost).toHaveLength(300 - 256);
    for (const index of lost) {
      const time = first + BigInt(index) * S;
      expect(gaps().some((gap) => within(gap, time))).toBe(true);
      expect(watches().some((watch) => within(watch, time))).toBe(false);
    }
    // To the first that the engine still has, and the margin: it may have overtaken one that was lost.
    expect(gaps()[0]?.to).toBe((first + 45n * S).toString());
  });

  it('is noticed when it has fallen silent for good while the engine answers', async () => {
    const collector = await begin({ proveEveryMs: 20 });
    engine.skips = Number.POSITIVE_INFINITY;
    engine.happens('unheard');
    await attested('unheard');
    engine.skips = 0;
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await collector.end();
    expect(gaps()).toEqual([]);
    expect(objects()).toEqual(['one', 'unheard', 'two']);
  });

  it('is opened again when the engine no longer knows that somebody listens', async () => {
    const collector = await begin({ proveEveryMs: 20 });
    const streams = engine.streams;
    await claimed('ENGINE');
    engine.tells = 0;
    await expect.poll(() => engine.streams).toBeGreaterThan(streams);
    engine.tells = undefined;
    await collector.end();
    expect(gaps()).toEqual([]);
  });

  it('is given up when nothing comes and nothing is answered', async () => {
    const collector = await begin({ proveEveryMs: 10, giveUpMs: 50 });
    engine.answers = false;
    await expect.poll(() => engine.listening()).toBe(0);
    engine.answers = true;
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await collector.end();
    expect(gaps()).toEqual([]);
  });
});

describe('a healthy stream', () => {
  it('gives no gap in a burst of thousands', async () => {
    const collector = await begin();
    engine.step = 50_000n;
    for (let index = 0; index < 5000; index++) {
      engine.happens(`burst ${index}`);
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await attested('burst 4999');
    engine.now += 5n * S;
    await collector.end();
    expect(objects()).toHaveLength(5001);
    expect(gaps()).toEqual([]);
    expect(watches()).toHaveLength(1);
  }, 60_000);

  it('of an engine without events is watched all the time', async () => {
    const collector = start();
    await engine.listenedTo();
    engine.now += 100n * S;
    await claimed('ENGINE');
    await collector.end();
    expect(watches()).toEqual([{ source: 'ENGINE', from: DAY.toString(), to: (engine.now - S).toString() }]);
  });

  it("goes on over a restart of the collector by what the engine had shown before, without an event of the watch's own", async () => {
    engine.happens('before');
    const first = start();
    await engine.listenedTo();
    engine.now += 100n * S;
    await claimed('ENGINE');
    await first.end();
    const second = start();
    await engine.listenedTo();
    engine.happens('after');
    await attested('after');
    await second.end();
    expect(objects()).toEqual(['after']);
    expect(gaps()).toEqual([]);
    expect(watches()).toHaveLength(1);
  });
});

describe("an engine's clock", () => {
  it('that is set back takes nothing back: no gap, no claim, and events as before', async () => {
    const said: string[] = [];
    const collector = await begin({ proveEveryMs: 20 }, { ...silentLog, warn: (text) => said.push(text) });
    await claimed('ENGINE');
    const claims = watches();
    engine.now -= 3600n * S;
    for (let index = 0; index < 300; index++) engine.happens(`again ${index}`);
    await attested('again 299');
    engine.cut();
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await collector.end();
    expect(objects()).toHaveLength(302);
    expect(gaps()).toEqual([]);
    expect(watches()).toEqual(claims);
  });

  it('that is set back while the collector is away hides none of the events from then', async () => {
    const first = await begin();
    engine.now += 7200n * S;
    engine.happens('ahead');
    await attested('ahead');
    engine.now += 5n * S;
    await claimed('ENGINE');
    await first.end();
    engine.now -= 3600n * S;
    for (let index = 0; index < 60; index++) engine.happens(`meanwhile ${index}`);
    const second = start();
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await second.end();
    expect(objects()).toHaveLength(63);
    expect(gaps()).toEqual([]);
  });

  it('that is set back over an outage gives a gap behind what was claimed, and no claim over the outage', async () => {
    const said: string[] = [];
    const log = { ...silentLog, warn: (text: string) => said.push(text) };
    const first = await begin();
    engine.now += 7200n * S;
    await claimed('ENGINE');
    await first.end();
    const until = BigInt(watches()[0]?.to ?? 0);
    engine.forget();
    engine.now -= 3600n * S;
    engine.happens('meanwhile');
    const second = start({}, log);
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    engine.now += 7200n * S;
    await claimed('ENGINE');
    await second.end();
    expect(gaps()).toMatchObject([{ from: until.toString(), to: (until + S).toString() }]);
    expect(watches().map(({ to }) => to)).toContain(until.toString());
    expect(watches().some((watch) => within(watch, until))).toBe(false);
    expect(said).toContainEqual(expect.stringContaining('A gap'));
  });

  it('that is set back while the stream skips what nothing shows gives a gap behind what was claimed', async () => {
    const collector = await begin({ proveEveryMs: 20 });
    engine.now += 7200n * S;
    await claimed('ENGINE');
    const until = BigInt(watches()[0]?.to ?? 0);
    engine.now -= 3600n * S;
    engine.skips = 300;
    for (let index = 0; index < 300; index++) engine.happens(`skipped ${index}`);
    await attested('skipped 299');
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await collector.end();
    expect(gaps()[0]).toMatchObject({ from: until.toString(), to: (until + S).toString() });
    expect(watches().map(({ to }) => to)).toEqual([until.toString()]);
  });

  it("of the Swarm's leader does not stretch the engine's own watch over an outage", async () => {
    engine.cluster = 'CLUSTER';
    const collector = await begin();
    await claimed('ENGINE');
    // By a leader whose clock is ahead.
    const ahead = engine.now + 30n * S;
    engine.says(line({ time: ahead, id: 'ahead', type: 'service', action: 'create', scope: 'swarm' }));
    await attested('ahead');
    engine.forget();
    engine.now += 100n * S;
    engine.happens('first');
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await collector.end();
    const local = gaps().filter(({ source }) => source === 'ENGINE');
    expect(local).toHaveLength(1);
    expect(BigInt(local[0]?.from ?? 0)).toBeLessThan(ahead - 29n * S);
  });
});

describe('an outage', () => {
  it('is one gap, from the last known event less the margin to the first new one and the margin', async () => {
    const collector = await begin();
    await claimed('ENGINE');
    engine.now += 50n * S;
    engine.happens('last');
    const last = engine.now - S;
    await attested('last');
    engine.forget();
    engine.now += 100n * S;
    const first = engine.now;
    engine.happens('first');
    await engine.listenedTo();
    engine.happens('second');
    await attested('second');
    engine.now += 10n * S;
    await collector.end();
    expect(gaps()).toHaveLength(1);
    const gap = gaps()[0] as Gap;
    expect(BigInt(gap.from)).toBeGreaterThanOrEqual(last - S);
    expect(BigInt(gap.from)).toBeLessThanOrEqual(last);
    expect(gap.to).toBe((first + S).toString());
    expect(watches().map(({ from }) => from)).toEqual([DAY.toString(), gap.to]);
    expect(watches()[0]?.to).toBe(gap.from);
    expect(objects()).toEqual(['one', 'last', 'first', 'second']);
  });

  it('is followed by an inspection, which is no event', async () => {
    engine.resources.set('/containers/json', [{ Id: 'c1', Names: ['/web'], Image: 'nginx', State: 'running' }]);
    engine.resources.set('/containers/c1/json', {
      State: { Status: 'exited', ExitCode: 137, StartedAt: 'S', FinishedAt: 'F' },
    });
    engine.resources.set('/networks', [{ Id: 'n1', Name: 'bridge', Driver: 'bridge' }]);
    const collector = await begin();
    engine.forget();
    await engine.listenedTo();
    const inspected = () => ledger.batches().flatMap(({ batch }) => batch.inspected ?? []);
    await ledger.until(() => inspected().length > 0);
    await collector.end();
    expect(inspected()).toEqual([
      {
        source: 'ENGINE',
        at: (DAY + 6n * S).toString(),
        objects: [
          {
            type: 'container',
            object: 'c1',
            state: '{"exitCode":137,"finishedAt":"F","image":"nginx","name":"web","startedAt":"S","status":"exited"}',
          },
          { type: 'network', object: 'n1', state: '{"driver":"bridge","name":"bridge"}' },
        ],
      },
    ]);
    expect(objects()).toEqual(['one']);
  });
});

describe("a Swarm's watch", () => {
  const swarm = (name: string) =>
    engine.says(line({ time: engine.now, id: name, type: 'service', action: 'create', scope: 'swarm' }));

  it('stands still while the manager has lost its Swarm, and goes on without a gap', async () => {
    engine.cluster = 'CLUSTER';
    const collector = await begin();
    engine.now += 60n * S;
    const until = () => BigInt(watches().find(({ source }) => source === 'CLUSTER')?.to ?? 0);
    await ledger.until(() => until() > DAY);
    engine.swarmError = 'The swarm does not have a leader.';
    const lost = engine.now;
    await claimed('ENGINE');
    engine.now += 60n * S;
    await claimed('ENGINE');
    expect(until()).toBeLessThan(lost);
    // What happened meanwhile comes late, with the time at which it happened.
    engine.swarmError = '';
    engine.says(line({ time: lost + S, id: 'late', type: 'service', action: 'create', scope: 'swarm' }));
    await attested('late');
    await claimed('ENGINE');
    engine.now += 60n * S;
    swarm('again');
    await attested('again');
    await ledger.until(() => until() > lost + 60n * S);
    await collector.end();
    expect(gaps()).toEqual([]);
    expect(watches().filter(({ source }) => source === 'CLUSTER')).toHaveLength(1);
  });

  it('ends where the engine was last known in its Swarm, when it is found in another', async () => {
    engine.cluster = 'OLD';
    const collector = await begin({ proveEveryMs: 20 });
    engine.now += 60n * S;
    await ledger.until(() => watches().some(({ source, to }) => source === 'OLD' && BigInt(to) > DAY + 50n * S));
    const remove = (id: string) =>
      engine.says(line({ time: engine.now, id, type: 'service', action: 'remove', scope: 'swarm' }));
    remove('of the old');
    await attested('of the old');
    const left = engine.now;
    engine.cluster = 'NEW';
    engine.now += 600n * S;
    remove('of the new');
    await attested('of the new');
    engine.now += 600n * S;
    await claimed('ENGINE');
    await ledger.until(() => watches().some(({ source, to }) => source === 'NEW' && BigInt(to) > left + 1100n * S));
    await collector.end();
    const second = start();
    await engine.listenedTo();
    engine.happens('two');
    await attested('two');
    await second.end();
    for (const { source, to } of watches()) if (source === 'OLD') expect(BigInt(to)).toBeLessThanOrEqual(left);
    expect(ledger.entries().map(({ event }) => [event.source, event.object])).toEqual([
      ['ENGINE', 'one'],
      ['OLD', 'of the old'],
      ['NEW', 'of the new'],
      ['ENGINE', 'two'],
    ]);
  });
});

describe('an event that cannot be read', () => {
  const unreadable = () => {
    engine.says(line({ time: engine.now, id: 'bad' }).replace('"Action":"start"', '"Action":""'));
  };
  const declared = () => gaps().filter(({ reason }) => reason === 'malformed event in the stream');
  const goesOn = async (count: number) => {
    await ledger.until(() => declared().length >= count);
    engine.now += 5n * S;
    await claimed('ENGINE');
  };

  it.each([
    ['the stream ends', false],
    ['the stream ends and the engine has forgotten it', true],
  ])('is declared though %s before the next claim', async (_, forgets) => {
    const collector = await begin();
    await claimed('ENGINE');
    engine.answers = false;
    const bad = engine.now;
    unreadable();
    engine.now += S;
    engine.happens('two');
    await attested('two');
    engine.answers = true;
    if (forgets) engine.forget();
    else engine.cut();
    await engine.listenedTo();
    engine.happens('three');
    await attested('three');
    engine.now += 20n * S;
    engine.happens('four');
    await attested('four');
    await goesOn(1);
    await collector.end();
    expect(gaps().some((gap) => within(gap, bad))).toBe(true);
    expect(watches().some((watch) => within(watch, bad))).toBe(false);
  });

  it('is declared by the next collector on its spool, and once', async () => {
    const first = await begin();
    await claimed('ENGINE');
    engine.answers = false;
    const bad = engine.now;
    unreadable();
    engine.happens('two');
    await attested('two');
    await first.end();
    engine.answers = true;
    const second = start();
    await engine.listenedTo();
    engine.now += 20n * S;
    await goesOn(1);
    expect(declared()).toHaveLength(1);
    engine.cut();
    await engine.listenedTo();
    engine.now += 20n * S;
    await claimed('ENGINE');
    await second.end();
    expect(declared()).toHaveLength(1);
    expect(declared().some((gap) => within(gap, bad))).toBe(true);
    expect(watches().some((watch) => within(watch, bad))).toBe(false);
  });

  it('is declared again when the same text comes again', async () => {
    const collector = await begin();
    const times: bigint[] = [];
    for (const name of ['two', 'three']) {
      times.push(engine.now);
      engine.says('{"Type":7}');
      engine.happens(name);
      await attested(name);
      engine.now += 20n * S;
      await goesOn(times.length);
    }
    await collector.end();
    for (const time of times) {
      expect(gaps().some((gap) => within(gap, time))).toBe(true);
      expect(watches().some((watch) => within(watch, time))).toBe(false);
    }
  });
});

describe('a memory that fails', () => {
  it.each([
    ['while the stream is read', 'swarm' as const],
    ['while a claim is made', 'local' as const],
  ])('%s ends the stream, which is opened again, and no more', async (_, scope) => {
    const said: string[] = [];
    let fails = false;
    const memory: SourceMemory = {
      knows: () => {
        if (fails) throw new Error('it cannot be read');
        return false;
      },
      lastEventTime: () => undefined,
      lastLocalTime: () => undefined,
      watchedUntil: () => undefined,
      sources: () => ['OTHER'],
      unproven: () => 0,
      undeclared: () => 0,
      quarantined: () => false,
    };
    const stop = new AbortController();
    const source = engine.source({ proveEveryMs: 20 });
    const log = { ...silentLog, warn: (text: string) => said.push(text) };
    const observing = (async () => {
      for await (const _group of source.observe({ memory, log, signal: stop.signal }));
    })();
    await engine.listenedTo();
    await source.probe?.();
    fails = true;
    const streams = engine.streams;
    // What the stream does not bring, the re-read looks up.
    if (scope === 'local') engine.skips = 1;
    engine.happens('one', { scope });
    await expect.poll(() => engine.streams > streams || said.length > 0).toBe(true);
    fails = false;
    await expect.poll(() => engine.streams).toBeGreaterThan(streams);
    await source.probe?.();
    stop.abort();
    await observing;
    if (scope === 'swarm') expect(said).toContainEqual(expect.stringContaining('it cannot be read'));
  });
});

describe('a ledger that is away', () => {
  async function expiredCertificate(): Promise<string> {
    const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=collector-1',
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2021-01-01T00:00:00Z'),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      keys,
    });
    return certificate.toString('pem');
  }

  const refuse = () => {
    throw new NetworkError('REFUSED', 'creator is not valid');
  };

  it.each([
    ['does not answer', false, unreachable],
    ["takes no more of the collector's expired certificate", true, refuse],
  ])('because it %s: said once, and all comes onto it later', async (_, expired, fails) => {
    ledger = new FakeLedger('UserMSP', 'collector-1', expired ? await expiredCertificate() : '');
    const warned: string[] = [];
    const log = { ...silentLog, warn: (text: string) => warned.push(text) };
    const collector = await begin({}, log);
    let tries = 0;
    ledger.beforeSubmit = () => {
      tries++;
      fails();
    };
    ledger.beforeEvaluate = () => fails();
    for (let index = 0; index < 300; index++) engine.happens(`meanwhile ${index}`);
    await expect.poll(() => tries, { timeout: 10_000 }).toBeGreaterThan(8);
    expect(warned).toEqual([expect.stringContaining(expired ? 'expired at 2021-01-01' : 'does not answer')]);
    ledger.beforeSubmit = () => {};
    ledger.beforeEvaluate = () => {};
    await attested('meanwhile 299');
    await collector.end();
    expect(objects()).toHaveLength(301);
    expect(gaps()).toEqual([]);
    expect(ledger.faults()).toEqual([]);
  });
});

describe('two collectors of one actor on one engine', () => {
  it('attest the same, each in its own run, and are named to each other', async () => {
    const other = new FakeLedger('UserMSP', 'collector-2');
    const said: string[] = [];
    const first = await begin();
    await claimed('ENGINE');
    const { batch } = ledger.accepted.at(-1) ?? { batch: undefined };
    if (batch !== undefined) other.others = [{ actor: 'UserMSP', ...batch }];
    const second = start({}, { ...silentLog, warn: (text) => said.push(text) }, other, 'second.db');
    await expect.poll(() => engine.streams).toBe(2);
    engine.now += 5n * S;
    await other.until(() => other.batches().some(({ batch }) => batch.watches.length > 0));
    engine.happens('two');
    await Promise.all([attested('two'), attested('two', other)]);
    await expect.poll(() => said).toEqual([expect.stringContaining('collector-1 watches ENGINE too')]);
    await Promise.all([first.end(), second.end()]);
    expect([...ledger.faults(), ...other.faults()]).toEqual([]);
    expect(objects(other)).toEqual(['two']);
  });
});
