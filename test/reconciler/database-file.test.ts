import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockDatabase } from '../../reconciler/database-lock.js';
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

  /** Reads into a database, and has something done as soon as the first block comes. */
  const reading = (dbFile: string, meanwhile: () => Promise<void>) => {
    const connection = small.as('UserMSP');
    let done: Promise<void> | undefined;
    return reconcile({
      connection: {
        ...connection,
        profile: connection.profile,
        height: () => connection.height(),
        async *blocks(start, signal) {
          for await (const block of connection.blocks(start, signal)) {
            done ??= meanwhile();
            await done;
            yield block;
          }
        },
      },
      dbFile,
    });
  };
  const another = { code: 'DATABASE', message: expect.stringContaining('Another reconcile reads into') };

  it('holds its database: another one is refused before it does anything, by whatever name, and this one goes on', async () => {
    const dbFile = join(folder, 'shared.db');
    const link = join(folder, 'link.db');
    await reading(dbFile, async () => {
      symlinkSync(dbFile, link);
      for (const name of [dbFile, link]) {
        const refused = reconcile({ connection: small.as('ProviderMSP'), dbFile: name });
        await expect(refused).rejects.toMatchObject(another);
      }
    });
    await small.reconcile('UserMSP');
    expect(dayJudgement(dbFile, DAY)).toEqual(dayJudgement(small.dbFile, DAY));
    await reconcile({ connection: small.as('ProviderMSP'), dbFile: link });
  });

  it('ends where somebody else has read on all the same', async () => {
    const dbFile = join(folder, 'intruded.db');
    const first = reading(dbFile, async () => {
      const intruder = new Projection(dbFile);
      intruder.db.prepare("INSERT INTO blocks (number, hash) VALUES (0, '')").run();
      intruder.close();
    });
    await expect(first).rejects.toMatchObject(another);
  });

  it('says where its database cannot be', async () => {
    const dbFile = join(folder, 'nowhere', 'user.db');
    await expect(reconcile({ connection: small.as('UserMSP'), dbFile })).rejects.toMatchObject({
      code: 'DATABASE',
      message: expect.stringContaining(`${dbFile} cannot be used as a projection`),
    });
  });
});

describe('the lock of a database', () => {
  it('is one, whether a link leads to what is there or to what is made later', () => {
    const [link, target] = [join(folder, 'dangling.db'), join(folder, 'later.db')];
    symlinkSync('later.db', link);
    const lock = lockDatabase(link);
    const refused = expect.objectContaining({
      code: 'DATABASE',
      message: expect.stringContaining('Another reconcile'),
    });
    expect(() => lockDatabase(target)).toThrow(refused);
    writeFileSync(target, '');
    for (const file of [link, target]) expect(() => lockDatabase(file)).toThrow(refused);
    lock.release();
    lockDatabase(target).release();
  });

  it('that cannot be had is told by its own name', () => {
    const file = join(folder, 'blocked.db');
    mkdirSync(`${file}.lock`);
    const refused = { code: 'DATABASE', message: expect.stringContaining(`${file}.lock cannot be locked`) };
    expect(() => lockDatabase(file)).toThrow(expect.objectContaining(refused));
  });
});
