import { X509Certificate } from 'node:crypto';
import { RecordError } from './errors.js';

/** The names in a certificate's subject by which the record knows its holder. */
export interface CertificateNames {
  /** The one common name: a collector's name. */
  readonly commonName: string;
  /** The organisational units, in the certificate's order. */
  readonly units: readonly string[];
}

// One block and nothing else: Go and OpenSSL then cannot read two different certificates out of the same bytes.
const ONE_CERTIFICATE = /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;

// Reading a certificate takes a quarter of a millisecond, and the same few sign every transaction.
const MAX_KNOWN = 256;
const known = new Map<string, CertificateNames>();

/**
 * Reads the names of a PEM certificate, the way contract and reconciler must agree on.
 * @throws RecordError `CERTIFICATE` if it is not one X.509 certificate with exactly one common name.
 */
export function certificateNames(pem: string): CertificateNames {
  const before = known.get(pem);
  if (before !== undefined) return before;
  const names = readNames(pem);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(pem, names);
  return names;
}

function readNames(pem: string): CertificateNames {
  if (!ONE_CERTIFICATE.test(pem)) unreadable('it is not one certificate in PEM');
  const subject = subjectOf(pem);
  const [commonName, ...others] = valuesOf(subject, 'CN');
  if (commonName === undefined || others.length > 0) return unreadable('it has not exactly one common name');
  return Object.freeze({ commonName, units: Object.freeze([...valuesOf(subject, 'OU')]) });
}

/** Whether a certificate speaks for its actor in policy matters: one of its organisational units is `admin`. */
export function isAdmin(names: Pick<CertificateNames, 'units'>): boolean {
  return names.units.includes('admin');
}

type Subject = Readonly<Record<string, string | readonly string[] | undefined>>;

function subjectOf(pem: string): Subject {
  try {
    // The legacy object, not the printed subject: no separator in a value can pass for another field.
    return (new X509Certificate(pem).toLegacyObject().subject ?? {}) as unknown as Subject;
  } catch (cause) {
    return unreadable('it is no X.509 certificate', cause);
  }
}

function valuesOf(subject: Subject, name: string): readonly string[] {
  const value = Object.hasOwn(subject, name) ? subject[name] : undefined;
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

function unreadable(why: string, cause?: unknown): never {
  throw new RecordError('CERTIFICATE', `The identity's certificate cannot be used: ${why}.`, { cause });
}
