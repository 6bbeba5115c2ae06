import { X509Certificate } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import { decode } from '../../network/messages/decode.js';
import type { Identity } from './identity.js';

/** Principals within principals; nobody nests them deeper. */
const DEEPEST = 8;

/**
 * Whether an identity is one that a policy's principal means, as Fabric's `msp.SatisfiesPrincipal` decides it. Kinds that are
 * not known mean nobody.
 */
export function satisfies(identity: Identity, principal: msp.MSPPrincipal, depth = 0): boolean {
  const { Classification } = msp.MSPPrincipal;
  const bytes = principal.getPrincipal_asU8();
  switch (principal.getPrincipalClassification()) {
    case Classification.ROLE:
      return hasRole(identity, decode(msp.MSPRole, bytes));
    case Classification.IDENTITY:
      return identity.isValid && isNamed(identity, decode(msp.SerializedIdentity, bytes));
    case Classification.ORGANIZATION_UNIT:
      return identity.isValid && isOfUnit(identity, decode(msp.OrganizationUnit, bytes));
    case Classification.COMBINED: {
      const parts = decode(msp.CombinedPrincipal, bytes).getPrincipalsList();
      return depth < DEEPEST && parts.length > 0 && parts.every((part) => satisfies(identity, part, depth + 1));
    }
    default:
      return false;
  }
}

function hasRole(identity: Identity, role: msp.MSPRole): boolean {
  if (role.getMspIdentifier() !== identity.mspId) return false;
  const { MEMBER, ADMIN, CLIENT, PEER, ORDERER } = msp.MSPRole.MSPRoleType;
  // Who is listed as an admin is one even where its certificate's units tell another role.
  if (role.getRole() === ADMIN && identity.isListedAdmin) return true;
  if (!identity.isValid) return false;
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

function isNamed(identity: Identity, named: msp.SerializedIdentity): boolean {
  return (
    named.getMspid() === identity.mspId &&
    new X509Certificate(named.getIdBytes_asU8()).raw.equals(identity.certificate.raw)
  );
}

function isOfUnit({ mspId, names, certifiers }: Identity, unit: msp.OrganizationUnit): boolean {
  return (
    unit.getMspIdentifier() === mspId &&
    names.units.includes(unit.getOrganizationalUnitIdentifier()) &&
    certifiers.equals(unit.getCertifiersIdentifier_asU8())
  );
}
