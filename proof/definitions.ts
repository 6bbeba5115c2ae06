import { common, peer } from '@hyperledger/fabric-protos';
import type { Access } from './access.js';
import type { Answer } from './answer.js';

/** The namespace in which Fabric keeps what chaincodes are. */
export const LIFECYCLE = '_lifecycle';

/** By what endorsements a chaincode's transactions are valid, as its definition has it. */
export type EndorsementRule =
  | { readonly kind: 'none' }
  /** A policy of the channel's configuration, by its path. */
  | { readonly kind: 'channel'; readonly path: string }
  /** A rule of its own. */
  | { readonly kind: 'own'; readonly policy: common.SignaturePolicyEnvelope }
  | { readonly kind: 'unread'; readonly why: string };

const NONE: EndorsementRule = { kind: 'none' };
const FIELD = /^namespaces\/fields\/([^/]+)\/ValidationInfo$/;
/** Fabric's own check of endorsements; others are programs in the peers. */
const BUILT_IN = 'vscc';

/**
 * What chaincodes' definitions say of endorsements, as transactions of Fabric's `_lifecycle` committed them. Peers look at a
 * definition as it was before a block; so what is committed counts from the next one on.
 */
export class Definitions {
  readonly #rules = new Map<string, EndorsementRule>();
  readonly #waiting = new Map<string, EndorsementRule>();

  ruleOf(chaincode: string): EndorsementRule {
    return this.#rules.get(chaincode) ?? NONE;
  }

  /** Takes in what a transaction wrote that is valid, or of which that is not known. */
  written(access: readonly Access[], isValid: Exclude<Answer, 'no'>): void {
    for (const { namespace, collection, writes } of access) {
      if (collection !== undefined) continue;
      for (const { key, isDelete, value } of writes) {
        const [, chaincode] = namespace === LIFECYCLE ? (FIELD.exec(key) ?? []) : [];
        if (chaincode === undefined) continue;
        if (isDelete) this.#waiting.set(chaincode, NONE);
        else if (isValid === 'yes') this.#waiting.set(chaincode, readRule(value));
        else this.#waiting.set(chaincode, unread('whether its definition was committed cannot be followed'));
      }
    }
  }

  /** What was committed in the block counts from now on. */
  endBlock(): void {
    for (const [chaincode, rule] of this.#waiting) this.#rules.set(chaincode, rule);
    this.#waiting.clear();
  }
}

function readRule(value: Uint8Array): EndorsementRule {
  try {
    const data = peer.lifecycle.StateData.deserializeBinary(value).getBytes_asU8();
    const info = peer.lifecycle.ChaincodeValidationInfo.deserializeBinary(data);
    if (info.getValidationPlugin() !== BUILT_IN)
      return unread('its definition names a check that is no part of Fabric');
    const policy = peer.ApplicationPolicy.deserializeBinary(info.getValidationParameter_asU8());
    const { SIGNATURE_POLICY, CHANNEL_CONFIG_POLICY_REFERENCE } = peer.ApplicationPolicy.TypeCase;
    switch (policy.getTypeCase()) {
      case CHANNEL_CONFIG_POLICY_REFERENCE:
        return { kind: 'channel', path: policy.getChannelConfigPolicyReference() };
      case SIGNATURE_POLICY:
        return { kind: 'own', policy: policy.getSignaturePolicy() ?? new common.SignaturePolicyEnvelope() };
      default:
        return unread('its definition names no policy of a kind that there is');
    }
  } catch {
    return unread('its definition cannot be decoded');
  }
}

function unread(why: string): EndorsementRule {
  return { kind: 'unread', why };
}
