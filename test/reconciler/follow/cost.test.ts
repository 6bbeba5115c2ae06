import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { judgementOf } from '../../../reconciler/day-judgement.js';
import { findingsOf } from '../../../reconciler/findings.js';
import { Records } from '../../../reconciler/follow/records.js';
import type { Finding } from '../../../reconciler/judgement.js';
import type { Interval } from '../../../reconciler/ledger/coverage.js';
import { ACTORS, containerEvent, DAY, hashed, policyTransactions, Run, WHOLE_DAY, watch } from '../support/history.js';
import { Following } from './following.js';

const SECOND = 1_000_000_000n;
const NEXT_DAY = '2026-11-23';
const DAY_LENGTH = 86_400;

const kill = (name: string, second: number, image = 'hello-world') =>
  hashed(containerEvent(name, 'kill', BigInt(second) * SECOND, { image }));
const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));
const runsOf = () => ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];

function rows(following: Following, day = DAY): Finding[] {
  const texts = following.projection.db.prepare('SELECT finding FROM open_findings WHERE day = ? ORDER BY id').pluck();
  return (texts.all(day) as string[]).map((text) => JSON.parse(text) as Finding);
}

function inFull(following: Following, day = DAY): Finding[] {
  return [...judgementOf(following.projection, day).findings].sort((a, b) => (a.id < b.id ? -1 : 1));
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('what following holds in memory', () => {
  it('is nothing of what one actor alone attests beyond its quota, nor after a restart', () => {
    const following = new Following();
    const [liar, ...others] = runsOf();
    following.block(...policyTransactions({ quota: 5 }));
    for (const batch of many(30, (index) => index)) {
      const events = many(10, (index) => kill(`fake-${batch}-${index}`, 100 + batch * 10 + index));
      following.block(liar.batch({ events, sentAt: 1000 + batch }));
      expect(following.live.held).toBeLessThanOrEqual(5);
    }
    following.restart();
    expect(following.live.held).toBe(5);
    following.block(...others.map((run) => run.batch({ watches: [WHOLE_DAY], sentAt: 2000 })));
    following.turn(true);
    expect(following.live.held).toBe(5);
    expect(rows(following).find(({ folded }) => folded !== undefined)).toMatchObject({ folded: 295 });
    expect(rows(following)).toEqual(inFull(following));
  });

  it('is counted again where something changed while it was counted', () => {
    const following = new Following(':memory:', { slice: 40 });
    const [liar, second, third] = runsOf();
    const fakes = (from: number) => many(20, (index) => kill(`fake-${from + index}`, 100 + from + index));
    following.block(...policyTransactions({ quota: 2 }));
    following.block(second.batch({ watches: [WHOLE_DAY], sentAt: 1000 }));
    following.block(liar.batch({ events: fakes(0), sentAt: 1000 }));
    for (let turn = 0; turn < 4; turn += 1) following.turn();
    expect(following.live.isCutShort).toBe(true);
    following.block(third.batch({ watches: [WHOLE_DAY], sentAt: 1001 }));
    following.turn(true);
    expect(rows(following).find(({ folded }) => folded !== undefined)).toMatchObject({ folded: 18 });
    expect(rows(following)).toEqual(inFull(following));
  });

  it('is what comes back within a quota, and what somebody else attests too', () => {
    const following = new Following();
    const [first, second, third] = runsOf();
    const events = many(10, (index) => kill(`one-${index}`, 100 + index));
    following.block(...policyTransactions({ quota: 3 }));
    following.block(first.batch({ events, sentAt: 1000 }));
    expect(following.live.held).toBe(3);
    following.block(second.batch({ events: events.slice(0, 2), sentAt: 1001 }));
    expect(following.live.held).toBe(5);
    following.block(second.batch({ events: events.slice(9), sentAt: 1002 }), third.batch({ sentAt: 1002 }));
    expect(following.live.held).toBe(6);
    following.block(...[second, third].map((run) => run.batch({ watches: [WHOLE_DAY], sentAt: 1003 })));
    following.turn(true);
    expect(rows(following)).toEqual(inFull(following));
  });

  it('is nothing of days on which no open day depends', () => {
    const following = new Following();
    const runs = runsOf();
    following.block(...policyTransactions({ window: 1 }));
    following.block(runs[0].batch({ events: many(40, (index) => kill(`fake-${index}`, index)), sentAt: 1000 }));
    expect(following.live.held).toBe(40);
    following.block(...runs.map((run) => run.batch({ watches: [watch(0, 3 * DAY_LENGTH)], sentAt: 3 * DAY_LENGTH })));
    while (following.live.isCutShort) following.turn();
    expect(following.live.held).toBe(0);
  });
});

describe('what following costs', () => {
  it('does not grow with what an actor did wrong before', () => {
    const following = new Following();
    const [honest, liar, third] = runsOf();
    following.block(...policyTransactions());
    following.block(...[honest, third].map((run) => run.batch({ sentAt: 1 })));
    for (const second of many(200, (index) => index)) {
      following.block(liar.batch({ sentAt: second }), liar.twin({ sentAt: second + 0.5 }));
    }
    following.turn(true);
    expect(rows(following).filter((finding) => finding.class === 'equivocation')).toHaveLength(101);
    following.block(honest.batch({ sentAt: 300, events: [kill('one', 300)] }));
    expect(following.questions).toBeLessThan(50);
  });

  it('follows the hole that an event lies in, and not all holes', () => {
    const following = new Following();
    const [first, second, third] = runsOf();
    following.block(...policyTransactions());
    const holes = many(60, (index) => watch(index * 100, index * 100 + 50));
    following.block(
      third.batch({ watches: holes, sentAt: 7000 }),
      ...[first, second].map((run) => run.batch({ sentAt: 7000 })),
    );
    following.turn(true);
    const within = vi.spyOn(Records.prototype, 'within');
    following.block(first.batch({ events: [kill('one', 75)], sentAt: 7001 }));
    expect(within).not.toHaveBeenCalled();
    following.turn(true);
    expect(rows(following).filter(({ gap }) => gap?.events === 1)).toHaveLength(1);
    expect(rows(following)).toEqual(inFull(following));
  });

  it('follows the new part of a gap that grows', () => {
    const following = new Following();
    const [first] = runsOf();
    const grown = (to: number) => first.batch({ gaps: [{ ...watch(100, to), reason: 'lost' }], sentAt: to });
    following.block(...policyTransactions());
    following.block(grown(200));
    const changed: Interval[] = [];
    vi.spyOn(Records.prototype, 'within').mockImplementation((_, from, to) => {
      changed.push({ from, to });
      return [];
    });
    following.block(grown(300));
    const { from } = watch(200, 300);
    expect(changed.length).toBeGreaterThan(0);
    for (const one of changed) expect(one.from).toBe(from);
  });

  it('does not follow how many events are open when a day is sealed', () => {
    const costs = [10, 400].map((open) => {
      const following = new Following();
      const [first, second, third] = runsOf();
      following.block(...policyTransactions({ window: 1 }));
      const events = many(open, (index) => kill(`one-${index}`, DAY_LENGTH + 100 + index));
      const before = [kill('before', 100)];
      following.block(third.batch({ events: before, sentAt: 200 }));
      const ended = { events: before, watches: [WHOLE_DAY], sentAt: DAY_LENGTH };
      following.block(...[first, second].map((run) => run.batch(ended)));
      following.block(...[first, second].map((run) => run.batch({ events, sentAt: DAY_LENGTH + 1000 })));
      following.turn(true);
      following.block(third.batch({ watches: [WHOLE_DAY], sentAt: DAY_LENGTH + 1001 }));
      expect(judgementOf(following.projection, DAY).sealed).toBe(true);
      expect(following.live.held).toBe(open);
      const { questions } = following;
      following.turn(true);
      expect(rows(following, NEXT_DAY)).toEqual(inFull(following, NEXT_DAY));
      return questions;
    });
    expect(costs[1]).toBe(costs[0]);
  });

  it('of judging a day in full does not follow what is open of the next one', () => {
    const costs = [10, 400].map((open) => {
      const following = new Following();
      const [first, second, third] = runsOf();
      following.block(...policyTransactions());
      const late = kill('late', DAY_LENGTH + 10, 'another');
      const events = [
        kill('late', DAY_LENGTH - 10),
        ...many(open, (index) => kill(`one-${index}`, DAY_LENGTH + index)),
      ];
      const watches = [watch(0, DAY_LENGTH + 100)];
      following.block(...[first, second].map((run) => run.batch({ events, watches, sentAt: DAY_LENGTH + 500 })));
      following.block(third.batch({ events: [late], watches, sentAt: DAY_LENGTH + 501 }));
      const before = following.questions;
      const { findings } = judgementOf(following.projection, DAY);
      expect(findings).toMatchObject([{ class: 'differs', object: 'late', dissent: [third.actor] }]);
      return following.questions - before;
    });
    expect(costs[1]).toBe(costs[0]);
  });

  it('is divided, so that a new block is judged while much is judged anew', () => {
    const following = new Following(':memory:', { slice: 2000 });
    const [first, second, third] = runsOf();
    const events = many(200, (index) => kill(`one-${index}`, 100 + index));
    following.block(...policyTransactions());
    following.block(...[first, second].map((run) => run.batch({ events, sentAt: 1000 })));
    following.block(third.batch({ watches: [watch(0, 500)], sentAt: 1001 }));
    following.turn(true);
    expect(rows(following)).toHaveLength(200);
    following.restart();
    while (following.live.held < 200) following.turn();
    expect(following.live.isCutShort).toBe(true);
    const told = following.block(
      first.batch({ events: [kill('new', 400)], sentAt: 1002 }),
      second.batch({ events: [kill('new', 400)], sentAt: 1002 }),
    );
    expect(told.map(({ object }) => object)).toContain('new');
    expect(following.live.isCutShort).toBe(true);
    let turns = 0;
    for (; following.live.isCutShort; turns += 1) following.turn();
    expect(turns).toBeGreaterThan(3);
    expect(rows(following)).toEqual(inFull(following));
  });
});

describe('what a query is given', () => {
  it('is all that is found, though a follower was killed with work put off', () => {
    const directory = mkdtempSync(join(tmpdir(), 'event2ledger-follow-'));
    const file = join(directory, 'reconciler.db');
    try {
      const following = new Following(file);
      const [first, second, third] = runsOf();
      const contents = (from: number) => many(20, (index) => kill('one', 100 + index, `image-${from + index}`));
      following.block(...policyTransactions({ window: 1 }));
      following.block(first.batch({ events: contents(0), sentAt: 1000 }));
      following.block(...[second, third].map((run) => run.batch({ watches: [WHOLE_DAY], sentAt: 1001 })));
      following.turn(true);
      for (const from of [100, 200]) following.block(first.batch({ events: contents(from), sentAt: 1002 }));
      const full = inFull(following);
      // Some of it waits.
      expect(rows(following).length).toBeLessThan(full.length);
      following.projection.close();
      const [day] = findingsOf(file, { day: DAY });
      expect(Array.from(day?.findings ?? [], ({ id }) => id).sort()).toEqual(full.map(({ id }) => id));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
