import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import {
  actorsInForce,
  completePolicy,
  earliestFrom,
  isApproved,
  isRecorded,
  type NumberedPolicy,
  type Policy,
  parsePolicy,
  policyAt,
  policyText,
  sha256Hex,
  witnessesOf,
} from '#chaincode';
import { ACTORS, ENGINE, policyOf } from './support/events.js';

const [developer = '', provider = '', user = ''] = ACTORS;

describe('a policy', () => {
  it('reads back from its canonical text, hashed under a prefix of its own', () => {
    const text = policyText(policyOf());
    expect(parsePolicy(text)).toEqual({ policy: policyOf(), hash: sha256Hex(`event2ledger/policy/v1\n${text}`) });
  });

  it('has all actors witness everything unless it says otherwise', () => {
    expect(witnessesOf(policyOf(), 'any', '0')).toEqual(ACTORS);
    expect(completePolicy({ from: '0', actors: ACTORS, deadline: 5 })).toMatchObject({ deadline: 5, grace: 30 });
  });

  const two = { '*': { witnesses: [provider] } };
  it.each<[string, string, string]>([
    ['no JSON', '{', 'POLICY_JSON'],
    ['spaces', JSON.stringify(policyOf(), null, 1), 'POLICY_SHAPE'],
    ['one actor', policyText({ ...policyOf(), actors: [user], sources: {} }), 'POLICY_SHAPE'],
    ['an actor twice', policyText(policyOf({ actors: [user, user] })), 'POLICY_SHAPE'],
    ['an actor with a slash', policyText(policyOf({ actors: ['a/b', user] })), 'POLICY_SHAPE'],
    ['a witness that is no actor', policyText(policyOf({ actors: [developer, user], sources: two })), 'POLICY_SHAPE'],
    ['an actor that keeps time too', policyText(policyOf({ timekeepers: [user] })), 'POLICY_SHAPE'],
    ['a field too many', policyText({ ...policyOf(), more: 1 } as Policy), 'POLICY_SHAPE'],
    [
      'a price that is no decimal',
      policyText(policyOf({ tariff: { currency: 'EUR', perSecond: '1e3' } })),
      'POLICY_SHAPE',
    ],
    ['a deadline of 0', policyText(policyOf({ deadline: 0 })), 'POLICY_SHAPE'],
  ])('with %s is refused', (_what, text, code) => {
    expect(() => parsePolicy(text)).toThrow(expect.objectContaining({ code }));
  });

  it('names the witness it does not know', () => {
    expect(() => parsePolicy(policyText(policyOf({ actors: [developer, user], sources: two })))).toThrow(provider);
  });

  it('records what it lists and nothing that Object has by itself', () => {
    const policy = policyOf({ record: { container: ['die'], network: ['*'] } });
    const kinds = [
      ['container', 'die', true],
      ['container', 'exec_create', false],
      ['network', 'anything', true],
      ['volume', 'create', false],
      ['constructor', 'name', false],
    ] as const;
    for (const [type, action, recorded] of kinds) expect(isRecorded(policy, { type, action })).toBe(recorded);
  });

  it('names the witnesses of a source until the source is gone', () => {
    const sources = { [ENGINE]: { witnesses: [user, provider], until: '100' } };
    const policy = policyOf({ sources });
    expect(witnessesOf(policy, ENGINE, '99')).toEqual([provider, user]);
    expect(witnessesOf(policy, ENGINE, '100')).toEqual([]);
    expect(witnessesOf(policy, 'other', '1')).toEqual([]);
    expect(witnessesOf(policy, 'constructor', '1')).toEqual([]);
  });
});

describe('of several policies in force', () => {
  const numbered = (number: number, from: string): NumberedPolicy => ({ number, hash: '', policy: policyOf({ from }) });
  it('the last approved that has begun governs a time', () => {
    const inForce = [numbered(1, '10'), numbered(3, '30'), numbered(2, '20')];
    const governing = ['9', '10', '19', '20', '29', '30', '1000'].map((time) => policyAt(inForce, time)?.number);
    expect(governing).toEqual([undefined, 1, 1, 2, 2, 2, 2]);
  });
});

describe('a policy comes into force', () => {
  const wider = policyOf({ actors: [...ACTORS, 'AuditorMSP'] });
  it.prop([fc.subarray([...ACTORS, 'AuditorMSP', 'StrangerMSP'])])('as its voters decide', (approvals) => {
    const ours = ACTORS.filter((actor) => approvals.includes(actor)).length;
    expect(isApproved(policyOf(), undefined, approvals)).toBe(ours === 3);
    expect(isApproved(wider, policyOf(), approvals)).toBe(ours >= 2);
  });

  it('with more than half, not with half', () => {
    const pair = policyOf({ actors: [developer, user] });
    expect(isApproved(policyOf(), pair, [developer])).toBe(false);
    expect(isApproved(policyOf(), pair, [developer, user])).toBe(true);
  });

  it('by the votes of those in force, for the first those it names', () => {
    expect(actorsInForce(wider, undefined)).toEqual([...ACTORS, 'AuditorMSP']);
    expect(actorsInForce(wider, policyOf())).toEqual(ACTORS);
  });

  it('not before a deadline has passed, except for the first', () => {
    expect(earliestFrom(undefined, '5000000000')).toBe('0');
    expect(earliestFrom(policyOf({ deadline: 60 }), '5000000000')).toBe('65000000000');
  });
});
