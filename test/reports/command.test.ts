import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { Command, CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXIT, type ExitCode } from '../../cli/exit.js';
import type { DayJudgement } from '../../reconciler/judgement.js';
import { checkReport } from '../../reports/check.js';
import { dailyReport, reportText } from '../../reports/model.js';
import { type ReadDay, reportCommands } from '../../reports/report-command.js';
import { DAY, quietDay, stalledDay, threeFindings } from './fixtures.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'event2ledger-report-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(readDay: ReadDay, ...args: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let code: ExitCode | undefined;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  reportCommands({ readDay, readBlocks: async function* () {} })(program, {
    stdin: new PassThrough(),
    stdout,
    stderr,
    env: {},
    signal: new AbortController().signal,
    exit: (given) => {
      code = given;
    },
  });
  await program.parseAsync(['report', ...args], { from: 'user' });
  stdout.end();
  stderr.end();
  return { code, out: await readAll(stdout), err: await readAll(stderr) };
}

const reading =
  (judgement: DayJudgement): ReadDay =>
  () =>
    judgement;
const day = ['--db', 'x.db', '--day', DAY];

describe('report', () => {
  test('writes JSON and HTML by default and exits with 1 on findings', async () => {
    const out = join(folder, 'deep', 'reports');
    const asked: string[] = [];
    const readDay: ReadDay = (file, which) => {
      asked.push(file, which);
      return threeFindings();
    };
    const done = await run(readDay, ...day, '--out', out);
    expect(asked).toEqual(['x.db', DAY]);
    expect(done).toMatchObject({ code: EXIT.findings, err: '' });
    expect(done.out).toContain(`${DAY}: 597 of 600 events agreed; ProviderMSP stands alone`);
    expect(done.out).toContain(join(out, `${DAY}.html`));
    expect(readdirSync(out).sort()).toEqual([`${DAY}.html`, `${DAY}.json`]);
    const report = checkReport(JSON.parse(readFileSync(join(out, `${DAY}.json`), 'utf8')));
    expect(report.hash).toBe(dailyReport(threeFindings()).hash);
  });

  test('exits with 0 when nothing was found', async () => {
    const done = await run(reading(quietDay()), ...day, '--out', folder, '--format', 'json,html,md,csv');
    expect(done.code).toBe(EXIT.clean);
    expect(readdirSync(folder)).toHaveLength(4);
  });

  test('prints the one format asked for, JSON if none', async () => {
    const json = await run(reading(quietDay()), ...day);
    expect(json.out).toBe(reportText(dailyReport(quietDay())));
    const markdown = await run(reading(quietDay()), ...day, '--format', 'md');
    expect(markdown.out).toMatch(/^# event2ledger daily report/);
  });

  test('tells machines what it wrote', async () => {
    const done = await run(reading(threeFindings()), ...day, '--out', folder, '--format', 'csv', '--json');
    const { hash } = dailyReport(threeFindings());
    expect(JSON.parse(done.out)).toEqual({ files: [join(folder, `${DAY}.csv`)], findings: 3, sealed: true, hash });
  });

  test('says on standard error that a day is not sealed, and who holds it up', async () => {
    const done = await run(reading(stalledDay()), ...day);
    expect(done.code).toBe(EXIT.findings);
    expect(done.err).toMatch(/not sealed yet.*silence of UserMSP/);
    expect(JSON.parse(done.out)).toMatchObject({ sealed: false });
  });

  test.each([
    [['--format', 'json,pdf'], /no format "pdf"/],
    [['--format', 'toString'], /no format "toString"/],
    [['--format', ''], /no format ""/],
    [['--format', 'json,md'], /--out/],
    [['--json'], /--out/],
    [['--day', '2026-02-30'], /not a day/],
    [['--day', '../../etc'], /not a day/],
  ])('refuses %j before it reads anything', async (args, message) => {
    const readDay: ReadDay = () => expect.unreachable('it was read');
    const done = await run(readDay, ...day, ...args);
    expect(done).toMatchObject({ code: EXIT.failed, out: '' });
    expect(done.err).toMatch(message);
    expect(done.err.trim().split('\n')).toHaveLength(1);
  });

  test('writes a bundle into a folder only', async () => {
    const { code, err } = await run(reading(quietDay()), ...day, '--bundle');
    expect(code).toBe(2);
    expect(err).toContain('name a folder for it with --out');
  });

  test('does not know options that are not there', async () => {
    await expect(run(reading(quietDay()), ...day, '--anchors')).rejects.toThrow(CommanderError);
  });

  test.each([
    [['--anchor'], '--anchor needs the --profile'],
    [['--profile', 'p.json'], '--profile goes with --anchor or --bundle'],
    [['--anchor', '--profile', 'p.json'], 'Only a report that cannot change any more is anchored'],
  ])('anchors nothing with %s of a day that is not sealed', async (args, message) => {
    const done = await run(reading(stalledDay()), ...day, '--out', folder, ...args);
    expect(done).toMatchObject({ code: EXIT.failed, out: '' });
    expect(done.err).toContain(message);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('publishes no report that contradicts itself', async () => {
    const wrong = { ...quietDay(), coverage: { events: 5, agreed: 1, disputed: 1, pending: 1, unobservable: 1 } };
    const done = await run(reading(wrong), ...day, '--out', folder);
    expect(done.code).toBe(EXIT.failed);
    expect(done.err).toContain('does not add up');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('passes on what the reader refuses', async () => {
    const refusal = Object.assign(new Error('No such day.'), { name: 'ReconcilerError', code: 'DAY' });
    const done = await run(
      () => {
        throw refusal;
      },
      ...day,
    );
    expect(done).toMatchObject({ code: EXIT.failed, err: 'event2ledger: No such day.\n' });
  });

  test('leaves no half file where it cannot write', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'kept');
    const done = await run(reading(quietDay()), ...day, '--out', file);
    expect(done.code).toBe(EXIT.failed);
    expect(done.err).toContain('could not be written');
    expect(readFileSync(file, 'utf8')).toBe('kept');
    expect(existsSync(`${file}.tmp`)).toBe(false);
  });
});
