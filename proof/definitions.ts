import { common, peer } from '@hyperledger/fabric-protos';
import { decode } from '../network/messages/decode.js';
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
const FIELD = /^namespaces\/fields\/([^/]+)\/(ValidationInfo|Collections)$/;
/** Fabric's own check of endorsements; others are programs in the peers. */
const BUILT_IN = 'vscc';
const UNCERTAIN = 'whether its definition was committed cannot be followed';

/**
 * What chaincodes' definitions say of endorsements, as transactions of Fabric's `_lifecycle` committed them. Peers look at a
 * definition as it was before a block; so what is committed counts from the next one on.
 */
export class Definitions {
  readonly #rules = new Map<string, EndorsementRule>();
  /** Names of the collections that definitions have; undefined where that cannot be followed. */
  readonly #collections = new Map<string, ReadonlySet<string> | undefined>();
  readonly #waiting: (() => void)[] = [];

  ruleOf(chaincode: string): EndorsementRule {
    return this.#rules.get(chaincode) ?? NONE;
  }

  /** Whether a chaincode's definition has a collection of this name. */
  hasCollection(chaincode: string, name: string): Answer {
    const names = this.#collections.get(chaincode);
    if (names === undefined) return 'unknown';
    return names.has(name) ? 'yes' : 'no';
  }

  /** Takes in what a transaction wrote that is valid, or of which that is not known. */
  written(access: readonly Access[], isValid: Exclude<Answer, 'no'>): void {
    for (const { namespace, collection, writes } of access) {
      if (collection !== undefined) continue;
      for (const { key, isDelete, value } of writes) {
        const [, chaincode, field] = namespace === LIFECYCLE ? (FIELD.exec(key) ?? []) : [];
        if (chaincode === undefined) continue;
        const isKnown = isValid === 'yes';
        if (field === 'Collections') {
          const names = isKnown && !isDelete ? readCollections(value) : undefined;
          this.#waiting.push(() => this.#collections.set(chaincode, names));
        } else {
          const rule = isDelete ? NONE : isKnown ? readRule(value) : unread(UNCERTAIN);
          this.#waiting.push(() => this.#rules.set(chaincode, rule));
        }
      }
    }
  }

  /** What was committed in the block counts from now on. */
  endBlock(): void {
    for (const take of this.#waiting.splice(0)) take();
  }
}

function readRule(value: Uint8Array): EndorsementRule {
  try {
    const data = decode(peer.lifecycle.StateData, value).getBytes_asU8();
    const info = decode(peer.lifecycle.ChaincodeValidationInfo, data);
    if (info.getValidationPlugin() !== BUILT_IN)
      return unread('its definition names a check that is no part of Fabric');
    const policy = decode(peer.ApplicationPolicy, info.getValidationParameter_asU8());
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

function readCollections(value: Uint8Array): ReadonlySet<string> | undefined {
  try {
    const data = decode(peer.lifecycle.StateData, value).getBytes_asU8();
    const configs = decode(peer.CollectionConfigPackage, data).getConfigList();
    return new Set(configs.map((config) => config.getStaticCollectionConfig()?.getName() ?? ''));
  } catch {
    return undefined;
  }
}

function unread(why: string): EndorsementRule {
  return { kind: 'unread', why };
}
