import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event2ledger, startEvent2ledger } from '../support/command.js';
import { type Consortium, startConsortium } from '../support/consortium.js';
import { containerLife, traceText } from '../support/trace-lines.js';
import { FakeEngine } from './fake-engine.js';

const DAY = '2026-11-20';
const ABSENT = { E2L_CONFIG: undefined, DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined };

describe('what collect tells whoever runs it', () => {
  let consortium: Consortium;
  let trace: string;

  beforeAll(async () => {
    consortium = await startConsortium();
    trace = join(consortium.dir, 'trace.ndjson');
    writeFileSync(trace, traceText(containerLife(DAY, 'web', 10, 60)));
  });
  afterAll(async () => {
    await consortium?.close();
  });

  const collect = (...args: string[]) =>
    event2ledger(['collect', '--profile', consortium.profile('UserMSP'), '--log-format', 'text', ...args], {
      env: ABSENT,
    });

  it('warns of a watch over time that has not passed, and of no other', async () => {
    const over = await collect('--source', `file:${trace}`, '--once', '--through', `${DAY}T12:00`);
    expect(over.code, over.stderr).toBe(0);
    expect(over.stderr).not.toContain('--through');
    const ahead = await collect('--source', `file:${trace}`, '--once', '--through', '2099-01-01');
    expect(ahead.code, ahead.stderr).toBe(0);
    expect(ahead.stderr).toMatch(/--through 2099-01-01T00:00:00\S* has not come yet\. Your signature will say/);
    const help = await collect('--help');
    expect(help.stdout).toMatch(/do not give a time to come/);
  });

  it('sends a second collector on one spool to an identity of its own, not to another spool', async () => {
    const engine = new FakeEngine(join(consortium.dir, 'docker.sock'));
    await engine.start();
    const args = ['--source', `docker:unix://${engine.socket}`, '--source-id', 'engine-1'];
    const profile = consortium.profile('DeveloperMSP');
    const first = startEvent2ledger(['collect', '--profile', profile, '--log-format', 'text', ...args], {
      env: ABSENT,
    });
    await first.said(/Watching the engine/);
    const second = await collect('--profile', profile, ...args);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/in use by another collector; give this one an identity of its own/);
    expect(second.stderr).not.toContain('--spool');
    await first.stop();
    await engine.stop();
  });

  it('refuses all that is wrong at once, one line each, what the settings name included', async () => {
    const profile = join(consortium.dir, 'none.json');
    for (const print of [[], ['--print-config']]) {
      const { code, stdout, stderr } = await event2ledger(
        ['collect', '--profile', profile, '--source', 'dokcer', '--batch-size', '0', '--through', 'someday', ...print],
        { env: ABSENT },
      );
      expect(code).toBe(2);
      expect(stdout).toBe('');
      const lines = stderr.trimEnd().split('\n');
      expect(lines).toEqual([
        expect.stringMatching(/^event2ledger: batch-size \(from --batch-size\) must be a whole number .*[^.]\.$/),
        expect.stringMatching(/^event2ledger: through \(from --through\) must be a time: .*[^.]\.$/),
        expect.stringMatching(/^event2ledger: profile \(from --profile\): The profile .*none\.json does not exist\.$/),
        expect.stringMatching(/^event2ledger: source \(from --source\): "dokcer" is no source; write docker, .*\.$/),
      ]);
    }
  });

  it.each([
    [['--source', 'file:/nope/x'], /source \(from --source\): .*\/nope\/x.* is not there/],
    [['--source', 'docker', '--once'], /source \(from --source\): --once is for traces/],
    [['--config', tmpdir()], /The config file .* is a folder; give a file\./],
    [['--profile', tmpdir()], /The profile .* is a folder; give a file\./],
  ])('refuses %j before anything is begun', async (args, message) => {
    const { code, stderr } = await collect('--source', '-', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  it('warns of variables that look like settings and are none', async () => {
    const args = ['collect', '--profile', consortium.profile('UserMSP'), '--source', `file:${trace}`];
    const env = { ...ABSENT, E2L_NONSENSE: 'x', E2L_BATCH_SIZE: '9' };
    const shown = await event2ledger([...args, '--print-config'], { env });
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stderr).toMatch(/E2L_NONSENSE.* ignored; there are E2L_CONFIG, E2L_PROFILE, /);
    expect(shown.stderr).not.toMatch(/E2L_BATCH_SIZE.* ignored/);
    const run = await event2ledger([...args, '--once', '--log-format', 'text'], { env });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/E2L_NONSENSE.* ignored/);
  });

  it('warns an admin that its key is worth more than a collector needs, and nobody else', async () => {
    const args = ['--source', `file:${trace}`, '--once'];
    const admin = await collect('--profile', consortium.profile('UserMSP', 'admin'), ...args);
    expect(admin.code, admin.stderr).toBe(0);
    expect(admin.stderr).toMatch(/"admin" is an admin of UserMSP: its key also approves policies/);
    const client = await collect(...args);
    expect(client.stderr).not.toMatch(/is an admin/);
  });

  it("says that the server's certificate is not of the profile's CA", async () => {
    const profile = consortium.profile('UserMSP');
    const other = join(dirname(profile), 'other-ca.json');
    const content = JSON.parse(readFileSync(profile, 'utf8'));
    writeFileSync(other, JSON.stringify({ ...content, tlsCaCert: content.certificate }), { mode: 0o600 });
    const { code, stderr } = await event2ledger(['query', 'collectors', '--profile', other]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^event2ledger: The server at localhost:\d+ has a TLS certificate that is not of the CA/);
    expect(stderr).not.toContain('Resolution note');
  });

  it('names the flags where a stretch of time is the wrong way round', async () => {
    const args = ['query', 'events', '--from', '2026-11-23', '--to', '2026-11-22', '--profile'];
    const { code, stderr } = await event2ledger([...args, consortium.profile('UserMSP')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--from 2026-11-23T\S+ lies after --to 2026-11-22T\S+; give the earlier time by --from\./);
  });

  it("says whose database it is where a report is asked of the ledger's own", async () => {
    const database = readdirSync(consortium.data).find((name) => name.endsWith('.db')) ?? '';
    const args = [
      'report',
      '--db',
      join(consortium.data, database),
      '--day',
      DAY,
      '--out',
      join(consortium.dir, 'out'),
    ];
    const { code, stderr } = await event2ledger(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/is in use by another program\. .* name the file of reconcile with --db\./);
  });
});
