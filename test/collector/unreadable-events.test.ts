import { describe, expect, it } from 'vitest';
import { line } from './events.js';
import { S, Watching, within } from './watching.js';

const its = new Watching();

describe('an event that cannot be read', () => {
  const unreadable = () => {
    its.engine.says(line({ time: its.engine.now, id: 'bad' }).replace('"Action":"start"', '"Action":""'));
  };
  const declared = () => its.gaps().filter(({ reason }) => reason === 'malformed event in the stream');
  const goesOn = async (count: number) => {
    await its.ledger.until(() => declared().length >= count);
    its.engine.now += 5n * S;
    await its.claimed('ENGINE');
  };

  it.each([
    ['the stream ends', false],
    ['the stream ends and the engine has forgotten it', true],
  ])('is declared though %s before the next claim', async (_, forgets) => {
    const collector = await its.begin();
    await its.claimed('ENGINE');
    its.engine.answers = false;
    const bad = its.engine.now;
    unreadable();
    its.engine.now += S;
    its.engine.happens('two');
    await its.attested('two');
    its.engine.answers = true;
    if (forgets) its.engine.forget();
    else its.engine.cut();
    await its.engine.listenedTo();
    its.engine.happens('three');
    await its.attested('three');
    its.engine.now += 20n * S;
    its.engine.happens('four');
    await its.attested('four');
    await goesOn(1);
    await collector.end();
    expect(its.gaps().some((gap) => within(gap, bad))).toBe(true);
    expect(its.watches().some((watch) => within(watch, bad))).toBe(false);
  });

  it('is declared by the next collector on its spool, and once', async () => {
    const first = await its.begin();
    await its.claimed('ENGINE');
    its.engine.answers = false;
    const bad = its.engine.now;
    unreadable();
    its.engine.happens('two');
    await its.attested('two');
    await first.end();
    its.engine.answers = true;
    const second = its.start();
    await its.engine.listenedTo();
    its.engine.now += 20n * S;
    await goesOn(1);
    expect(declared()).toHaveLength(1);
    its.engine.cut();
    await its.engine.listenedTo();
    its.engine.now += 20n * S;
    await its.claimed('ENGINE');
    await second.end();
    expect(declared()).toHaveLength(1);
    expect(declared().some((gap) => within(gap, bad))).toBe(true);
    expect(its.watches().some((watch) => within(watch, bad))).toBe(false);
  });

  it('is declared again when the same text comes again', async () => {
    const collector = await its.begin();
    const times: bigint[] = [];
    for (const name of ['two', 'three']) {
      times.push(its.engine.now);
      its.engine.says('{"Type":7}');
      its.engine.happens(name);
      await its.attested(name);
      its.engine.now += 20n * S;
      await goesOn(times.length);
    }
    await collector.end();
    for (const time of times) {
      expect(its.gaps().some((gap) => within(gap, time))).toBe(true);
      expect(its.watches().some((watch) => within(watch, time))).toBe(false);
    }
  });
});
