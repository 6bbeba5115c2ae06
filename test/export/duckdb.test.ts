import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportLedger } from '../../export/export-ledger.js';
import { dayJudgement } from '../../reconciler/day-judgement.js';
import type { DayJudgement } from '../../reconciler/judgement.js';
import { DAY } from '../reconciler/support/history.js';
import { type AskDuckDb, installedDuckDb } from './duckdb.js';
import { at, HOSTILE_LIFE, lyingDay, makeProjection, REMOVAL } from './scene.js';

const installed = installedDuckDb();
const reason = installed === undefined ? 'no DuckDB (duckdb on PATH, or python3 with its package)' : undefined;
if (reason !== undefined) console.warn(`left out: DuckDB on exported files: ${reason}`);

/** The questions that the documentation shows, in its order. */
const questions = [
  ...readFileSync(new URL('../../docs/export.md', import.meta.url), 'utf8').matchAll(/```sql\n(.*?)```/gs),
].map(([, sql = '']) => sql);

describe.skipIf(reason)(`DuckDB on exported files${reason === undefined ? '' : `: left out: ${reason}`}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-duckdb-'));
  const ask = (sql: string) => (installed as AskDuckDb)(sql, dir);
  let judgement: DayJudgement;

  beforeAll(async () => {
    const db = join(dir, 'user.db');
    makeProjection(db, lyingDay());
    judgement = dayJudgement(db, DAY);
    const signal = new AbortController().signal;
    await exportLedger({ db, out: join(dir, 'parquet'), from: undefined, to: undefined, signal });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('counts what the reconciler counts', () => {
    const [events] = ask("SELECT count(*) AS events FROM 'parquet/events.parquet'");
    // Two contents of one event are one event of the report.
    expect(events).toEqual({ events: judgement.coverage.events + 1 });
    const attested = ask(
      "SELECT actor, count(*) AS attested FROM 'parquet/attestations.parquet' GROUP BY actor ORDER BY actor",
    );
    expect(attested).toEqual(judgement.actors.map(({ actor, attested: count }) => ({ actor, attested: count })));
  });

  it('finds the attestations that the reconciler says are missing, as the documentation asks for them', () => {
    const lacking = ask(questions[0] ?? '').map(({ hash, actor }) => `${hash} ${actor}`);
    const said = judgement.findings
      .filter((finding) => finding.class === 'missing' || finding.class === 'differs')
      .flatMap(({ variants, majority, dissent }) => {
        const standing = variants.find(({ actors }) => majority.every((actor) => actors.includes(actor)));
        return dissent.map((actor) => `${standing?.eventHash.slice(0, 12)} ${actor}`);
      });
    expect(lacking.sort()).toEqual(said.sort());
    expect(lacking).toHaveLength(3);
  });

  it('knows who dissents, and of which ledger the files are, as the documentation asks', () => {
    const dissent = ask(questions[1] ?? '').map((row) => [row.class, row.actor, row.action, Number(row.findings)]);
    const expected = judgement.findings.flatMap((finding) =>
      finding.dissent.map((actor) => [finding.class, actor, finding.action, 1]),
    );
    expect(dissent.sort()).toEqual(expected.sort());
    const said = new Map(ask(questions.at(-1) ?? '').map(({ key, value }) => [key, value]));
    expect(said.get('event2ledger.blockHash')).toBe(judgement.blocks.hash);
  });

  it('computes the same hashes from the same events', () => {
    const question = questions.find((sql) => sql.includes('sha256')) ?? '';
    expect(ask(question)).toEqual([{ events: judgement.coverage.events + 1, wrong: 0 }]);
  });

  it('understands every question of the documentation', () => {
    expect(questions).toHaveLength(6);
    for (const question of questions) expect(ask(question).length).toBeGreaterThan(0);
  });

  it('reads times and what strangers wrote as they are', () => {
    const [removal] = ask(
      `SELECT time_ns::VARCHAR AS nanos, epoch_us(time)::VARCHAR AS micros FROM 'parquet/events.parquet'
       WHERE lower(hex(hash)) = '${REMOVAL.hash}'`,
    );
    expect(removal).toEqual({ nanos: at(150), micros: at(150).slice(0, -3) });
    const hostile = ask(
      `SELECT object, event FROM 'parquet/events.parquet' WHERE lower(hex(hash)) = '${HOSTILE_LIFE[0]?.hash}'`,
    );
    expect(hostile).toEqual([{ object: HOSTILE_LIFE[0]?.event.object, event: HOSTILE_LIFE[0]?.canonical }]);
  });
});
