import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { HALF_ORDER } from './signer.js';

/** A certificate and its private key, both PEM. */
export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

/** What an identity may do, as its certificate's organisational unit says (Fabric's node OUs). */
export type Role = 'client' | 'admin' | 'peer' | 'orderer';

/** From when to when a certificate is valid. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const CA_YEARS = 15;
const IDENTITY_YEARS = 10;
const CLOCK_SKEW_MS = 5 * 60 * 1000;

type KeyPair = webcrypto.CryptoKeyPair;
type Issuer = { readonly certificate: X509Certificate; readonly key: webcrypto.CryptoKey };

/** A self-signed certification authority. */
export async function newCa(name: string, organisation: string): Promise<Credentials> {
  const keys = await newKeys();
  const subjectKey = await SubjectKeyIdentifierExtension.create(keys.publicKey);
  const certificate = await withLowS(() =>
    X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: serial(),
        name: [{ CN: [name] }, { O: [organisation] }],
        ...validity(CA_YEARS),
        signingAlgorithm: ALGORITHM,
        keys,
        extensions: [
          new BasicConstraintsExtension(true, 0, true),
          new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
          subjectKey,
        ],
      },
      webcrypto,
    ),
  );
  return { certificate: certificate.toString('pem'), key: await pemOf(keys) };
}

/** A certificate for an identity of an actor: its common name is the identity's name, its unit its role. */
export async function newIdentity(
  ca: Credentials,
  name: string,
  role: Role,
  valid: Validity = validity(IDENTITY_YEARS),
): Promise<Credentials> {
  const usage = new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true);
  return issue(ca, [{ CN: [name] }, { OU: [role] }], [usage], valid);
}

/** A TLS certificate for the loopback names, of a server that may also be the client of another. */
export async function newLoopbackServer(ca: Credentials, name = 'localhost'): Promise<Credentials> {
  return issue(
    ca,
    [{ CN: [name] }],
    [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyAgreement, true),
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  );
}

async function issue(
  ca: Credentials,
  subject: Record<string, string[]>[],
  usage: Extension[],
  valid: Validity = validity(IDENTITY_YEARS),
): Promise<Credentials> {
  const issuer = await load(ca);
  const keys = await newKeys();
  const extensions = [
    new BasicConstraintsExtension(false, undefined, true),
    ...usage,
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.certificate),
  ];
  const certificate = await withLowS(() =>
    X509CertificateGenerator.create(
      {
        serialNumber: serial(),
        subject,
        issuer: issuer.certificate.subjectName,
        ...valid,
        signingAlgorithm: ALGORITHM,
        publicKey: keys.publicKey,
        signingKey: issuer.key,
        extensions,
      },
      webcrypto,
    ),
  );
  return { certificate: certificate.toString('pem'), key: await pemOf(keys) };
}

async function load(ca: Credentials): Promise<Issuer> {
  const [pkcs8] = PemConverter.decode(ca.key);
  if (pkcs8 === undefined) throw new Error('the CA key is no PEM');
  const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
  return { certificate: new X509Certificate(ca.certificate), key };
}

async function newKeys(): Promise<KeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as KeyPair;
}

async function pemOf(keys: KeyPair): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`;
}

/**
 * Issues until the signature's `s` is in the lower half of the curve's order, as every second one is. Fabric's membership
 * service rewrites certificates whose `s` is not, and then holds other bytes than we do.
 */
async function withLowS(make: () => Promise<X509Certificate>): Promise<X509Certificate> {
  for (;;) {
    const certificate = await make();
    if (hasLowS(new Uint8Array(certificate.signature))) return certificate;
  }
}

/** Of a DER sequence of the two integers r and s. */
function hasLowS(signature: Uint8Array): boolean {
  const s = signature.subarray(4 + (signature[3] ?? 0) + 2);
  return BigInt(`0x${Buffer.from(s).toString('hex')}`) <= HALF_ORDER;
}

function validity(years: number): Validity {
  const now = Date.now();
  return { notBefore: new Date(now - CLOCK_SKEW_MS), notAfter: new Date(now + years * 365 * 86_400_000) };
}

function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  // A positive number without leading zeros, as DER wants it.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
