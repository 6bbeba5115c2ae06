import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { completePolicy, parseEntry, parsePolicy, policyText, sha256Hex } from '#chaincode';
import type { Invocation, LedgerBlock } from '../../reconciler/ledger/block.js';
import { PolicyBook } from '../../reconciler/ledger/policy-book.js';
import { Sources } from '../../reconciler/ledger/sources.js';
import { openDatabase } from '../../reconciler/projection/database.js';
import { entriesOf } from '../../reconciler/projection/entries.js';
import { EventWindow } from '../../reconciler/projection/event-window.js';
import { LifeLog } from '../../reconciler/projection/life-log.js';
import type { OpenEvent } from '../../reconciler/projection/open-event.js';
import { OpenTable } from '../../reconciler/projection/open-table.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { Tallies } from '../../reconciler/projection/tallies.js';
import { built, history } from './oracle/histories.js';
import {
  ACTORS,
  blocksOf,
  containerEvent,
  DAY_START,
  hashed,
  intake,
  invocation,
  policyTransactions,
  Run,
} from './support/history.js';

/** All that a projection holds, and what it has sealed. */
function rowsOf(blocks: readonly LedgerBlock[], mostHeld: number | undefined): unknown {
  const projection = new Projection(':memory:', mostHeld === undefined ? {} : { mostHeld });
  try {
    // Commit by commit, for each may put events away.
    for (const block of blocks) intake(projection, [block]);
    const tables = projection.db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .pluck()
      .all() as string[];
    return tables.map((name) => [name, projection.db.prepare(`SELECT * FROM "${name}"`).all()]);
  } finally {
    projection.close();
  }
}

describe('open events for which there is no room', () => {
  test.prop([history, fc.boolean(), fc.constantFrom(0, 4000, 12_000)], { numRuns: 150 })(
    'are found again in the table: every row is as if all were held',
    (drawn, lives, mostHeld) => {
      const blocks = blocksOf(built(drawn, lives).transactions, drawn.blockSize);
      expect(rowsOf(blocks, mostHeld)).toEqual(rowsOf(blocks, undefined));
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
    const held = rowsOf(blocks, undefined);
    expect(rowsOf(blocks, 0)).toEqual(held);
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
    expect(rowsOf(blocks, 0)).toEqual(rowsOf(blocks, undefined));
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
    expect(rowsOf(more, 300_000)).toEqual(rowsOf(more, undefined));
    expect(rowsOf(blocks, 0)).toEqual(rowsOf(blocks, undefined));
  });

  it('are not taken for what others lead to that are still held', () => {
    const db = openDatabase(':memory:');
    const sources = new Sources();
    const window = new EventWindow(db, new PolicyBook(), new Tallies(db), sources, new LifeLog(db), 5000);
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
