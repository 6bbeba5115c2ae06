import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayJudgement } from '../../reconciler/day-judgement.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { reconcile } from '../../reconciler/reconcile.js';
import { SmallLedger } from '../proof/support/small-ledger.js';
import { ACTORS, DAY } from './support/history.js';

const folder = mkdtempSync(join(tmpdir(), 'e2l-database-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the file of a projection', () => {
  it('is left as it is where it is another program’s', () => {
    const file = join(folder, 'other.db');
    const other = new Database(file);
    other.exec('CREATE TABLE notes (text TEXT)');
    other.close();
    const before = readFileSync(file);
    for (const options of [{}, { mustExist: true }]) {
      expect(() => new Projection(file, options)).toThrow(/another program's database/);
    }
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('is left empty by who only reads it', () => {
    const file = join(folder, 'empty.db');
    writeFileSync(file, '');
    expect(() => dayJudgement(file, DAY)).toThrow(expect.objectContaining({ code: 'EMPTY' }));
    expect(readFileSync(file)).toHaveLength(0);
  });
});

describe('a reconciliation', () => {
  let small: SmallLedger;
  beforeAll(async () => {
    small = await SmallLedger.start(ACTORS, 2);
  });
  afterAll(() => small?.close());

  it('says of a damaged database what to do, and finds its blocks again', async () => {
    await small.reconcile('UserMSP');
    const before = dayJudgement(small.dbFile, DAY);
    const whole = readFileSync(small.dbFile);
    // Behind SQLite's first page, which says that it is ours.
    writeFileSync(small.dbFile, Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 0xa5)]));
    const refusal = { code: 'DATABASE', message: expect.stringMatching(/Delete it, leave .*\.blocks where it is/) };
    expect(() => dayJudgement(small.dbFile, DAY)).toThrow(expect.objectContaining(refusal));
    await expect(small.reconcile('UserMSP')).rejects.toMatchObject(refusal);
    rmSync(small.dbFile);
    await small.reconcile('UserMSP');
    expect(dayJudgement(small.dbFile, DAY)).toEqual(before);
  });

  it('does not end as if it were whole when it is told to stop', async () => {
    const dbFile = join(folder, 'stopped.db');
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    const reading = { connection: small.as('UserMSP'), dbFile, blocksPerCommit: 1 };
    await expect(reconcile({ ...reading, signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringMatching(/^Interrupted at block 0 of [1-9]\d*; the same command reads on/),
    });
    await reconcile(reading);
    await small.reconcile('UserMSP');
    expect(dayJudgement(dbFile, DAY)).toEqual(dayJudgement(small.dbFile, DAY));
  });

  it('gives way to another one that reads into the same database', async () => {
    const dbFile = join(folder, 'shared.db');
    const connection = small.as('UserMSP');
    let others: Promise<void> | undefined;
    const first = reconcile({
      connection: {
        ...connection,
        profile: connection.profile,
        height: () => connection.height(),
        async *blocks(start, signal) {
          for await (const block of connection.blocks(start, signal)) {
            others ??= reconcile({ connection: small.as('ProviderMSP'), dbFile });
            await others;
            yield block;
          }
        },
      },
      dbFile,
    });
    await expect(first).rejects.toMatchObject({
      code: 'DATABASE',
      message: expect.stringContaining('Another reconcile'),
    });
    await small.reconcile('UserMSP');
    expect(dayJudgement(dbFile, DAY)).toEqual(dayJudgement(small.dbFile, DAY));
  });
});
