import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serveLedger } from '../../network/embedded/ledger.js';
import { type Founding, keepSettings, newSettings, refuseOthersFolder } from '../../network/fabric/founding.js';
import { withLock } from '../../network/fabric/lock.js';
import { removeNetwork, startNetwork, stopNetwork } from '../../network/fabric/network.js';
import { endProcess, launch } from '../../network/fabric/processes.js';
import { readNetworkSettings, writeNetworkSettings } from '../../network/fabric/settings.js';

const SECRET = 'sesame';
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'e2l folder-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const founding = (): Founding => ({
  dataDir,
  wishes: {},
  defaults: {
    consensus: 'raft',
    channel: 'events',
    actors: ['ProviderMSP', 'DeveloperMSP', 'UserMSP'],
    auditor: 'AuditorMSP',
    blocks: { timeout: 500, transactions: 500, bytes: 1024 * 1024 },
    leaderTimeout: 100,
    state: { database: 'couchdb', urls: [`http://admin:${SECRET}@localhost:5984`] },
  },
});

/** Nothing comes so far that these are called. */
const nobody = {
  programs: { peer: '', orderer: '', configtxgen: '', osnadmin: '', ccaasBuilder: '' },
  signal: new AbortController().signal,
};
const nowhere: Founding['wishes'] = {
  state: { database: 'couchdb', urls: [`http://admin:${SECRET}@localhost:1`] },
};

async function found(): Promise<void> {
  writeNetworkSettings(dataDir, await newSettings(founding()));
}

it.each(['logs', 'channel', 'ca'])("a folder whose %s is its user's cannot become a network's", async (name) => {
  mkdirSync(join(dataDir, name));
  expect(() => refuseOthersFolder(dataDir)).toThrow(expect.objectContaining({ code: 'DATA_DIR' }));
  await found();
  expect(() => refuseOthersFolder(dataDir)).not.toThrow();
});

it('nor one whose run is, but one where a start was given up can', async () => {
  mkdirSync(join(dataDir, 'run'));
  writeFileSync(join(dataDir, 'run', 'lock'), '');
  expect(() => refuseOthersFolder(dataDir)).not.toThrow();
  writeFileSync(join(dataDir, 'run', 'mine.pid'), '1');
  expect(() => refuseOthersFolder(dataDir)).toThrow(expect.objectContaining({ code: 'DATA_DIR' }));
});

it('what cannot be written is said in a sentence', async () => {
  const path = '/proc/event2ledger/cert.pem';
  const writing = withLock(dataDir, async () => writeFileSync(path, ''));
  await expect(writing).rejects.toMatchObject({ code: 'DATA_DIR', message: expect.stringContaining(path) });
});

it('a folder whose network.json is something else is left as it is', async () => {
  writeFileSync(join(dataDir, 'network.json'), '{"a":1}');
  await expect(startNetwork({ ...founding(), ...nobody })).rejects.toMatchObject({ code: 'DATA_DIR' });
  expect(readdirSync(dataDir)).toEqual(['network.json']);
});

it('a CouchDB that does not answer is named, without its password, before anything is made', async () => {
  const path = join(dataDir, 'new');
  const refused = await startNetwork({ ...founding(), ...nobody, dataDir: path, wishes: nowhere }).catch(String);
  expect(refused).toMatch(/No CouchDB listens at http:\/\/localhost:1 \(ECONNREFUSED\)/);
  expect(refused).not.toContain(SECRET);
  expect(existsSync(path)).toBe(false);
});

it('an embedded ledger is not made in the folder of a network', async () => {
  await found();
  await expect(serveLedger({ dataDir })).rejects.toMatchObject({ code: 'DATA_DIR' });
  expect(readdirSync(dataDir)).toEqual(['network.json']);
});

it('nothing is left where no network can be made', async () => {
  const { defaults } = founding();
  const up = { ...nobody, defaults };
  for (const wrong of [{ wishes: { channel: 'Events' } }, { wishes: {}, policy: { grace: -1 } }]) {
    const path = join(dataDir, 'new');
    await expect(startNetwork({ ...up, ...wrong, dataDir: path })).rejects.toThrow(/lower-case|grace/);
    expect(existsSync(path)).toBe(false);
  }
});

it('what it keeps is said without the password of a database', async () => {
  const known = await newSettings(founding());
  const refused = (more: Partial<Founding>) => {
    try {
      keepSettings(known, { ...founding(), ...more });
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  expect(refused({})).toBeUndefined();
  const state = refused({ wishes: { state: { database: 'leveldb' } } });
  expect(state).toMatch(/keeps its state, couchdb/);
  expect(state).not.toContain(SECRET);
  expect(refused({ portBase: known.ports['orderer.ProviderMSP'] ?? 0 })).toBeUndefined();
  expect(refused({ portBase: 20_001 })).toMatch(/keeps its ports, from \d{5}/);
});

it('only one command at a time has the lock, and none after it', async () => {
  await found();
  const locked = { code: 'LOCKED' };
  await withLock(dataDir, async () => {
    await expect(stopNetwork(dataDir)).rejects.toMatchObject(locked);
    await expect(removeNetwork(dataDir)).rejects.toMatchObject(locked);
    expect(readNetworkSettings(dataDir)).toBeDefined();
  });
  await expect(stopNetwork(dataDir)).resolves.toEqual([]);
});

it('removing a network leaves nothing of it, and what is none is not removed', async () => {
  await expect(removeNetwork(dataDir)).rejects.toMatchObject({ code: 'DATA_DIR' });
  await found();
  mkdirSync(join(dataDir, 'actors'));
  writeFileSync(join(dataDir, 'notes.txt'), '');
  await removeNetwork(dataDir);
  expect(readdirSync(dataDir)).toEqual(['notes.txt']);
});

it('a process that has the number of one that ended is left alone', async () => {
  const pidFile = join(dataDir, 'a process.json');
  const logFile = join(dataDir, 'a process.log');
  const args = ['-e', 'setInterval(() => {}, 1000)'];
  const { pid } = await launch({
    program: process.execPath,
    args,
    env: process.env,
    folder: dataDir,
    logFile,
    pidFile,
  });
  writeFileSync(pidFile, JSON.stringify({ pid, started: 'at another time' }));
  await endProcess(pidFile, 1000);
  expect(() => process.kill(pid, 0)).not.toThrow();
  expect(existsSync(pidFile)).toBe(false);
  process.kill(pid, 'SIGKILL');
});
