import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PoliciesAnswer, type Policy, type PolicyAnswer, policyHash, policyText } from '#chaincode';
import { ACTORS, policyOf } from './support/events.js';
import { adminOf, collectorOf, type Identity } from './support/identities.js';
import { type Outcome, ShimLedger } from './support/shim.js';

const NOW = new Date('2026-11-22T10:00:00Z');
const NOW_NANOS = BigInt(NOW.getTime()) * 1_000_000n;

let admins: Readonly<Record<string, Identity>>;
let ledger: ShimLedger;
beforeAll(async () => {
  const names = [...ACTORS, 'AuditorMSP'];
  admins = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await adminOf(name)] as const)));
});
beforeEach(() => {
  ledger = new ShimLedger();
});

function admin(actor: string): Identity {
  const identity = admins[actor];
  if (identity === undefined) throw new Error(`no admin of ${actor}`);
  return identity;
}

function propose(actor: string, policy: Policy): Promise<Outcome> {
  return ledger.submit(admin(actor), NOW, 'ProposePolicy', policyText(policy));
}

function approve(actor: string, number: number, policy: Policy): Promise<Outcome> {
  return ledger.submit(admin(actor), NOW, 'ApprovePolicy', String(number), policyHash(policyText(policy)));
}

async function query<T>(fn: string, ...args: string[]): Promise<T> {
  return JSON.parse((await ledger.evaluate(admin('UserMSP'), NOW, fn, ...args)).answer) as T;
}

async function putInForce(policy: Policy): Promise<void> {
  await propose('ProviderMSP', policy);
  await approve('UserMSP', 1, policy);
  expect(await approve('DeveloperMSP', 1, policy)).toMatchObject({ status: 200 });
}

/** A policy that begins a number of seconds after `NOW`. */
function later(seconds: number, changes: Partial<Policy> = {}): Policy {
  return policyOf({ from: String(NOW_NANOS + BigInt(seconds) * 1_000_000_000n), ...changes });
}

describe('the first policy', () => {
  it('is numbered 1 and counts as approved by who proposed it', async () => {
    const outcome = await propose('ProviderMSP', policyOf());
    const hash = policyHash(policyText(policyOf()));
    expect(JSON.parse(outcome.answer)).toEqual({ number: 1, hash });
    expect(outcome.ranges).toEqual([]);
    expect(await query<PolicyAnswer>('GetPolicy', '1')).toEqual({
      number: 1,
      hash,
      policy: policyOf(),
      proposedBy: 'ProviderMSP',
      approvals: ['ProviderMSP'],
      inForce: false,
    });
  });

  it('comes into force with the last of the actors it names, and may reach back', async () => {
    await propose('ProviderMSP', policyOf());
    const two = await approve('UserMSP', 1, policyOf());
    expect(JSON.parse(two.answer)).toMatchObject({ inForce: false, approvals: ['ProviderMSP', 'UserMSP'] });
    const three = await approve('DeveloperMSP', 1, policyOf());
    expect(JSON.parse(three.answer)).toMatchObject({ inForce: true, approvals: ACTORS });
    expect(three.ranges).toEqual([]);
    expect(await query<PoliciesAnswer>('GetPolicies')).toMatchObject({ inForce: [{ number: 1 }], proposed: [] });
  });

  it('needs an actor that it names', async () => {
    const outcome = await propose('AuditorMSP', policyOf());
    expect(outcome).toMatchObject({ status: 500, puts: 0 });
    expect(outcome.message).toContain('AuditorMSP has no say');
  });

  it('may have rivals; the one that all approve wins', async () => {
    await propose('ProviderMSP', policyOf());
    await propose('UserMSP', policyOf({ grace: 31 }));
    for (const actor of ['ProviderMSP', 'DeveloperMSP']) await approve(actor, 2, policyOf({ grace: 31 }));
    const { inForce, proposed } = await query<PoliciesAnswer>('GetPolicies');
    expect([inForce.map(({ number }) => number), proposed.map(({ number }) => number)]).toEqual([[2], [1]]);
  });
});

describe('a later policy', () => {
  it('comes into force with a majority of the actors in force', async () => {
    await putInForce(policyOf());
    const policy = later(600, { actors: [...ACTORS, 'AuditorMSP'] });
    await propose('ProviderMSP', policy);
    expect((await approve('AuditorMSP', 2, policy)).message).toContain('AuditorMSP has no say');
    expect(JSON.parse((await approve('UserMSP', 2, policy)).answer)).toMatchObject({ inForce: true });
    expect(JSON.parse((await propose('AuditorMSP', later(601))).answer)).toMatchObject({ number: 3 });
  });

  it('may not begin within a deadline of the approval that decides', async () => {
    await putInForce(policyOf());
    const early = later(599);
    await propose('ProviderMSP', early);
    const outcome = await approve('UserMSP', 2, early);
    expect(outcome).toMatchObject({ status: 500, puts: 0 });
    expect(outcome.message).toContain('2026-11-22T10:10:00.000000000Z at the earliest');
    expect(await query<PolicyAnswer>('GetPolicy', '2')).toMatchObject({ inForce: false, approvals: ['ProviderMSP'] });
  });

  it('stands in the order of the approvals, not of the proposals', async () => {
    await putInForce(policyOf());
    await propose('ProviderMSP', later(700));
    await propose('ProviderMSP', later(800));
    await approve('UserMSP', 3, later(800));
    await approve('UserMSP', 2, later(700));
    const { inForce } = await query<PoliciesAnswer>('GetPolicies');
    expect(inForce.map(({ number }) => number)).toEqual([1, 3, 2]);
  });
});

describe('an approval', () => {
  it('given twice, or after the policy is in force, changes nothing', async () => {
    await propose('ProviderMSP', policyOf());
    expect(await approve('ProviderMSP', 1, policyOf())).toMatchObject({ status: 200, puts: 0 });
    await approve('UserMSP', 1, policyOf());
    await approve('DeveloperMSP', 1, policyOf());
    expect(await approve('DeveloperMSP', 1, policyOf())).toMatchObject({ status: 200, puts: 0 });
  });

  it('needs the hash that was read', async () => {
    await propose('ProviderMSP', policyOf());
    const outcome = await ledger.submit(admin('UserMSP'), NOW, 'ApprovePolicy', '1', 'f'.repeat(64));
    expect(outcome).toMatchObject({ status: 500, puts: 0 });
    expect(outcome.message).toContain(policyHash(policyText(policyOf())));
  });

  it.each([
    ['2', 'There is no policy 2; 1 have been proposed so far.'],
    ['0', '"0" is no policy\'s number; they count from 1.'],
    ['1.5', '"1.5" is no policy\'s number; they count from 1.'],
    ['current', '"current" is no policy\'s number; they count from 1.'],
  ])('of number %s is refused', async (number, message) => {
    await propose('ProviderMSP', policyOf());
    expect(await ledger.submit(admin('UserMSP'), NOW, 'ApprovePolicy', number, 'x')).toMatchObject({
      message,
      puts: 0,
    });
    expect(await ledger.evaluate(admin('UserMSP'), NOW, 'GetPolicy', number)).toMatchObject({ message });
  });
});

describe('a proposal is refused', () => {
  it('from who holds no admin certificate', async () => {
    const collector = await collectorOf('UserMSP');
    const outcome = await ledger.submit(collector, NOW, 'ProposePolicy', policyText(policyOf()));
    expect(outcome).toMatchObject({ status: 500, puts: 0 });
    expect(outcome.message).toContain('collector-1 of UserMSP holds no admin certificate');
    await propose('ProviderMSP', policyOf());
    expect(await ledger.submit(collector, NOW, 'ApprovePolicy', '1', 'x')).toMatchObject({ status: 500, puts: 0 });
  });

  it('if it was made already, with the number to approve', async () => {
    await propose('ProviderMSP', policyOf());
    expect(await propose('UserMSP', policyOf())).toMatchObject({
      message: 'This policy was proposed already; approve number 1.',
      puts: 0,
    });
  });

  it('if it is malformed', async () => {
    const outcome = await ledger.submit(admin('UserMSP'), NOW, 'ProposePolicy', '{"v":1}');
    expect(outcome).toMatchObject({ status: 500, puts: 0 });
    expect(outcome.message).toContain('The policy is malformed: ');
  });
});

describe('the keys of policies', () => {
  it('sort as their numbers do', async () => {
    for (let index = 1; index <= 11; index++) await propose('ProviderMSP', policyOf({ grace: index }));
    const { proposed } = await query<PoliciesAnswer>('GetPolicies');
    expect(proposed.map(({ policy }) => policy.grace)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect([...ledger.state.keys()].at(0)).toBe('p/000000001');
  });
});
