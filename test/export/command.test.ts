import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT, type ExitCode } from '../../cli/exit.js';
import { registerExport } from '../../export/command.js';
import { ACTORS, containerEvent, DAY, hashed, Run, WHOLE_DAY, watch } from '../reconciler/support/history.js';
import { lyingDay, makeProjection } from './scene.js';

async function run(...args: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let code: ExitCode | undefined;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  registerExport(program, {
    stdin: new PassThrough(),
    stdout,
    stderr,
    env: {},
    signal: new AbortController().signal,
    exit: (given) => {
      code = given;
    },
  });
  await program.parseAsync(['export', ...args], { from: 'user' });
  stdout.end();
  stderr.end();
  return { code, out: await readAll(stdout), err: await readAll(stderr) };
}

describe('export', () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-export-command-'));
  const lying = join(dir, 'lying.db');
  const honest = join(dir, 'honest.db');
  const open = join(dir, 'open.db');
  const early = join(dir, 'early.db');
  const none = join(dir, 'none.db');
  const event = hashed(containerEvent('web-1', 'start', 1_000_000_000n));

  beforeAll(() => {
    makeProjection(lying, lyingDay());
    const all = (watched: typeof WHOLE_DAY, actors = ACTORS) =>
      ACTORS.map((actor) =>
        new Run(actor).batch({ events: actors.includes(actor) ? [event] : [], watches: [watched], sentAt: 100 }),
      );
    makeProjection(honest, all(WHOLE_DAY));
    makeProjection(open, all(watch(0, 100), ACTORS.slice(1)));
    makeProjection(early, all(watch(0, 100)));
    makeProjection(none, all(WHOLE_DAY), []);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('writes three files, says what is in them, and exits with 1 on findings', async () => {
    const out = join(dir, 'lying');
    const done = await run('--db', lying, '--out', out);
    expect(done).toMatchObject({ code: EXIT.findings, err: '' });
    expect(done.out).toMatch(/^Up to block \d+: 12 events, 29 attestations, 4 findings\n/);
    expect(readdirSync(out).sort()).toEqual(['attestations.parquet', 'events.parquet', 'findings.parquet']);
  });

  it('exits with 0 where nothing is found, and prints for machines', async () => {
    const out = join(dir, 'honest');
    const done = await run('--db', honest, '--out', out, '--json');
    expect(done).toMatchObject({ code: EXIT.clean, err: '' });
    expect(JSON.parse(done.out)).toEqual({
      files: ['events', 'attestations', 'findings'].map((table) => join(out, `${table}.parquet`)),
      rows: { events: 1, attestations: 3, findings: 0 },
      block: '1',
      unsealed: [],
    });
  });

  it('says which findings can still change', async () => {
    const done = await run('--db', open, '--out', join(dir, 'open'));
    expect(done.code).toBe(EXIT.findings);
    expect(done.err).toContain(`${DAY} is not sealed yet`);
    const quiet = await run('--db', early, '--out', join(dir, 'early'));
    expect(quiet.code).toBe(EXIT.clean);
    expect(quiet.err).toContain(`${DAY} is not sealed yet`);
  });

  it('says that nothing is judged without a policy', async () => {
    const done = await run('--db', none, '--out', join(dir, 'none'));
    expect(done.code).toBe(EXIT.clean);
    expect(done.err).toContain('No policy is in force');
  });

  it.each([
    ['a day that is none', ['--from', '2026-02-30'], 'is not a day'],
    ['days the wrong way round', ['--from', '2026-11-23', '--to', '2026-11-22'], 'does not lie before'],
    ['an empty stretch', ['--from', DAY, '--to', DAY], 'does not lie before'],
    ['a day that is a path', ['--to', '../../2026'], 'is not a day'],
  ])('refuses %s, and writes nothing', async (_, args, why) => {
    const out = join(dir, 'refused');
    const done = await run('--db', lying, '--out', out, ...args);
    expect(done).toMatchObject({ code: EXIT.failed, out: '' });
    expect(done.err).toContain(why);
    expect(existsSync(out)).toBe(false);
  });

  it('refuses a folder without a name, and a database that is not there', async () => {
    expect(await run('--db', lying, '--out', '')).toMatchObject({ code: EXIT.failed });
    const gone = await run('--db', join(dir, 'gone.db'), '--out', join(dir, 'gone'));
    expect(gone).toMatchObject({ code: EXIT.failed, err: expect.stringContaining('event2ledger reconcile') });
    expect(existsSync(join(dir, 'gone'))).toBe(false);
  });
});
