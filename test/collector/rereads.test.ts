import { describe, expect, it } from 'vitest';
import { silentLog } from '../../collector/log.js';
import { Vitals } from '../../collector/vitals.js';
import { line } from './events.js';
import { S, Watching, within } from './watching.js';

const its = new Watching();

describe('a re-read that always fails', () => {
  it.each(['refused', 'cut short'] as const)(
    'because it is %s: said once, counted, and nothing is claimed until it works again',
    async (how) => {
      const warned: string[] = [];
      const told: string[] = [];
      const vitals = new Vitals();
      const log = {
        ...silentLog,
        warn: (text: string) => warned.push(text),
        info: (text: string) => told.push(text),
      };
      const collector = await its.begin({ proveEveryMs: 10 }, log, { vitals });
      await its.claimed('ENGINE');
      const until = its.watches();
      its.engine.rereads = how;
      its.engine.now += 100n * S;
      its.engine.happens('two');
      await its.attested('two');
      for (let count = 0; count < 4; count++) await its.engine.reread();
      expect(vitals.rereadsFailed).toBeGreaterThan(1);
      expect(vitals.up('memory')).toBe(false);
      expect(vitals.up('engine')).toBe(true);
      its.engine.happens('three');
      await its.attested('three');
      expect(its.watches()).toEqual(until);
      expect(warned).toEqual([expect.stringContaining('nothing is claimed until it can')]);
      its.engine.rereads = 'whole';
      await its.claimed('ENGINE');
      expect(vitals.up('memory')).toBe(true);
      expect(told).toContainEqual(expect.stringContaining('can be read again'));
      await collector.end();
      expect(its.gaps()).toEqual([]);
      expect(its.watches()).toHaveLength(1);
    },
  );
});

describe('an event that cannot be read and that the stream skips', () => {
  it('is found in the engine’s memory, and no watch is claimed over it', async () => {
    const collector = await its.begin({ proveEveryMs: 10 });
    await its.claimed('ENGINE');
    const bad = its.engine.now;
    its.engine.skips = 1;
    its.engine.says(line({ time: bad, id: 'bad' }).replace('"Action":"start"', '"Action":""'));
    its.engine.now += 5n * S;
    await its.ledger.until(() => its.gaps().some(({ reason }) => reason === 'malformed event in the stream'));
    its.engine.now += 5n * S;
    await its.claimed('ENGINE');
    expect((await collector.end()).malformed).toBe(1);
    expect(its.gaps().some((gap) => within(gap, bad))).toBe(true);
    expect(its.watches().some((watch) => within(watch, bad))).toBe(false);
  });
});

describe('a margin that was learned', () => {
  const late = async (collector: { end(): Promise<unknown> }, name: string) => {
    await its.claimed('ENGINE');
    its.engine.says(line({ time: its.engine.now - 5n * S, id: name }));
    await its.attested(name);
    return collector;
  };
  const distance = () => BigInt(its.engine.now) - BigInt(its.watches()[0]?.to ?? 0);
  const claimedAfresh = () => {
    const before = BigInt(its.watches()[0]?.to ?? 0);
    its.engine.now += 100n * S;
    return its.ledger.until(() => BigInt(its.watches()[0]?.to ?? 0) > before + 50n * S);
  };

  it.each([
    ['a reconnection', 'cut' as const],
    ["the collector's restart", 'restart' as const],
  ])('holds over %s', async (_, how) => {
    let collector = await late(await its.begin({ proveEveryMs: 10 }), 'late');
    await claimedAfresh();
    const learned = distance();
    expect(learned).toBeGreaterThan(5n * S);
    if (how === 'cut') its.engine.cut();
    else {
      await collector.end();
      collector = its.start({ proveEveryMs: 10 });
    }
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await claimedAfresh();
    expect(distance()).toBe(learned);
    await collector.end();
  });

  it('is forgotten where the clock was only set back', async () => {
    const collector = await its.begin({ proveEveryMs: 10 });
    await its.claimed('ENGINE');
    its.engine.now -= 100n * S;
    its.engine.happens('again');
    await its.attested('again');
    // The second of them was asked for after the clock was.
    for (let count = 0; count < 2; count++) await its.engine.reread();
    its.engine.now += 300n * S;
    await its.claimed('ENGINE');
    await collector.end();
    expect(distance()).toBe(S);
  });
});
