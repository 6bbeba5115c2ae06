import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FindingDisputesAnswer, MAX_ACTS_OF_ACTOR, policyHash, policyText } from '#chaincode';
import { ACTORS, policyOf } from './support/events.js';
import { adminOf, collectorOf, type Identity } from './support/identities.js';
import { type Outcome, ShimLedger } from './support/shim.js';

const NOW = new Date('2026-11-22T10:00:00.123Z');
const FINDING = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
/** What names the dispute that `OPENER` opened. */
const OPENER = 'UserMSP';
const THIS = { finding: FINDING, openedBy: OPENER };
const open = { finding: FINDING, hash: 'c'.repeat(64), day: '2026-11-21', text: 'Where is it?', answerWithin: 86_400 };

let identities: Readonly<Record<string, Identity>>;
let ledger: ShimLedger;
beforeAll(async () => {
  const names = [...ACTORS, 'AuditorMSP'];
  const made = await Promise.all(names.map(async (name) => [name, await collectorOf(name, 'reconciler')] as const));
  identities = Object.fromEntries(made);
});
beforeEach(async () => {
  ledger = new ShimLedger();
  const policy = policyOf({ timekeepers: ['AuditorMSP'] });
  const [first = '', ...others] = ACTORS;
  await ledger.submit(await adminOf(first), NOW, 'ProposePolicy', policyText(policy));
  for (const actor of others) {
    await ledger.submit(await adminOf(actor), NOW, 'ApprovePolicy', '1', policyHash(policyText(policy)));
  }
});

function identity(actor: string): Identity {
  const found = identities[actor];
  if (found === undefined) throw new Error(`no identity of ${actor}`);
  return found;
}

const submit = (actor: string, fn: string, said: object): Promise<Outcome> =>
  ledger.submit(identity(actor), NOW, fn, JSON.stringify(said));

async function query<T>(fn: string, ...args: string[]): Promise<T> {
  return JSON.parse((await ledger.evaluate(identity('UserMSP'), NOW, fn, ...args)).answer) as T;
}

describe('a dispute', () => {
  it('is opened, answered and closed, and keeps who said what', async () => {
    expect(await submit('UserMSP', 'OpenDispute', open)).toMatchObject({ status: 200, ranges: [] });
    const reply = { ...THIS, answer: 'contest', text: 'No.', reference: 'TICKET-7' };
    expect(await submit('ProviderMSP', 'AnswerDispute', reply)).toMatchObject({ status: 200 });
    expect(await submit('UserMSP', 'CloseDispute', THIS)).toMatchObject({ status: 200 });
    const { finding, disputes } = await query<FindingDisputesAnswer>('GetDispute', FINDING);
    expect(finding).toBe(FINDING);
    expect(disputes).toMatchObject([THIS]);
    const acts = disputes[0]?.acts ?? [];
    expect(acts).toMatchObject([
      {
        act: 'open',
        actor: 'UserMSP',
        name: 'reconciler',
        time: '1795341600123000000',
        hash: open.hash,
        text: open.text,
      },
      { act: 'answer', actor: 'ProviderMSP', answer: 'contest', text: 'No.', reference: 'TICKET-7' },
      { act: 'close', actor: 'UserMSP' },
    ]);
    expect(new Set(acts.map(({ tx }) => tx)).size).toBe(3);
    expect(await query('GetDisputes', '')).toEqual({ bookmark: '', disputes: [{ ...THIS, acts }] });
  });

  it('may be opened again once it is closed', async () => {
    await submit('UserMSP', 'OpenDispute', open);
    await submit('UserMSP', 'CloseDispute', THIS);
    expect(await submit('UserMSP', 'OpenDispute', { ...open, day: '2026-11-20' })).toMatchObject({ status: 200 });
    expect(await submit('UserMSP', 'CloseDispute', THIS)).toMatchObject({ status: 200 });
  });

  it('is its opener’s alone: whoever was first keeps nobody from opening another about the finding', async () => {
    const [accused, accuser] = ['ProviderMSP', 'UserMSP'];
    await submit(accused, 'OpenDispute', { ...open, hash: 'd'.repeat(64), day: '2026-11-01', answerWithin: 600 });
    expect(await submit(accuser, 'OpenDispute', open)).toMatchObject({ status: 200, ranges: [] });
    await submit(accused, 'AnswerDispute', { ...THIS, answer: 'accept', text: '' });
    await submit(accused, 'CloseDispute', { finding: FINDING, openedBy: accused });
    const { disputes } = await query<FindingDisputesAnswer>('GetDispute', FINDING);
    expect(disputes.map(({ openedBy, acts }) => [openedBy, acts.map(({ act, actor }) => [act, actor])])).toEqual([
      [
        accused,
        [
          ['open', accused],
          ['close', accused],
        ],
      ],
      [
        accuser,
        [
          ['open', accuser],
          ['answer', accused],
        ],
      ],
    ]);
    const day = disputes.map(({ acts }) => acts[0]?.act === 'open' && acts[0].day);
    expect(day).toEqual(['2026-11-01', open.day]);
    // The one about another finding is not among them.
    await submit(accuser, 'OpenDispute', { ...open, finding: OTHER });
    expect((await query<FindingDisputesAnswer>('GetDispute', FINDING)).disputes).toHaveLength(2);
    expect(await query('GetDisputes', '')).toMatchObject({ disputes: [{}, {}, { finding: OTHER, openedBy: accuser }] });
  });

  it.each([
    ['opening one that is open', 'UserMSP', 'OpenDispute', open, 'is open already: UserMSP opened it'],
    ['closing by another', 'ProviderMSP', 'CloseDispute', THIS, 'Only UserMSP can close'],
    ...(['accept', 'contest'] as const).map(
      (answer) =>
        [
          `${answer} by its opener`,
          'UserMSP',
          'AnswerDispute',
          { ...THIS, answer, text: '' },
          'can only explain',
        ] as const,
    ),
    [
      'answering where nobody opened one',
      'ProviderMSP',
      'AnswerDispute',
      { ...THIS, finding: OTHER, answer: 'accept', text: '' },
      'UserMSP has opened no dispute about this finding',
    ],
    [
      "answering another's than who opened one",
      'ProviderMSP',
      'AnswerDispute',
      { ...THIS, openedBy: 'DeveloperMSP', answer: 'accept', text: '' },
      'DeveloperMSP has opened no dispute',
    ],
    [
      'closing where nobody opened one',
      'UserMSP',
      'CloseDispute',
      { ...THIS, finding: OTHER },
      'has opened no dispute',
    ],
    ['a timekeeper', 'AuditorMSP', 'OpenDispute', { ...open, finding: OTHER }, 'AuditorMSP has no say'],
    ['too little time', 'UserMSP', 'OpenDispute', { ...open, finding: OTHER, answerWithin: 599 }, '600 seconds'],
  ] as const)('refuses %s', async (_, actor, fn, said, message) => {
    await submit('UserMSP', 'OpenDispute', open);
    const outcome = await submit(actor, fn, said);
    expect(outcome).toMatchObject({ status: 500, puts: 0 });
    expect(outcome.message).toContain(message);
  });

  it('lets its opener explain, and no actor use up the acts of all', async () => {
    await submit('UserMSP', 'OpenDispute', open);
    const explain = { ...THIS, answer: 'explain', text: 'so' };
    for (let time = 1; time < MAX_ACTS_OF_ACTOR; time += 1) {
      expect((await submit('UserMSP', 'AnswerDispute', explain)).message).toBe('');
    }
    expect((await submit('UserMSP', 'AnswerDispute', explain)).message).toContain('no more of one actor');
    expect(await submit('ProviderMSP', 'AnswerDispute', explain)).toMatchObject({ status: 200 });
    expect(await submit('UserMSP', 'CloseDispute', THIS)).toMatchObject({ status: 200 });
  });

  it.each([
    ['a field more', { ...open, more: 1 }],
    ['no finding', { ...open, finding: 'web-1' }],
    ['no day', { ...open, day: '2026-02-30' }],
    ['a text too long', { ...open, text: 'ä'.repeat(2049) }],
    ['half a character', { ...open, text: '\ud800' }],
    ['more than 31 days', { ...open, answerWithin: 31 * 86_400 + 1 }],
    ['no object', 'text'],
  ])('refuses %s', async (_, said) => {
    expect(await submit('UserMSP', 'OpenDispute', said as object)).toMatchObject({ status: 500, puts: 0 });
  });

  it.each([
    ['no opener', { finding: FINDING, answer: 'explain', text: '' }],
    ['an opener that is no name', { ...THIS, openedBy: '../p', answer: 'explain', text: '' }],
  ])('refuses an answer with %s', async (_, said) => {
    await submit('UserMSP', 'OpenDispute', open);
    expect(await submit('ProviderMSP', 'AnswerDispute', said)).toMatchObject({ status: 500, puts: 0 });
  });

  it('says what it was asked for where there is none', async () => {
    const ask = (id: string) => ledger.evaluate(identity('UserMSP'), NOW, 'GetDispute', id);
    expect((await ask(FINDING)).message).toContain(`Nobody has opened a dispute about finding ${FINDING}`);
    expect((await ask('p/current')).message).toContain('is no finding');
    expect((await ledger.evaluate(identity('UserMSP'), NOW, 'GetDisputes', 'p/1')).message).toContain('The bookmark');
  });

  it('needs a policy in force', async () => {
    ledger = new ShimLedger();
    expect((await submit('UserMSP', 'OpenDispute', open)).message).toContain('No policy is in force');
  });
});

describe('an anchor', () => {
  const range = { list: 'missing', range: 3, first: { object: 'web', id: 'x' }, count: 1, hash: 'd'.repeat(64) };
  const anchor = {
    day: '2026-11-21',
    hash: 'e'.repeat(64),
    tx: 'f'.repeat(64),
    ranges: { parts: { head: 'd'.repeat(64) }, lists: [range] },
  };

  it('reads nothing, and the same again changes nothing', async () => {
    const first = await submit('UserMSP', 'AnchorReport', anchor);
    expect(first).toMatchObject({ status: 200, reads: [], ranges: [], puts: 1 });
    const again = await submit('UserMSP', 'AnchorReport', anchor);
    expect([...again.writes]).toEqual([...first.writes]);
    await submit('ProviderMSP', 'AnchorReport', { ...anchor, day: '2026-11-20' });
    const stored = { ...anchor, actor: 'UserMSP', name: 'reconciler' };
    expect(await query('GetAnchors', '2026-11-21', '')).toEqual({ bookmark: '', anchors: [stored] });
    const { anchors } = await query<{ anchors: { day: string }[] }>('GetAnchors', '', '');
    expect(anchors.map(({ day }) => day)).toEqual(['2026-11-20', '2026-11-21']);
  });

  it.each([
    ['a field more', { ...anchor, more: 1 }],
    ['no day', { ...anchor, day: '2026-13-01' }],
    ['a range twice', { ...anchor, ranges: { ...anchor.ranges, lists: [range, range] } }],
    ['a range that there is not', { ...anchor, ranges: { ...anchor.ranges, lists: [{ ...range, range: 32 }] } }],
    ['a part with a strange name', { ...anchor, ranges: { ...anchor.ranges, parts: { 'a/b': 'd'.repeat(64) } } }],
  ])('is refused with %s', async (_, said) => {
    expect(await submit('UserMSP', 'AnchorReport', said)).toMatchObject({ status: 500, puts: 0 });
  });
});
