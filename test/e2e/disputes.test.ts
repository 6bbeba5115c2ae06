import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import stringify from 'fast-json-stable-stringify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DisputeAnswer, sha256Hex } from '#chaincode';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import type { Finding } from '../../reconciler/judgement.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { checkReport } from '../../reports/check.js';
import { event2ledger, type Finished } from '../support/command.js';
import { type Actor, type Consortium, startConsortium } from '../support/consortium.js';
import { collectLyingTraces, DAY, LIAR } from '../support/lying-traces.js';
import { containerId } from '../support/trace-lines.js';
import { daysAhead, watchedByAll } from '../support/watched-days.js';

const DAY_AFTER = '2026-11-21';
const ACCUSER: Actor = 'UserMSP';
/** A title of a terminal, an image, a formula, a table's cell, and text that runs the other way. */
const HOSTILE = '=cmd|"/c" \u001b]0;owned\u0007<img src=x onerror=alert(1)> | **x** \u202egnp.exe';

describe('a dispute, by the commands', () => {
  let consortium: Consortium;
  let missing: Finding;
  let altered: Finding;
  let before: string;

  const speak = (actor: Actor, ...args: string[]): Promise<Finished> =>
    event2ledger(['dispute', ...args, '--profile', consortium.profile(actor, 'reconciler')]);
  const query = (...args: string[]) =>
    event2ledger(['query', 'disputes', '--profile', consortium.profile('DeveloperMSP'), ...args]);
  const file = (dir: string, day: string, format: string) => readFileSync(join(dir, `${day}.${format}`), 'utf8');
  const openByDatabase = (id: string, ...args: string[]) =>
    speak(ACCUSER, 'open', id, '--db', join(consortium.dir, `${ACCUSER}.db`), '--day', DAY, ...args);

  beforeAll(async () => {
    consortium = await startConsortium({ deadline: 60 });
    await collectLyingTraces(consortium);
    await consortium.reconcile();
    const { report, dir } = await consortium.report(DAY);
    before = file(dir, DAY, 'json');
    const about = (name: string) => report.findings.find(({ object }) => object === containerId(name));
    [missing, altered] = [about('web-1'), about('web-2')] as [Finding, Finding];
  }, 240_000);
  afterAll(() => consortium?.close());

  it('is opened by the beginning of an id, with the hash that anybody can compute', async () => {
    expect((await query()).stdout).toContain('There are no disputes.');
    const { code, stdout, stderr } = await openByDatabase(missing.id.slice(0, 10), '--text', HOSTILE, '--json');
    expect(code, stderr).toBe(0);
    const { finding, acts } = JSON.parse(stdout) as DisputeAnswer;
    expect(finding).toBe(missing.id);
    const hash = sha256Hex(`event2ledger/finding/v1\n${stringify(missing)}`);
    expect(acts).toMatchObject([{ act: 'open', actor: ACCUSER, hash, day: DAY, text: HOSTILE, answerWithin: 86_400 }]);
  });

  it('is listed with nothing that a terminal would obey, and exits with 1 while it is open', async () => {
    for (const args of [['--open'], ['--json']]) {
      const { code, stdout } = await query(...args);
      expect(code).toBe(1);
      expect(stdout).toContain(missing.id);
      expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    }
  });

  it.each([
    ['to open it twice', () => openByDatabase(missing.id), 'is open already: UserMSP opened it'],
    ['acceptance by who opened it', () => speak(ACCUSER, 'answer', missing.id, '--accept'), 'can only explain'],
    ['closing by another', () => speak(LIAR, 'close', missing.id), 'Only UserMSP can close'],
    ['an answer where nobody opened one', () => speak(LIAR, 'answer', altered.id, '--accept'), 'Nobody has opened'],
    ['an id that names nothing', () => openByDatabase('0'.repeat(8)), `names no finding of ${DAY}`],
    ['too little time', () => openByDatabase(altered.id, '--answer-within', '59'), '60 seconds to answer'],
    ['two answers at once', () => speak(LIAR, 'answer', missing.id, '--accept', '--contest'), 'Give one of'],
  ])('refuses %s', async (_, say, message) => {
    const { code, stderr } = await say();
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('stands beside its finding in what people read, and changes nothing of the report', async () => {
    await consortium.reconcile();
    const { dir } = await consortium.report(DAY);
    expect(file(dir, DAY, 'json')).toBe(before);
    expect(file(dir, DAY, 'md')).toMatch(/\*\*Open dispute\*\*, as of block \d+: .*ProviderMSP.* is awaited by/);
    const page = file(dir, DAY, 'html');
    expect(page).toContain('Open dispute');
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(page).not.toContain('<img');
  });

  it('is answered by the accused, and told in the report of the day that is sealed next', async () => {
    const reference = ['--text', 'we were cut off', '--reference', 'https://tickets.example/7'];
    expect((await speak(LIAR, 'answer', missing.id, '--contest', ...reference)).code).toBe(0);
    await watchedByAll(consortium, DAY_AFTER, daysAhead(1));
    await consortium.reconcile();
    const { report, dir } = await consortium.report(DAY_AFTER);
    expect(report.sealed).toBe(true);
    expect(report.disputes).toMatchObject([
      { finding: missing.id, day: DAY, known: 'same', state: 'answered', openedBy: ACCUSER, awaited: [] },
    ]);
    const [opening, answer] = report.disputes?.[0]?.acts ?? [];
    expect(opening).toMatchObject({ act: 'open', text: HOSTILE });
    expect(answer).toMatchObject({ act: 'answer', answer: 'contest', reference: 'https://tickets.example/7' });
    expect(checkReport(JSON.parse(file(dir, DAY_AFTER, 'json')))).toEqual(report);
    expect(file(dir, DAY_AFTER, 'html')).not.toMatch(/<img|(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(file(dir, DAY_AFTER, 'md')).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    const [row = ''] = file(dir, DAY_AFTER, 'csv')
      .split('\r\n')
      .filter((line) => line.includes(',dispute,'));
    expect(row).toContain(`${missing.id},dispute`);
    expect(row).not.toMatch(/[\p{Cc}\p{Cf}]|(?:^|,)=/u);
    await consortium.reconcile('DeveloperMSP');
    const other = await consortium.report(DAY_AFTER, 'DeveloperMSP');
    expect(file(other.dir, DAY_AFTER, 'json')).toBe(file(dir, DAY_AFTER, 'json'));
  });

  it('is closed by who opened it', async () => {
    expect((await speak(ACCUSER, 'close', missing.id, '--text', 'settled')).code).toBe(0);
    expect(await query('--open')).toMatchObject({ code: 0, stdout: 'No dispute is open.\n' });
    expect((await query()).stdout).toContain('closes: settled');
    expect((await speak(LIAR, 'answer', missing.id, '--explain')).stderr).toContain('is closed');
  });

  it('does not keep another actor from one of its own, which --of names where both are open', async () => {
    const other: Actor = 'DeveloperMSP';
    expect((await openByDatabase(missing.id)).code).toBe(0);
    const hash = sha256Hex(`event2ledger/finding/v1\n${stringify(missing)}`);
    expect((await speak(other, 'open', missing.id, '--hash', hash, '--day', DAY)).code).toBe(0);
    const unclear = await speak(LIAR, 'answer', missing.id, '--accept');
    expect([unclear.code, unclear.stderr]).toEqual([
      2,
      expect.stringContaining('DeveloperMSP, UserMSP; say with --of'),
    ]);
    expect((await speak(LIAR, 'answer', missing.id, '--accept', '--of', other)).code).toBe(0);
    expect((await speak(LIAR, 'close', missing.id, '--of', other)).stderr).toContain('Only DeveloperMSP can close');
    // Whoever closes can mean its own alone.
    expect((await speak(other, 'close', missing.id)).stdout).toContain(`Closed the dispute of ${other} about`);
    expect((await query('--open')).stdout).toMatch(/^open: UserMSP disputes finding /);
    expect((await speak(ACCUSER, 'close', missing.id, '--of', ACCUSER)).code).toBe(0);
    expect((await query('--open')).code).toBe(0);
  });

  it('is overdue once the ledger clock has passed the time to answer, and not before', async () => {
    expect((await openByDatabase(altered.id, '--answer-within', '12h')).code).toBe(0);
    await consortium.reconcile();
    const early = await consortium.report(DAY);
    expect(file(early.dir, DAY, 'md')).toContain('**Open dispute**');
    await watchedByAll(consortium, '2026-11-22', daysAhead(3));
    await consortium.reconcile();
    const late = await consortium.report(DAY);
    expect(file(late.dir, DAY, 'md')).toMatch(/\*\*Overdue dispute\*\*.*ProviderMSP.* was awaited by/);
    const { report } = await consortium.report('2026-11-22');
    const told = report.disputes?.map(({ finding, openedBy, state, earlier, acts }) => {
      return [finding, openedBy, state, earlier, acts.length];
    });
    // Of the first, two acts were told in the report before.
    expect(told).toEqual(
      [
        [missing.id, 'DeveloperMSP', 'closed', 0, 3],
        [missing.id, ACCUSER, 'closed', 2, 3],
        [altered.id, ACCUSER, 'overdue', 0, 1],
      ].sort(),
    );
    expect(file(late.dir.replace(DAY, '2026-11-22'), '2026-11-22', 'md')).toContain(
      '2 earlier acts are on the ledger.',
    );
  });

  it("is on the ledger act by act what a reconciler's own book has, which reads no state", async () => {
    const { stdout } = await query('--json');
    const lines = stdout.split('\n').filter((line) => line !== '');
    const rows = lines.map((line) => JSON.parse(line) as DisputeAnswer);
    expect(rows.map(({ acts }) => acts.length).sort()).toEqual([1, 3, 5]);
    const projection = new Projection(join(consortium.dir, `${ACCUSER}.db`), { mustExist: true, snapshot: true });
    for (const { finding, openedBy, acts } of rows) {
      expect(projection.disputes.answer({ finding, openedBy })).toEqual({ finding, openedBy, acts });
    }
    projection.close();
  });
});

describe('an organisation that only keeps the time', () => {
  let consortium: Consortium;
  beforeAll(async () => {
    const policy = { actors: ['DeveloperMSP', 'ProviderMSP'], timekeepers: ['UserMSP'] };
    consortium = await startConsortium(policy, 'embedded');
  });
  afterAll(() => consortium?.close());

  it('has no say in disputes', async () => {
    const [finding, hash] = ['a'.repeat(64), 'b'.repeat(64)];
    const open = ['dispute', 'open', finding, '--hash', hash, '--day', DAY];
    const refused = await event2ledger([...open, '--profile', consortium.profile('UserMSP')]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('UserMSP has no say in disputes');
    const taken = await event2ledger([...open, '--profile', consortium.profile('ProviderMSP')]);
    expect(taken.stdout).toContain(`Opened the dispute of ProviderMSP about ${finding}`);
  });

  it('anchors what counts for nothing', async () => {
    const anchor = { day: DAY, hash: 'a'.repeat(64), tx: 'b'.repeat(64), ranges: { parts: {}, lists: [] } };
    for (const actor of ['UserMSP', 'ProviderMSP'] as const) {
      const ledger = connect(loadProfile(consortium.profile(actor)));
      await ledger.submit(
        'AnchorReport',
        JSON.stringify(actor === 'UserMSP' ? { ...anchor, hash: 'c'.repeat(64) } : anchor),
      );
      ledger.close();
    }
    const { code, stdout } = await event2ledger(['query', 'anchors', '--profile', consortium.profile('UserMSP')]);
    expect([code, stdout.includes('ProviderMSP'), stdout.includes('UserMSP')]).toEqual([0, true, false]);
  });
});
