import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const VALID = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2036-01-01T00:00:00Z') };

/** Who signs a transaction: an MSP and a certificate in PEM. */
export interface Identity {
  readonly mspId: string;
  readonly certificate: string;
}

/** Issues a real certificate of an actor's own CA. `subject` is its list of relative names. */
export async function issue(mspId: string, subject: x509.JsonName): Promise<Identity> {
  const [ca, keys] = await Promise.all([keyPair(), keyPair()]);
  const certificate = await x509.X509CertificateGenerator.create({
    ...VALID,
    serialNumber: '01',
    subject,
    issuer: `CN=ca.${mspId}`,
    publicKey: keys.publicKey,
    signingKey: ca.privateKey,
    signingAlgorithm: ALGORITHM,
  });
  return { mspId, certificate: `${certificate.toString('pem')}\n` };
}

/** A collector's identity: a client certificate with the collector's name. */
export function collectorOf(mspId: string, name = 'collector-1'): Promise<Identity> {
  return issue(mspId, [{ CN: [name] }, { OU: ['client'] }]);
}

export function adminOf(mspId: string): Promise<Identity> {
  return issue(mspId, [{ CN: ['admin'] }, { OU: ['admin'] }]);
}

function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}
