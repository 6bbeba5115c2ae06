import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExitCode } from '../../cli/exit.js';
import { registerVerifyCommand } from '../../proof/verify-command.js';
import { writeBundle } from '../../reports/bundle.js';
import { reportText } from '../../reports/model.js';
import { event2ledger } from '../support/command.js';
import { SmallLedger } from './support/small-ledger.js';

const ACTORS = ['DeveloperMSP', 'ProviderMSP', 'UserMSP'];

describe('verify, of what strangers hand over', () => {
  let small: SmallLedger;
  let report: string;
  let bundle: string;
  const file = (name: string) => join(small.folder, name);
  const written = (name: string, content: string) => {
    writeFileSync(file(name), content);
    return file(name);
  };

  beforeAll(async () => {
    small = await SmallLedger.start(ACTORS, 1);
    await small.reconcile('UserMSP');
    report = written('day.json', reportText(small.report));
    bundle = file('day.bundle');
    await writeBundle(bundle, reportText(small.report), small.blocks);
    mkdirSync(file('folder'));
  });
  afterAll(() => small?.close());

  it('holds a report against the trusted block 0 by the ledger that it names', async () => {
    const own = join(small.ledger.dataDir, 'genesis.block');
    expect(await event2ledger(['verify', report, '--trust', own])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('names the ledger that you trust'),
    });
    const other = await SmallLedger.start(ACTORS, 1);
    try {
      const args = ['verify', report, '--trust', join(other.ledger.dataDir, 'genesis.block')];
      expect(await event2ledger(args)).toMatchObject({ code: 1, stdout: expect.stringContaining('Refused (GENESIS)') });
    } finally {
      await other.close();
    }
  });

  it('refuses a report with a key twice, which readers would take for different ones', async () => {
    const doctored = written('twice.json', readFileSync(report, 'utf8').replace('{', '{"findings":[],'));
    expect(await event2ledger(['verify', doctored])).toMatchObject({
      code: 1,
      stdout: 'Refused (FORMAT): The report has the key "findings" twice in one object.\n',
    });
  });

  it.each(['[', '{"a":', '[{"\\"]":'])(
    'refuses a report of many %s before it takes the memory that those ask for',
    async (level) => {
      const deep = written('deep.json', level.repeat(3_000_000));
      const answer = { code: 1, stdout: 'Refused (FORMAT): This is no report: it goes deeper than any report does.\n' };
      expect(await event2ledger(['verify', deep])).toMatchObject(answer);
    },
  );

  it.each([
    ['folder', 'is a folder; give a file'],
    ['none', 'does not exist'],
  ])('says of %s that it %s', async (name, why) => {
    const asFile = await event2ledger(['verify', file(name)]);
    expect(asFile).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(why) });
    const asBlock = await event2ledger(['verify', bundle, '--trust', file(name)]);
    expect(asBlock).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(why) });
  });

  it('says of a device that it is none to verify', async () => {
    expect(await event2ledger(['verify', '/dev/null'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is a pipe or a device'),
    });
  });

  it.each(['', '{}', 'a block?', '\u0000\u0001\u0002'])('takes %j for no block 0', async (content) => {
    const { code, stderr } = await event2ledger(['verify', bundle, '--trust', written('junk', content)]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /trusted block 0: it is (no block|not block 0); "event2ledger query genesis" fetches it\.\n$/,
    );
  });

  it('says where it has no room to judge anew', async () => {
    const { code, stderr } = await event2ledger(['verify', bundle], { env: { TMPDIR: file('none') } });
    expect(code).toBe(2);
    expect(stderr).toContain('name a folder with room by TMPDIR');
    expect(stderr).not.toContain('    at ');
  });

  it('neither verifies nor refuses when it is told to stop', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    let code: ExitCode | undefined;
    const program = new Command().exitOverride();
    registerVerifyCommand(program, {
      stdin: new PassThrough(),
      stdout,
      stderr,
      env: {},
      signal: AbortSignal.abort(),
      exit: (given) => {
        code = given;
      },
    });
    await program.parseAsync(['verify', bundle], { from: 'user' });
    stdout.end();
    stderr.end();
    expect({ code, out: await readAll(stdout), err: await readAll(stderr) }).toEqual({
      code: 2,
      out: '',
      err: 'event2ledger: Interrupted: nothing is said of the bundle.\n',
    });
  });
});
