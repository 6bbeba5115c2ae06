import { describe, expect, it } from 'vitest';
import { DAY } from './events.js';
import { S, Watching, within } from './watching.js';

const its = new Watching();

describe('a stream that skips events, silently', () => {
  it('loses none that the engine still remembers, and is opened again', async () => {
    const collector = await its.begin();
    its.engine.skips = 20;
    for (let index = 0; index < 20; index++) its.engine.happens(`skipped ${index}`);
    const streams = its.engine.streams;
    await its.attested('skipped 19');
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await collector.end();
    expect(its.engine.streams).toBeGreaterThan(streams);
    expect(its.gaps()).toEqual([]);
    expect(its.watches()).toHaveLength(1);
    expect(new Set(its.objects()).size).toBe(22);
    expect(its.objects()).toHaveLength(22);
  });

  it('leaves one hole, no wider than need be, where the engine has forgotten them', async () => {
    const collector = await its.begin();
    await its.claimed('ENGINE');
    const first = its.engine.now;
    its.engine.skips = 300;
    for (let index = 0; index < 300; index++) its.engine.happens(`skipped ${index}`);
    await its.attested('skipped 299');
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await collector.end();
    expect(its.gaps()).toHaveLength(1);
    const lost = Array.from({ length: 300 }, (_, index) => index).filter(
      (index) => !its.objects().includes(`skipped ${index}`),
    );
    expect(lost).toHaveLength(300 - 256);
    for (const index of lost) {
      const time = first + BigInt(index) * S;
      expect(its.gaps().some((gap) => within(gap, time))).toBe(true);
      expect(its.watches().some((watch) => within(watch, time))).toBe(false);
    }
    // To the first that the engine still has, and the margin: it may have overtaken one that was lost.
    expect(its.gaps()[0]?.to).toBe((first + 45n * S).toString());
  });

  it('is no proof of anything where the engine remembers only events that are nobody’s', async () => {
    const collector = its.start();
    await its.engine.listenedTo();
    its.engine.now += 100n * S;
    await its.claimed('ENGINE');
    const first = its.engine.now;
    its.engine.skips = 300;
    for (let index = 0; index < 300; index++) its.engine.happens(`skipped ${index}`);
    // Of a Swarm in which the engine is not: more than an engine keeps for a listener before it skips it.
    for (let index = 0; index < 1024; index++) its.engine.happens(`foreign ${index}`, { scope: 'swarm' });
    its.engine.now += 5n * S;
    await collector.end();
    expect(its.watches().filter((watch) => within(watch, first + 10n * S))).toEqual([]);
    expect(its.gaps().some((gap) => within(gap, first + 10n * S))).toBe(true);
  });

  it('is noticed when it has fallen silent for good while the engine answers', async () => {
    const collector = await its.begin({ proveEveryMs: 20 });
    its.engine.skips = Number.POSITIVE_INFINITY;
    its.engine.happens('unheard');
    await its.attested('unheard');
    its.engine.skips = 0;
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await collector.end();
    expect(its.gaps()).toEqual([]);
    expect(its.objects()).toEqual(['one', 'unheard', 'two']);
  });

  it('is opened again when the engine no longer knows that somebody listens', async () => {
    const collector = await its.begin({ proveEveryMs: 20 });
    const streams = its.engine.streams;
    await its.claimed('ENGINE');
    its.engine.tells = 0;
    await expect.poll(() => its.engine.streams).toBeGreaterThan(streams);
    its.engine.tells = undefined;
    await collector.end();
    expect(its.gaps()).toEqual([]);
  });

  it('is given up when nothing comes and nothing is answered', async () => {
    const collector = await its.begin({ proveEveryMs: 10, giveUpMs: 50 });
    its.engine.answers = false;
    await expect.poll(() => its.engine.listening()).toBe(0);
    its.engine.answers = true;
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await collector.end();
    expect(its.gaps()).toEqual([]);
  });
});

describe('a burst between the first question and the subscription', () => {
  const burst = () => {
    const first = its.engine.now;
    its.engine.subscribing = () => {
      its.engine.subscribing = () => {};
      for (let index = 0; index < 300; index++) its.engine.happens(`early ${index}`);
    };
    return Array.from({ length: 300 - 256 }, (_, index) => first + BigInt(index) * S);
  };
  const claimedOver = (times: readonly bigint[]) =>
    times.filter((time) => its.watches().some((watch) => within(watch, time)));

  it('is in no watch of a collector that starts for the first time', async () => {
    const lost = burst();
    const collector = its.start({ proveEveryMs: 10 });
    await its.attested('early 299');
    its.engine.now += 5n * S;
    await its.claimed('ENGINE');
    await collector.end();
    expect(its.objects()).not.toContain('early 43');
    expect(claimedOver(lost)).toEqual([]);
  });

  it('is in the gap of one that comes back to an engine that was restarted', async () => {
    const collector = await its.begin();
    const lost = burst();
    its.engine.forget();
    await its.attested('early 299');
    its.engine.happens('two');
    await its.attested('two');
    its.engine.now += 5n * S;
    await collector.end();
    expect(its.objects()).not.toContain('early 43');
    expect(claimedOver(lost)).toEqual([]);
    expect(lost.filter((time) => !its.gaps().some((gap) => within(gap, time)))).toEqual([]);
  });
});

describe('a healthy stream', () => {
  it('gives no gap in a burst of thousands', async () => {
    const collector = await its.begin();
    its.engine.step = 50_000n;
    for (let index = 0; index < 5000; index++) {
      its.engine.happens(`burst ${index}`);
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await its.attested('burst 4999');
    its.engine.now += 5n * S;
    await collector.end();
    expect(its.objects()).toHaveLength(5001);
    expect(its.gaps()).toEqual([]);
    expect(its.watches()).toHaveLength(1);
  }, 60_000);

  it('of an engine without events is watched all the time', async () => {
    const collector = its.start();
    await its.engine.listenedTo();
    its.engine.now += 100n * S;
    await its.claimed('ENGINE');
    await collector.end();
    expect(its.watches()).toEqual([{ source: 'ENGINE', from: DAY.toString(), to: (its.engine.now - S).toString() }]);
  });

  it("goes on over a restart of the collector by what the engine had shown before, without an event of the watch's own", async () => {
    its.engine.happens('before');
    const first = its.start();
    await its.engine.listenedTo();
    its.engine.now += 100n * S;
    await its.claimed('ENGINE');
    await first.end();
    const second = its.start();
    await its.engine.listenedTo();
    its.engine.happens('after');
    await its.attested('after');
    await second.end();
    expect(its.objects()).toEqual(['after']);
    expect(its.gaps()).toEqual([]);
    expect(its.watches()).toHaveLength(1);
  });
});
