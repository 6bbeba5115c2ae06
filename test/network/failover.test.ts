import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCa } from '../../network/pki.js';
import { loadProfile, type Profile } from '../../network/profile.js';
import { event2ledger } from '../support/command.js';
import { takeBlocks } from './support/blocks.js';
import { batchText, TestLedger } from './support/ledger.js';

/** A port where nobody listens. */
async function deadEndpoint(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return `localhost:${typeof address === 'object' ? address?.port : 0}`;
}

describe('a profile of several peers', () => {
  let t: TestLedger;
  let profile: Profile;
  let dead: string;
  beforeAll(async () => {
    t = await TestLedger.start();
    dead = await deadEndpoint();
    const { endpoint, tlsCa, ...identity } = t.profile('UserMSP', 'collector-1');
    profile = { ...identity, endpoint: dead, tlsCa, alternatives: [{ endpoint, tlsCa }] };
  });
  afterAll(() => t.end());

  it('asks, submits and delivers through the one that answers', async () => {
    const ledger = t.with(profile);
    expect(JSON.parse(await ledger.evaluate('GetCollectors'))).toEqual([]);
    const { block } = await ledger.submit('Attest', batchText());
    expect(await ledger.height()).toBe(block + 1n);
    // A stream is not moved: it breaks, and is found elsewhere when opened again.
    expect(await takeBlocks(ledger, 0n, 2)).toHaveLength(2);
  });

  it('asks no proxy for what is on this machine', async () => {
    const env = { https_proxy: `http://${dead}`, no_proxy: undefined };
    const { code, stderr } = await event2ledger(
      ['query', 'collectors', '--profile', t.ledger.profilePath('UserMSP', 'reconciler')],
      { env },
    );
    expect(code, stderr).toBe(0);
  });

  it('names the first where none answers', async () => {
    const { alternatives: _, ...alone } = profile;
    const other = await deadEndpoint();
    const ledger = t.with({ ...alone, alternatives: [{ endpoint: other, tlsCa: profile.tlsCa }] });
    await expect(ledger.evaluate('GetCollectors')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining(dead),
    });
  });

  it('ends a command that has its answer, though a peer took the connection and says nothing', {
    timeout: 90_000,
  }, async () => {
    const held = new Set<Socket>();
    const silent = createServer((socket) => held.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const own = t.ledger.profilePath('UserMSP', 'reconciler');
    const { endpoint, tlsCaCert, ...identity } = JSON.parse(readFileSync(own, 'utf8'));
    const file = join(dirname(own), 'silent.json');
    const { port } = silent.address() as AddressInfo;
    const alternatives = [{ endpoint, tlsCaCert }];
    writeFileSync(file, JSON.stringify({ ...identity, endpoint: `localhost:${port}`, tlsCaCert, alternatives }));
    const { code, stdout } = await event2ledger(['query', 'collectors', '--json', '--profile', file]);
    expect({ code, collectors: JSON.parse(stdout).length }).toEqual({ code: 0, collectors: 1 });
    expect(held.size).toBeGreaterThan(0);
    for (const socket of held) socket.destroy();
    silent.close();
  });

  it('takes no refusal to another peer', async () => {
    const ledger = t.with({ ...profile, mspId: 'ProviderMSP' });
    await expect(ledger.evaluate('GetCollectors')).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('does not speak to a peer whose TLS CA is another', async () => {
    const { certificate } = await newCa('tlsca', 'others');
    const { alternatives = [], ...alone } = profile;
    const ledger = t.with({ ...alone, alternatives: alternatives.map((peer) => ({ ...peer, tlsCa: certificate })) });
    await expect(ledger.evaluate('GetCollectors')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('event2ledger profile', () => {
  let t: TestLedger;
  let folder: string;
  let msp: string;
  const channel = ['--channel', 'events'];
  const place = (file: string, content: string) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: 0o600 });
  };

  beforeAll(async () => {
    t = await TestLedger.start();
    folder = join(t.dataDir, '..', 'enrolled');
    msp = join(folder, 'msp');
    const { certificate, key } = t.profile('UserMSP', 'collector-1');
    place(join(msp, 'signcerts', 'cert.pem'), certificate);
    place(join(msp, 'keystore', '0_sk'), t.profile('UserMSP', 'reconciler').key);
    place(join(msp, 'keystore', '1_sk'), key);
    place(join(folder, 'tls-ca.pem'), t.profile('UserMSP', 'collector-1').tlsCa);
  });
  afterAll(() => t.end());

  it('writes the profile of an enrolled identity, with the key that is its', async () => {
    const out = join(folder, 'profile.json');
    const peers = ['--peer', await deadEndpoint(), '--peer', t.ledger.endpoint, '--tls-ca', join(folder, 'tls-ca.pem')];
    const args = ['profile', '--out', out, ...channel, '--msp-id', 'UserMSP', '--msp', msp, ...peers];
    const { code, stderr } = await event2ledger(args);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({
      name: 'collector-1',
      certificate: 'msp/signcerts/cert.pem',
      privateKey: 'msp/keystore/1_sk',
      alternatives: [{ endpoint: t.ledger.endpoint, tlsCaCert: 'tls-ca.pem' }],
    });
    await t.with(loadProfile(out)).submit('Attest', batchText());
  });

  it("takes Fabric's own variables", async () => {
    const out = join(folder, 'by-variables.json');
    const env = {
      CORE_PEER_LOCALMSPID: 'UserMSP',
      CORE_PEER_MSPCONFIGPATH: msp,
      CORE_PEER_ADDRESS: t.ledger.endpoint,
      CORE_PEER_TLS_ROOTCERT_FILE: join(folder, 'tls-ca.pem'),
    };
    const { code, stderr } = await event2ledger(['profile', '--out', out, ...channel], { env });
    expect(code, stderr).toBe(0);
    expect(await t.with(loadProfile(out)).height()).toBeGreaterThan(0n);
  });

  it.each([
    ['a key of the certificate', ['--msp', 'others', '--peer', 'localhost:1'], /holds no key of the certificate/],
    ['a peer', ['--msp', 'msp'], /Give --peer/],
    ['a port', ['--msp', 'msp', '--peer', 'localhost'], /endpoint:? must be host:port/],
  ])('says that it lacks %s', async (_, args, message) => {
    const others = join(folder, 'others');
    place(join(others, 'signcerts', 'cert.pem'), t.profile('UserMSP', 'admin').certificate);
    place(join(others, 'keystore', '0_sk'), t.profile('UserMSP', 'reconciler').key);
    const always = ['--out', 'x.json', ...channel, '--msp-id', 'UserMSP', '--tls-ca', 'tls-ca.pem'];
    const { code, stderr } = await event2ledger(['profile', ...always, ...args], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(join(folder, 'x.json'))).toBe(false);
  });
});
