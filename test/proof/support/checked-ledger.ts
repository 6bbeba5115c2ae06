import { common, orderer, peer } from '@hyperledger/fabric-protos';
import { Validity } from '../../../proof/validity.js';
import { parseChannelConfig } from '../../../reconciler/ledger/channel-config.js';
import { Membership } from '../../../reconciler/ledger/membership.js';
import { MadeChannel, type MadeSigner } from '../../support/made-channel.js';
import { valueAt } from '../../support/made-configuration.js';
import { type MadeTransaction, madeTransaction } from '../../support/made-transaction.js';

export const ACTORS = ['AliceMSP', 'BobMSP', 'CarolMSP'];
export const OURS = 'event2ledger';
export const { VALID, INVALID_OTHER_REASON: NOT, NOT_VALIDATED: OTHER } = peer.TxValidationCode;
export const DEFINED = `namespaces/fields/${OURS}/ValidationInfo`;

/** The channel of this file's tests, and its actors' peers. */
export let channel: MadeChannel;
export let peers: MadeSigner[];

/** Makes them; call before all tests of a file. */
export async function makeChannel(): Promise<void> {
  channel = await MadeChannel.make(ACTORS);
  peers = ACTORS.map((actor) => channel.as(actor, 'peer'));
}

/** The channel's configuration as a real Fabric network has it, or as the embedded ledger does. */
export function membership(
  kind: 'etcdraft' | 'embedded',
  change: (config: common.Config) => void = () => {},
): Membership {
  const { config } = channel;
  const consensus = new orderer.ConsensusType();
  consensus.setType(kind);
  valueAt(config, { groups: ['Orderer'], name: 'ConsensusType' }).setValue(consensus.serializeBinary());
  change(config);
  const envelope = new common.ConfigEnvelope();
  envelope.setConfig(config);
  return new Membership(parseChannelConfig(envelope.serializeBinary()));
}

/** A ledger of blocks whose codes are checked one after the other. */
export class Checked {
  readonly validity = new Validity({ channel: MadeChannel.NAME, chaincode: OURS });
  readonly #members: Membership;
  #last = channel.genesis;

  constructor(members: Membership) {
    this.#members = members;
  }

  get next(): number {
    return (this.#last.getHeader()?.getNumber() ?? 0) + 1;
  }

  /** Checks a block of transactions with their codes; what it is refused with, or `good`. */
  block(...transactions: readonly (readonly [Uint8Array, number])[]): string {
    const block = channel.block(
      this.#last,
      transactions.map(([bytes]) => bytes),
      { codes: transactions.map(([, code]) => code) },
    );
    this.#last = block;
    try {
      this.validity.check(block, this.#members);
      return 'good';
    } catch (error) {
      return (error as Error).message;
    }
  }
}

/** One that two of three peers endorsed, and what is wished otherwise. */
export function transaction(wishes: Partial<MadeTransaction> = {}): Uint8Array {
  return madeTransaction({
    chaincode: OURS,
    creator: channel.as('AliceMSP', 'client'),
    endorsers: peers.slice(0, 2),
    access: [{ namespace: OURS, writes: { key: 'value' } }],
    ...wishes,
  });
}

/** A ledger on which either code is refused, or only the wrong one, or none. */
export function takes(prepare: () => Checked, made: Uint8Array): 'valid' | 'not' | 'either' {
  const good = [VALID, NOT].filter((code) => prepare().block([made, code]) === 'good');
  if (good.length === 2) return 'either';
  return good[0] === VALID ? 'valid' : 'not';
}
