import type { ChannelConfig } from '../reconciler/ledger/channel-config.js';
import { hasPolicy, isSatisfied, policyPath, satisfiesSignatures } from '../reconciler/ledger/channel-policy.js';
import type { Identity } from '../reconciler/ledger/identity.js';
import { type Access, spaceName } from './access.js';
import { type Answer, all } from './answer.js';
import { type Definitions, type EndorsementRule, LIFECYCLE } from './definitions.js';
import type { CheckedTransaction } from './transaction.js';

/** Whether a transaction is endorsed as it must be, and the end of a sentence that says why if that is not so. */
export interface Endorsed {
  readonly answer: Answer;
  readonly why: string;
}

const CHANNEL_RULE = '/Channel/Application/Endorsement';
const LIFECYCLE_RULE = ['Application', 'LifecycleEndorsement'];
const IMPLICIT = '_implicit_org_';
/** Of channels whose peers know Fabric's `_lifecycle`. */
const KNOWS_LIFECYCLE = /^V([2-9]|\d\d)_/;

/** What decides whether a transaction's endorsements are enough. */
export class Endorsements {
  readonly #definitions: Definitions;
  /** Namespaces and collections in which single keys have policies of their own. */
  readonly #withKeyPolicies = new Set<string>();
  /** Whether chaincodes may have been deployed in the way that there was before `_lifecycle`. */
  #wasOld = false;

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  /** To be told of each configuration, in force before the block to come. */
  underConfig({ ordererType, capabilities }: ChannelConfig): void {
    this.#wasOld ||= ordererType !== 'embedded' && ![...capabilities].some((name) => KNOWS_LIFECYCLE.test(name));
  }

  /** The rule for a chaincode's transactions. The embedded ledger has no definitions: there the channel's policy counts. */
  ruleOf(chaincode: string, { ordererType }: ChannelConfig): EndorsementRule {
    if (ordererType === 'embedded') return { kind: 'channel', path: CHANNEL_RULE };
    const rule = this.#definitions.ruleOf(chaincode);
    if (rule.kind !== 'none' || !this.#wasOld) return rule;
    return { kind: 'unread', why: 'it may have been deployed in the way of Fabric before 2.0' };
  }

  /**
   * Whether a transaction's genuine endorsements are enough: for its chaincode, and for each that it writes to (Fabric's
   * `plugindispatcher.Dispatch` and `policyCheckerV20`).
   */
  check({ endorsers, access }: CheckedTransaction, chaincode: string, config: ChannelConfig): Endorsed {
    const written = access.filter(isWritten).map(({ namespace }) => namespace);
    const asked = [...new Set([chaincode, ...written])].map((namespace) =>
      this.#askedBy(
        namespace,
        access.filter((one) => one.namespace === namespace),
        endorsers,
        config,
      ),
    );
    return combined(asked);
  }

  /** Takes in which keys a transaction gave policies of their own, unless it is not valid. */
  written(access: readonly Access[]): void {
    for (const one of access) if (one.keyPolicies.length > 0) this.#withKeyPolicies.add(spaceName(one));
  }

  #askedBy(
    namespace: string,
    access: readonly Access[],
    endorsers: readonly Identity[],
    config: ChannelConfig,
  ): Endorsed {
    if (namespace !== LIFECYCLE && this.ruleOf(namespace, config).kind === 'none') return undefinedChaincode();
    const written = access.filter(isWritten);
    // The chaincode's own rule counts for what is public, and where nothing else does.
    if (written.length === 0) return this.#chaincodeRule(namespace, endorsers, config);
    return combined(
      written.map((one) => {
        // Each collection by itself: in its own an actor decides alone, and must not blur what others decide.
        if (this.#withKeyPolicies.has(spaceName(one)))
          return unknown('single keys have policies of their own, which are not followed');
        return one.collection === undefined
          ? this.#chaincodeRule(namespace, endorsers, config)
          : this.#collectionRule(namespace, one.collection, endorsers, config);
      }),
    );
  }

  #collectionRule(
    namespace: string,
    collection: string,
    endorsers: readonly Identity[],
    config: ChannelConfig,
  ): Endorsed {
    if (namespace !== LIFECYCLE) {
      const rule = this.ruleOf(namespace, config);
      if (rule.kind === 'unread') return unknown(rule.why);
      // The embedded ledger has no collections.
      if (config.ordererType === 'embedded') return nobodysCollection();
    }
    if (collection.startsWith(IMPLICIT)) {
      const asked = implicitRule(collection.slice(IMPLICIT.length), endorsers, config);
      // What an actor made with nobody else's help may be of a form that peers refuse: of a code none may hang on that.
      return namespace === LIFECYCLE || asked.answer === 'no' ? asked : unknown('one actor alone endorsed it');
    }
    const has = namespace === LIFECYCLE ? 'no' : this.#definitions.hasCollection(namespace, collection);
    return has === 'no'
      ? nobodysCollection()
      : unknown('collections have policies of their own, which are not followed');
  }

  #chaincodeRule(namespace: string, endorsers: readonly Identity[], config: ChannelConfig): Endorsed {
    if (namespace === LIFECYCLE) return answered(satisfiesLifecycle(endorsers, config), 'the channel');
    const rule = this.ruleOf(namespace, config);
    switch (rule.kind) {
      case 'channel': {
        const path = policyPath(rule.path, []);
        return answered(path !== undefined && isSatisfied(config.policies, path, endorsers), 'the channel');
      }
      case 'own':
        return answered(satisfiesSignatures(rule.policy, endorsers), "the chaincode's own definition");
      case 'unread':
        return unknown(rule.why);
      default:
        return undefinedChaincode();
    }
  }
}

function combined(asked: readonly Endorsed[]): Endorsed {
  const answer = all(asked.map((one) => one.answer));
  return { answer, why: asked.find((one) => one.answer === answer)?.why ?? '' };
}

function undefinedChaincode(): Endorsed {
  return { answer: 'no', why: 'no definition of its chaincode was committed before it' };
}

function answered(isEnough: boolean, who: string): Endorsed {
  return { answer: isEnough ? 'yes' : 'no', why: `its endorsements are not what ${who} asks` };
}

function isWritten({ writes, keyPolicies }: Access): boolean {
  return writes.length > 0 || keyPolicies.length > 0;
}

/** Fabric's `LifecycleEndorsementPolicyAsBytes`. */
function satisfiesLifecycle(endorsers: readonly Identity[], { policies, actors }: ChannelConfig): boolean {
  if (hasPolicy(policies, LIFECYCLE_RULE)) return isSatisfied(policies, LIFECYCLE_RULE, endorsers);
  const different = new Set(endorsers.filter(isMemberOf(actors)).map(({ mspId }) => mspId));
  return different.size > actors.size / 2;
}

/**
 * Every chaincode has a collection for each actor, for which that actor's endorsement is enough: Fabric's
 * `ImplicitCollectionEndorsementPolicyAsBytes`. What an actor approves is in that of `_lifecycle`.
 */
function implicitRule(actor: string, endorsers: readonly Identity[], { policies, actors }: ChannelConfig): Endorsed {
  const group = actors.get(actor);
  if (group === undefined) return nobodysCollection();
  const path = ['Application', group, 'Endorsement'];
  const isEnough = hasPolicy(policies, path)
    ? isSatisfied(policies, path, endorsers)
    : endorsers.some(isMemberOf(new Map([[actor, group]])));
  return answered(isEnough, 'the channel');
}

function nobodysCollection(): Endorsed {
  return { answer: 'no', why: 'it writes to a collection of nobody' };
}

function unknown(why: string): Endorsed {
  return { answer: 'unknown', why };
}

function isMemberOf(actors: ReadonlyMap<string, string>): (identity: Identity) => boolean {
  return ({ mspId, isValid }) => isValid && actors.has(mspId);
}
