import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type BatchEntry,
  type DisputedEventAnswer,
  type HashedEvent,
  type Page,
  type Policy,
  policyHash,
  policyText,
  type Watch,
} from '#chaincode';
import { ACTORS, batchOf, ENGINE, hashed, NINE, policyOf } from './support/events.js';
import { adminOf, collectorOf, type Identity } from './support/identities.js';
import { ShimLedger } from './support/shim.js';

const NOW = new Date('2026-11-22T10:00:00Z');
const DAY = '2026-11-22';
const at = (index: number) => `${NINE}${String(index).padStart(9, '0')}`;

let collectors: Readonly<Record<string, Identity>>;
let admins: Readonly<Record<string, Identity>>;
let ledger: ShimLedger;
beforeAll(async () => {
  const names = [...ACTORS, 'AuditorMSP'];
  const issued = async (issue: (name: string) => Promise<Identity>) =>
    Object.fromEntries(await Promise.all(names.map(async (name) => [name, await issue(name)] as const)));
  [collectors, admins] = await Promise.all([issued(collectorOf), issued(adminOf)]);
});
beforeEach(() => {
  ledger = new ShimLedger();
});

async function submit(identity: Identity | undefined, fn: string, ...args: string[]): Promise<void> {
  if (identity === undefined) throw new Error('no such identity');
  expect(await ledger.submit(identity, NOW, fn, ...args)).toMatchObject({ status: 200 });
}

async function inForce(policy: Policy): Promise<void> {
  const [first, ...others] = policy.actors;
  await submit(admins[first ?? ''], 'ProposePolicy', policyText(policy));
  for (const actor of others) await submit(admins[actor], 'ApprovePolicy', '1', policyHash(policyText(policy)));
}

function attest(actor: string, events: readonly HashedEvent[], watches: readonly Watch[] = [], t?: string) {
  const entries: BatchEntry[] = events.map(({ canonical }) => ({ b: canonical, ...(t === undefined ? {} : { t }) }));
  return submit(collectors[actor], 'Attest', batchOf(entries, { watches: [...watches] }));
}

async function disputed(): Promise<readonly DisputedEventAnswer[]> {
  const outcome = await ledger.evaluate(admins.UserMSP as Identity, NOW, 'GetDisputedEvents', DAY, '');
  expect(outcome).toMatchObject({ status: 200, open: 0 });
  return (JSON.parse(outcome.answer) as Page<DisputedEventAnswer>).events;
}

const watch = (from: number, to: number, source = ENGINE): Watch => ({ source, from: at(from), to: at(to) });
const event = hashed({ timeNano: at(50) });

describe('GetDisputedEvents', () => {
  it('leaves out what all expected actors attested', async () => {
    await inForce(policyOf());
    for (const actor of ACTORS) await attest(actor, [event]);
    expect(await disputed()).toEqual([]);
  });

  it.each<[string, readonly Watch[], string]>([
    ['a watch that covers the time', [watch(0, 51)], 'lacking'],
    ['a watch that begins with it', [watch(50, 60)], 'lacking'],
    ['a watch that ends with it', [watch(0, 50)], 'undecided'],
    ['a hole before a later watch', [watch(0, 40), watch(60, 70)], 'blind'],
    ['no watch so far', [], 'undecided'],
    ['a watch of another source', [watch(0, 99, 'other')], 'undecided'],
  ])('calls an absent actor with %s what it is', async (_what, watches, state) => {
    await inForce(policyOf());
    await attest('ProviderMSP', [event]);
    await attest('DeveloperMSP', [event]);
    await attest('UserMSP', [], watches);
    const [found] = await disputed();
    expect(found).toMatchObject({ eventHash: event.hash, event: event.event, unexpected: [] });
    expect(found?.absent).toEqual([{ actor: 'UserMSP', state }]);
    expect(found?.attestations.map(({ actor }) => actor)).toEqual(['DeveloperMSP', 'ProviderMSP']);
  });

  it('names those that the policy does not expect', async () => {
    await inForce(policyOf());
    for (const actor of [...ACTORS, 'AuditorMSP']) await attest(actor, [event]);
    expect(await disputed()).toMatchObject([{ absent: [], unexpected: ['AuditorMSP'] }]);
  });

  it('expects nobody at a source that is gone, and of a kind that is not recorded', async () => {
    await inForce(policyOf({ sources: { '*': { witnesses: ACTORS, until: at(40) } } }));
    await attest('UserMSP', [event]);
    const health = hashed({ timeNano: at(10), action: 'health_status: healthy' });
    await attest('UserMSP', [health]);
    const found = await disputed();
    expect(found.map(({ eventHash }) => eventHash)).toEqual([health.hash, event.hash]);
    for (const each of found) expect(each).toMatchObject({ absent: [], unexpected: ['UserMSP'] });
  });

  it("judges a timeless event by the lower median of the actors' times", async () => {
    await inForce(policyOf());
    const removal = hashed({ scope: 'swarm', type: 'service', action: 'remove' });
    await attest('DeveloperMSP', [removal], [], at(20));
    await attest('ProviderMSP', [removal], [], at(30));
    await attest('UserMSP', [], [watch(20, 21)]);
    expect(await disputed()).toMatchObject([{ absent: [{ actor: 'UserMSP', state: 'lacking' }] }]);
  });

  it('lists nothing from before the first policy begins', async () => {
    await inForce(policyOf({ from: at(51) }));
    await attest('UserMSP', [event]);
    expect(await disputed()).toEqual([]);
  });

  it('says that without a policy nothing is in dispute', async () => {
    await attest('UserMSP', [event]);
    const outcome = await ledger.evaluate(admins.UserMSP as Identity, NOW, 'GetDisputedEvents', DAY, '');
    expect(outcome).toMatchObject({ status: 500, message: expect.stringContaining('No policy is in force') });
  });

  it.each(['2026-02-30', 'today', ''])('refuses %j for a day', async (day) => {
    const outcome = await ledger.evaluate(admins.UserMSP as Identity, NOW, 'GetDisputedEvents', day, '');
    expect(outcome).toMatchObject({ status: 500, message: expect.stringContaining('is not a day') });
  });
});
