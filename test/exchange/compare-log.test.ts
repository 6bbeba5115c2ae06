import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { canonicalEvent, eventReference, parseDockerEvent } from '#chaincode';
import { streamChannel } from '../../exchange/channel.js';
import { type CompareLogOptions, compareLog } from '../../exchange/compare-log.js';
import { compareWithLedger } from '../../exchange/compare-with-ledger.js';
import { offerOf } from '../../exchange/ledger-sets.js';
import { withOffer } from '../../exchange/other-side.js';
import { decodeHello, encodeHello } from '../../exchange/protocol/hello.js';
import type { Offer } from '../../exchange/session.js';
import { withConnection } from '../../network/connection.js';
import { BINARY, event2ledger } from '../support/command.js';
import { type Consortium, startConsortium } from '../support/consortium.js';
import { containerLife, type TraceEvent, traceLine, traceText } from '../support/trace-lines.js';
import { firstItems } from './exchanging.js';

const DAY = '2026-11-22';
const SOURCE = 'engine-1';

const all = Array.from({ length: 60 }, (_, number) => containerLife(DAY, `web-${number}`, 3_600 + number * 60, 30))
  .flat()
  .sort((a, b) => (BigInt(a.timeNano) < BigInt(b.timeNano) ? -1 : 1));
/** What the provider's collector did not attest, and what the provider's log has lost. */
const unattested = [all[40], all[41], all[90], all[150]] as TraceEvent[];
const unlogged = [all[20], all[200]] as TraceEvent[];

const referenceOf = (event: TraceEvent) => {
  const { hash } = canonicalEvent(parseDockerEvent(traceLine(event)), { source: SOURCE, ignore: [] });
  return eventReference(event.timeNano, hash);
};
const zeros = (bytes: number) => Buffer.alloc(bytes);

/** An event without a time of its own: it stands at the begin of the day, before the log's first one. */
const REMOVED = `{"Type":"service","Action":"remove","Actor":{"ID":"web","Attributes":{}},"scope":"swarm","timeNano":${all.at(-1)?.timeNano}}\n`;
const but = (left: readonly TraceEvent[]) => `${traceText(all.filter((event) => !left.includes(event)))}${REMOVED}`;

describe('a log and the ledger', () => {
  let consortium: Consortium;
  let log: string;
  let whole: string;
  let db: string;
  let old: string;
  let profile: string;

  const serve = (file: string) => `"${process.execPath}" "${BINARY}" exchange serve --db "${file}"`;

  async function compare(file: string, options: Partial<CompareLogOptions>) {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const io = { stdin: new PassThrough(), stdout, stderr, env: {}, signal: new AbortController().signal, exit() {} };
    const code = await compareLog(file, { with: profile, sourceId: SOURCE, ...options }, io);
    stdout.end();
    return { code, out: await text(stdout) };
  }

  beforeAll(async () => {
    consortium = await startConsortium();
    const file = (name: string, content: string) => {
      writeFileSync(join(consortium.dir, name), content);
      return join(consortium.dir, name);
    };
    whole = file('whole.ndjson', but([]));
    log = file('provider.ndjson', but(unlogged));
    const args = (trace: string) => ['--source', `file:${trace}`, '--source-id', SOURCE, '--once'];
    await consortium.collect('ProviderMSP', ...args(file('attested.ndjson', but(unattested))));
    await consortium.collect('DeveloperMSP', ...args(whole));
    await consortium.reconcile();
    db = join(consortium.dir, 'UserMSP.db');
    old = join(consortium.dir, 'old.db');
    copyFileSync(db, old);
    profile = consortium.profile('ProviderMSP');
  });
  afterAll(() => consortium?.close());

  it('finds what is not attested and what is not in the log, from a database here or behind a command', async () => {
    const here = await compare(log, { db, json: true });
    expect(here.code).toBe(1);
    expect(JSON.parse(here.out)).toMatchObject({
      actor: 'ProviderMSP',
      source: SOURCE,
      from: all[0]?.timeNano,
      log: { events: all.length - 1, distinct: all.length - 1, malformed: 0 },
      unattested: unattested.map(referenceOf),
      unlogged: unlogged.map(referenceOf),
      behind: '0',
    });
    const there = await compare(log, { exchange: serve(db), json: true });
    expect(there.code).toBe(1);
    expect(JSON.parse(there.out)).toMatchObject({
      unattested: unattested.map(referenceOf),
      host: { channel: expect.any(String) },
    });
  });

  it('says it for people', async () => {
    const { out } = await compare(log, { db });
    expect(out).toContain(
      `${all.length - 1} events in the log, 4 of them not attested; 2 attested that are not in the log.`,
    );
    expect(out).toContain(`not attested: ${referenceOf(unattested[0] as TraceEvent)}`);
  });

  it('tells of lines that cannot be read, and never calls a log clean that has some, or says nothing', async () => {
    const file = (name: string, content: string) => {
      writeFileSync(join(consortium.dir, name), content);
      return join(consortium.dir, name);
    };
    const attested = but(unattested);
    const broken = await compare(file('broken.ndjson', `${attested}{broken\n`), { db });
    expect(broken.code).toBe(1);
    expect(broken.out).toContain('1 line of the log could not be read');
    const nothing = await compare(file('nothing.ndjson', ''), { db });
    expect(nothing.code).toBe(2);
    expect(nothing.out).toContain('No event of the log');
  });

  it('shows nothing that the other side writes to a terminal that would obey it', async () => {
    const written: string[] = [];
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(`${text}`) > 0);
    try {
      const command = `printf '\\033[31mred\\nline\\n' >&2; exit 3`;
      await expect(compare(log, { exchange: command })).rejects.toMatchObject({ name: 'ExchangeError' });
    } finally {
      write.mockRestore();
    }
    expect(written.join('')).toBe('\\u{1b}[31mred\nline\n');
  });

  /** Compares with what an offer has, as if it were the ledger's. */
  const compareWith = (offer: Offer, open: () => NodeJS.ReadableStream) =>
    withConnection(profile, new AbortController().signal, (connection) =>
      compareWithLedger({
        connection,
        open,
        sourceId: SOURCE,
        ledger: (ask) => withOffer(offer, zeros, ask),
        repair: true,
        signal: new AbortController().signal,
        random: zeros,
      }),
    );

  it('does not take a database of another ledger', async () => {
    const host = { ledger: '00', channel: 'x', block: '1', actors: [] };
    const comparing = compareWith(
      () => ({ host, set: firstItems(3) }),
      () => new PassThrough().end(but([])),
    );
    await expect(comparing).rejects.toMatchObject({ code: 'SCOPE' });
  });

  it.each([
    ['nobody answers for the ledger', {}],
    ['two do', { db: 'a', exchange: 'b' }],
    ['no source is named', { db: 'a', sourceId: '' }],
  ])('is wrong usage where %s', async (_, options) => {
    await expect(compare(log, options)).rejects.toMatchObject({ name: 'UsageError' });
  });

  it('says so if the log is another one when it is read again', async () => {
    let opened = 0;
    const comparing = compareWith(offerOf(db), () => new PassThrough().end(opened++ === 0 ? but([]) : ''));
    await expect(comparing).rejects.toMatchObject({ code: 'LOG' });
  });

  it('ends a side that serves and is told to', async () => {
    const serving = spawn(process.execPath, [BINARY, 'exchange', 'serve', '--db', db]);
    const channel = streamChannel(serving.stdout, serving.stdin);
    await channel.send(encodeHello({ nonce: Buffer.alloc(32), text: '{"actor":"UserMSP"}' }));
    expect(decodeHello((await channel.receive()) as Buffer).text).toContain('"channel"');
    serving.kill('SIGTERM');
    expect(await once(serving, 'close')).toEqual([2, null]);
  });

  it('attests nothing under a source of which its actor has never said anything, unless that is said to be right', async () => {
    const misspelt = { db, sourceId: 'engine-l', repair: true };
    for (const options of [misspelt, { ...misspelt, db: undefined, exchange: serve(db) }]) {
      await expect(compare(log, options)).rejects.toMatchObject({
        code: 'SCOPE',
        message: expect.stringMatching(/ProviderMSP has never said anything of a source engine-l.* knows: engine-1\.$/),
      });
    }
    // Of an actor that has attested nothing yet the others' sources are named.
    const asUser = { ...misspelt, with: consortium.profile('UserMSP') };
    await expect(compare(log, asUser)).rejects.toMatchObject({ message: expect.stringContaining('knows: engine-1.') });
    const { code, out } = await compare(log, { db, sourceId: 'engine-l' });
    expect([code, out]).toEqual([1, expect.stringContaining('a source engine-l; the ledger knows engine-1: look at')]);
  });

  it('repairs what is missing, in a run of its own; then nothing is', async () => {
    const repaired = await compare(whole, { db, repair: true, json: true });
    expect(repaired.code).toBe(1);
    expect(JSON.parse(repaired.out)).toMatchObject({ repaired: { attested: unattested.length, batches: 1 } });
    await consortium.reconcile();
    const again = await compare(whole, { db, repair: true, json: true });
    expect(again.code).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({ unattested: [], unlogged: [] });
    const witness = (await consortium.witnesses())('ProviderMSP');
    expect(witness.runs.length).toBe(2);
    expect([...witness.twoContents, ...witness.broken]).toEqual([]);
    expect([...witness.attested.values()].every((numbers) => numbers.length === 1)).toBe(true);
  });

  it('shows where two databases differ', async () => {
    const { code, stdout } = await event2ledger(['exchange', 'with', serve(old), '--db', db]);
    expect(code).toBe(1);
    expect(stdout).toContain('DeveloperMSP: 0 only here, 0 only there');
    expect(stdout).toContain('ProviderMSP: 4 only here, 0 only there');
    expect(stdout).toContain(`only here: ${referenceOf(unattested[0] as TraceEvent)}: container`);
    const back = await event2ledger(['exchange', 'with', serve(db), '--db', old, '--actor', 'ProviderMSP', '--json']);
    expect(JSON.parse(back.stdout)).toMatchObject({
      actor: 'ProviderMSP',
      here: [],
      there: unattested.map(referenceOf),
    });
    const same = await event2ledger(['exchange', 'with', serve(db), '--db', db, '--source', SOURCE]);
    expect([same.code, same.stderr]).toEqual([0, '']);
    const none = await event2ledger(['exchange', 'with', serve(old), '--db', db, '--to', '2026-11-22']);
    expect(none.code).toBe(0);
  });

  it.each([
    [
      'an actor whom neither knows',
      ['--actor', 'Nobody'],
      'Neither side knows an actor Nobody; name one of DeveloperMSP',
    ],
    [
      'a source that neither knows',
      ['--source', 'nowhere'],
      'Neither side knows a source nowhere; the other side knows',
    ],
    ['a time that ends before it begins', ['--from', '2026-11-23', '--to', '2026-11-22'], '--from must be before --to'],
    ['no time at all', ['--from', '2026-11-22', '--to', '2026-11-22'], '--from must be before --to'],
  ])('exits with 2 for %s', async (_, args, words) => {
    const { code, stdout, stderr } = await event2ledger(['exchange', 'with', serve(old), '--db', db, ...args]);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(words)]);
  });

  it('has nothing to tell of an actor whom the policy knows, and who has attested nothing', async () => {
    const { code, stdout } = await event2ledger(['exchange', 'with', serve(old), '--db', db, '--actor', 'UserMSP']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('UserMSP: 0 only here, 0 only there')]);
  });

  it.each([
    ['a command that speaks of something else', 'echo welcome to this host', 'does not speak this exchange'],
    ['a command that ends', 'exit 3', 'ended before the exchange'],
    ['a database that is not there', 'exchange', ''],
  ])('exits with 2 for %s', async (_, command, words) => {
    const line = command === 'exchange' ? serve(join(consortium.dir, 'none.db')) : command;
    const { code, stderr } = await event2ledger(['exchange', 'with', line, '--db', db]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('unexpected');
  });

  it('attests under another source where that is wished', async () => {
    const first = join(consortium.dir, 'first.ndjson');
    writeFileSync(first, traceText(all.slice(0, 2)));
    const wished = { db, sourceId: 'engine-2', repair: true, newSource: true, json: true };
    expect(JSON.parse((await compare(first, wished)).out)).toMatchObject({ repaired: { attested: 2 } });
  });
});
