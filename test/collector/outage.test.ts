import { describe, expect, it } from 'vitest';
import type { Gap } from '#chaincode';
import { silentLog } from '../../collector/log.js';
import type { SourceMemory } from '../../collector/source/source.js';
import { DAY } from './events.js';
import { FakeLedger, unreachable } from './fake-ledger.js';
import { S, Watching, within } from './watching.js';

const its = new Watching();

describe('an outage', () => {
  it('is one gap, from the last known event less the margin to the first new one and the margin', async () => {
    const collector = await its.begin();
    await its.claimed('ENGINE');
    its.engine.now += 50n * S;
    its.engine.happens('last');
    const last = its.engine.now - S;
    await its.attested('last');
    its.engine.forget();
    its.engine.now += 100n * S;
    const first = its.engine.now;
    its.engine.happens('first');
    await its.engine.listenedTo();
    its.engine.happens('second');
    await its.attested('second');
    its.engine.now += 10n * S;
    await collector.end();
    expect(its.gaps()).toHaveLength(1);
    const gap = its.gaps()[0] as Gap;
    expect(BigInt(gap.from)).toBeGreaterThanOrEqual(last - S);
    expect(BigInt(gap.from)).toBeLessThanOrEqual(last);
    expect(gap.to).toBe((first + S).toString());
    expect(its.watches().map(({ from }) => from)).toEqual([DAY.toString(), gap.to]);
    expect(its.watches()[0]?.to).toBe(gap.from);
    expect(its.objects()).toEqual(['one', 'last', 'first', 'second']);
  });

  it('is followed by an inspection, which is no event', async () => {
    its.engine.resources.set('/containers/json', [{ Id: 'c1', Names: ['/web'], Image: 'nginx', State: 'running' }]);
    its.engine.resources.set('/containers/c1/json', {
      State: { Status: 'exited', ExitCode: 137, StartedAt: 'S', FinishedAt: 'F' },
    });
    its.engine.resources.set('/networks', [{ Id: 'n1', Name: 'bridge', Driver: 'bridge' }]);
    const collector = await its.begin();
    its.engine.forget();
    await its.engine.listenedTo();
    const inspected = () => its.ledger.batches().flatMap(({ batch }) => batch.inspected ?? []);
    await its.ledger.until(() => inspected().length > 0);
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
    expect(its.objects()).toEqual(['one']);
  });
});

describe('an inspection', () => {
  it('is cut so that the ledger takes it, whatever the engine says', async () => {
    const long = `${'x'.repeat(199)}\u{1f600}`;
    its.engine.resources.set('/containers/json', [{ Id: long, Names: [long], Image: long, State: long }]);
    its.engine.resources.set('/networks', [{ Id: long, Name: long, Driver: '\ud800' }]);
    const collector = await its.begin();
    its.engine.forget();
    await its.engine.listenedTo();
    const inspected = () => its.ledger.batches().flatMap(({ batch }) => batch.inspected ?? []);
    await Promise.race([its.ledger.until(() => inspected().length > 0), collector.ended]);
    await collector.end();
    expect(
      inspected()
        .flatMap(({ objects }) => objects)
        .map(({ type }) => type),
    ).toEqual(['container', 'network']);
  });
});

describe('a collector that is killed before anything of it is on the ledger', () => {
  async function untilKilled() {
    its.ledger.beforeSubmit = unreachable;
    let spooled = () => {};
    const first = its.start({}, undefined, { onProgress: ({ events }) => events === 2 && spooled() });
    await its.engine.listenedTo();
    const all = new Promise<void>((resolve) => {
      spooled = resolve;
    });
    its.engine.happens('one');
    its.engine.happens('two');
    await all;
    const image = its.killed();
    its.ledger.beforeSubmit = () => {};
    await first.end();
    its.ledger = new FakeLedger();
    return image;
  }

  it('goes on where it began, and attests what it had spooled, once', async () => {
    const image = await untilKilled();
    its.engine.now += 5n * S;
    its.engine.happens('meanwhile');
    const second = its.start({}, undefined, image);
    await its.attested('meanwhile');
    its.engine.now += 5n * S;
    await its.claimed('ENGINE');
    await second.end();
    expect(its.objects()).toEqual(['one', 'two', 'meanwhile']);
    expect(its.gaps()).toEqual([]);
    expect(its.watches()).toEqual([{ source: 'ENGINE', from: DAY.toString(), to: (its.engine.now - S).toString() }]);
    expect(its.ledger.faults()).toEqual([]);
  });

  it('declares all that may be lost where the engine has forgotten it, and claims none of it', async () => {
    const image = await untilKilled();
    const killed = its.engine.now;
    its.engine.now += 50n * S;
    its.engine.forget();
    its.engine.happens('first');
    const second = its.start({}, undefined, image);
    await its.attested('first');
    its.engine.now += 5n * S;
    await its.claimed('ENGINE');
    await second.end();
    expect(its.objects()).toEqual(['one', 'two', 'first']);
    expect(its.gaps()).toHaveLength(1);
    for (let time = killed; time < killed + 50n * S; time += S) {
      expect(its.gaps().some((gap) => within(gap, time))).toBe(true);
      expect(its.watches().some((watch) => within(watch, time))).toBe(false);
    }
  });

  it('declares all since its last claim where no event at all had happened', async () => {
    its.ledger.beforeSubmit = unreachable;
    const first = its.start();
    await its.engine.listenedTo();
    const told = new Promise<void>((resolve) => {
      its.ledger.beforeSubmit = ({ watches }) => {
        if (watches.length > 0) resolve();
        unreachable();
      };
    });
    its.engine.now += 5n * S;
    await told;
    const image = its.killed();
    its.ledger.beforeSubmit = () => {};
    await first.end();
    its.ledger = new FakeLedger();
    its.engine.now += 50n * S;
    const second = its.start({}, undefined, image);
    await its.ledger.until(() => its.gaps().length > 0);
    its.engine.now += 5n * S;
    await its.claimed('ENGINE');
    await second.end();
    expect(its.gaps()).toHaveLength(1);
    const gap = its.gaps()[0] as Gap;
    expect(gap.to).toBe((DAY + 55n * S).toString());
    expect(its.watches()[0]?.to).toBe(gap.from);
    expect(its.watches().some((watch) => within(watch, DAY + 30n * S))).toBe(false);
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
      margin: () => undefined,
      hasLeft: () => false,
      held: () => [],
      quarantined: () => false,
    };
    const stop = new AbortController();
    const source = its.engine.source({ proveEveryMs: 20 });
    const log = { ...silentLog, warn: (text: string) => said.push(text) };
    const observing = (async () => {
      for await (const _group of source.observe({ memory, log, signal: stop.signal }));
    })();
    await its.engine.listenedTo();
    await source.probe?.();
    fails = true;
    const streams = its.engine.streams;
    // What the stream does not bring, the re-read looks up.
    if (scope === 'local') its.engine.skips = 1;
    its.engine.happens('one', { scope });
    await expect.poll(() => its.engine.streams > streams || said.length > 0).toBe(true);
    fails = false;
    await expect.poll(() => its.engine.streams).toBeGreaterThan(streams);
    await source.probe?.();
    stop.abort();
    await observing;
    if (scope === 'swarm') expect(said).toContainEqual(expect.stringContaining('it cannot be read'));
  });
});
