import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CollectorAnswer, EventAnswer, Page } from '#chaincode';
import type { CommandIo } from '../../cli/command.js';
import { EXIT } from '../../cli/exit.js';
import { runCollector } from '../../collector/collector.js';
import { registerCollect } from '../../collector/command.js';
import { dockerSource } from '../../collector/source/docker.js';
import { dockerEngine } from '../../collector/source/docker-engine.js';
import { dockerAt } from '../../collector/source/docker-host.js';
import { connect, type LedgerConnection } from '../../network/connection.js';
import { type EmbeddedLedger, serveLedger } from '../../network/embedded/ledger.js';
import { loadProfile } from '../../network/profile.js';
import { describeWithDocker, TEST_IMAGE } from '../support/docker-engine.js';
import { DAY, line, lines } from './events.js';

const S = 1_000_000_000n;
const NEXT_DAY = (DAY + 86_400n * S).toString();

let dir: string;
let ledger: EmbeddedLedger;
let reader: LedgerConnection;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'e2l-collect-'));
  ledger = await serveLedger({ dataDir: join(dir, 'ledger'), policy: { from: '0' } });
  reader = connect(loadProfile(ledger.profilePath('UserMSP', 'reconciler')));
});
afterAll(async () => {
  reader?.close();
  await ledger?.close();
  rmSync(dir, { recursive: true, force: true });
});

async function eventsOf(from: string, to: string): Promise<EventAnswer[]> {
  const all: EventAnswer[] = [];
  for (let bookmark = ''; ; ) {
    const page = JSON.parse(await reader.evaluate('GetEvents', from, to, bookmark)) as Page<EventAnswer>;
    all.push(...page.events);
    if (page.bookmark === '') return all;
    bookmark = page.bookmark;
  }
}

async function watchesOf(actor: string) {
  const collectors = JSON.parse(await reader.evaluate('GetCollectors')) as CollectorAnswer[];
  return collectors.find((one) => one.actor === actor)?.watches;
}

/** Runs the command as the binary does. */
async function collect(args: string[], stdin: NodeJS.ReadableStream = Readable.from([]), isTTY = false) {
  const written = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk);
        done();
      },
    });
  let code: number | undefined;
  const stop = new AbortController();
  const io: CommandIo = {
    stdin,
    stdout: into('stdout'),
    stderr: Object.assign(into('stderr'), { isTTY }),
    env: {},
    signal: stop.signal,
    exit: (given) => {
      code = given;
    },
  };
  const program = new Command('event2ledger').exitOverride().configureOutput({ writeErr: () => {} });
  registerCollect(program, io);
  await program.parseAsync(['node', 'event2ledger', 'collect', ...args]);
  return { ...written, code };
}

describe('collect, on the embedded ledger', () => {
  it('brings a trace onto the ledger for each actor, malformed line or not', async () => {
    const file = join(dir, 'trace.ndjson');
    writeFileSync(file, `${[...lines(40), 'not \u001b[31man event', ...lines(1, DAY + 60n * S)].join('\n')}\n`);
    for (const actor of ledger.actors) {
      const profile = ledger.profilePath(actor, 'collector-1');
      const args = ['--profile', profile, '--source', `file:${file}`, '--once', '--json', '--through', '2026-11-23'];
      const { code, stdout, stderr } = await collect(args);
      expect(code).toBe(EXIT.clean);
      expect(JSON.parse(stdout)).toMatchObject({
        actor,
        events: 41,
        attested: 41,
        malformed: 1,
        batches: 1,
        behind: 0,
      });
      expect(stderr).toContain('line 41: ');
      expect(stderr).not.toContain('\u001b');
    }
    const events = await eventsOf(DAY.toString(), NEXT_DAY);
    expect(events).toHaveLength(41);
    for (const event of events)
      expect(event.attestations.map((one) => one.actor).sort()).toEqual([...ledger.actors].sort());
    const hole = [(DAY + 39n * S + 1n).toString(), (DAY + 60n * S).toString()];
    expect(await watchesOf('UserMSP')).toEqual([
      { source: 'trace', from: DAY.toString(), to: hole[0] },
      { source: 'trace', from: hole[1], to: NEXT_DAY },
    ]);
  });

  it('reads standard input, and attests nothing twice', async () => {
    const profile = ledger.profilePath('UserMSP', 'collector-1');
    const content = [...lines(40), line({ time: DAY + 100n * S, id: 'new' })].map((one) => Buffer.from(`${one}\n`));
    const { code, stdout } = await collect(['--profile', profile, '--source', '-', '--once'], Readable.from(content));
    expect(code).toBe(EXIT.clean);
    expect(stdout).toBe('41 events read (40 known before), 1 recorded, 1 attested in 1 batch, 0 malformed.\n');
  });

  it('counts in words that fit, and is JSON to the end where the log is', async () => {
    const profile = ledger.profilePath('UserMSP', 'collector-1');
    const args = ['--profile', profile, '--source', '-', '--once'];
    const one = () => Readable.from([Buffer.from(`${lines(1)[0]}\n`)]);
    const { stdout } = await collect(args, one());
    expect(stdout).toMatch(/^1 event read \(1 known before\), /);
    const json = await collect([...args, '--log-format', 'json'], one());
    for (const text of `${json.stderr}${json.stdout}`.trim().split('\n')) expect(() => JSON.parse(text)).not.toThrow();
    expect(JSON.parse(json.stdout)).toMatchObject({ events: 1, known: 1 });
  });

  it.each([
    ['plain text', 'hello\n'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3])],
  ])('ends with 2 for a trace that is %s, and the ledger has nothing of it', async (_, content) => {
    const file = join(dir, 'no-trace');
    writeFileSync(file, content);
    const before = await watchesOf('UserMSP');
    const profile = ledger.profilePath('UserMSP', 'collector-1');
    const args = ['--profile', profile, '--source', `file:${file}`, '--once', '--log-level', 'silent'];
    const { code, stderr } = await collect(args);
    expect(code).toBe(EXIT.failed);
    expect(stderr).toMatch(/^event2ledger: [^\n]+\n$/);
    expect(await watchesOf('UserMSP')).toEqual(before);
  });

  it('makes no spool for a trace that is not there', async () => {
    const spool = join(dir, 'never.db');
    const profile = ledger.profilePath('UserMSP', 'collector-1');
    const { code, stderr } = await collect([
      '--profile',
      profile,
      '--spool',
      spool,
      '--source',
      'file:/nope',
      '--once',
    ]);
    expect([code, existsSync(spool)]).toEqual([EXIT.failed, false]);
    expect(stderr).toContain('is not there');
  });

  it('keeps a running line on a terminal, with what there is to tell above it', async () => {
    const profile = ledger.profilePath('DeveloperMSP', 'collector-1');
    const content = [line({ time: DAY + 150n * S, id: 'tty' }), 'x'].map((one) => Buffer.from(`${one}\n`));
    const { stderr } = await collect(['--profile', profile, '--source', '-', '--once'], Readable.from(content), true);
    const drawn = stderr.replaceAll('\u001b[K', '').split(/[\r\n]+/);
    expect(drawn).toContainEqual(expect.stringMatching(/^line 2: /));
    expect(drawn.at(-2)).toBe('events 1 · attested 1 · behind 0 · malformed 1');
  });

  it.each([
    ['a source that is none', ['--source', 'kubernetes']],
    ['--once with an engine', ['--source', 'docker', '--once']],
    ['--through with an engine', ['--source', 'docker', '--through', '2026-11-23']],
    ['an engine URL that is none', ['--source', 'docker:gopher://x']],
    ['a trace that is not there', ['--source', 'file:/nowhere/at/all', '--once']],
    ['a time that is none', ['--source', '-', '--once', '--through', 'tomorrow']],
  ])('ends with 2 and one line for %s', async (_, args) => {
    const spool = join(dir, 'wrong.db');
    const profile = ledger.profilePath('UserMSP', 'collector-1');
    const { code, stdout, stderr } = await collect([
      '--profile',
      profile,
      '--spool',
      spool,
      '--log-level',
      'silent',
      ...args,
    ]);
    expect([code, stdout]).toEqual([EXIT.failed, '']);
    expect(stderr).toMatch(/^event2ledger: [^\n]+\n$/);
  });

  it('stays after the end of a trace without --once, until it is told to stop', async () => {
    const input = new PassThrough();
    const stop = new AbortController();
    const connection = connect(loadProfile(ledger.profilePath('ProviderMSP', 'collector-1')));
    const { traceSource } = await import('../../collector/source/trace.js');
    const running = runCollector({
      connection,
      source: traceSource(() => input, { sourceId: 'live' }),
      spool: join(dir, 'live.db'),
      signal: stop.signal,
      onProgress: ({ attested, behind }) => {
        if (attested === 1 && behind === 0) stop.abort();
      },
    });
    input.end(`${line({ time: DAY + 200n * S, id: 'live' })}\n`);
    expect(await running).toMatchObject({ attested: 1 });
    connection.close();
    expect(await watchesOf('ProviderMSP')).toMatchObject([{ source: 'live' }]);
  });
});

describeWithDocker('collect, on a Docker engine', (engine) => {
  it("attests a container's life for two actors alike", async () => {
    const stop = new AbortController();
    const actors = ['DeveloperMSP', 'UserMSP'];
    const from = (BigInt(Date.now()) * 1_000_000n - 60n * S).toString();
    const watching: Promise<void>[] = [];
    const running = actors.map((actor) => {
      const connection = connect(loadProfile(ledger.profilePath(actor, 'collector-1')));
      let ready = () => {};
      watching.push(
        new Promise((resolve) => {
          ready = resolve;
        }),
      );
      return runCollector({
        connection,
        source: dockerSource(dockerEngine(dockerAt(engine.host, {}))),
        spool: join(dir, `${actor}.db`),
        signal: stop.signal,
        maxAgeMs: 50,
        log: { debug() {}, warn() {}, error() {}, info: (text) => void (text.startsWith('Watching') && ready()) },
        onProgress: ({ attested }) => {
          counts.set(actor, attested);
          if (actors.every((one) => (counts.get(one) ?? 0) >= 6)) lived();
        },
      }).finally(() => connection.close());
    });
    const counts = new Map<string, number>();
    let lived = () => {};
    const life = new Promise<void>((resolve) => {
      lived = resolve;
    });
    await Promise.all(watching);
    await engine.cli('run', '--rm', '--network', 'none', '--name', 'IMG1', TEST_IMAGE);
    await life;
    stop.abort();
    for (const summary of await Promise.all(running)) expect(summary).toMatchObject({ malformed: 0, behind: 0 });
    const to = (BigInt(Date.now()) * 1_000_000n + 60n * S).toString();
    const events = await eventsOf(from, to);
    expect(events.map(({ event }) => event.action).sort()).toEqual(
      ['connect', 'create', 'destroy', 'die', 'disconnect', 'start'].sort(),
    );
    for (const event of events) expect(event.attestations.map((one) => one.actor).sort()).toEqual(actors);
  });
});
