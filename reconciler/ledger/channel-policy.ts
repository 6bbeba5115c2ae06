import { common } from '@hyperledger/fabric-protos';
import { decode } from '../../network/messages/decode.js';
import type { PolicyGroup } from './channel-config.js';
import { hasSigned, type Identity } from './identity.js';
import type { Membership } from './membership.js';
import { satisfies } from './principal.js';

/** A signature, who is said to have made it, and over what. */
export interface SignedData {
  /** Serialised. */
  readonly identity: Uint8Array;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

const { PolicyType } = common.Policy;

/** Those who genuinely signed, each counted once: Fabric's `SignatureSetToValidIdentities`. */
export function genuineSigners(membership: Membership, signatures: readonly SignedData[]): Identity[] {
  const seen = new Set<string>();
  return signatures.flatMap(({ identity: serialized, data, signature }) => {
    const identity = membership.identityOf(serialized);
    if (identity === undefined) return [];
    const key = `${identity.mspId}/${identity.certificate.fingerprint256}`;
    if (seen.has(key) || !hasSigned(identity, data, signature)) return [];
    seen.add(key);
    return [identity];
  });
}

/**
 * Where a policy is that is named from somewhere in the configuration: by its whole path, `/Channel/Orderer/Admins`, or from
 * where the name stands.
 * @param groups from the channel's group down to where that is
 * @returns undefined if the path leads elsewhere
 */
export function policyPath(name: string, groups: readonly string[]): readonly string[] | undefined {
  if (!name.startsWith('/')) return [...groups, ...name.split('/')];
  const [, root, ...path] = name.split('/');
  return root === 'Channel' ? path : undefined;
}

/** Whether a policy of the channel's configuration is there. */
export function hasPolicy(root: PolicyGroup, path: readonly string[]): boolean {
  return groupOf(root, path)?.policies.has(path.at(-1) ?? '') === true;
}

/**
 * Whether those who signed satisfy a policy of the channel's configuration, as Fabric decides it (`cauthdsl`,
 * `implicitmeta`). A policy that is not there, or of a kind that is not known, is satisfied by nobody.
 * @param path the groups down to the policy and its name: `['Orderer', 'BlockValidation']`
 */
export function isSatisfied(root: PolicyGroup, path: readonly string[], signers: readonly Identity[]): boolean {
  const group = groupOf(root, path);
  return group !== undefined && satisfiesNamed(group, path.at(-1) ?? '', signers);
}

function groupOf(root: PolicyGroup, path: readonly string[]): PolicyGroup | undefined {
  let group: PolicyGroup | undefined = root;
  for (const step of path.slice(0, -1)) group = group?.groups.get(step);
  return group;
}

function satisfiesNamed(group: PolicyGroup, name: string, signers: readonly Identity[]): boolean {
  const policy = group.policies.get(name);
  switch (policy?.getType()) {
    case PolicyType.SIGNATURE:
      return satisfiesSignatures(decode(common.SignaturePolicyEnvelope, policy.getValue_asU8()), signers);
    case PolicyType.IMPLICIT_META:
      return satisfiesMeta(group, decode(common.ImplicitMetaPolicy, policy.getValue_asU8()), signers);
    default:
      return false;
  }
}

function satisfiesMeta(group: PolicyGroup, meta: common.ImplicitMetaPolicy, signers: readonly Identity[]): boolean {
  const inner = [...group.groups.values()];
  const { ANY, ALL, MAJORITY } = common.ImplicitMetaPolicy.Rule;
  const needed = { [ANY]: 1, [ALL]: inner.length, [MAJORITY]: Math.floor(inner.length / 2) + 1 }[meta.getRule()];
  // Fabric's own rule: where there are no groups nothing is needed.
  if (inner.length === 0) return true;
  return (
    inner.filter((one) => isSatisfied(one, meta.getSubPolicy().split('/'), signers)).length >= (needed ?? Infinity)
  );
}

/** Whether those who signed satisfy a rule over signatures. */
export function satisfiesSignatures(envelope: common.SignaturePolicyEnvelope, signers: readonly Identity[]): boolean {
  const principals = envelope.getIdentitiesList();
  const evaluate = (rule: common.SignaturePolicy | undefined, used: boolean[]): boolean => {
    const some = rule?.getNOutOf();
    if (some !== undefined) {
      let satisfied = 0;
      for (const inner of some.getRulesList()) {
        // What a rule that fails has used is free again.
        const attempt = [...used];
        if (!evaluate(inner, attempt)) continue;
        satisfied += 1;
        for (const [index, taken] of attempt.entries()) used[index] = taken;
      }
      return satisfied >= some.getN();
    }
    const principal = rule === undefined || !rule.hasSignedBy() ? undefined : principals[rule.getSignedBy()];
    if (principal === undefined) return false;
    const index = signers.findIndex((signer, at) => !used[at] && satisfies(signer, principal));
    if (index >= 0) used[index] = true;
    return index >= 0;
  };
  return evaluate(
    envelope.getRule(),
    signers.map(() => false),
  );
}
