import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import { X509Certificate, X509CertificateGenerator } from '@peculiar/x509';
import { beforeAll, expect, test, vi } from 'vitest';
import { Members } from '../../network/embedded/members.js';
import { type Credentials, newCa, newIdentity } from '../../network/pki.js';
import { messageSigner } from '../../network/signer.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
let ca: Credentials;
let members: Members;

beforeAll(async () => {
  ca = await newCa('ca.UserMSP', 'UserMSP');
  members = new Members(new Map([['UserMSP', ca.certificate]]));
});

function creator(certificate: string, mspId = 'UserMSP'): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificate));
  return identity.serializeBinary();
}

type Subject = Record<string, string[]>[];
const CLIENT: Subject = [{ CN: ['x'] }, { OU: ['client'] }];

/** A certificate of the actor's CA with a subject and a validity of the test's own. */
async function issue(subject: Subject, days: readonly [number, number] = [-1, 1], curve = 'P-256') {
  const algorithm = { ...ALGORITHM, namedCurve: curve };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const [pkcs8] = ca.key.match(/[A-Za-z0-9+/=\n]{60,}/) ?? [''];
  const signingKey = await webcrypto.subtle.importKey('pkcs8', Buffer.from(pkcs8, 'base64'), ALGORITHM, false, [
    'sign',
  ]);
  const [notBefore, notAfter] = days.map((day) => new Date(Date.now() + day * 86_400_000));
  const certificate = await X509CertificateGenerator.create(
    {
      subject,
      issuer: new X509Certificate(ca.certificate).subjectName,
      ...(notBefore === undefined ? {} : { notBefore }),
      ...(notAfter === undefined ? {} : { notAfter }),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey,
    },
    webcrypto,
  );
  return certificate.toString('pem');
}

test('a member is known by MSP, common name and role, and by its signatures', async () => {
  const { certificate, key } = await newIdentity(ca, 'collector-7', 'admin');
  const member = members.identify(creator(certificate));
  expect(member).toMatchObject({ mspId: 'UserMSP', name: 'collector-7', role: 'admin' });
  const message = Buffer.from('message');
  const signature = messageSigner(key)(message);
  expect(member.signed(message, signature)).toBe(true);
  expect(member.signed(Buffer.from('another'), signature)).toBe(false);
  expect(member.signed(message, Buffer.from('no signature'))).toBe(false);
});

test.each([
  ['no role', [{ CN: ['x'] }], /one of the units/],
  ['two roles', [{ CN: ['x'] }, { OU: ['client'] }, { OU: ['admin'] }], /one of the units/],
  ['no name', [{ OU: ['client'] }], /common name/],
  ['two names', [{ CN: ['x'] }, { CN: ['y'] }, { OU: ['client'] }], /common name/],
  ['a role within a name', [{ CN: ['x\nOU=admin'] }], /access denied/],
] as [string, Subject, RegExp][])('a certificate with %s is refused', async (_, subject, why) => {
  const certificate = await issue(subject);
  expect(() => members.identify(creator(certificate))).toThrow(why);
});

test('a certificate counts within its validity alone, also once it is known', async () => {
  const expired = await issue(CLIENT, [-2, -1]);
  expect(() => members.identify(creator(expired))).toThrow(/not valid at this time/);
  const early = await issue(CLIENT, [1, 2]);
  expect(() => members.identify(creator(early))).toThrow(/not valid at this time/);
  const valid = await issue(CLIENT);
  expect(members.identify(creator(valid)).name).toBe('x');
  vi.useFakeTimers({ now: Date.now() + 2 * 86_400_000 });
  try {
    expect(() => members.identify(creator(valid))).toThrow(/not valid at this time/);
  } finally {
    vi.useRealTimers();
  }
});

test('a key of another curve, two certificates, DER, rubbish: all refused', async () => {
  const other = await issue(CLIENT, [-1, 1], 'P-384');
  const valid = await issue(CLIENT);
  expect(() => members.identify(creator(other))).toThrow(/curve/);
  expect(() => members.identify(creator(`${valid}\n${valid}`))).toThrow(/access denied/);
  expect(() => members.identify(creator('rubbish'))).toThrow(/access denied/);
  expect(() => members.identify(Buffer.from('rubbish'))).toThrow(/access denied/);
  expect(() => members.identify(new Uint8Array())).toThrow(/access denied/);
  const der = new msp.SerializedIdentity();
  der.setMspid('UserMSP');
  der.setIdBytes(new Uint8Array(new X509Certificate(valid).rawData));
  expect(() => members.identify(der.serializeBinary())).toThrow(/access denied/);
});
