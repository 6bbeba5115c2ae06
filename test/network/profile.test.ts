import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../network/connection.js';
import { DataDir } from '../../network/embedded/data-dir.js';
import { loadProfile } from '../../network/profile.js';
import { temporaryFolder } from './support/ledger.js';

let folder: ReturnType<typeof temporaryFolder>;
let file: string;

beforeEach(async () => {
  folder = temporaryFolder();
  const dir = new DataDir(folder.path);
  await dir.ensureActor('UserMSP');
  await dir.ensureTls();
  const settings = { version: 1 as const, actors: ['UserMSP'], port: 7051 };
  dir.writeSettings(settings);
  dir.writeProfiles(settings);
  file = dir.profilePath('UserMSP', 'collector-1');
});
afterEach(() => folder.remove());

function change(changes: object): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changes }));
}

function expectRefused(message: RegExp): void {
  expect(() => loadProfile(file)).toThrow(expect.objectContaining({ name: 'NetworkError', code: 'PROFILE' }));
  expect(() => loadProfile(file)).toThrow(message);
}

test('a profile loads with the contents of the files it names', () => {
  const profile = loadProfile(file);
  expect(profile).toMatchObject({
    mspId: 'UserMSP',
    name: 'collector-1',
    endpoint: 'localhost:7051',
    channel: 'events',
    chaincode: 'event2ledger',
  });
  for (const pem of [profile.tlsCa, profile.certificate]) expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----/);
  expect(profile.key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  expect(Object.hasOwn(profile, 'tlsHost')).toBe(false);
});

test('private keys are their owner’s alone, and so are the folders', () => {
  for (const parts of [
    ['actors', 'UserMSP', 'collector-1'],
    ['ca', 'UserMSP'],
    ['peers', 'UserMSP'],
    ['tls'],
    ['tlsca'],
  ]) {
    expect(statSync(join(folder.path, ...parts, 'key.pem')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder.path, ...parts)).mode & 0o777).toBe(0o700);
  }
});

test.each([0o640, 0o604, 0o644, 0o660])('a key with mode %o is refused', (mode) => {
  const key = join(dirname(file), 'key.pem');
  chmodSync(key, mode);
  expectRefused(/is open to others \(mode 0\d{3}\); run chmod 600/);
  chmodSync(key, 0o400);
  expect(loadProfile(file).name).toBe('collector-1');
});

test('what is missing or broken is named', () => {
  expect(() => loadProfile(join(folder.path, 'none.json'))).toThrow(/none\.json does not exist/);
  writeFileSync(file, 'no');
  expectRefused(/is no JSON/);
  writeFileSync(file, '{"mspId":"UserMSP"}');
  expectRefused(
    /malformed: name is missing; endpoint is missing; tlsCaCert is missing; certificate is missing; channel is missing; chaincode is missing\.$/,
  );
  writeFileSync(file, '[]');
  expectRefused(/malformed: must be a JSON object\.$/);
});

test('an endpoint must be host and port', () => {
  change({ endpoint: 'https://localhost:7051/' });
  expectRefused(/endpoint must be host:port/);
});

test('a file that the profile names is missing', () => {
  rmSync(join(dirname(file), 'cert.pem'));
  expectRefused(/certificate .*cert\.pem does not exist/);
  rmSync(join(dirname(file), 'key.pem'));
  expectRefused(/private key .*key\.pem does not exist/);
});

test('key, certificate and name must belong together', () => {
  change({ privateKey: '../reconciler/key.pem' });
  expectRefused(/does not belong to its certificate/);
  change({ privateKey: 'key.pem', name: 'reconciler' });
  expectRefused(/is not one of "reconciler"/);
  change({ name: 'collector-1', privateKey: 'cert.pem' });
  chmodSync(join(dirname(file), 'cert.pem'), 0o644);
  expectRefused(/private key .*cert\.pem is no private key in PEM; correct its path/);
  change({ privateKey: 'key.pem', certificate: 'key.pem' });
  expectRefused(/no valid PEM/);
});

test('a peer that does not answer is told apart, and may be tried again', async () => {
  // Port 1 of loopback: nothing listens there.
  const ledger = connect({ ...loadProfile(file), endpoint: 'localhost:1' });
  try {
    const unreachable = { name: 'NetworkError', code: 'UNREACHABLE', retryable: true };
    await expect(ledger.height()).rejects.toMatchObject(unreachable);
    await expect(ledger.submit('Attest', '{}')).rejects.toMatchObject(unreachable);
    const delivered = ledger.blocks(0n)[Symbol.asyncIterator]().next();
    await expect(delivered).rejects.toMatchObject({ code: 'DELIVERY', retryable: true });
  } finally {
    ledger.close();
  }
});

test('an aborted stream of blocks ends quietly', async () => {
  const ledger = connect({ ...loadProfile(file), endpoint: 'localhost:1' });
  const seen: unknown[] = [];
  for await (const block of ledger.blocks(0n, AbortSignal.abort())) seen.push(block);
  ledger.close();
  expect(seen).toEqual([]);
});
