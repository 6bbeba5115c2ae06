import { describe, expect, it } from 'vitest';
import type { Gap } from '#chaincode';
import { DAY, line } from './events.js';
import { FakeLedger } from './fake-ledger.js';
import { S, Watching, within } from './watching.js';

const its = new Watching();

describe("a Swarm's watch", () => {
  const swarm = (name: string) =>
    its.engine.says(line({ time: its.engine.now, id: name, type: 'service', action: 'create', scope: 'swarm' }));

  it('stands still while the manager has lost its Swarm, and goes on without a gap', async () => {
    its.engine.cluster = 'CLUSTER';
    const collector = await its.begin();
    its.engine.now += 60n * S;
    const until = () => BigInt(its.watches().find(({ source }) => source === 'CLUSTER')?.to ?? 0);
    await its.ledger.until(() => until() > DAY);
    its.engine.swarmError = 'The swarm does not have a leader.';
    const lost = its.engine.now;
    await its.claimed('ENGINE');
    its.engine.now += 60n * S;
    await its.claimed('ENGINE');
    expect(until()).toBeLessThan(lost);
    // What happened meanwhile comes late, with the time at which it happened.
    its.engine.swarmError = '';
    its.engine.says(line({ time: lost + S, id: 'late', type: 'service', action: 'create', scope: 'swarm' }));
    await its.attested('late');
    await its.claimed('ENGINE');
    its.engine.now += 60n * S;
    swarm('again');
    await its.attested('again');
    await its.ledger.until(() => until() > lost + 60n * S);
    await collector.end();
    expect(its.gaps()).toEqual([]);
    expect(its.watches().filter(({ source }) => source === 'CLUSTER')).toHaveLength(1);
  });

  it('ends where the engine was last known in its Swarm, when it is found in another', async () => {
    its.engine.cluster = 'OLD';
    const collector = await its.begin({ proveEveryMs: 20 });
    its.engine.now += 60n * S;
    await its.ledger.until(() =>
      its.watches().some(({ source, to }) => source === 'OLD' && BigInt(to) > DAY + 50n * S),
    );
    const remove = (id: string) =>
      its.engine.says(line({ time: its.engine.now, id, type: 'service', action: 'remove', scope: 'swarm' }));
    remove('of the old');
    await its.attested('of the old');
    const left = its.engine.now;
    its.engine.cluster = 'NEW';
    its.engine.now += 600n * S;
    remove('of the new');
    await its.attested('of the new');
    its.engine.now += 600n * S;
    await its.claimed('ENGINE');
    await its.ledger.until(() =>
      its.watches().some(({ source, to }) => source === 'NEW' && BigInt(to) > left + 1100n * S),
    );
    await collector.end();
    const second = its.start();
    await its.engine.listenedTo();
    its.engine.happens('two');
    await its.attested('two');
    await second.end();
    for (const { source, to } of its.watches()) if (source === 'OLD') expect(BigInt(to)).toBeLessThanOrEqual(left);
    expect(its.ledger.entries().map(({ event }) => [event.source, event.object])).toEqual([
      ['ENGINE', 'one'],
      ['OLD', 'of the old'],
      ['NEW', 'of the new'],
      ['ENGINE', 'two'],
    ]);
  });
});

describe("a Swarm's event that waits to be told whose it is", () => {
  const created = (id: string) =>
    its.engine.says(line({ time: its.engine.now, id, type: 'service', action: 'create', scope: 'swarm' }));

  it('outlives a kill, though the engine forgets it meanwhile', async () => {
    its.engine.cluster = 'CLUSTER';
    const first = await its.begin({ proveEveryMs: 10 });
    its.engine.now += 60n * S;
    await its.claimed('ENGINE');
    its.engine.swarmError = 'The swarm does not have a leader.';
    const at = its.engine.now;
    created('waits');
    its.engine.happens('beside');
    await its.attested('beside');
    its.engine.now += 60n * S;
    await its.claimed('ENGINE');
    for (let index = 0; index < 300; index++) its.engine.happens(`after ${index}`);
    await its.attested('after 299');
    expect(its.objects()).not.toContain('waits');
    const image = its.killed();
    await first.end();
    // What the first one told at its graceful end is not known to the second, nor to its ledger.
    const before = its.ledger;
    its.ledger = new FakeLedger();
    its.ledger.accepted.push(
      ...before.accepted.filter(({ entries }) => !entries.some((e) => e.event.object === 'waits')),
    );
    its.engine.swarmError = '';
    const second = its.start({ proveEveryMs: 10 }, undefined, image);
    await its.attested('waits');
    its.engine.now += 60n * S;
    await its.claimed('ENGINE');
    await its.ledger.until(() => its.watches().some(({ source, to }) => source === 'CLUSTER' && BigInt(to) > at));
    await second.end();
    expect(its.objects().filter((id) => id === 'waits')).toHaveLength(1);
    expect(its.ledger.entries().find(({ event }) => event.object === 'waits')?.event.source).toBe('CLUSTER');
  });

  it('is not given to a Swarm that the engine entered while nobody watched', async () => {
    its.engine.cluster = 'OLD';
    const first = await its.begin({ proveEveryMs: 10 });
    its.engine.now += 60n * S;
    await its.ledger.until(() =>
      its.watches().some(({ source, to }) => source === 'OLD' && BigInt(to) > DAY + 40n * S),
    );
    await first.end();
    const lost = its.engine.now;
    created('of the old');
    its.engine.cluster = 'NEW';
    its.engine.now += 5n * S;
    const second = its.start({ proveEveryMs: 10 });
    await its.ledger.until(() => its.gaps().some(({ source }) => source === 'OLD'));
    its.engine.now += 20n * S;
    created('of the new');
    await its.attested('of the new');
    its.engine.now += 60n * S;
    await its.ledger.until(() => its.watches().some(({ source }) => source === 'NEW'));
    await second.end();
    expect(its.objects()).not.toContain('of the old');
    expect(its.gaps().some((gap) => gap.source === 'OLD' && within(gap, lost))).toBe(true);
    expect(its.watches().some((watch) => within(watch, lost) && watch.source !== 'ENGINE')).toBe(false);
  });
});

describe('a Swarm that was left', () => {
  it('and is found again after an absence gives a gap, though the stream goes on where it was', async () => {
    its.engine.cluster = 'CLUSTER';
    const first = await its.begin({ proveEveryMs: 10 });
    its.engine.now += 60n * S;
    await its.ledger.until(() => its.watches().some(({ source }) => source === 'CLUSTER'));
    its.engine.cluster = undefined;
    await its.engine.reread();
    await its.engine.reread();
    const left = its.engine.now;
    its.engine.happens('without');
    await its.attested('without');
    await first.end();
    its.engine.now += 100n * S;
    its.engine.cluster = 'CLUSTER';
    const second = its.start({ proveEveryMs: 10 });
    await its.ledger.until(() => its.gaps().some(({ source }) => source === 'CLUSTER'));
    const back = its.engine.now;
    its.engine.now += 60n * S;
    await its.ledger.until(() => its.watches().some(({ source, to }) => source === 'CLUSTER' && BigInt(to) > back));
    await second.end();
    const away = its.gaps().filter(({ source }) => source === 'CLUSTER');
    expect(away).toHaveLength(1);
    expect(within(away[0] as Gap, left)).toBe(true);
    expect(its.watches().some((watch) => watch.source === 'CLUSTER' && within(watch, left))).toBe(false);
    expect(its.gaps().filter(({ source }) => source === 'ENGINE')).toEqual([]);
    // One that was lost may have been stamped by a leader whose clock is ahead.
    expect(BigInt(away[0]?.to ?? 0)).toBeGreaterThanOrEqual(back + 10n * S);
  });

  it('and is entered again by a clock that was set back is claimed no second time over what was not seen', async () => {
    its.engine.cluster = 'CLUSTER';
    const first = await its.begin({ proveEveryMs: 10 });
    its.engine.now += 3600n * S;
    await its.ledger.until(() => its.watches().some(({ source }) => source === 'CLUSTER'));
    const until = BigInt(its.watches().find(({ source }) => source === 'CLUSTER')?.to ?? 0);
    its.engine.cluster = undefined;
    await its.engine.reread();
    await its.engine.reread();
    its.engine.now -= 1800n * S;
    its.engine.cluster = 'CLUSTER';
    await its.ledger.until(() => its.gaps().some(({ source }) => source === 'CLUSTER'));
    await first.end();
    const gap = its.gaps().find(({ source }) => source === 'CLUSTER');
    expect(gap).toMatchObject({ from: until.toString(), to: (until + 10n * S).toString() });
  });
});
