import { fc, test } from '@fast-check/vitest';
import { beforeAll, describe, expect } from 'vitest';
import { type DisputeAnswer, type DisputeCall, parsePolicy, policyText } from '#chaincode';
import { policyOf } from '../chaincode/support/events.js';
import { adminOf, collectorOf, type Identity } from '../chaincode/support/identities.js';
import { ShimLedger } from '../chaincode/support/shim.js';
import { ACTORS, invocation, projectionOf } from './support/history.js';

const TIMEKEEPER = 'AuditorMSP';
const NAME = 'reconciler';
const FINDINGS = ['a', 'b'].map((digit) => digit.repeat(64));
const START = Date.parse('2026-11-22T10:00:00Z');

/** What somebody tries; much of it is not allowed, or malformed. */
interface Attempt {
  readonly actor: string;
  readonly call: DisputeCall;
  readonly said: object;
}

const finding = fc.constantFrom(...FINDINGS);
const openedBy = fc.constantFrom(...ACTORS);
/** Every dispute that there can be. */
const DISPUTES = FINDINGS.flatMap((each) => ACTORS.map((actor) => ({ finding: each, openedBy: actor })));
const text = fc.oneof(
  { weight: 9, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constant('\ud800') },
);
const said = fc.oneof(
  fc.record({
    call: fc.constant('OpenDispute' as const),
    said: fc.record({
      finding,
      hash: fc.constant('c'.repeat(64)),
      day: fc.constantFrom('2026-11-21', '2026-11-31'),
      text,
      answerWithin: fc.constantFrom(599, 600, 86_400),
    }),
  }),
  fc.record({
    call: fc.constant('AnswerDispute' as const),
    said: fc.record(
      { finding, openedBy, answer: fc.constantFrom('accept', 'contest', 'explain'), text, reference: text },
      { requiredKeys: ['finding', 'openedBy', 'answer', 'text'] },
    ),
  }),
  fc.record({
    call: fc.constant('CloseDispute' as const),
    said: fc.record({ finding, openedBy, text }, { requiredKeys: ['finding', 'openedBy'] }),
  }),
);
const attempt: fc.Arbitrary<Attempt> = fc
  .tuple(fc.constantFrom(...ACTORS, TIMEKEEPER), said)
  .map(([actor, deed]) => ({ actor, ...deed }));

describe('the disputes that a reconciler follows', () => {
  const policy = policyText(policyOf({ timekeepers: [TIMEKEEPER] }));
  const { hash } = parsePolicy(policy);
  const approvals = ACTORS.map((actor, index) =>
    index === 0 ? ([actor, 'ProposePolicy', policy] as const) : ([actor, 'ApprovePolicy', '1', hash] as const),
  );
  const identities = new Map<string, Identity>();
  const admins = new Map<string, Identity>();
  beforeAll(async () => {
    for (const actor of [...ACTORS, TIMEKEEPER]) {
      identities.set(actor, await collectorOf(actor, NAME));
      admins.set(actor, await adminOf(actor));
    }
  });

  /** What the contract makes of the attempts, and what it calls each transaction. */
  async function byContract(attempts: readonly Attempt[]) {
    const ledger = new ShimLedger();
    for (const [actor, fn, ...args] of approvals) {
      await ledger.submit(admins.get(actor) as Identity, new Date(START), fn, ...args);
    }
    const ids: string[] = [];
    let taken = 0;
    for (const [index, { actor, call, said: what }] of attempts.entries()) {
      const at = new Date(START + index);
      const { status, answer } = await ledger.submit(identities.get(actor) as Identity, at, call, JSON.stringify(what));
      const acts = status === 200 ? (JSON.parse(answer) as DisputeAnswer).acts : [];
      taken += status === 200 ? 1 : 0;
      ids.push(acts.at(-1)?.tx ?? `refused ${index}`);
    }
    const rows = DISPUTES.map((each) => ledger.state.get(`d/${each.finding}/${each.openedBy}`)?.toString());
    return {
      ids,
      taken,
      rows: rows.map((row) => (row === undefined ? undefined : (JSON.parse(row) as DisputeAnswer))),
    };
  }

  test.prop([fc.array(attempt, { maxLength: 40 })], { numRuns: 60 })(
    'are those of the contract, act by act, even where endorsers let everything pass',
    async (attempts) => {
      const { ids, taken, rows } = await byContract(attempts);
      const signed = attempts.map(({ actor, call, said: what }, index) => ({
        ...invocation(actor, call, [JSON.stringify(what)], NAME),
        txId: ids[index] ?? '',
        time: (BigInt(START + index) * 1_000_000n).toString(),
      }));
      const projection = projectionOf([
        ...approvals.map(([actor, fn, ...args]) => invocation(actor, fn, args)),
        ...signed,
      ]);
      const booked = DISPUTES.map((each) => projection.disputes.answer(each));
      projection.close();
      expect(booked).toEqual(rows);
      expect(booked.reduce((sum, each) => sum + (each?.acts.length ?? 0), 0)).toBe(taken);
    },
  );
});
