import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { modeOpenToOthers } from '../cli/private-file.js';
import { whyUnreadable } from '../cli/unreadable.js';
import { NetworkError } from './errors.js';
import type { Pkcs11Key } from './pkcs11.js';

/** A peer that serves the gateway. */
export interface GatewayPeer {
  /** `host:port` */
  readonly endpoint: string;
  /** PEM of the CA that signed the peer's TLS certificate. */
  readonly tlsCa: string;
  /** The name in the peer's TLS certificate, where it is not the endpoint's host. */
  readonly tlsHost?: string;
}

/** What an identity needs to reach a channel: loaded, with the contents of the files that `profile.json` names. */
export interface Profile extends GatewayPeer {
  readonly mspId: string;
  /** The identity's name: its certificate's common name. */
  readonly name: string;
  /** Other peers, of other organisations too, tried in this order while the first does not answer. */
  readonly alternatives?: readonly GatewayPeer[];
  /** PEM. */
  readonly certificate: string;
  /** PEM; empty if the key is in a token. */
  readonly key: string;
  /** The token that holds the key, if it is in one. */
  readonly pkcs11?: Pkcs11Key;
  readonly channel: string;
  readonly chaincode: string;
}

const text = z
  .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'must be a text') })
  .min(1, 'must not be empty')
  .max(4096, 'must have at most 4096 characters');

/** A key in a token. The PIN itself is never in the profile: a variable or a file of its owner's alone holds it. */
const pkcs11Schema = z
  .strictObject({
    library: text,
    label: text,
    keyId: text.regex(/^(?:[0-9A-Fa-f]{2}){1,64}$/, "must be the key's CKA_ID in hexadecimal digits"),
    pinEnv: text.optional(),
    pinFile: text.optional(),
  })
  .refine(({ pinEnv, pinFile }) => (pinEnv === undefined) !== (pinFile === undefined), {
    path: ['pinEnv'],
    message: 'give the PIN by pinEnv, the name of a variable, or by pinFile',
  });

/** `profile.json` as it stands on disk: file names are relative to its folder. */
const endpoint = text.regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port');
const profileFileSchema = z.object(
  {
    mspId: text,
    name: text,
    endpoint,
    tlsHost: text.optional(),
    tlsCaCert: text,
    alternatives: z
      .array(z.strictObject({ endpoint, tlsHost: text.optional(), tlsCaCert: text }))
      .max(16)
      .optional(),
    certificate: text,
    privateKey: text.optional(),
    pkcs11: pkcs11Schema.optional(),
    channel: text,
    chaincode: text,
  },
  'must be a JSON object',
);
export type ProfileFile = z.infer<typeof profileFileSchema>;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a connection profile and the files it names.
 * @param file path of a `profile.json`
 * @param env where a token's PIN is (the variable that the profile names), and systemd's CREDENTIALS_DIRECTORY
 * @throws NetworkError `PROFILE` if a file is missing or unreadable, the private key's file is open to others, or
 * key, certificate and name do not belong together.
 */
export function loadProfile(file: string, env: Environment = process.env): Profile {
  return profileOf(file, read(file, 'The profile'), env);
}

/** As `loadProfile`, of a profile that says `text`, whether it stands in its file yet or not. */
export function profileOf(file: string, text: string, env: Environment = process.env): Profile {
  const content = parseProfile(file, text);
  const at = (path: string) => resolve(dirname(file), path);
  const secret = privateKey(file, content, env);
  const profile = {
    mspId: content.mspId,
    name: content.name,
    ...gatewayPeer(content, at),
    ...(content.alternatives === undefined
      ? {}
      : { alternatives: content.alternatives.map((each) => gatewayPeer(each, at)) }),
    certificate: read(at(content.certificate), "The profile's certificate"),
    ...secret,
    channel: content.channel,
    chaincode: content.chaincode,
  };
  checkBelongTogether(file, profile);
  return profile;
}

function gatewayPeer(
  { endpoint, tlsCaCert, tlsHost }: Pick<ProfileFile, 'endpoint' | 'tlsCaCert' | 'tlsHost'>,
  at: (path: string) => string,
): GatewayPeer {
  const tlsCa = read(at(tlsCaCert), "The profile's TLS CA certificate");
  return { endpoint, tlsCa, ...(tlsHost === undefined ? {} : { tlsHost }) };
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new NetworkError('PROFILE', `${what} ${file} ${whyUnreadable(cause)}.`, { cause });
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
  const said = result.error.issues.map(({ path, message }) => (path.length ? `${path.join('.')} ${message}` : message));
  throw new NetworkError('PROFILE', `The profile ${file} is malformed: ${said.join('; ')}.`);
}

function privateKey(
  file: string,
  { privateKey: keyFile, pkcs11 }: ProfileFile,
  env: Environment,
): Pick<Profile, 'key' | 'pkcs11'> {
  const at = (path: string) => resolve(dirname(file), path);
  if ((keyFile === undefined) === (pkcs11 === undefined)) {
    throw new NetworkError('PROFILE', `The profile ${file} must give either privateKey or pkcs11.`);
  }
  if (keyFile !== undefined) return { key: readSecret(at(keyFile), 'private key', env) };
  if (pkcs11 === undefined) return { key: '' };
  const { library, label, keyId, pinEnv, pinFile } = pkcs11;
  const pin = pinFile === undefined ? env[pinEnv ?? ''] : readSecret(at(pinFile), 'PIN', env).trim();
  if (!pin) {
    const where = pinFile === undefined ? `the variable ${pinEnv}` : at(pinFile);
    throw new NetworkError('PROFILE', `The PIN of the token "${label}" is not in ${where}, where the profile has it.`);
  }
  return { key: '', pkcs11: { library: at(library), label, keyId, pin, ...(pinEnv === undefined ? {} : { pinEnv }) } };
}

/** A secret that others can read is no longer its owner's alone. */
function readSecret(file: string, what: string, env: Environment): string {
  let open: string | undefined;
  try {
    open = modeOpenToOthers(file, env.CREDENTIALS_DIRECTORY);
  } catch (cause) {
    throw new NetworkError('PROFILE', `The profile's ${what} ${file} does not exist.`, { cause });
  }
  const content = read(file, `The profile's ${what}`);
  // Of a file that holds something else the mode does not matter.
  if (what === 'private key' && !/PRIVATE KEY/.test(content)) {
    throw new NetworkError('PROFILE', `The profile's private key ${file} is no private key in PEM; correct its path.`);
  }
  if (open !== undefined) {
    throw new NetworkError('PROFILE', `The ${what} ${file} is open to others (mode ${open}); run chmod 600 on it.`);
  }
  return content;
}

function checkBelongTogether(file: string, profile: Profile): void {
  let certificate: X509Certificate;
  let belongs: boolean;
  try {
    certificate = new X509Certificate(profile.certificate);
    // A token's key is held against the certificate at its first signature.
    belongs = profile.pkcs11 !== undefined || certificate.checkPrivateKey(createPrivateKey(profile.key));
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
