import { createHash, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { type CertificateNames, certificateNames } from '#chaincode';
import { Authorities } from './authorities.js';
import type { NodeUnits, Organisation, Unit } from './channel-config.js';
import { RevocationList } from './revocation-list.js';
import { isCanonical } from './signature-form.js';

type Role = keyof NodeUnits;

/** A certificate that a CA of one of the channel's organisations issued. */
export interface Identity {
  readonly mspId: string;
  readonly certificate: X509Certificate;
  readonly names: CertificateNames;
  /** SHA-256 of the CAs from its issuer up to the root, by which principals name who certified a unit. */
  readonly certifiers: Buffer;
  /** Whether the organisation's configuration lets it count: its units are as they must be, and it was not revoked. */
  readonly isValid: boolean;
  /** Whether the organisation has revoked it. */
  readonly isRevoked: boolean;
  /** Whether the configuration lists it as an admin's, whatever its units are. */
  readonly isListedAdmin: boolean;
  readonly roles: ReadonlySet<Role>;
}

/** An organisation's CAs and what they have revoked: tells whose certificates are its own. */
export class MembershipService {
  readonly #organisation: Organisation;
  readonly #authorities: Authorities;
  readonly #revoked: readonly RevocationList[];
  readonly #admins: readonly Buffer[];

  /** @throws Error if one of its certificates or lists cannot be read */
  constructor(organisation: Organisation) {
    this.#organisation = organisation;
    this.#authorities = new Authorities(organisation.roots, organisation.intermediates);
    this.#revoked = organisation.revocationLists.map((list) => new RevocationList(list));
    this.#admins = organisation.admins.map((pem) => new X509Certificate(pem).raw);
  }

  /** The identity behind a PEM certificate; undefined if none of the CAs issued it or it is a CA's own. */
  identify(pem: string): Identity | undefined {
    const certificate = new X509Certificate(pem);
    const chain = certificate.ca ? undefined : this.#authorities.chainOf(certificate);
    const [issuer] = chain ?? [];
    if (chain === undefined || issuer === undefined) return undefined;
    const names = certificateNames(pem);
    const isRevoked = this.#revoked.some((list) => list.revokes(certificate, issuer));
    const certifiers = createHash('sha256');
    for (const authority of chain) certifiers.update(authority.raw);
    return {
      mspId: this.#organisation.mspId,
      certificate,
      names,
      certifiers: certifiers.digest(),
      isRevoked,
      isValid: !isRevoked && this.#hasItsUnits(names.units, issuer),
      isListedAdmin: this.#admins.some((admin) => admin.equals(certificate.raw)),
      roles: this.#rolesOf(names.units),
    };
  }

  /** Fabric's `validateIdentityOUsV142`: one of those that must be, and, where units tell roles, exactly one of these. */
  #hasItsUnits(units: readonly string[], issuer: X509Certificate): boolean {
    const { requiredUnits, nodeUnits } = this.#organisation;
    const isCertified = ({ certifier }: Unit) =>
      certifier === undefined || new X509Certificate(certifier).raw.equals(issuer.raw);
    const isNamed = ({ name }: Unit) => units.includes(name);
    if (requiredUnits.length > 0 && !requiredUnits.some((one) => isNamed(one) && isCertified(one))) return false;
    if (nodeUnits === undefined) return true;
    const byName = new Map(Object.values(nodeUnits).flatMap((one) => (one === undefined ? [] : [[one.name, one]])));
    const telling = units.flatMap((name) => byName.get(name) ?? []);
    return telling.length === 1 && telling.every(isCertified);
  }

  #rolesOf(units: readonly string[]): Set<Role> {
    const named = Object.entries(this.#organisation.nodeUnits ?? {}) as [Role, Unit | undefined][];
    return new Set(named.filter(([, unit]) => unit !== undefined && units.includes(unit.name)).map(([role]) => role));
  }
}

/** Whether an identity's key signed `payload`: over its SHA-256, or over itself for Ed25519; in the form that peers take. */
export function hasSigned(identity: Identity, payload: Uint8Array, signature: Uint8Array): boolean {
  const key: KeyObject = identity.certificate.publicKey;
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec' && !isCanonical(signature, namedCurve)) return false;
  try {
    return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', payload, key, signature);
  } catch {
    // A key that signs nothing.
    return false;
  }
}
