import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { tokenSigner } from '../../network/pkcs11.js';
import { loadProfile } from '../../network/profile.js';
import { read } from '../deploy/documents.js';
import { event2ledger } from '../support/command.js';
import { TestLedger, temporaryFolder } from './support/ledger.js';

const LIBRARY = '/usr/lib/softhsm/libsofthsm2.so';
const PIN = 'one two three';
const TOKEN = { library: LIBRARY, label: 'actors', keyId: 'A1B2' };

/** Why a real token cannot be had here; undefined if it can. */
function lacking(): string | undefined {
  if (!existsSync(LIBRARY)) return `no ${LIBRARY} (Debian: softhsm2)`;
  try {
    createRequire(import.meta.url)('pkcs11js');
    return undefined;
  } catch {
    return 'the optional package pkcs11js was not built';
  }
}

const reason = lacking();
if (reason !== undefined) console.warn(`left out: a key in a token: ${reason}`);

describe.skipIf(reason)(`a key in a token${reason === undefined ? '' : `: left out: ${reason}`}`, () => {
  const folder = temporaryFolder();
  let ledger: TestLedger;
  let file: string;
  let original: Record<string, unknown>;
  let logins: MockInstance;

  const write = (pkcs11: object, more: object = {}) =>
    writeFileSync(file, JSON.stringify({ ...original, privateKey: undefined, pkcs11, ...more }));
  const env = { E2L_PIN: PIN };

  beforeAll(async () => {
    // Before the module is first used: it binds its methods then.
    const { PKCS11 } = createRequire(import.meta.url)('pkcs11js') as { PKCS11: { prototype: { C_Login(): void } } };
    logins = vi.spyOn(PKCS11.prototype, 'C_Login');
    mkdirSync(join(folder.path, 'tokens'));
    const config = join(folder.path, 'softhsm2.conf');
    writeFileSync(config, `directories.tokendir = ${join(folder.path, 'tokens')}\nobjectstore.backend = file\n`);
    process.env.SOFTHSM2_CONF = config;
    ledger = await TestLedger.start();
    file = ledger.ledger.profilePath('UserMSP', 'collector-1');
    original = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const key = join(dirname(file), String(original.privateKey));
    const util = (...args: string[]) => execFileSync('softhsm2-util', args, { stdio: 'pipe' });
    util('--init-token', '--free', '--label', TOKEN.label, '--pin', PIN, '--so-pin', 'not so secret');
    util('--import', key, '--token', TOKEN.label, '--label', 'collector-1', '--id', TOKEN.keyId, '--pin', PIN);
    const other = join(dirname(ledger.ledger.profilePath('UserMSP', 'reconciler')), 'key.pem');
    util('--import', other, '--token', TOKEN.label, '--label', 'another', '--id', 'FF', '--pin', PIN);
    // From here on the token alone has it.
    rmSync(key);
  });
  afterAll(async () => {
    await ledger?.end();
    logins?.mockRestore();
    folder.remove();
  });

  it('signs what the ledger accepts, many at once', async () => {
    write({ ...TOKEN, pinEnv: 'E2L_PIN' });
    const profile = loadProfile(file, env);
    const signer = tokenSigner({ ...TOKEN, pin: PIN }, profile.certificate);
    const messages = Array.from({ length: 20 }, (_, index) => Buffer.from(`message ${index}`));
    const signatures = await Promise.all(messages.map((message) => signer.sign(message)));
    signer.close();
    const publicKey = createPublicKey(profile.certificate);
    for (const [index, signature] of signatures.entries()) {
      expect(verify('sha256', messages[index] ?? Buffer.of(), publicKey, signature)).toBe(true);
    }
    const connection = ledger.with(profile);
    const heights = await Promise.all(Array.from({ length: 10 }, () => connection.height()));
    expect(new Set(heights).size).toBe(1);
  });

  it('serves the command, which attests with it', async () => {
    const pinFile = join(dirname(file), 'pin');
    writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 });
    write({ ...TOKEN, pinFile: 'pin' });
    const trace = join(folder.path, 'trace.ndjson');
    writeFileSync(
      trace,
      '{"Type":"container","Action":"start","Actor":{"ID":"c1","Attributes":{"name":"web"}},"scope":"local","timeNano":1795300553028063346}\n',
    );
    const collect = ['collect', '--profile', file, '--source', `file:${trace}`, '--once', '--json'];
    const { code, stdout, stderr } = await event2ledger(collect);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ recorded: 1, attested: 1, behind: 0 });
    chmodSync(pinFile, 0o644);
    const open = await event2ledger(collect);
    expect(open.code).toBe(2);
    expect(open.stderr).toMatch(/PIN .*pin is open to others \(mode 0644\)/);
  });

  it('says what is wrong with the token', async () => {
    const signed = async (change: object) => {
      const signer = tokenSigner({ ...TOKEN, pin: PIN, ...change }, loadProfile(file, env).certificate);
      return await signer.sign(Buffer.from('x')).finally(signer.close);
    };
    write({ ...TOKEN, pinEnv: 'E2L_PIN' });
    const wrong = async (change: object, message: RegExp) => {
      const failure = await signed(change).catch((error) => error);
      expect(failure).toMatchObject({ code: 'TOKEN', retryable: false });
      expect(failure.message).toMatch(message);
    };
    await wrong({ label: 'none' }, /has no token "none"; put it in, or correct "label"/);
    await wrong({ keyId: '00' }, /"actors".*has no EC key 00; correct "keyId"/);
    await wrong({ library: '/etc/hostname' }, /library \/etc\/hostname cannot be loaded \(.*correct "library"/);
    await wrong({ library: '/no/such.so' }, /library \/no\/such\.so cannot be loaded \(cannot open shared object/);
    await expect(signed({ keyId: 'FF' })).rejects.toThrow(/does not belong to the certificate/);
  });

  it('gives a token a wrong PIN once, however many signatures and connections wait for it', async () => {
    // A token asks for the PIN once a process, as long as a session is open.
    ledger.closeConnections();
    logins.mockClear();
    write({ ...TOKEN, pinEnv: 'E2L_PIN' });
    const { certificate } = loadProfile(file, env);
    const signers = [1, 2].map(() => tokenSigner({ ...TOKEN, pin: 'wrong' }, certificate));
    const queued = signers.flatMap((signer) => [1, 2, 3].map(() => signer.sign(Buffer.from('x'))));
    for (const signed of await Promise.allSettled(queued)) {
      expect(signed).toMatchObject({ status: 'rejected', reason: { code: 'TOKEN', retryable: false } });
    }
    await expect(signers[0]?.sign(Buffer.from('later'))).rejects.toThrow(/CKR_PIN_INCORRECT.*Correct the PIN/);
    expect(logins).toHaveBeenCalledTimes(1);
    // Another PIN is another try.
    const right = tokenSigner({ ...TOKEN, pin: PIN }, certificate);
    await expect(right.sign(Buffer.from('x'))).resolves.toBeInstanceOf(Uint8Array);
    expect(logins).toHaveBeenCalledTimes(2);
    right.close();
  });

  it('ends the command after one wrong PIN, with the code on which the systemd unit does not start it again', async () => {
    const tries = join(folder.path, 'tries');
    const counter = join(folder.path, 'count-logins.cjs');
    const pkcs11js = JSON.stringify(createRequire(import.meta.url).resolve('pkcs11js'));
    writeFileSync(
      counter,
      `const { PKCS11 } = require(${pkcs11js});
       const login = PKCS11.prototype.C_Login;
       PKCS11.prototype.C_Login = function (...args) {
         require('node:fs').appendFileSync(${JSON.stringify(tries)}, 'x');
         return login.apply(this, args);
       };`,
    );
    write({ ...TOKEN, pinEnv: 'E2L_PIN' });
    const trace = join(folder.path, 'trace.ndjson');
    const spool = join(folder.path, 'wrong-pin.spool');
    const collect = ['collect', '--profile', file, '--source', `file:${trace}`, '--spool', spool];
    const { code, stderr } = await event2ledger(collect, {
      env: { E2L_PIN: 'wrong', NODE_OPTIONS: `--require=${counter}` },
    });
    expect(stderr).toMatch(/CKR_PIN_INCORRECT.*Correct the PIN/);
    expect(stderr).not.toMatch(/The ledger (?:refused|does not answer)/);
    expect(readFileSync(tries, 'utf8')).toBe('x');
    const prevented = /^RestartPreventExitStatus=(.*)$/m.exec(read('deploy/event2ledger-collector.service'))?.[1];
    expect(prevented?.split(' ')).toContain(String(code));
  });

  it.each([
    ['label', 'nobody', /has no token "nobody"/],
    ['keyId', 'ffff', /has no EC key ffff/],
    ['library', '/no/such.so', /library \/no\/such\.so cannot be loaded/],
    ['keyId', 'FF', /key FF in the token "actors" does not belong to the certificate/],
  ])('ends the command with 2 where the profile has a wrong %s: %s', async (name, value, message) => {
    write({ ...TOKEN, pinEnv: 'E2L_PIN', [name]: value });
    const spool = join(folder.path, 'wrong-token.spool');
    const collect = ['collect', '--profile', file, '--source', '-', '--spool', spool];
    const { code, stderr } = await event2ledger(collect, { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/The ledger (?:refused|does not answer)/);
  });

  it('takes the PIN from where the profile has it, and from there alone', () => {
    write({ ...TOKEN, pinEnv: 'E2L_PIN' });
    expect(() => loadProfile(file, {})).toThrow(/PIN of the token "actors" is not in the variable E2L_PIN/);
    write({ ...TOKEN });
    expect(() => loadProfile(file, env)).toThrow(/give the PIN by pinEnv/);
    write({ ...TOKEN, pin: PIN });
    expect(() => loadProfile(file, env)).toThrow(/malformed: pkcs11/);
    write({ ...TOKEN, pinEnv: 'E2L_PIN' }, { privateKey: 'key.pem' });
    expect(() => loadProfile(file, env)).toThrow(/either privateKey or pkcs11/);
  });
});
