import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Anchor } from '#chaincode';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { anchorOf } from '../../reconciler/anchor-ranges.js';
import { findingHash } from '../../reconciler/finding-form.js';
import { checkReport } from '../../reports/check.js';
import type { DailyReport } from '../../reports/model.js';
import { REPORT_FORMATS } from '../../reports/render.js';
import { Seeded } from '../campaign/random.js';
import { event2ledger } from '../support/command.js';
import { type Actor, type Consortium, startConsortium } from '../support/consortium.js';
import { collectLyingTraces, DAY, LIAR } from '../support/lying-traces.js';
import { daysAhead, watchedByAll } from '../support/watched-days.js';

const SCRIPT = fileURLToPath(new URL('../reconciler/reconcile-and-die.mjs', import.meta.url));
const DAYS = [DAY, '2026-11-21', '2026-11-22', '2026-11-23'] as const;
const [, SECOND_DAY, THIRD_DAY, FOURTH_DAY] = DAYS;
const MOMENTS = ['arrives', 'written', 'committed'] as const;
const KILLS = 15;
const seed = Number(process.env.E2L_TEST_SEED ?? randomInt(2 ** 31));

describe(`disputes and anchors among batches, at a reconciler that is killed (E2L_TEST_SEED=${seed})`, () => {
  const random = new Seeded(seed);
  let consortium: Consortium;

  const database = (name: string) => join(consortium.dir, `${name}.db`);
  const profile = (actor: Actor) => consortium.profile(actor, 'reconciler');
  const submit = async (actor: Actor, fn: string, said: object) => {
    const ledger = connect(loadProfile(profile(actor)));
    try {
      return Number((await ledger.submit(fn, JSON.stringify(said))).block);
    } finally {
      ledger.close();
    }
  };
  const read = (name: string) => event2ledger(['reconcile', '--profile', profile('UserMSP'), '--db', database(name)]);
  const written = async (name: string, day: string): Promise<readonly string[]> => {
    const out = join(consortium.dir, `${name}-${day}`);
    await event2ledger([
      'report',
      '--db',
      database(name),
      '--day',
      day,
      '--format',
      REPORT_FORMATS.join(','),
      '--out',
      out,
    ]);
    return REPORT_FORMATS.map((format) => readFileSync(join(out, `${day}.${format}`), 'utf8'));
  };
  const rowsOf = (name: string) => {
    const db = new Database(database(name), { readonly: true });
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
      .pluck()
      .all() as string[];
    const rows = tables.map((table) => [table, db.prepare(`SELECT * FROM "${table}"`).all()] as const);
    db.close();
    return new Map(rows);
  };

  /** The first and the last block between which the actors talk. */
  let talk: readonly [from: number, to: number];
  beforeAll(async () => {
    consortium = await startConsortium({ deadline: 60 }, 'embedded');
    await collectLyingTraces(consortium);
    await read('early');
    const [json = ''] = await written('early', DAY);
    const report = checkReport(JSON.parse(json));
    const [first, second] = report.findings;
    if (first === undefined || second === undefined) throw new Error('the liar was not found out');
    const open = (finding: typeof first, day: string = DAY) => ({
      finding: finding.id,
      hash: findingHash(finding),
      day,
      text: 'Why?',
      answerWithin: 86_400,
    });
    const of = (finding: typeof first, openedBy: Actor) => ({ finding: finding.id, openedBy });
    const wrong = (day: string): Anchor => ({ ...anchorOf(report), day, hash: 'a'.repeat(64) });

    const from = await submit('UserMSP', 'OpenDispute', open(first));
    await submit('DeveloperMSP', 'OpenDispute', open(first));
    await submit(LIAR, 'AnswerDispute', { ...of(first, 'UserMSP'), answer: 'contest', text: 'No.' });
    await submit('UserMSP', 'AnchorReport', anchorOf(report));
    // About days that are still open.
    await submit('DeveloperMSP', 'OpenDispute', open(second, THIRD_DAY));
    await submit(LIAR, 'AnchorReport', wrong(THIRD_DAY));
    await watchedByAll(consortium, SECOND_DAY, daysAhead(1));
    await submit('UserMSP', 'CloseDispute', of(first, 'UserMSP'));
    await submit(LIAR, 'OpenDispute', open(first));
    await submit('DeveloperMSP', 'AnswerDispute', { ...of(first, LIAR), answer: 'explain', text: 'See ours.' });
    await submit(LIAR, 'AnchorReport', wrong(DAY));
    await watchedByAll(consortium, THIRD_DAY, daysAhead(3));
    await submit('UserMSP', 'OpenDispute', open(first));
    await submit(LIAR, 'AnswerDispute', { ...of(first, 'UserMSP'), answer: 'accept', text: '' });
    const to = await submit(LIAR, 'CloseDispute', of(first, LIAR));
    await watchedByAll(consortium, FOURTH_DAY, daysAhead(5));
    talk = [from, to];

    await read('whole');
    const blocks = Array.from({ length: KILLS }, () => random.whole(from - 1, to)).sort((a, b) => a - b);
    for (const block of blocks) {
      const moment = MOMENTS[random.whole(0, MOMENTS.length - 1)] ?? 'arrives';
      const args = [SCRIPT, profile('UserMSP'), database('killed'), `${block}`, moment];
      const [, signal] = (await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit')) as [number, string];
      if (signal !== 'SIGKILL') throw new Error(`not killed at block ${block}, when it ${moment}`);
    }
    await read('killed');
  }, 300_000);
  afterAll(() => consortium?.close());

  it('there is much to lose', async () => {
    const [, second, third, fourth] = await Promise.all(
      DAYS.map(async (day) => JSON.parse((await written('whole', day))[0] ?? '') as DailyReport),
    );
    const acts = (report: DailyReport | undefined) =>
      report?.disputes?.map(({ earlier, acts: all }) => [earlier, all.length]);
    expect([second, third, fourth].map((report) => report?.sealed)).toEqual([true, true, true]);
    expect(acts(second)?.sort()).toEqual([
      [0, 1],
      [0, 1],
      [0, 2],
    ]);
    // One of them is told again, for it is about this day.
    expect(acts(third)?.sort()).toEqual([
      [0, 1],
      [0, 2],
      [2, 1],
    ]);
    expect(acts(fourth)?.sort()).toEqual([
      [2, 1],
      [3, 2],
    ]);
    expect([second, third, fourth].map((report) => report?.anchors?.length)).toEqual([2, 1, 1]);
    expect(talk[1] - talk[0]).toBeGreaterThan(15);
  });

  it('ends with the rows of one that was never killed', () => {
    const [whole, killed] = [rowsOf('whole'), rowsOf('killed')];
    expect([...whole.keys()]).toEqual(expect.arrayContaining(['anchors', 'days', 'dispute_acts', 'transactions']));
    for (const [table, rows] of whole) expect(killed.get(table), table).toEqual(rows);
    expect(whole.get('dispute_acts')).toHaveLength(10);
    expect(whole.get('anchors')).toHaveLength(3);
  });

  it.each(DAYS)('writes the same bytes of %s', async (day) => {
    expect(await written('killed', day)).toEqual(await written('whole', day));
  });

  it.each([THIRD_DAY, FOURTH_DAY])(
    'has a bundle of %s that verifies, disputes and anchors judged anew',
    async (day) => {
      const out = join(consortium.dir, `bundle-${day}`);
      await event2ledger(['report', '--db', database('killed'), '--day', day, '--out', out, '--bundle']);
      const trust = ['--trust', join(consortium.data, 'genesis.block')];
      const { code, stdout, stderr } = await event2ledger(['verify', join(out, `${day}.bundle`), ...trust, '--json']);
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ verified: true, isTrusted: true, day });
    },
  );

  it('keeps the same blocks', () => {
    const [whole, killed] = ['whole', 'killed'].map((name) => readFileSync(`${database(name)}.blocks`));
    expect(killed && whole?.equals(killed)).toBe(true);
  });
});
