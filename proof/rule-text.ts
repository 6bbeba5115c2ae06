import { type common, msp } from '@hyperledger/fabric-protos';
import { printable } from '../cli/printable.js';
import { decode } from '../network/messages/decode.js';
import type { EndorsementRule } from './definitions.js';

const ROLES = new Map<number, string>(
  Object.entries(msp.MSPRole.MSPRoleType).map(([name, no]) => [no, name.toLowerCase()]),
);

/** A rule in words, policies as Fabric's own tools take them; undefined where there is none. */
export function ruleText(rule: EndorsementRule): string | undefined {
  switch (rule.kind) {
    case 'channel':
      return printable(rule.path, 200);
    case 'own':
      return policyText(rule.policy);
    case 'unread':
      return `not known: ${rule.why}`;
    default:
      return undefined;
  }
}

/** `OutOf(2, 'UserMSP.peer', 'ProviderMSP.peer')`. */
function policyText(envelope: common.SignaturePolicyEnvelope): string {
  const principals = envelope.getIdentitiesList().map(principalText);
  const text = (rule: common.SignaturePolicy | undefined): string => {
    const some = rule?.getNOutOf();
    if (some !== undefined) return `OutOf(${[some.getN(), ...some.getRulesList().map(text)].join(', ')})`;
    return (rule?.hasSignedBy() ? principals[rule.getSignedBy()] : undefined) ?? 'nobody';
  };
  return printable(text(envelope.getRule()), 1000);
}

function principalText(principal: msp.MSPPrincipal): string {
  if (principal.getPrincipalClassification() !== msp.MSPPrincipal.Classification.ROLE) return 'a named identity';
  const role = decode(msp.MSPRole, principal.getPrincipal_asU8());
  return `'${role.getMspIdentifier()}.${ROLES.get(role.getRole()) ?? 'nobody'}'`;
}
