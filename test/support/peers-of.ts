import { common, msp } from '@hyperledger/fabric-protos';

/** A policy that asks for `needed` peers of as many different actors. */
export function peersOf(needed: number, actors: readonly string[]): common.SignaturePolicyEnvelope {
  const rule = new common.SignaturePolicy.NOutOf();
  rule.setN(needed);
  const envelope = new common.SignaturePolicyEnvelope();
  for (const [index, actor] of actors.entries()) {
    const by = new common.SignaturePolicy();
    by.setSignedBy(index);
    rule.addRules(by);
    const role = new msp.MSPRole();
    role.setMspIdentifier(actor);
    role.setRole(msp.MSPRole.MSPRoleType.PEER);
    const principal = new msp.MSPPrincipal();
    principal.setPrincipal(role.serializeBinary());
    envelope.addIdentities(principal);
  }
  const top = new common.SignaturePolicy();
  top.setNOutOf(rule);
  envelope.setRule(top);
  return envelope;
}
