import { describe, expect, it } from 'vitest';
import { silentLog } from '../../collector/log.js';
import { DAY, line } from './events.js';
import { FakeEngine } from './fake-engine.js';
import { type Running, S, Watching, within } from './watching.js';

const its = new Watching();

describe('a collector of a Docker engine', () => {
  it("attests what happens from its start on, and watches by the engine's clock less a margin", async () => {
    its.engine.happens('before');
    const from = its.engine.now;
    const collector = its.start();
    await its.engine.listenedTo();
    its.engine.happens('one');
    its.engine.happens('two');
    await its.attested('two');
    const summary = await collector.end();
    expect(its.objects()).toEqual(['one', 'two']);
    expect(its.watches()).toEqual([{ source: 'ENGINE', from: from.toString(), to: (its.engine.now - S).toString() }]);
    expect(its.gaps()).toEqual([]);
    expect(summary).toMatchObject({ events: 2, attested: 2, behind: 0 });
  });

  it('goes on after a stream that was cut in mid-line: nothing lost, nothing twice, no gap', async () => {
    const collector = its.start();
    await its.engine.listenedTo();
    its.engine.happens('one');
    await its.attested('one');
    its.engine.cut();
    for (let index = 0; index < 100; index++) its.engine.happens(`missed ${index}`);
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await collector.end();
    expect(new Set(its.objects()).size).toBe(102);
    expect(its.objects()).toHaveLength(102);
    expect(its.watches()).toHaveLength(1);
    expect(its.watches().some((watch) => within(watch, DAY))).toBe(true);
    expect(its.gaps()).toEqual([]);
  });

  it('goes on after its own restart', async () => {
    const first = its.start();
    await its.engine.listenedTo();
    its.engine.happens('one');
    await its.attested('one');
    await first.end();
    its.engine.happens('meanwhile');
    const second = its.start();
    await its.attested('meanwhile');
    await second.end();
    expect(its.objects()).toEqual(['one', 'meanwhile']);
    expect(its.watches()).toHaveLength(1);
    expect(its.gaps()).toEqual([]);
    expect(its.ledger.faults()).toEqual([]);
  });

  it.each([
    ['the engine forgot its events', (): void => its.engine.forget()],
    [
      'more happened than the engine remembers',
      (): void => {
        its.engine.cut();
        for (let index = 0; index < 300; index++) its.engine.happens(`missed ${index}`);
      },
    ],
  ])('declares one gap when %s', async (_, loses) => {
    const collector = its.start();
    await its.engine.listenedTo();
    its.engine.happens('one');
    await its.attested('one');
    const lastKnown = its.engine.now;
    loses();
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await collector.end();
    expect(its.gaps()).toMatchObject([{ source: 'ENGINE', reason: expect.stringContaining('no longer has') }]);
    const [gap] = its.gaps();
    expect(BigInt(gap?.from ?? 0)).toBeLessThanOrEqual(lastKnown);
    for (const watch of its.watches()) {
      expect(BigInt(watch.to) <= BigInt(gap?.from ?? 0) || BigInt(watch.from) >= BigInt(gap?.to ?? 0)).toBe(true);
    }
    expect(its.objects()).toContain('two');
  });

  it("keeps a Swarm's events until it knows the Swarm's name, and watches it on its own", async () => {
    const collector = its.start();
    await its.engine.listenedTo();
    its.engine.cluster = 'CLUSTER';
    its.engine.happens('service', { scope: 'swarm', type: 'service' });
    its.engine.happens('container');
    // A service start is not recorded by default; a removal of the same is.
    its.engine.says(line({ time: its.engine.now, id: 'gone', type: 'service', action: 'remove', scope: 'swarm' }));
    await its.attested('gone');
    its.engine.now += 40n * S;
    await collector.end();
    expect(its.ledger.entries().map(({ event }) => [event.source, event.object])).toContainEqual(['CLUSTER', 'gone']);
    const local = its.watches().find(({ source }) => source === 'ENGINE');
    const swarm = its.watches().find(({ source }) => source === 'CLUSTER');
    expect(local?.to).toBe((its.engine.now - S).toString());
    expect(swarm?.to).toBe((its.engine.now - 10n * S).toString());
  });

  it('tells an event that it cannot read, and leaves a hole there', async () => {
    const said: string[] = [];
    const collector = its.start({}, { ...silentLog, warn: (text) => void said.push(text) });
    await its.engine.listenedTo();
    its.engine.happens('one');
    its.engine.says('{"Type":7}');
    its.engine.happens('two');
    await its.attested('two');
    const summary = await collector.end();
    expect(summary.malformed).toBe(1);
    expect(said).toEqual([expect.stringContaining('event 2 of the stream')]);
    expect(its.gaps()).toMatchObject([{ reason: 'malformed event in the stream' }]);
    expect(its.watches().some((watch) => within(watch, DAY + S))).toBe(false);
  });

  it('waits for an engine that is not there yet', async () => {
    await its.engine.stop();
    let warned = () => {};
    const waiting = new Promise<void>((resolve) => {
      warned = resolve;
    });
    const collector = its.start({}, { ...silentLog, warn: () => warned() });
    await waiting;
    its.engine = new FakeEngine(its.engine.socket);
    await its.engine.start();
    await its.engine.listenedTo();
    its.engine.happens('one');
    await its.attested('one');
    expect(await collector.end()).toMatchObject({ attested: 1 });
  });

  it.each(['C'.repeat(513), '€'.repeat(400), '\ud800'])(
    'takes no Swarm for one whose ID cannot stand in an event',
    async (cluster) => {
      its.engine.cluster = cluster;
      let collector: Running | undefined;
      const refused = await new Promise<string>((warn) => {
        collector = its.start({}, { ...silentLog, warn });
      });
      expect(refused).toContain('gives no engine ID and time');
      its.engine.cluster = undefined;
      await its.engine.listenedTo();
      await collector?.end();
    },
  );
});
