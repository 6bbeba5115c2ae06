import { describe, expect, it } from 'vitest';
import { silentLog } from '../../collector/log.js';
import { line } from './events.js';
import { S, Watching, within } from './watching.js';

const its = new Watching();

describe("an engine's clock", () => {
  it('that is set back takes nothing back: no gap, no claim, and events as before', async () => {
    const said: string[] = [];
    const collector = await its.begin({ proveEveryMs: 20 }, { ...silentLog, warn: (text) => said.push(text) });
    await its.claimed('ENGINE');
    const claims = its.watches();
    its.engine.now -= 3600n * S;
    for (let index = 0; index < 300; index++) its.engine.happens(`again ${index}`);
    await its.attested('again 299');
    its.engine.cut();
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await collector.end();
    expect(its.objects()).toHaveLength(302);
    expect(its.gaps()).toEqual([]);
    expect(its.watches()).toEqual(claims);
  });

  it('that is set back while the collector is away hides none of the events from then', async () => {
    const first = await its.begin();
    its.engine.now += 7200n * S;
    its.engine.happens('ahead');
    await its.attested('ahead');
    its.engine.now += 5n * S;
    await its.claimed('ENGINE');
    await first.end();
    its.engine.now -= 3600n * S;
    for (let index = 0; index < 60; index++) its.engine.happens(`meanwhile ${index}`);
    const second = its.start();
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await second.end();
    expect(its.objects()).toHaveLength(63);
    expect(its.gaps()).toEqual([]);
  });

  it('that is set back over an outage gives a gap behind what was claimed, and no claim over the outage', async () => {
    const said: string[] = [];
    const log = { ...silentLog, warn: (text: string) => said.push(text) };
    const first = await its.begin();
    its.engine.now += 7200n * S;
    await its.claimed('ENGINE');
    await first.end();
    const until = BigInt(its.watches()[0]?.to ?? 0);
    its.engine.forget();
    its.engine.now -= 3600n * S;
    its.engine.happens('meanwhile');
    const second = its.start({}, log);
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    its.engine.now += 7200n * S;
    await its.claimed('ENGINE');
    await second.end();
    expect(its.gaps()).toMatchObject([{ from: until.toString(), to: (until + S).toString() }]);
    expect(its.watches().map(({ to }) => to)).toContain(until.toString());
    expect(its.watches().some((watch) => within(watch, until))).toBe(false);
    expect(said).toContainEqual(expect.stringContaining('A gap'));
  });

  it('that is set back while the stream skips what nothing shows gives a gap behind what was claimed', async () => {
    const collector = await its.begin({ proveEveryMs: 20 });
    its.engine.now += 7200n * S;
    await its.claimed('ENGINE');
    const until = BigInt(its.watches()[0]?.to ?? 0);
    its.engine.now -= 3600n * S;
    its.engine.skips = 300;
    for (let index = 0; index < 300; index++) its.engine.happens(`skipped ${index}`);
    await its.attested('skipped 299');
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await collector.end();
    expect(its.gaps()[0]).toMatchObject({ from: until.toString(), to: (until + S).toString() });
    expect(its.watches().map(({ to }) => to)).toEqual([until.toString()]);
  });

  it('that is set back a little while the stream skips what nothing shows is not taken for what was before the collector', async () => {
    const collector = await its.begin({ proveEveryMs: 10_000 });
    await its.claimed('ENGINE');
    const until = BigInt(its.watches()[0]?.to ?? 0);
    its.engine.now -= 100n * S;
    its.engine.skips = 300;
    its.engine.step = S / 10n;
    for (let index = 0; index < 300; index++) its.engine.happens(`skipped ${index}`);
    // By now the clock is where it was and beyond, the engine's first event is not.
    its.engine.now += 200n * S;
    await its.attested('skipped 299');
    await its.ledger.until(() => its.gaps().length > 0);
    await collector.end();
    expect(its.objects().length).toBeGreaterThanOrEqual(257);
    expect(its.gaps()[0]?.from).toBe(until.toString());
    expect(BigInt(its.gaps()[0]?.to ?? 0)).toBeGreaterThan(until);
  });

  it("of the Swarm's leader does not stretch the engine's own watch over an outage", async () => {
    its.engine.cluster = 'CLUSTER';
    const collector = await its.begin();
    await its.claimed('ENGINE');
    // By a leader whose clock is ahead.
    const ahead = its.engine.now + 30n * S;
    its.engine.says(line({ time: ahead, id: 'ahead', type: 'service', action: 'create', scope: 'swarm' }));
    await its.attested('ahead');
    its.engine.forget();
    its.engine.now += 100n * S;
    its.engine.happens('first');
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await collector.end();
    const local = its.gaps().filter(({ source }) => source === 'ENGINE');
    expect(local).toHaveLength(1);
    expect(BigInt(local[0]?.from ?? 0)).toBeLessThan(ahead - 29n * S);
  });
});
