import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandIo } from '../../cli/command.js';
import { policiesOf } from '../../network/command-support.js';
import type { LedgerConnection } from '../../network/connection.js';
import { registerLedgerCommands } from '../../network/ledger-command.js';
import { registerPolicyCommands } from '../../network/policy-command.js';
import { registerQueryCommands } from '../../network/query-command.js';
import { batchText, canonicalEvent, DAY_START, TestLedger, temporaryFolder } from './support/ledger.js';

interface Ran {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly stdout: PassThrough;
  readonly stop: () => void;
  readonly done: Promise<Ran>;
}

function start(args: string[], input = ''): Running {
  const abort = new AbortController();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let code: number | undefined;
  const io = {
    stdin: Readable.from([input]),
    stdout,
    stderr,
    env: {},
    signal: abort.signal,
    exit: (given: number) => {
      code = given;
    },
  };
  const program = new Command('event2ledger').exitOverride().configureOutput({ writeErr: () => {} });
  for (const register of [registerLedgerCommands, registerQueryCommands, registerPolicyCommands]) {
    register(program, io);
  }
  const err = text(stderr);
  const out: string[] = [];
  stdout.on('data', (chunk) => out.push(String(chunk)));
  const done = program.parseAsync(args, { from: 'user' }).then(async () => {
    stdout.end();
    stderr.end();
    return { code, out: out.join(''), err: await err };
  });
  return { stdout, stop: () => abort.abort(), done };
}

function run(args: string[], input?: string): Promise<Ran> {
  return start(args, input).done;
}

/** Resolves with all that was printed once a line is. */
function lineOf({ stdout, done }: Running, line: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = '';
    stdout.on('data', (chunk) => {
      seen += String(chunk);
      if (line.test(seen)) resolve(seen);
    });
    done.then(({ err }) => reject(new Error(`ended early: ${err}`)), reject);
  });
}

describe('ledger serve', () => {
  test('says where the profiles are and when it is ready, runs until stopped, and starts again', async () => {
    const folder = temporaryFolder();
    const data = join(folder.path, 'ledger');
    try {
      const first = start(['ledger', 'serve', '--data', data]);
      const printed = await lineOf(first, /^ready$/m);
      expect(printed).toContain(join(data, 'actors', 'UserMSP', 'reconciler', 'profile.json'));
      const second = await run(['ledger', 'serve', '--data', data]);
      expect(second).toMatchObject({ code: 2, out: '' });
      expect(second.err).toMatch(/^event2ledger: Another process serves .*\n$/);
      first.stop();
      expect(await first.done).toMatchObject({ code: 0, err: '' });

      const again = start(['ledger', 'serve', '--data', data, '--json']);
      const ready = JSON.parse(await lineOf(again, /\n/));
      expect(printed).toContain(ready.endpoint);
      expect(ready).toMatchObject({ dataDir: data });
      expect(ready.profiles).toHaveLength(9);
      again.stop();
      expect(await again.done).toMatchObject({ code: 0 });
    } finally {
      folder.remove();
    }
  });

  test('takes actors and a policy for its first start', async () => {
    const folder = temporaryFolder();
    const data = join(folder.path, 'ledger');
    const file = join(folder.path, 'policy.json');
    writeFileSync(file, '{"deadline":77}');
    try {
      const serve = ['ledger', 'serve', '--data', data, '--actors', 'AliceMSP,BobMSP', '--policy', file];
      const running = start(serve);
      await lineOf(running, /^ready$/m);
      const profile = join(data, 'actors', 'BobMSP', 'admin', 'profile.json');
      const shown = await run(['policy', 'show', '--profile', profile, '--json']);
      expect(JSON.parse(shown.out).inForce[0].policy).toMatchObject({ deadline: 77, actors: ['AliceMSP', 'BobMSP'] });
      running.stop();
      expect(await running.done).toMatchObject({ code: 0 });
    } finally {
      folder.remove();
    }
  });

  test('refuses wrong usage, a taken port, and a folder it cannot use, in one line', async () => {
    const folder = temporaryFolder();
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    mkdirSync(join(folder.path, 'foreign'));
    writeFileSync(join(folder.path, 'foreign', 'ledger.db'), 'no database, but some text that is long enough');
    try {
      const serve = (...args: string[]) => run(['ledger', 'serve', '--data', ...args]);
      const data = join(folder.path, 'new');
      expect((await serve(data, '--port', 'x')).err).toMatch(/The port "x" is no whole number/);
      expect((await serve(data, '--actors', 'One')).err).toMatch(/at least two different actors/);
      expect((await serve(data, '--actors', 'a b,c')).err).toMatch(/"a b" is no name for an actor/);
      expect((await serve(data, '--policy', join(folder.path, 'none'))).err).toMatch(/cannot be read/);
      expect((await serve(data, '--port', String(port))).err).toMatch(/is taken/);
      expect((await serve(file)).err).toMatch(/cannot be made/);
      const foreign = await serve(join(folder.path, 'foreign'));
      expect(foreign.code).toBe(2);
      expect(foreign.err.trimEnd().split('\n')).toHaveLength(1);
    } finally {
      taken.close();
      folder.remove();
    }
  });
});

test('without a policy in force, it is said', async () => {
  const stderr = new PassThrough();
  const ledger = { evaluate: async () => '{"inForce":[],"proposed":[]}' } as unknown as LedgerConnection;
  const io = { stderr } as unknown as CommandIo;
  expect(await policiesOf(io, ledger)).toEqual({ inForce: [], proposed: [] });
  stderr.end();
  expect(await text(stderr)).toMatch(/^No policy is in force on this ledger, so nothing is judged/);
});

describe('against a served ledger', () => {
  let t: TestLedger;
  const profile = (actor: string, identity: string) => ['--profile', t.ledger.profilePath(actor, identity)];
  beforeAll(async () => {
    t = await TestLedger.start();
    for (const actor of ['ProviderMSP', 'DeveloperMSP', 'UserMSP']) {
      // The user leaves the last event out.
      await t.as(actor, 'collector-1').submit('Attest', batchText({ events: actor === 'UserMSP' ? 4 : 5 }));
    }
  });
  afterAll(() => t.end());

  test('identity add issues what the ledger accepts at once', async () => {
    const add = (...args: string[]) => run(['identity', 'add', '--data', t.dataDir, ...args]);
    const added = await add('--actor', 'UserMSP', '--name', 'collector-2');
    expect(added).toMatchObject({ code: 0, err: '', out: `${t.ledger.profilePath('UserMSP', 'collector-2')}\n` });
    const batch = batchText({ collector: 'collector-2' });
    expect(await t.as('UserMSP', 'collector-2').submit('Attest', batch)).toMatchObject({
      transactionId: expect.any(String),
    });
    const admin = await add('--actor', 'UserMSP', '--name', 'admin-2', '--role', 'admin', '--json');
    expect(JSON.parse(admin.out)).toMatchObject({ actor: 'UserMSP', name: 'admin-2', role: 'admin' });

    for (const [args, why] of [
      [['--actor', 'UserMSP', '--name', 'collector-2'], /already has an identity/],
      [['--actor', 'StrangerMSP', '--name', 'x'], /no actor of this ledger/],
      [['--actor', 'UserMSP', '--name', '../x'], /is no name/],
      [['--actor', 'UserMSP', '--name', 'y', '--role', 'peer'], /neither client nor admin/],
    ] as const) {
      const refused = await add(...args);
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toMatch(why);
    }
  });

  test('identity add needs a ledger', async () => {
    const none = await run(['identity', 'add', '--data', join(t.dataDir, 'none'), '--actor', 'A', '--name', 'b']);
    expect(none).toMatchObject({ code: 2 });
    expect(none.err).toMatch(/There is no ledger/);
  });

  test('query events prints one document a line, and a table for people', async () => {
    const json = await run(['query', 'events', '--json', ...profile('UserMSP', 'reconciler')]);
    const events = json.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(json).toMatchObject({ code: 0, err: '' });
    expect(events.map(({ event }) => event)).toEqual([1, 2, 3, 4, 5].map((n) => JSON.parse(canonicalEvent(n))));
    const people = await run(['query', 'events', ...profile('UserMSP', 'reconciler')]);
    expect(people.out.trimEnd().split('\n')).toHaveLength(6);
    expect(people.out).toMatch(/^TIME .*REFERENCE\n2026-11-22T00:00:01/);
    const some = await run([
      'query',
      'events',
      '--from',
      '2026-11-22T00:00:02Z',
      '--to',
      String(DAY_START + 4_000_000_000n),
      '--json',
      ...profile('UserMSP', 'reconciler'),
    ]);
    expect(some.out.trimEnd().split('\n')).toHaveLength(2);
    const none = await run(['query', 'events', '--to', '1999-01-01', ...profile('UserMSP', 'reconciler')]);
    expect(none).toMatchObject({ code: 0, out: 'No events in that time.\n' });
    const wrong = await run(['query', 'events', '--to', 'soon', ...profile('UserMSP', 'reconciler')]);
    expect(wrong.err).toMatch(/"soon" is not a time/);
    expect(wrong.code).toBe(2);
  });

  test('query events goes through every page', async () => {
    const many = await TestLedger.start();
    try {
      const collector = many.as('UserMSP', 'collector-1');
      const texts = Array.from({ length: 11 }, (_, n) =>
        batchText({ run: `r${n}`, events: 1000, first: n * 1000 + 1 }),
      );
      for (const text of texts) await collector.submit('Attest', text);
      const reader = ['--profile', many.ledger.profilePath('UserMSP', 'reconciler')];
      const json = await run(['query', 'events', '--json', ...reader]);
      const lines = json.out.trimEnd().split('\n');
      expect(new Set(lines.map((line) => JSON.parse(line).reference)).size).toBe(11_000);
      expect(lines).toHaveLength(11_000);
      const people = await run(['query', 'events', ...reader]);
      expect(people.out.trimEnd().split('\n')).toHaveLength(11_001);
    } finally {
      await many.end();
    }
  });

  test('query events with a selector says which state database that needs, and refuses what is no selector', async () => {
    const select = (...args: string[]) =>
      run(['query', 'events', '--selector', ...args, ...profile('UserMSP', 'reconciler')]);
    const refused = await select('{"type":"container"}', '--from', '2026-11-22');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(/needs a peer whose state database is CouchDB/);
    expect(await select('{"type"')).toMatchObject({ code: 2, err: expect.stringMatching(/The selector is no JSON/) });
    expect(await select('{"_id":"p/1"}')).toMatchObject({ code: 2, err: expect.stringMatching(/names "_id"/) });
  });

  test('query event shows one, and refuses what is none', async () => {
    const all = await run(['query', 'events', '--json', ...profile('UserMSP', 'reconciler')]);
    const { reference } = JSON.parse(all.out.split('\n')[0] ?? '');
    const one = await run(['query', 'event', reference, ...profile('UserMSP', 'reconciler')]);
    expect(one.code).toBe(0);
    for (const part of ['container start', 'IMG1', 'ProviderMSP', 'DeveloperMSP', 'UserMSP']) {
      expect(one.out).toContain(part);
    }
    const json = await run(['query', 'event', reference, '--json', ...profile('UserMSP', 'reconciler')]);
    expect(JSON.parse(json.out)).toMatchObject({ reference });
    const none = await run(['query', 'event', 'x', ...profile('UserMSP', 'reconciler')]);
    expect(none.code).toBe(2);
    const absent = `${'1'.padStart(19, '0')}.${'0'.repeat(64)}`;
    const missing = await run(['query', 'event', absent, ...profile('UserMSP', 'reconciler')]);
    expect(missing.code).toBe(2);
    expect(missing.err).toMatch(/^event2ledger: No event .* is on the ledger\.\n$/);
  });

  test('query disputed exits with 1 where there are some, 0 where there are none', async () => {
    const some = await run(['query', 'disputed', '--day', '2026-11-22', '--json', ...profile('UserMSP', 'reconciler')]);
    expect(some.code).toBe(1);
    expect(some.out.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(some.out).absent).toEqual([{ actor: 'UserMSP', state: expect.any(String) }]);
    const people = await run(['query', 'disputed', '--day', '2026-11-22', ...profile('UserMSP', 'reconciler')]);
    expect(people.out).toMatch(/UserMSP (?:lacking|undecided|blind)/);
    const none = await run(['query', 'disputed', '--day', '2026-11-23', ...profile('UserMSP', 'reconciler')]);
    expect(none).toMatchObject({ code: 0, out: 'No event of 2026-11-23 is disputed.\n' });
    const wrong = await run(['query', 'disputed', '--day', 'today', ...profile('UserMSP', 'reconciler')]);
    expect(wrong.code).toBe(2);
  });

  test('query collectors and query policy', async () => {
    const collectors = await run(['query', 'collectors', ...profile('UserMSP', 'reconciler')]);
    expect(collectors.code).toBe(0);
    expect(collectors.out).toMatch(/ProviderMSP +collector-1 +run-1 +1 /);
    const json = await run(['query', 'collectors', '--json', ...profile('UserMSP', 'reconciler')]);
    expect(JSON.parse(json.out).length).toBeGreaterThanOrEqual(3);
    const policy = await run(['query', 'policy', '--number', '1', '--json', ...profile('UserMSP', 'reconciler')]);
    expect(JSON.parse(policy.out)).toMatchObject({ number: 1, inForce: true });
    const none = await run(['query', 'policy', '--number', '99', ...profile('UserMSP', 'reconciler')]);
    expect(none).toMatchObject({ code: 2, err: expect.stringMatching(/There is no policy 99/) });
  });

  test('policy propose, approve, show', async () => {
    const admin = profile('ProviderMSP', 'admin');
    const proposed = await run(['policy', 'propose', '-', '--json', ...admin], '{"from":"2200-01-01","grace":5}');
    expect(proposed.code).toBe(0);
    const { number, hash } = JSON.parse(proposed.out);
    expect(number).toBe(2);

    const other = profile('UserMSP', 'admin');
    const look = await run(['policy', 'approve', '2', ...other]);
    expect(look.code).toBe(2);
    expect(look.out).toContain('"grace": 5');
    expect(look.err).toContain(`policy approve 2 ${hash}`);
    const wrong = await run(['policy', 'approve', '2', '0'.repeat(64), ...other]);
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining(hash) });
    const approved = await run(['policy', 'approve', '2', hash, ...other]);
    const later = 'Policy 2, in force for events from 2200-01-01T00:00:00.000000000Z on, proposed by ProviderMSP';
    expect(approved).toMatchObject({ code: 0, out: expect.stringContaining(later) });
    const shown = await run(['policy', 'show', ...profile('UserMSP', 'reconciler')]);
    expect(shown.out.match(/^Policy \d/gm)).toEqual(['Policy 1', 'Policy 2']);
    expect(shown.out).toContain(later);
    const first = await run(['policy', 'show', '1', ...profile('UserMSP', 'reconciler')]);
    expect(first.out).toMatch(/^Policy 1, in force/);
  });

  test('policy propose refuses what is no policy, and who is no admin', async () => {
    const admin = profile('ProviderMSP', 'admin');
    for (const [input, why] of [
      ['{}', /from which event time/],
      ['nonsense', /is no JSON/],
      ['[]', /is no JSON object/],
      ['{"from":"soon"}', /"soon" is not a time/],
      ['{"from":"2200-01-01","grace":"x"}', /malformed: grace/],
    ] as const) {
      const refused = await run(['policy', 'propose', '-', ...admin], input);
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toMatch(why);
    }
    const client = profile('ProviderMSP', 'collector-1');
    const refused = await run(['policy', 'propose', '-', ...client], '{"from":"2250-01-01"}');
    expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/no admin certificate/) });
  });

  test('a ledger that is not there costs one line', async () => {
    const stopped = await TestLedger.start();
    const file = stopped.ledger.profilePath('UserMSP', 'reconciler');
    await stopped.ledger.close();
    for (const args of [
      ['query', 'events'],
      ['query', 'collectors'],
      ['policy', 'show'],
    ]) {
      const failed = await run([...args, '--profile', file]);
      expect(failed).toMatchObject({ code: 2, out: '' });
      expect(failed.err).toMatch(/^event2ledger: No answer from localhost:\d+ .*\n$/);
    }
    await stopped.end();
  });
});
