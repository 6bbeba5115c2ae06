import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Anchor, type DisputeCall, MAX_ACTS_OF_ACTOR } from '#chaincode';
import { anchorOf } from '../../reconciler/anchor-ranges.js';
import { dailyReport } from '../../reconciler/daily-report.js';
import { judgementOf } from '../../reconciler/day-judgement.js';
import { MOST_ACTS_TOLD } from '../../reconciler/exchange-form.js';
import { findingHash } from '../../reconciler/finding-form.js';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { checkReport } from '../../reports/check.js';
import type { DailyReport } from '../../reports/model.js';
import {
  ACTORS,
  containerEvent,
  DAY,
  hashed,
  invocation,
  policyTransactions,
  projectionOf,
  Run,
  watch,
} from './support/history.js';

const SECOND = 1_000_000_000n;
const SECONDS_OF_DAY = 86_400;
const [DEVELOPER = '', PROVIDER = '', USER = ''] = ACTORS;
const [FIRST, SECOND_DAY, THIRD] = [DAY, '2026-11-23', '2026-11-24'];
const HASH = 'c'.repeat(64);

let calls = 0;
function said(actor: string, call: DisputeCall | 'AnchorReport', what: object): Invocation {
  calls += 1;
  const made = invocation(actor, call, [JSON.stringify(what)], 'reconciler');
  return { ...made, txId: calls.toString(16).padStart(64, '0'), time: '1795341600123000000' };
}
const opens = (actor: string, finding: string, about: { hash?: string; day?: string } = {}) =>
  said(actor, 'OpenDispute', {
    finding,
    hash: HASH,
    day: FIRST,
    text: 'so',
    answerWithin: 5 * SECONDS_OF_DAY,
    ...about,
  });
const explains = (actor: string, finding: string, openedBy: string) =>
  said(actor, 'AnswerDispute', { finding, openedBy, answer: 'explain', text: 'why' });
const closes = (openedBy: string, finding: string) => said(openedBy, 'CloseDispute', { finding, openedBy });
const nth = (number: number) => number.toString(16).padStart(64, '0');

/** Three collectors that saw the same on the first day; on the second the Provider's denies an event. */
function story() {
  const runs = ACTORS.map((actor) => new Run(actor));
  const one = hashed(containerEvent('one', 'start', 60n * SECOND));
  const two = hashed(containerEvent('two', 'start', BigInt(SECONDS_OF_DAY + 60) * SECOND));
  const begin = [
    ...policyTransactions(),
    ...runs.map((run) => {
      const events = run.actor === PROVIDER ? [one] : [one, two];
      // A watch of the second day by all would seal the first.
      const watches = run.actor === DEVELOPER ? [] : [watch(SECONDS_OF_DAY, SECONDS_OF_DAY + 3600)];
      return run.batch({ events, sentAt: 100, watches });
    }),
  ];
  /** All watch a day to its end, which seals it. */
  const seals = (number: number) =>
    runs.map((run) =>
      run.batch({
        sentAt: (number + 1) * SECONDS_OF_DAY + 10,
        watches: [watch(number * SECONDS_OF_DAY, (number + 1) * SECONDS_OF_DAY)],
      }),
    );
  return { begin, seals };
}

/** The days' sealed reports, each checked as `verify` does. */
function reportsOf(transactions: readonly Invocation[], days: readonly string[]): DailyReport[] {
  const projection = projectionOf(transactions, 1);
  const reports = days.map((day) => checkReport(JSON.parse(JSON.stringify(dailyReport(judgementOf(projection, day))))));
  projection.close();
  return reports;
}

const tellings = ({ disputes = [] }: DailyReport) =>
  disputes.map(({ finding, openedBy, known, state, earlier, acts }) => {
    return [finding, openedBy, known, state, earlier, acts.map(({ act, actor }) => `${actor} ${act}`)];
  });

describe('a report', () => {
  it('tells what was done since the seal before, and how much was done earlier', () => {
    const { begin, seals } = story();
    const history = [
      ...begin,
      opens(USER, nth(1)),
      explains(PROVIDER, nth(1), USER),
      ...seals(0),
      closes(USER, nth(1)),
      opens(PROVIDER, nth(1)),
      ...seals(1),
      ...seals(2),
    ];
    const [first, second, third] = reportsOf(history, [FIRST, SECOND_DAY, THIRD]);
    expect(first && tellings(first)).toEqual([
      [nth(1), USER, 'unknown', 'answered', 0, [`${USER} open`, `${PROVIDER} answer`]],
    ]);
    expect(second && tellings(second)).toEqual([
      [nth(1), PROVIDER, 'unknown', 'open', 0, [`${PROVIDER} open`]],
      [nth(1), USER, 'unknown', 'closed', 2, [`${USER} close`]],
    ]);
    expect(third?.disputes).toBeUndefined();
  });

  it('has room for every actor, however much another does, and counts what it does not tell', () => {
    const { begin, seals } = story();
    const many = Array.from({ length: 1500 }, (_, index) => nth(index));
    const own = many.slice(0, 5);
    const last = many.at(-1) ?? '';
    const history = [
      ...begin,
      ...many.map((finding) => opens(PROVIDER, finding)),
      ...own.map((finding) => opens(USER, finding)),
      explains(DEVELOPER, last, PROVIDER),
      ...seals(0),
    ];
    const [report] = reportsOf(history, [FIRST]);
    const disputes = report?.disputes ?? [];
    expect(disputes.reduce((sum, { acts }) => sum + acts.length, 0)).toBe(MOST_ACTS_TOLD);
    expect(disputes.filter(({ openedBy }) => openedBy === USER).map(({ finding }) => finding)).toEqual(own);
    // Its opening is beyond the Provider's share, what the Developer says of it is not.
    expect(disputes.find(({ finding }) => finding === last)).toMatchObject({
      openedBy: PROVIDER,
      earlier: 0,
      omitted: 1,
      acts: [{ act: 'answer', actor: DEVELOPER }],
    });
    expect(report?.omittedDisputes).toBe(many.length + own.length - disputes.length);
  });

  it('has room for every actor where another talks in every dispute', () => {
    const { begin, seals } = story();
    const many = Array.from({ length: 40 }, (_, index) => nth(index));
    const history = [
      ...begin,
      ...many.map((finding) => opens(USER, finding)),
      ...many.flatMap((finding) => Array.from({ length: MAX_ACTS_OF_ACTOR }, () => explains(PROVIDER, finding, USER))),
      ...many.map((finding) => closes(USER, finding)),
      ...seals(0),
    ];
    const [report] = reportsOf(history, [FIRST]);
    const acts = report?.disputes?.flatMap((dispute) => dispute.acts) ?? [];
    expect(acts.filter(({ actor }) => actor === USER)).toHaveLength(2 * many.length);
    expect(acts).toHaveLength(MOST_ACTS_TOLD);
    expect(report?.disputes?.every(({ state }) => state === 'closed')).toBe(true);
    const omitted = report?.disputes?.reduce((sum, dispute) => sum + (dispute.omitted ?? 0), 0);
    expect(omitted).toBe(many.length * (MAX_ACTS_OF_ACTOR + 2) - MOST_ACTS_TOLD);
    expect(report?.omittedDisputes).toBeUndefined();
  });
});

describe('what is said of a day that is still open', () => {
  const { begin, seals } = story();
  const projection = projectionOf(begin, 1);
  const [denied] = judgementOf(projection, SECOND_DAY).findings;
  projection.close();
  if (denied === undefined) throw new Error('nothing is found');
  const about = { day: SECOND_DAY, hash: findingHash(denied) };
  const disputes = [
    opens(USER, denied.id, about),
    opens(DEVELOPER, denied.id, { ...about, hash: HASH }),
    opens(PROVIDER, nth(9), about),
    opens(PROVIDER, denied.id, about),
    closes(PROVIDER, denied.id),
    // This one is opened again about a day that is judged already.
    opens(DEVELOPER, nth(8), about),
    closes(DEVELOPER, nth(8)),
  ];
  const anchorSeen: Anchor = { day: SECOND_DAY, hash: HASH, tx: HASH, ranges: { parts: {}, lists: [] } };
  const again = opens(DEVELOPER, nth(8));
  const seal = [seals(0), seals(1), seals(2), seals(3)];
  const history = (anchor: Anchor) => [
    ...begin,
    ...disputes,
    said(USER, 'AnchorReport', anchor),
    said(PROVIDER, 'AnchorReport', { ...anchorSeen, hash: 'd'.repeat(64) }),
    ...(seal[0] ?? []),
    again,
    ...seal.slice(1).flat(),
  ];
  const days = [FIRST, SECOND_DAY, THIRD, '2026-11-25'];

  it('is held against the finding in the report of that day, and told no more', () => {
    const [first, second, third] = reportsOf(history(anchorSeen), days);
    expect(denied).toMatchObject({ class: 'missing', dissent: [PROVIDER] });
    expect(new Set(first?.disputes?.map(({ known }) => known))).toEqual(new Set(['unknown']));
    expect(second && tellings(second)).toEqual(
      [
        [nth(8), DEVELOPER, 'unknown', 'open', 2, [`${DEVELOPER} open`]],
        [nth(9), PROVIDER, 'unknown', 'open', 0, [`${PROVIDER} open`]],
        [denied.id, DEVELOPER, 'other', 'open', 0, [`${DEVELOPER} open`]],
        [denied.id, PROVIDER, 'same', 'closed', 1, [`${PROVIDER} open`]],
        [denied.id, USER, 'same', 'open', 0, [`${USER} open`]],
      ].sort(),
    );
    expect(third?.disputes).toBeUndefined();
  });

  it('is held against the report in the one that is sealed next, and told no more', () => {
    const [, sealed] = reportsOf(history(anchorSeen), days);
    if (sealed === undefined) throw new Error('nothing is sealed');
    const [first, second, third, fourth] = reportsOf(history(anchorOf(sealed)), days);
    // What was foreseen is what came.
    expect(second?.hash).toBe(sealed.hash);
    expect(first?.anchors?.map(({ difference }) => difference)).toEqual([{ part: 'seal' }, { part: 'seal' }]);
    expect(second?.anchors).toBeUndefined();
    expect(third?.anchors).toMatchObject([
      { day: SECOND_DAY, actor: PROVIDER, same: false, difference: { part: 'head' } },
      { day: SECOND_DAY, actor: USER, hash: sealed.hash, same: true },
    ]);
    expect(fourth?.anchors).toBeUndefined();
  });
});

describe('whatever is done in disputes', () => {
  const DAYS = [FIRST, SECOND_DAY, THIRD];
  const actor = fc.constantFrom(...ACTORS);
  const finding = fc.constantFrom(nth(1), nth(2));
  const deed = fc.oneof(
    fc.record({ do: fc.constant('open' as const), actor, finding, day: fc.constantFrom(...DAYS) }),
    fc.record({ do: fc.constant('explain' as const), actor, finding, openedBy: actor }),
    fc.record({ do: fc.constant('close' as const), actor, finding }),
  );
  const window = fc.array(deed, { maxLength: 15 });
  const callOf = (each: typeof deed extends fc.Arbitrary<infer T> ? T : never) => {
    if (each.do === 'open') return opens(each.actor, each.finding, { day: each.day });
    return each.do === 'close' ? closes(each.actor, each.finding) : explains(each.actor, each.finding, each.openedBy);
  };

  test.prop([window, window, window], { numRuns: 40 })(
    'each act is told once, and its opening again on its day',
    (...windows) => {
      const { begin, seals } = story();
      const done = windows.map((each) => each.map(callOf));
      const history = [...begin, ...done.flatMap((each, number) => [...each, ...seals(number)])];
      const reports = reportsOf(history, DAYS);
      const projection = projectionOf(history, 1);
      const names = [nth(1), nth(2)].flatMap((each) => ACTORS.map((openedBy) => ({ finding: each, openedBy })));
      const booked = names.flatMap((name) => projection.disputes.answer(name) ?? []);
      projection.close();
      const windowOf = (tx: string) => done.findIndex((each) => each.some(({ txId }) => txId === tx));
      for (const [number, report] of reports.entries()) {
        const expected = booked.flatMap(({ finding: id, openedBy, acts }) => {
          const sofar = acts.filter(({ tx }) => windowOf(tx) <= number);
          const opening = sofar.findLast(({ act }) => act === 'open');
          const told = sofar.filter((act) => {
            const isAgain = act === opening && act.act === 'open' && act.day === report.day;
            return windowOf(act.tx) === number || isAgain;
          });
          if (told.length === 0) return [];
          return [{ id, openedBy, earlier: sofar.length - told.length, told: told.map(({ tx }) => tx) }];
        });
        const found = (report.disputes ?? []).map(({ finding: id, openedBy, earlier, acts, omitted }) => {
          expect(omitted).toBeUndefined();
          return { id, openedBy, earlier, told: acts.map(({ tx }) => tx) };
        });
        expect(found).toEqual(expected);
      }
    },
  );
});
