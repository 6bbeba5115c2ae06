import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { certificateNames, RecordError } from '#chaincode';
import { replaceFile } from './actor-folders.js';
import { NetworkError } from './errors.js';
import { type Profile, type ProfileFile, profileOf } from './profile.js';

/** What an existing network's operators know. */
export interface MspProfile {
  /** The profile to write. */
  readonly out: string;
  readonly mspId: string;
  /** As Fabric's CA client and cryptogen lay it out: `signcerts/`, `keystore/`. */
  readonly mspFolder: string;
  /** At least one, tried in order. */
  readonly peers: readonly { readonly endpoint: string; readonly tlsCaFile: string; readonly tlsHost?: string }[];
  readonly channel: string;
  readonly chaincode: string;
}

/**
 * Writes a profile that names the files of an MSP folder, if it can be used.
 * @throws NetworkError `PROFILE` if the folder has no certificate, or no key that belongs to it, or a value is malformed
 */
export function profileFromMsp(wanted: MspProfile): Profile {
  const folder = dirname(resolve(wanted.out));
  const fileName = (file: string) => relative(folder, resolve(file)) || '.';
  const certificate = certificateFile(wanted.mspFolder);
  const [first, ...others] = wanted.peers.map(({ endpoint, tlsCaFile, tlsHost }) => ({
    endpoint,
    tlsCaCert: fileName(tlsCaFile),
    ...(tlsHost === undefined ? {} : { tlsHost }),
  }));
  if (first === undefined) throw new NetworkError('PROFILE', 'A profile needs a peer.');
  const profile: ProfileFile = {
    mspId: wanted.mspId,
    name: commonName(certificate),
    ...first,
    ...(others.length === 0 ? {} : { alternatives: others }),
    certificate: fileName(certificate),
    privateKey: fileName(keyFile(wanted.mspFolder, certificate)),
    channel: wanted.channel,
    chaincode: wanted.chaincode,
  };
  const text = `${JSON.stringify(profile, null, 2)}\n`;
  // What cannot be used does not replace what could.
  const loaded = profileOf(wanted.out, text);
  try {
    replaceFile(wanted.out, text, 0o600);
  } catch (cause) {
    throw new NetworkError('PROFILE', `${wanted.out} cannot be written: ${(cause as Error).message}.`, { cause });
  }
  return loaded;
}

function certificateFile(mspFolder: string): string {
  const [file, ...more] = filesOf(join(mspFolder, 'signcerts'));
  if (file !== undefined && more.length === 0) return file;
  const what = file === undefined ? 'no certificate' : 'several certificates';
  throw new NetworkError('PROFILE', `${join(mspFolder, 'signcerts')} holds ${what}; is it the MSP of one identity?`);
}

/** Each enrolment leaves a key behind: the one that belongs to the certificate counts. */
function keyFile(mspFolder: string, certificateFileName: string): string {
  const certificate = new X509Certificate(readFileSync(certificateFileName));
  const found = filesOf(join(mspFolder, 'keystore')).find((file) => belongs(certificate, file));
  if (found !== undefined) return found;
  throw new NetworkError(
    'PROFILE',
    `${join(mspFolder, 'keystore')} holds no key of the certificate; if a token holds it, write the profile with pkcs11.`,
  );
}

function belongs(certificate: X509Certificate, file: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(readFileSync(file)));
  } catch {
    return false;
  }
}

function commonName(file: string): string {
  try {
    return certificateNames(readFileSync(file, 'utf8').trim()).commonName;
  } catch (cause) {
    if (!(cause instanceof RecordError)) throw cause;
    throw new NetworkError('PROFILE', `${file} is no identity's certificate: ${cause.message}`, { cause });
  }
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch (cause) {
    throw new NetworkError('PROFILE', `${folder} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}
