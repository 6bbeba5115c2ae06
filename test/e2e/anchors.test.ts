import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { anchorOf } from '../../reconciler/anchor-ranges.js';
import { checkReport } from '../../reports/check.js';
import { type DailyReport, dailyReport } from '../../reports/model.js';
import { Seeded } from '../campaign/random.js';
import { event2ledger } from '../support/command.js';
import { ACTORS, type Actor, type Consortium, startConsortium } from '../support/consortium.js';
import { collectLyingTraces, DAY, LIAR } from '../support/lying-traces.js';
import { containerId } from '../support/trace-lines.js';
import { daysAhead, watchedByAll } from '../support/watched-days.js';

const SCRIPT = fileURLToPath(new URL('../reconciler/reconcile-and-die.mjs', import.meta.url));
const SECOND_DAY = '2026-11-21';
const THIRD_DAY = '2026-11-22';
const seed = Number(process.env.E2L_TEST_SEED ?? randomInt(2 ** 31));

interface AnchoredDay {
  readonly day: string;
  readonly same: boolean;
  readonly anchors: readonly { readonly actor: string; readonly hash: string; readonly difference?: object }[];
}

describe(`three reconcilers, killed at random (E2L_TEST_SEED=${seed})`, () => {
  const random = new Seeded(seed);
  let consortium: Consortium;

  const database = (actor: Actor) => join(consortium.dir, `${actor}.db`);
  const profile = (actor: Actor) => consortium.profile(actor, 'reconciler');
  /** Reads until that block, and is killed when it arrives or once it is committed. */
  const doomed = (actor: Actor, block: number): ChildProcess => {
    const moment = random.percent(50) ? 'arrives' : 'committed';
    const args = [SCRIPT, profile(actor), database(actor), `${block}`, moment];
    return spawn(process.execPath, args, { stdio: 'ignore' });
  };
  const isKilled = async (child: ChildProcess) => {
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
  };
  const anchor = (actor: Actor, day: string, ...args: string[]) =>
    event2ledger(['report', '--db', database(actor), '--day', day, '--anchor', '--profile', profile(actor), ...args]);
  const anchors = async (...args: string[]) => {
    const query = ['query', 'anchors', '--profile', consortium.profile('DeveloperMSP')];
    const { code, stdout } = await event2ledger([...query, '--json', ...args]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return { code, days: lines.map((line) => JSON.parse(line) as AnchoredDay) };
  };
  const written = async (actor: Actor, day: string) => {
    const { dir } = await consortium.report(day, actor);
    return readFileSync(join(dir, `${day}.json`), 'utf8');
  };
  const heightOf = async () => {
    const ledger = connect(loadProfile(profile('UserMSP')));
    const height = Number(await ledger.height());
    ledger.close();
    return height;
  };

  beforeAll(async () => {
    consortium = await startConsortium({ deadline: 60 });
    // The first begins before there is anything to read.
    const early = doomed('UserMSP', random.whole(1, 4));
    const death = isKilled(early);
    await collectLyingTraces(consortium);
    await death;
    await isKilled(doomed('DeveloperMSP', random.whole(1, (await heightOf()) - 1)));
    await watchedByAll(consortium, SECOND_DAY, daysAhead(1));
    const height = await heightOf();
    await isKilled(doomed('UserMSP', random.whole(Math.floor(height / 2), height - 2)));
    await isKilled(doomed('ProviderMSP', random.whole(1, height - 1)));
    await isKilled(doomed('DeveloperMSP', height - 1));
    for (const actor of ACTORS) await consortium.reconcile(actor);
  }, 240_000);
  afterAll(() => consortium?.close());

  it.each([DAY, SECOND_DAY])('write the same bytes of %s', async (day) => {
    const [first, ...others] = await Promise.all(ACTORS.map((actor) => written(actor, day)));
    expect((JSON.parse(first ?? '') as DailyReport).sealed).toBe(true);
    for (const other of others) expect(other).toBe(first);
  });

  it('anchor no report that can still change', async () => {
    const { code, stderr } = await anchor('UserMSP', THIRD_DAY);
    expect(code).toBe(2);
    expect(stderr).toContain('Only a report that cannot change any more is anchored');
    expect((await anchors()).days).toEqual([]);
  });

  it('anchor the same, and are told so at once', async () => {
    const first = await anchor('DeveloperMSP', DAY, '--out', join(consortium.dir, 'anchored'));
    expect(first.stdout).toContain('No other report of this day is anchored yet.');
    const second = await anchor('ProviderMSP', DAY);
    // The report itself is on standard output.
    expect(checkReport(JSON.parse(second.stdout)).day).toBe(DAY);
    expect(second.stderr).toContain('DeveloperMSP: the same');
    const third = await anchor('UserMSP', DAY, '--out', join(consortium.dir, 'anchored'), '--json');
    const { hash, anchored } = JSON.parse(third.stdout) as { hash: string; anchored: { others: object[] } };
    expect(anchored.others).toEqual(['DeveloperMSP', 'ProviderMSP'].map((actor) => ({ actor, hash, same: true })));
    // Once more changes nothing.
    await anchor('UserMSP', DAY, '--out', join(consortium.dir, 'anchored'));
    for (const actor of ACTORS) await anchor(actor, SECOND_DAY, '--out', join(consortium.dir, 'anchored'));
    const { code, days } = await anchors();
    expect(code).toBe(0);
    expect(days.map(({ day, same, anchors: all }) => [day, same, all.length])).toEqual([
      [DAY, true, 3],
      [SECOND_DAY, true, 3],
    ]);
  });

  it('and one whose report was doctored is found by day, class and object', async () => {
    const report = JSON.parse(await written(LIAR, DAY)) as DailyReport;
    const { hash: _, ...body } = report;
    const doctored = dailyReport({
      ...body,
      findings: body.findings.filter(({ object }) => object !== containerId('web-1')),
      coverage: { ...body.coverage, agreed: body.coverage.agreed + 1, disputed: body.coverage.disputed - 1 },
    });
    const ledger = connect(loadProfile(profile(LIAR)));
    await ledger.submit('AnchorReport', JSON.stringify(anchorOf(doctored)));
    ledger.close();
    const { code, days } = await anchors('--day', DAY);
    expect(code).toBe(1);
    expect(days).toMatchObject([{ day: DAY, same: false }]);
    const differing = days[0]?.anchors.filter(({ difference }) => difference !== undefined);
    expect(differing).toMatchObject([
      {
        actor: LIAR,
        hash: doctored.hash,
        difference: { part: 'findings', class: 'missing', object: containerId('web-1') },
      },
    ]);
    const words = await event2ledger(['query', 'anchors', '--profile', consortium.profile('DeveloperMSP')]);
    expect(words.stdout).toMatch(new RegExp(`${DAY}.*differs: findings "missing" of ${containerId('web-1')}`));
    const told = await anchor('UserMSP', DAY, '--out', join(consortium.dir, 'anchored'));
    expect(told.code).toBe(1);
    expect(told.stdout).toMatch(new RegExp(`${LIAR}: another report.*findings "missing", of ${containerId('web-1')}`));
  });

  it('and the report of the day sealed next tells it, the same on every reconciler', async () => {
    await watchedByAll(consortium, THIRD_DAY, daysAhead(3));
    for (const actor of ACTORS) await consortium.reconcile(actor);
    const [first = '', ...others] = await Promise.all(ACTORS.map((actor) => written(actor, THIRD_DAY)));
    for (const other of others) expect(other).toBe(first);
    const report = checkReport(JSON.parse(first));
    expect(report.anchors?.filter(({ same }) => same)).toHaveLength(6);
    expect(report.anchors?.filter(({ same }) => !same)).toMatchObject([
      { day: DAY, actor: LIAR, difference: { part: 'findings', class: 'missing', object: containerId('web-1') } },
    ]);
    const page = readFileSync(join(consortium.dir, `report-UserMSP-${THIRD_DAY}`, `${THIRD_DAY}.html`), 'utf8');
    expect(page).toContain('Anchors of earlier days');
  });
});
