import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { NetworkError } from './errors.js';

/** What an identity needs to reach a channel: loaded, with the contents of the files that `profile.json` names. */
export interface Profile {
  readonly mspId: string;
  /** The identity's name: its certificate's common name. */
  readonly name: string;
  /** `host:port` of the peer that serves the gateway. */
  readonly endpoint: string;
  /** PEM of the CA that signed the peer's TLS certificate. */
  readonly tlsCa: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** The name in the peer's TLS certificate, where it is not the endpoint's host. */
  readonly tlsHost?: string;
  readonly channel: string;
  readonly chaincode: string;
}

const text = z.string().min(1).max(4096);

/** `profile.json` as it stands on disk: file names are relative to its folder. */
const profileFileSchema = z.object({
  mspId: text,
  name: text,
  endpoint: z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port'),
  tlsHost: text.optional(),
  tlsCaCert: text,
  certificate: text,
  privateKey: text,
  channel: text,
  chaincode: text,
});
export type ProfileFile = z.infer<typeof profileFileSchema>;

/**
 * Reads a connection profile and the files it names.
 * @param file path of a `profile.json`
 * @throws NetworkError `PROFILE` if a file is missing or unreadable, the private key's file is open to others, or
 * key, certificate and name do not belong together.
 */
export function loadProfile(file: string): Profile {
  const content = parseProfile(file, read(file, 'The profile'));
  const at = (path: string) => resolve(dirname(file), path);
  checkPrivate(at(content.privateKey));
  const profile = {
    mspId: content.mspId,
    name: content.name,
    endpoint: content.endpoint,
    tlsCa: read(at(content.tlsCaCert), "The profile's TLS CA certificate"),
    certificate: read(at(content.certificate), "The profile's certificate"),
    key: read(at(content.privateKey), "The profile's private key"),
    ...(content.tlsHost === undefined ? {} : { tlsHost: content.tlsHost }),
    channel: content.channel,
    chaincode: content.chaincode,
  };
  checkBelongTogether(file, profile);
  return profile;
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new NetworkError('PROFILE', `${what} ${file} ${why}.`, { cause });
  }
}

function parseProfile(file: string, content: string): ProfileFile {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new NetworkError('PROFILE', `The profile ${file} is no JSON.`, { cause });
  }
  const result = profileFileSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  throw new NetworkError('PROFILE', `The profile ${file} is malformed: ${where}${issue?.message}.`);
}

/** A key that others can read is no longer its owner's alone. Windows has no such modes. */
function checkPrivate(file: string): void {
  if (process.platform === 'win32') return;
  let mode: number;
  try {
    mode = statSync(file).mode;
  } catch (cause) {
    throw new NetworkError('PROFILE', `The profile's private key ${file} does not exist.`, { cause });
  }
  if ((mode & 0o077) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    throw new NetworkError(
      'PROFILE',
      `The private key ${file} is open to others (mode ${octal}); run chmod 600 on it.`,
    );
  }
}

function checkBelongTogether(file: string, profile: Profile): void {
  let certificate: X509Certificate;
  let belongs: boolean;
  try {
    certificate = new X509Certificate(profile.certificate);
    belongs = certificate.checkPrivateKey(createPrivateKey(profile.key));
  } catch (cause) {
    throw new NetworkError('PROFILE', `The certificate or the private key of the profile ${file} is no valid PEM.`, {
      cause,
    });
  }
  if (!belongs) {
    throw new NetworkError('PROFILE', `The private key of the profile ${file} does not belong to its certificate.`);
  }
  if (!certificate.subject.split('\n').includes(`CN=${profile.name}`)) {
    throw new NetworkError('PROFILE', `The certificate of the profile ${file} is not one of "${profile.name}".`);
  }
}
