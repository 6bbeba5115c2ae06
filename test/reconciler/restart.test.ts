import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { completePolicy, parsePolicy, policyText } from '#chaincode';
import { judgementOf } from '../../reconciler/day-judgement.js';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { Projection } from '../../reconciler/projection/projection.js';
import {
  ACTORS,
  blocksOf,
  containerEvent,
  DAY,
  DAY_START,
  hashed,
  intake,
  invocation,
  policyTransactions,
  projectionOf,
  Run,
} from './support/history.js';

const SECOND = 1_000_000_000n;
const AUDITOR = 'AuditorMSP';
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** What a reconciler says of the day that is started anew for each transaction. */
function judgedWithRestarts(transactions: readonly Invocation[]) {
  const folder = mkdtempSync(join(tmpdir(), 'e2l-restart-'));
  folders.push(folder);
  const file = join(folder, 'projection.db');
  for (const block of blocksOf(transactions, 1)) {
    const projection = new Projection(file);
    intake(projection, [block]);
    projection.close();
  }
  const projection = new Projection(file);
  const judgement = judgementOf(projection, DAY);
  projection.close();
  return judgement;
}

describe('a policy that comes into force after events of its time, as those of an engine whose clock is ahead', () => {
  const [first, second, third] = ACTORS.map((actor) => new Run(actor)) as [Run, Run, Run];
  const ahead = ['one', 'two'].map((name) => hashed(containerEvent(name, 'start', 10_800n * SECOND)));
  const text = policyText(
    completePolicy({
      from: (DAY_START + 7200n * SECOND).toString(),
      actors: [...ACTORS, AUDITOR],
      sources: { '*': { witnesses: [...ACTORS, AUDITOR] } },
    }),
  );
  const { hash } = parsePolicy(text);
  const transactions = [
    ...policyTransactions(),
    first.batch({ events: ahead, sentAt: 1 }),
    second.batch({ events: ahead, sentAt: 1 }),
    // One of them has all witnesses of the first policy before the second is there, the other after that.
    third.batch({ events: ahead.slice(0, 1), sentAt: 1 }),
    invocation(ACTORS[0] ?? '', 'ProposePolicy', [text]),
    invocation(ACTORS[1] ?? '', 'ApprovePolicy', ['2', hash]),
    third.batch({ events: ahead.slice(1), sentAt: 2 }),
  ];

  it('says who witnesses them', () => {
    const projection = projectionOf(transactions);
    expect(judgementOf(projection, DAY).coverage).toMatchObject({ events: 2, agreed: 0, pending: 2 });
  });

  it('says so to a reconciler that was started anew as well', () => {
    expect(judgedWithRestarts(transactions)).toEqual(judgementOf(projectionOf(transactions, 1), DAY));
  });
});

describe('a projection of a version that knew no disputes', () => {
  it('is read again from the beginning, to the same end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'e2l-earlier-'));
    folders.push(folder);
    const file = join(folder, 'projection.db');
    const event = hashed(containerEvent('one', 'start', 3600n * SECOND));
    const batches = ACTORS.map((actor) => new Run(actor).batch({ events: [event], sentAt: 3700 }));
    const blocks = blocksOf([...policyTransactions(), ...batches], 2);
    const before = new Projection(file);
    intake(before, blocks);
    const said = judgementOf(before, DAY);
    before.close();

    const earlier = new Database(file);
    earlier.exec(
      `DROP TABLE open_findings; DROP TABLE day_findings; DROP TABLE dispute_acts; DROP TABLE anchors; ALTER TABLE blocks DROP COLUMN archived_to; DROP VIEW attestations;
       ALTER TABLE days RENAME COLUMN rest TO judgement; ALTER TABLE amended_days RENAME COLUMN rest TO judgement;
       CREATE TABLE attestations (event INTEGER); ALTER TABLE events DROP COLUMN attested; PRAGMA user_version = 4`,
    );
    earlier.close();
    const again = new Projection(file);
    expect([again.nextBlock, again.seq, again.policies.inForce.length]).toEqual([0n, 0, 0]);
    intake(again, blocks);
    expect(judgementOf(again, DAY)).toEqual(said);
    again.close();
  });
});
