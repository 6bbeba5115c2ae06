import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EventAnswer, type Page, parseCanonicalEvent } from '#chaincode';
import { connect, type LedgerConnection } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { batchText, canonicalEvent, DAY_START } from '../network/support/ledger.js';
import { event2ledger } from '../support/command.js';
import { fabricLacks } from '../support/fabric.js';

const ACTORS = ['ProviderMSP', 'DeveloperMSP', 'UserMSP'];
const EVENTS = 1500;
const STAND_IN = fileURLToPath(new URL('couchdb/', import.meta.url));
/** Three URLs, separated by commas, of CouchDBs to test on in place of the stand-in. */
const GIVEN = process.env.E2L_TEST_COUCHDB;

const hasDatabase = GIVEN !== undefined || existsSync(join(STAND_IN, 'node_modules'));
const noDatabase = 'no CouchDB: set E2L_TEST_COUCHDB, or "npm ci --prefix test/fabric/couchdb" for the stand-in';
const reason = fabricLacks() ?? (hasDatabase ? undefined : noDatabase);
const name = `rich queries on Fabric, state in ${GIVEN === undefined ? 'a stand-in for CouchDB' : 'CouchDB'}`;
if (reason !== undefined) {
  if (process.env.E2L_REQUIRE_FABRIC === '1') throw new Error(`${name}: ${reason}`);
  describe(name, () => it.skip(`left out: ${reason}`, () => {}));
}

describe.skipIf(reason !== undefined)(name, () => {
  const folder = mkdtempSync(join(tmpdir(), 'event2ledger-couchdb-'));
  const network = join(folder, 'network');
  const databases: ChildProcess[] = [];
  let urls: string[] = [];
  let ledger: LedgerConnection;

  const profile = (actor: string, identity: string) => join(network, 'actors', actor, identity, 'profile.json');
  const select = (selector: object, ...args: string[]) =>
    event2ledger([
      ...['query', 'events', '--json', '--profile', profile('UserMSP', 'reconciler')],
      ...['--selector', JSON.stringify(selector), ...args],
    ]);
  const selected = async (selector: object, ...args: string[]): Promise<EventAnswer[]> => {
    const { code, stdout, stderr } = await select(selector, ...args);
    expect([code, stderr]).toEqual([0, '']);
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as EventAnswer]));
  };
  const namesOf = (answers: readonly EventAnswer[]) =>
    answers.map(({ event }) => (event.attributes as Record<string, string>).name).sort();

  beforeAll(async () => {
    urls = GIVEN?.split(',') ?? [];
    while (urls.length < ACTORS.length) {
      const database = spawn(process.execPath, [join(STAND_IN, 'server.mjs')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      databases.push(database);
      const [url] = await once(createInterface(database.stdout), 'line');
      urls.push(url as string);
    }
    const up = ['network', 'up', '--data', network, '--state', 'couchdb', '--couchdb', urls.join(',')];
    const { code, stderr } = await event2ledger(up);
    expect(code, stderr).toBe(0);
    ledger = connect(loadProfile(profile('UserMSP', 'reconciler')));
    const attest = async (actor: string, ...wishes: Parameters<typeof batchText>) => {
      const collector = connect(loadProfile(profile(actor, 'collector-1')));
      await collector.submit('Attest', batchText(...wishes));
      collector.close();
    };
    await attest('UserMSP', { run: 'run-1', events: 1000 });
    await attest('UserMSP', { run: 'run-2', events: EVENTS - 1000, first: 1001 });
    await attest('ProviderMSP', { run: 'run-1', events: 10 });
  }, 240_000);

  afterAll(async () => {
    ledger?.close();
    if (existsSync(join(network, 'network.json'))) await event2ledger(['network', 'clean', '--data', network]);
    await Promise.all(
      databases.map(async (database) => {
        const ended = once(database, 'exit');
        database.kill('SIGTERM');
        await ended;
      }),
    );
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('find attestations by what their events hold', async () => {
    expect(namesOf(await selected({ 'attributes.name': 'IMG7' }))).toEqual(['IMG7']);
    const { object } = parseCanonicalEvent(canonicalEvent(12));
    expect(namesOf(await selected({ object, type: 'container' }))).toEqual(['IMG12']);
    expect(await selected({ type: 'network' })).toEqual([]);
  });

  it('by who made them, and give those alone', async () => {
    const byProvider = await selected({ actor: 'ProviderMSP' });
    expect(byProvider).toHaveLength(10);
    for (const { attestations } of byProvider) {
      expect(attestations.map(({ actor }) => actor)).toEqual(['ProviderMSP']);
    }
    const [seventh] = await selected({ 'attributes.name': 'IMG7' });
    expect(seventh?.attestations.map(({ actor }) => actor)).toEqual(['ProviderMSP', 'UserMSP']);
  });

  it('by time', async () => {
    const at = (second: number) => String(DAY_START + BigInt(second) * 1_000_000_000n);
    expect(namesOf(await selected({ time: { $gt: at(3), $lte: at(5) } }))).toEqual(['IMG4', 'IMG5']);
    expect(namesOf(await selected({}, '--from', at(3), '--to', at(5)))).toEqual(['IMG3', 'IMG4']);
    expect(namesOf(await selected({ time: { $in: [at(1), at(9)] } }))).toEqual(['IMG1', 'IMG9']);
  });

  it('by conditions joined', async () => {
    const either = { $or: [{ 'attributes.name': 'IMG1' }, { 'attributes.name': 'IMG2' }], actor: 'ProviderMSP' };
    expect(namesOf(await selected(either))).toEqual(['IMG1', 'IMG2']);
    const neither = {
      actor: 'ProviderMSP',
      'attributes.name': { $nin: ['IMG1', 'IMG2'] },
      $not: { number: { $gt: 4 } },
    };
    expect(namesOf(await selected(neither))).toEqual(['IMG3', 'IMG4']);
  });

  it('page through all, each once', async () => {
    const seen: string[] = [];
    const sizes: number[] = [];
    let bookmark = '';
    do {
      const page = JSON.parse(
        await ledger.evaluate('QueryEvents', '{"actor":"UserMSP"}', bookmark),
      ) as Page<EventAnswer>;
      sizes.push(page.events.length);
      seen.push(...page.events.map(({ reference }) => reference));
      bookmark = page.bookmark;
    } while (bookmark !== '');
    expect(sizes).toEqual([1000, 500]);
    expect(new Set(seen).size).toBe(EVENTS);
  });

  it('give the attested bytes, and those that listings give', async () => {
    const [event] = await selected({ 'attributes.name': 'IMG7' });
    const listed = JSON.parse(await ledger.evaluate('GetEvent', event?.reference ?? '')) as EventAnswer;
    expect(listed).toEqual(event);
    const page = await ledger.evaluate('QueryEvents', '{"attributes.name":"IMG7"}', '');
    expect(page).toContain(`"event":${canonicalEvent(7)}}`);
  });

  it('have the indexes of the package', async () => {
    for (const url of urls) {
      const answer = await fetch(new URL('/events_event2ledger/_index', url));
      const { indexes } = (await answer.json()) as { indexes: { name: string; type: string }[] };
      const names = indexes.filter(({ type }) => type === 'json').map((index) => index.name);
      expect(names.sort()).toEqual([
        'by-actor-and-collector',
        'by-image',
        'by-name',
        'by-object',
        'by-type-and-action',
      ]);
    }
  });

  it('refuse what is no selector, and never show another kind of row', async () => {
    const { code, stderr } = await select({ _id: { $gt: 'p/' } });
    expect([code, stderr]).toEqual([2, expect.stringContaining('names "_id"')]);
    const everything = await selected({ run: { $ne: 'none' } });
    expect(everything).toHaveLength(EVENTS);
  });

  it('say so when a bookmark is made up', async () => {
    await expect(ledger.evaluate('QueryEvents', '{}', 'made-up')).rejects.toMatchObject({
      message: expect.stringMatching(/state database refused the query/),
    });
  });

  it('leave the peers well', () => {
    for (const actor of ACTORS) {
      const log = readFileSync(join(network, 'logs', `peer.${actor}.log`), 'utf8');
      expect(log).not.toMatch(/panic|FATA/);
    }
  });
});
