import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { completePolicy, type HashedEvent, padNanos, parseEntry, parsePolicy, policyText, sha256Hex } from '#chaincode';
import type { Invocation, LedgerBlock } from '../../reconciler/ledger/block.js';
import { PolicyBook } from '../../reconciler/ledger/policy-book.js';
import { Sources, witnessAt } from '../../reconciler/ledger/sources.js';
import { openDatabase } from '../../reconciler/projection/database.js';
import { entriesOf } from '../../reconciler/projection/entries.js';
import { EventWindow, type WindowLimits } from '../../reconciler/projection/event-window.js';
import { LifeLog } from '../../reconciler/projection/life-log.js';
import type { OpenEvent } from '../../reconciler/projection/open-event.js';
import { OpenTable } from '../../reconciler/projection/open-table.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { Tallies } from '../../reconciler/projection/tallies.js';
import { Sealer } from '../../reconciler/seal.js';
import { built, history } from './oracle/histories.js';
import {
  ACTORS,
  blocksOf,
  containerEvent,
  DAY_START,
  hashed,
  IDENTITY,
  intake,
  invocation,
  policyTransactions,
  Run,
  SOURCE,
  WHOLE_DAY,
} from './support/history.js';

/** All that a projection holds, and what it has sealed. */
function rowsOf(blocks: readonly LedgerBlock[], limits: WindowLimits = {}, atOnce = false): unknown {
  const projection = new Projection(':memory:', limits);
  try {
    // Commit by commit, for each may put events away; or all in one, where only looking through does.
    for (const few of atOnce ? [blocks] : blocks.map((block) => [block])) take(projection, few);
    const tables = projection.db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .pluck()
      .all() as string[];
    return tables.map((name) => [name, projection.db.prepare(`SELECT * FROM "${name}"`).all()]);
  } finally {
    projection.close();
  }
}

/** Takes blocks into a projection in one commit, sealing on the way. */
function take(projection: Projection, blocks: readonly LedgerBlock[]): void {
  const sealer = new Sealer(projection);
  projection.db.transaction(() => {
    for (const block of blocks) projection.apply(block, IDENTITY, () => sealer.afterBatch());
    projection.flush();
  })();
}

describe('open events for which there is no room', () => {
  test.prop([history, fc.boolean(), fc.constantFrom(0, 4000, 12_000)], { numRuns: 150 })(
    'are found again in the table: every row is as if all were held',
    (drawn, lives, mostHeld) => {
      const blocks = blocksOf(built(drawn, lives).transactions, drawn.blockSize);
      expect(rowsOf(blocks, { mostHeld })).toEqual(rowsOf(blocks));
    },
  );

  it('are judged by a policy that comes into force later', () => {
    const [first, second, third] = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
    const events = [1n, 2n, 3n].map((at) => hashed(containerEvent(`c${at}`, 'start', at * 7_200_000_000_000n)));
    const text = policyText(
      completePolicy({
        from: hashed(containerEvent('c', 'start', 10_000_000_000_000n)).event.time ?? '',
        actors: ACTORS,
        sources: { '*': { witnesses: ACTORS.slice(0, 2) } },
      }),
    );
    const { hash } = parsePolicy(text);
    const blocks = blocksOf(
      [
        ...policyTransactions(),
        first.batch({ events, sentAt: 1 }),
        second.batch({ events, sentAt: 1 }),
        invocation(ACTORS[0] ?? '', 'ProposePolicy', [text]),
        ...ACTORS.map((actor) => invocation(actor, 'ApprovePolicy', ['2', hash])),
        third.batch({ events: events.slice(1), sentAt: 2 }),
      ],
      1,
    );
    const held = rowsOf(blocks);
    expect(rowsOf(blocks, { mostHeld: 0 })).toEqual(held);
    // What the first two actors attested ahead of that policy is all that it asks for; one event is from before it.
    const projection = new Projection(':memory:', { mostHeld: 0 });
    intake(projection, blocks);
    expect(projection.policies.inForce.length).toBe(2);
    expect(projection.db.prepare('SELECT event FROM open_events').pluck().all()).toEqual([1]);
    projection.close();
  });

  it.each([
    // Policies by which the events would not be recorded if they came now for the first time.
    ['no longer records such events', true, { record: { network: ['*'] }, from: DAY_START.toString() }],
    ['begins after them', false, { from: hashed(containerEvent('c', 'start', 10_000_000_000_000n)).event.time ?? '' }],
  ])('are attested as what is held is, under a policy that %s', (_, isGoverned, changed) => {
    const runs = ACTORS.map((actor) => new Run(actor));
    const events = [1n, 2n].map((at) => hashed(containerEvent(`c${at}`, 'start', at)));
    const text = policyText(completePolicy({ ...changed, actors: ACTORS }));
    const number = isGoverned ? '2' : '1';
    const decided = [
      invocation(ACTORS[0] ?? '', 'ProposePolicy', [text]),
      ...ACTORS.map((actor) => invocation(actor, 'ApprovePolicy', [number, parsePolicy(text).hash])),
    ];
    const [first, ...others] = runs.map((run) => run.batch({ events, sentAt: 1 })) as [Invocation, ...Invocation[]];
    const blocks = blocksOf([...(isGoverned ? policyTransactions() : []), first, ...decided, ...others], 1);
    expect(rowsOf(blocks, { mostHeld: 0 })).toEqual(rowsOf(blocks));
    const projection = new Projection(':memory:', { mostHeld: 0 });
    intake(projection, blocks);
    expect(projection.policies.inForce.length).toBe(Number(number));
    expect(projection.db.prepare('SELECT count(*) FROM attestations').pluck().get()).toBe(6);
    projection.close();
  });

  it('are left in the table when a projection is opened', () => {
    const run = new Run(ACTORS[0] ?? '');
    const events = Array.from({ length: 1200 }, (_, at) => hashed(containerEvent(`c${at}`, 'start', BigInt(at))));
    const batches = [0, 400, 800].map((at) => run.batch({ events: events.slice(at, at + 400) }));
    const blocks = blocksOf([...policyTransactions(), ...batches], 1);
    const second = new Run(ACTORS[1] ?? '');
    const more = blocksOf([...policyTransactions(), ...batches, second.batch({ events: events.slice(0, 900) })], 1);
    expect(rowsOf(more, { mostHeld: 300_000 })).toEqual(rowsOf(more));
    expect(rowsOf(blocks, { mostHeld: 0 })).toEqual(rowsOf(blocks));
  });

  it('are not taken for what others lead to that are still held', () => {
    const db = openDatabase(':memory:');
    const sources = new Sources();
    const window = new EventWindow(db, new PolicyBook(), new Tallies(db), sources, new LifeLog(db), { mostHeld: 5000 });
    const events = [1000, 1].map((length, at) =>
      hashed(containerEvent('c', 'start', BigInt(at), { name: 'x'.repeat(length) })),
    );
    const [long, short] = events.map(({ canonical }, at) => {
      const entry = parseEntry({ from: 1, entries: [{ b: canonical }] }, 0);
      const event = window.enter(entry, sources.named(entry.event.source), 1);
      window.attest(event, { actor: ACTORS[0] ?? '', runId: 1, seq: 1 }, at + 1, undefined);
      return event;
    }) as [OpenEvent, OpenEvent];
    // A batch had the short one first.
    window.follows(long, short);
    window.flush();
    window.flush();
    expect([long.isAway, short.isAway]).toEqual([true, false]);
    const [text = ''] = new Run(ACTORS[1] ?? '').batch({ events: [...events].reverse() }).args;
    const read = entriesOf(text, window, sha256Hex);
    expect(read?.entries?.map(({ open }) => open?.id)).toEqual([short.id, undefined]);
    // Nor is one that is empty such an event.
    const [, canonical = ''] = events.map((event) => JSON.stringify(event.canonical)).reverse();
    expect(entriesOf(text.replace(canonical, '""'), window, sha256Hex)?.entries).toBeUndefined();
    db.close();
  });
});

describe('events that all others have watched past', () => {
  test.prop([history, fc.boolean(), fc.boolean()], { numRuns: 150 })(
    'are put away early, and found again: every row is as if they were held up to the commit',
    (drawn, lives, atOnce) => {
      const blocks = blocksOf(built(drawn, lives).transactions, drawn.blockSize);
      const late = rowsOf(blocks, { retiredAtOnce: Number.POSITIVE_INFINITY }, atOnce);
      expect(rowsOf(blocks, { retiredAtOnce: 0 }, atOnce)).toEqual(late);
    },
  );

  it('are attested after all, in the commit that put them away and in later ones', () => {
    const [first, second, third] = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
    const [real, ...denied] = [1n, 2n, 3n, 4n].map((at) => hashed(containerEvent(`c${at}`, 'start', at))) as [
      HashedEvent,
      ...HashedEvent[],
    ];
    const [now, later, never] = denied as [HashedEvent, HashedEvent, HashedEvent];
    const blocks = blocksOf([
      ...policyTransactions(),
      second.batch({ events: [real], watches: [WHOLE_DAY] }),
      third.batch({ events: [real], watches: [WHOLE_DAY] }),
      first.batch({ events: [real, ...denied], watches: [WHOLE_DAY] }),
      second.batch({ events: [now, later] }),
      third.batch({ events: [now] }),
    ]);
    const after = blocksOf([third.batch({ events: [later] })]).map((block) => ({
      ...block,
      number: BigInt(blocks.length),
      hash: sha256Hex('after'),
      previousHash: blocks.at(-1)?.hash ?? '',
    }));
    const held = (limits: WindowLimits) => {
      const projection = new Projection(':memory:', limits);
      const open = projection.db.prepare('SELECT e.hash FROM open_events o JOIN events e ON e.id = o.event').pluck();
      take(projection, blocks);
      const before = open.all();
      take(projection, after);
      const said = projection.db
        .prepare('SELECT a.event, r.actor FROM attestations a JOIN runs r ON r.id = a.run')
        .all();
      const all = { before, after: open.all(), said };
      projection.close();
      return all;
    };
    const early = held({ retiredAtOnce: 0 });
    expect(early).toEqual(held({}));
    expect(new Set(early.before)).toEqual(new Set([later.hash, never.hash]));
    expect(early.after).toEqual([never.hash]);
    expect(early.said.length).toBe(3 + 3 + 3 + 1);
  });

  it('are not held, unlike one that somebody may yet come to', () => {
    const db = openDatabase(':memory:');
    const text = policyText(completePolicy({ from: '0', actors: ACTORS }));
    const policies = new PolicyBook({ proposals: [{ number: 1, text, approvals: ACTORS }], inForce: [1] });
    const sources = new Sources();
    const source = sources.named(SOURCE);
    const events = [1n, 2n].map((at) => hashed(containerEvent('c', 'start', at)));
    const bounds = { from: padNanos('0'), to: padNanos((DAY_START + 2n).toString()) };
    for (const actor of ACTORS) witnessAt(source, actor, undefined).coverage.add(bounds, 1);
    const window = new EventWindow(db, policies, new Tallies(db), sources, new LifeLog(db), { retiredAtOnce: 0 });
    const open = events.map(({ canonical }, at) => {
      const event = window.enter(parseEntry({ from: 1, entries: [{ b: canonical }] }, 0), source, 1);
      window.attest(event, { actor: ACTORS[0] ?? '', runId: 1, seq: 1 }, at + 1, undefined);
      return event;
    });
    const away = () => open.map(({ isAway }) => isAway);
    expect(away()).toEqual([false, false]);
    window.trim();
    expect(away()).toEqual([true, false]);
    window.flush();
    expect(away()).toEqual([true, false]);
    expect(db.prepare('SELECT event FROM open_events').pluck().all()).toEqual(open.map(({ id }) => id));
    db.close();
  });
});

describe('the table of open events', () => {
  it('does not have what was closed, even before its row is removed', () => {
    const db = openDatabase(':memory:');
    const table = new OpenTable(db);
    const event = (id: number, time: string): OpenEvent => ({ id, time, sole: 'A' }) as OpenEvent;
    table.insert(event(1, '1'));
    table.insert(event(2, '2'));
    table.closed({ id: 1, time: '1' });
    expect([1, 2, 3].map((id) => table.has({ id, time: String(id) }))).toEqual([false, true, false]);
    db.prepare("UPDATE open_events SET time = '5' WHERE event = 1").run();
    table.moved({ id: 1, time: '5' });
    table.shared({ id: 2, time: '2' });
    table.flush();
    expect(db.prepare('SELECT * FROM open_events').all()).toEqual([{ time: '2', event: 2, sole: '' }]);
    db.close();
  });
});
