import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import { type CertificateNames, certificateNames } from '#chaincode';
import type { Organisation } from './channel-config.js';
import { RevocationList } from './revocation-list.js';
import { isCanonical } from './signature-form.js';

type Role = 'client' | 'peer' | 'admin' | 'orderer';

/** A certificate that a CA of one of the channel's organisations issued. */
export interface Identity {
  readonly mspId: string;
  readonly certificate: X509Certificate;
  readonly names: CertificateNames;
  /** Whether the organisation's configuration lets it count: it has one role at most, and was not revoked. */
  readonly isValid: boolean;
  /** Whether the organisation has revoked it. */
  readonly isRevoked: boolean;
  readonly roles: ReadonlySet<Role>;
}

/** An organisation's CAs and what they have revoked: tells whose certificates are its own. */
export class MembershipService {
  readonly #organisation: Organisation;
  readonly #authorities: readonly X509Certificate[];
  readonly #revoked: readonly RevocationList[];
  readonly #admins: readonly Buffer[];

  /** @throws Error if one of its certificates or lists cannot be read */
  constructor(organisation: Organisation) {
    this.#organisation = organisation;
    this.#authorities = organisation.authorities.map((pem) => new X509Certificate(pem));
    this.#revoked = organisation.revocationLists.map((list) => new RevocationList(list));
    this.#admins = organisation.admins.map((pem) => new X509Certificate(pem).raw);
  }

  /** The identity behind a PEM certificate; undefined if none of the CAs issued it or it is a CA's own. */
  identify(pem: string): Identity | undefined {
    const certificate = new X509Certificate(pem);
    const issuer = this.#authorities.find(
      (authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    );
    if (issuer === undefined || certificate.ca) return undefined;
    const names = certificateNames(pem);
    const roles = this.#rolesOf(certificate, names);
    const isRevoked = this.#revoked.some((list) => list.revokes(certificate, issuer));
    const unclear = this.#organisation.units !== undefined && roles.size !== 1;
    const { mspId } = this.#organisation;
    return { mspId, certificate, names, roles, isRevoked, isValid: !isRevoked && !unclear };
  }

  #rolesOf(certificate: X509Certificate, { units }: CertificateNames): Set<Role> {
    const named = Object.entries(this.#organisation.units ?? {}) as [Role, string | undefined][];
    const roles = named.filter(([, unit]) => unit !== undefined && units.includes(unit)).map(([role]) => role);
    const isListed = this.#admins.some((admin) => admin.equals(certificate.raw));
    return new Set(isListed && roles.length === 0 ? ['admin' as const] : roles);
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

/** Whether an identity is one that a policy's principal means. Kinds that are not known mean nobody. */
export function satisfies(identity: Identity, principal: msp.MSPPrincipal): boolean {
  const { Classification } = msp.MSPPrincipal;
  const kind = principal.getPrincipalClassification();
  const bytes = principal.getPrincipal_asU8();
  if (!identity.isValid) return false;
  if (kind === Classification.ROLE) return hasRole(identity, msp.MSPRole.deserializeBinary(bytes));
  if (kind === Classification.IDENTITY) {
    const named = msp.SerializedIdentity.deserializeBinary(bytes);
    return (
      named.getMspid() === identity.mspId &&
      new X509Certificate(named.getIdBytes_asU8()).raw.equals(identity.certificate.raw)
    );
  }
  if (kind === Classification.ORGANIZATION_UNIT) {
    const unit = msp.OrganizationUnit.deserializeBinary(bytes);
    return (
      unit.getMspIdentifier() === identity.mspId &&
      identity.names.units.includes(unit.getOrganizationalUnitIdentifier())
    );
  }
  return false;
}

function hasRole(identity: Identity, role: msp.MSPRole): boolean {
  if (role.getMspIdentifier() !== identity.mspId) return false;
  const { MEMBER, ADMIN, CLIENT, PEER, ORDERER } = msp.MSPRole.MSPRoleType;
  switch (role.getRole()) {
    case MEMBER:
      return true;
    case ADMIN:
      return identity.roles.has('admin');
    case CLIENT:
      return identity.roles.has('client');
    case PEER:
      return identity.roles.has('peer');
    case ORDERER:
      return identity.roles.has('orderer');
    default:
      return false;
  }
}
