import { describe, expect, it } from 'vitest';
import { DAY, line } from './events.js';
import { S, Watching } from './watching.js';

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
