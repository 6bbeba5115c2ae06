import { beforeAll, expect, it } from 'vitest';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { describeWithDocker, TEST_IMAGE } from '../support/docker-engine.js';
import { type LedgerTransaction, transactionsOf } from '../support/transactions.js';
import { stopped, watchedEngine } from '../support/watched-engine.js';

const ROUNDS = 5;
const CONTAINERS = 20;
const EVENTS = ROUNDS * CONTAINERS * 6;
const MINUTES = 60_000;

describeWithDocker("the paper's test plan: five rounds of twenty containers, three collectors", (engine) => {
  const stage = watchedEngine(engine);
  let transactions: LedgerTransaction[];

  beforeAll(async () => {
    const { consortium } = stage;
    const collectors = await consortium.collectors(`docker:${engine.host}`);
    for (let round = 0; round < ROUNDS; round++) {
      const names = Array.from({ length: CONTAINERS }, (_, index) => `IMG${index + 1}`);
      await Promise.all(
        names.map((name) => engine.cli('run', '--rm', '--network', 'none', '--name', name, TEST_IMAGE)),
      );
    }
    await stopped(collectors);
    const ledger = connect(loadProfile(consortium.profile('UserMSP', 'reconciler')));
    transactions = await transactionsOf(ledger);
    ledger.close();
  }, 8 * MINUTES);

  it('puts 1,800 attestations on the ledger, 600 of each actor', () => {
    const attested = transactions.filter(({ args }) => args[0] === 'Attest');
    const perActor = Object.fromEntries(['DeveloperMSP', 'ProviderMSP', 'UserMSP'].map((actor) => [actor, 0]));
    for (const { creator, args } of attested) {
      const { entries } = JSON.parse(args[1] ?? '{}') as { entries: unknown[] };
      perActor[creator] = (perActor[creator] ?? 0) + entries.length;
    }
    expect(perActor).toEqual({ DeveloperMSP: EVENTS, ProviderMSP: EVENTS, UserMSP: EVENTS });
  });

  it('has every transaction valid and endorsed by at least two organisations', () => {
    expect(transactions.length).toBeGreaterThan(3);
    for (const { id, validationCode, endorsers } of transactions) {
      expect({ id, validationCode }).toEqual({ id, validationCode: 0 });
      expect(new Set(endorsers).size, id).toBeGreaterThanOrEqual(2);
    }
  });

  it('agrees on all 600 events and finds nothing', async () => {
    const { codes, findings, coverage } = await stage.reported();
    expect(findings).toEqual([]);
    expect(coverage).toEqual({ events: EVENTS, agreed: EVENTS, disputed: 0, pending: 0, unobservable: 0 });
    expect(codes.every((code) => code === 0)).toBe(true);
  });

  it('gives the 600 to a query, six of each container', async () => {
    const events = await stage.consortium.events();
    expect(events).toHaveLength(EVENTS);
    expect(events.every(({ attestations }) => attestations.length === 3)).toBe(true);
    const lives = new Map<string, string[]>();
    for (const { event } of events) {
      const attributes = typeof event.attributes === 'string' ? {} : event.attributes;
      const container = event.type === 'network' ? (attributes.container ?? '') : event.object;
      lives.set(container, [...(lives.get(container) ?? []), event.action]);
    }
    expect(lives.size).toBe(ROUNDS * CONTAINERS);
    for (const life of lives.values()) {
      expect(life).toEqual(['create', 'connect', 'start', 'die', 'disconnect', 'destroy']);
    }
  });
});
