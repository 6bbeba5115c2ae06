import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { Projection } from '../../reconciler/projection/projection.js';
import { MIGRATIONS } from '../../reconciler/projection/schema.js';
import { ACTORS, blocksOf, intake, policyTransactions, Run } from './support/history.js';

const folder = mkdtempSync(join(tmpdir(), 'e2l-holes-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('numbers that a run leaves out', () => {
  const run = new Run(ACTORS[0] ?? '');
  const batches = Array.from({ length: 12 }, () => run.batch({}));
  const committed = [1, 12, 5, 6, 9, 3].flatMap((n) => batches[n - 1] ?? []);
  const file = join(folder, 'projection.db');
  // The second batch on the ledger is number 12: it shows all that is left out below.
  const expected = [
    { run: 1, from: 2, to: 2, seq: 2 },
    { run: 1, from: 4, to: 4, seq: 2 },
    { run: 1, from: 7, to: 8, seq: 2 },
    { run: 1, from: 10, to: 11, seq: 2 },
  ];

  it('are kept as stretches, in whatever order batches land, and found again in rows of an earlier version', () => {
    const projection = new Projection(file);
    intake(projection, blocksOf([...policyTransactions(), ...committed], 2));
    expect(projection.db.prepare('SELECT * FROM holes').all()).toEqual(expected);
    const runs = projection.db.prepare('SELECT id, begun, latest FROM runs').all();
    expect(runs).toEqual([{ id: 1, begun: 1, latest: 6 }]);
    projection.close();

    const earlier = new Database(file);
    earlier.exec(`DROP TABLE holes; DROP INDEX broken_links_by_seq; DROP INDEX runs_by_collector;
      ALTER TABLE runs DROP COLUMN begun; ALTER TABLE runs DROP COLUMN latest`);
    // Later migrations have the ledger read again.
    earlier.exec(MIGRATIONS[3] ?? '');
    expect(earlier.prepare('SELECT * FROM holes').all()).toEqual(expected);
    expect(earlier.prepare('SELECT id, begun, latest FROM runs').all()).toEqual(runs);
    earlier.close();
  });
});
