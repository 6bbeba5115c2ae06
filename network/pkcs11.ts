import { createHash, createPublicKey, verify } from 'node:crypto';
import { type HSMSigner, type HSMSignerFactory, signers } from '@hyperledger/fabric-gateway';
import { NetworkError } from './errors.js';

/** A private key that stays in a token (a hardware security module, or SoftHSM) and is used through PKCS#11. */
export interface Pkcs11Key {
  /** Path of the module that speaks to the token: `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly library: string;
  /** The token's label. */
  readonly label: string;
  /** The key's CKA_ID, in hexadecimal digits. */
  readonly keyId: string;
  readonly pin: string;
  /** The variable that holds the PIN, if one does. */
  readonly pinEnv?: string;
}

/** Signs as a token does: later. */
export interface TokenSigner {
  sign(message: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

// A module may be initialised only once a process, and stays so until its end.
const factories = new Map<string, HSMSignerFactory>();
/** What each token said to a PIN that it refused: most tokens lock after three tries, so each PIN is tried once a process. */
const refusals = new Map<string, NetworkError>();

/**
 * A signer with a token's key. Nothing is asked of the token before the first signature; a session that fails is opened
 * anew with the next one, so that a token that was taken away and put back goes on signing. What the profile has wrong (a
 * library, label or key that is not there) fails for good before the first signature. A PIN that the token refused is
 * never given to it again by this process: every signature after that fails as the first one did.
 * @param certificate PEM: the token's key must be this certificate's
 */
export function tokenSigner(key: Pkcs11Key, certificate: string): TokenSigner {
  let session: HSMSigner | undefined;
  let proven = false;
  // One signature at a time: a PKCS#11 session has but one operation under way.
  let turn: Promise<unknown> = Promise.resolve();
  const close = () => {
    session?.close();
    session = undefined;
  };
  const signNow = async (message: Uint8Array): Promise<Uint8Array> => {
    const refused = refusals.get(loginOf(key));
    if (refused !== undefined) throw refused;
    let signature: Uint8Array;
    try {
      session ??= openSession(key);
      signature = await session.signer(createHash('sha256').update(message).digest());
    } catch (error) {
      try {
        close();
      } catch {
        session = undefined;
      }
      throw tokenError(key, error, proven);
    }
    if (!proven && !verify('sha256', message, createPublicKey(certificate), signature)) {
      throw new NetworkError(
        'PROFILE',
        `The key ${key.keyId} in the token "${key.label}" does not belong to the certificate.`,
      );
    }
    proven = true;
    return signature;
  };
  return {
    sign: (message) => {
      const signed = turn.then(() => signNow(message));
      turn = signed.catch(() => {});
      return signed;
    },
    close,
  };
}

function openSession({ library, label, keyId, pin }: Pkcs11Key): HSMSigner {
  let factory = factories.get(library);
  if (factory === undefined) {
    factory = signers.newHSMSignerFactory(library);
    factories.set(library, factory);
  }
  return factory.newSigner({ label, pin, identifier: Buffer.from(keyId, 'hex') });
}

/** @param signedBefore whether this key has signed: then the profile is right, and the token may be back soon */
function tokenError(key: Pkcs11Key, cause: unknown, signedBefore: boolean): NetworkError {
  const { library, label, keyId } = key;
  if (cause instanceof NetworkError) return cause;
  const why = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]?.replace(/\.$/, '') ?? '';
  if (/pkcs11js|pkcs11\.node/.test(why)) {
    return new NetworkError(
      'TOKEN',
      'Keys in tokens need the package pkcs11js; install it with npm install pkcs11js.',
      { cause },
    );
  }
  const setting = wrongSetting(key, why);
  if (setting !== undefined) return new NetworkError('TOKEN', setting, { cause, retryable: signedBefore });
  const wrongPin = /CKR_PIN/.test(why);
  const failure = new NetworkError(
    'TOKEN',
    `The token "${label}" (${library}) does not sign with key ${keyId}: ${why}.${wrongPin ? ' Correct the PIN before you start again: most tokens lock after three wrong ones.' : ''}`,
    { cause, retryable: !wrongPin },
  );
  if (wrongPin) refusals.set(loginOf(key), failure);
  return failure;
}

/** What the profile says of the token that is not so, as a sentence; undefined if the token itself fails. */
function wrongSetting({ library, label, keyId }: Pkcs11Key, why: string): string | undefined {
  // A module that was loaded answers by the standard's own codes.
  if (!factories.has(library) && !why.includes('CKR_')) {
    return `The PKCS#11 library ${library} cannot be loaded (${why.replace(`${library}: `, '')}); correct "library" in the profile.`;
  }
  if (/No pkcs11 slots|pkcs11 slot list/.test(why)) {
    return `${library} has no token "${label}"; put it in, or correct "label" in the profile.`;
  }
  if (why.startsWith('Unable to find object')) {
    return `The token "${label}" (${library}) has no EC key ${keyId}; correct "keyId" in the profile.`;
  }
  return undefined;
}

/** What a login depends on. The PIN itself is not kept here. */
function loginOf({ library, label, pin }: Pkcs11Key): string {
  return createHash('sha256')
    .update(JSON.stringify([library, label, pin]))
    .digest('hex');
}
