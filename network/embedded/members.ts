import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import { type CertificateNames, certificateNames, RecordError } from '#chaincode';
import { decode } from '../messages/decode.js';
import type { Role } from '../pki.js';

/** Who signed something: an identity whose certificate an actor's CA issued. */
export interface Member {
  readonly mspId: string;
  /** The certificate's common name. */
  readonly name: string;
  readonly role: Role;
  /** Whether this member's key signed these bytes (ECDSA, SHA-256). */
  signed(message: Uint8Array, signature: Uint8Array): boolean;
}

/** Why an identity or a signature is not accepted. */
export class AccessDenied extends Error {
  constructor(why: string) {
    super(`access denied: ${why}`);
    this.name = 'AccessDenied';
  }
}

interface Known {
  readonly member: Member;
  readonly notBefore: number;
  readonly notAfter: number;
}

const ROLES: readonly string[] = ['client', 'admin', 'peer'] satisfies Role[];
const MAX_KNOWN = 4096;

/** The channel's members: one membership service for each actor, with that actor's CA as its only root. */
export class Members {
  readonly #cas: ReadonlyMap<string, X509Certificate>;
  readonly #known = new Map<string, Known>();

  /** @param cas PEM of each actor's CA certificate, by MSP */
  constructor(cas: ReadonlyMap<string, string>) {
    this.#cas = new Map([...cas].map(([actor, pem]) => [actor, new X509Certificate(pem)]));
  }

  get actors(): string[] {
    return [...this.#cas.keys()];
  }

  /**
   * The member behind a serialised identity. Chain, validity and role are checked here, the certificate's once, its
   * validity each time.
   * @throws AccessDenied
   */
  identify(creator: Uint8Array): Member {
    const id = Buffer.from(creator).toString('latin1');
    let known = this.#known.get(id);
    if (known === undefined) {
      known = this.#check(creator);
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(id, known);
    }
    const now = Date.now();
    if (now < known.notBefore || now > known.notAfter) {
      throw new AccessDenied(`the certificate of ${known.member.name} is not valid at this time`);
    }
    return known.member;
  }

  #check(creator: Uint8Array): Known {
    const identity = parseIdentity(creator);
    const mspId = identity.getMspid();
    const ca = this.#cas.get(mspId);
    if (ca === undefined) throw new AccessDenied('the MSP is no actor of this channel');
    const certificate = parseCertificate(identity.getIdBytes_asU8());
    if (certificate.ca) throw new AccessDenied("a CA's own certificate is no identity");
    if (!certificate.checkIssued(ca) || !certificate.verify(ca.publicKey)) {
      throw new AccessDenied(`the certificate was not issued by the CA of ${mspId}`);
    }
    const { publicKey } = certificate;
    if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
      throw new AccessDenied('the key is none of the curve P-256');
    }
    const names = namesOf(identity.getIdBytes_asU8());
    const roles = names.units.filter((unit) => ROLES.includes(unit));
    const [role] = roles;
    if (role === undefined || roles.length !== 1) {
      throw new AccessDenied('the certificate needs one of the units client, admin, peer');
    }
    return {
      member: { mspId, name: names.commonName, role: role as Role, signed: signatureCheck(publicKey) },
      notBefore: Date.parse(certificate.validFrom),
      notAfter: Date.parse(certificate.validTo),
    };
  }
}

function parseIdentity(creator: Uint8Array): msp.SerializedIdentity {
  try {
    return decode(msp.SerializedIdentity, creator);
  } catch {
    throw new AccessDenied('the creator is no serialised identity');
  }
}

function parseCertificate(bytes: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new AccessDenied('the certificate cannot be read');
  }
}

/** The names as the contract and the reconciler read them; they take one PEM certificate and nothing else. */
function namesOf(bytes: Uint8Array): CertificateNames {
  try {
    return certificateNames(Buffer.from(bytes).toString());
  } catch (error) {
    throw new AccessDenied(error instanceof RecordError ? error.message : 'the certificate cannot be read');
  }
}

function signatureCheck(key: KeyObject): Member['signed'] {
  return (message, signature) => {
    try {
      return verify('sha256', message, key, signature);
    } catch {
      return false;
    }
  };
}
