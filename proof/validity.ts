import { common, peer } from '@hyperledger/fabric-protos';
import { chaincodeNamed, flagsOf, isOurs } from '../reconciler/ledger/block.js';
import type { Membership } from '../reconciler/ledger/membership.js';
import type { LedgerIdentity } from '../reconciler/projection/projection.js';
import { VerifyError } from './errors.js';
import { type CheckedTransaction, checkTransaction } from './transaction.js';
import { Versions } from './versions.js';

/** What was checked of transactions, in numbers. */
export interface TransactionCounts {
  /** Of our chaincode, and valid. */
  valid: number;
  /** Of our chaincode, on the ledger and not valid. */
  invalid: number;
  /** Genuine endorsements of our chaincode's transactions. */
  endorsements: number;
  /** Of other chaincodes: creator and ID checked where they could be, validity not. */
  others: number;
  /** Whose certificate was not valid at the time that their client named. */
  outsideValidity: number;
  /** Whose code is taken as it is, for they read what cannot be followed. */
  unfollowed: number;
}

const { VALID, INVALID_OTHER_REASON, NOT_VALIDATED } = peer.TxValidationCode;

/**
 * Recomputes which of our chaincode's transactions are valid, from block 0 on: their signatures, endorsements, IDs and
 * what they read. A block's validation codes are covered by no hash: without this, whoever hands a block over could take
 * transactions out of the judgement.
 */
export class Validity {
  readonly counts: TransactionCounts = {
    valid: 0,
    invalid: 0,
    endorsements: 0,
    others: 0,
    outsideValidity: 0,
    unfollowed: 0,
  };
  readonly #identity: LedgerIdentity;
  readonly #versions: Versions;
  readonly #ids = new Map<string, { readonly block: number; readonly isGood: boolean }>();

  constructor(identity: LedgerIdentity) {
    this.#identity = identity;
    this.#versions = new Versions(identity.chaincode);
  }

  /**
   * Checks the codes of a block that continues the chain.
   * @param membership in force before it
   * @throws VerifyError `VALIDITY`
   */
  check(block: common.Block, membership: Membership): void {
    const number = block.getHeader()?.getNumber() ?? 0;
    const codes = flagsOf(block);
    const envelopes = block.getData()?.getDataList_asU8() ?? [];
    if (codes.length !== envelopes.length) {
      throw new VerifyError(
        'VALIDITY',
        `Block ${number} has ${envelopes.length} transactions and ${codes.length} codes.`,
      );
    }
    for (const [tx, envelope] of envelopes.entries())
      this.#checkOne(envelope, codes[tx], { block: number, tx }, membership);
  }

  #checkOne(
    envelope: Uint8Array,
    code: number | undefined,
    at: { readonly block: number; readonly tx: number },
    membership: Membership,
  ): void {
    const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(envelope).getPayload_asU8());
    const header = common.ChannelHeader.deserializeBinary(
      payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
    );
    const isTransaction = header.getType() === common.HeaderType.ENDORSER_TRANSACTION;
    const ours = isOurs(header, this.#identity);
    const checked = isTransaction ? checkedOrFault(envelope, chaincodeNamed(header), membership) : undefined;
    const fault = checked === undefined ? undefined : (this.#repeated(checked.txId, at.block) ?? checked.fault);
    // Within a block only what nothing else speaks against takes an ID: so a copy that is no good spoils no transaction.
    if (checked !== undefined && this.#ids.get(checked.txId)?.isGood !== true) {
      this.#ids.set(checked.txId, { block: at.block, isGood: fault === undefined });
    }
    if (!ours || checked === undefined) {
      if (code !== NOT_VALIDATED) throw differs(at, 'has a code, though no chaincode that is judged');
      if (isTransaction) this.counts.others += 1;
      // What was not endorsed wrote nothing, whatever it says.
      if (checked !== undefined && fault === undefined) this.#versions.written(checked.access, at);
      return;
    }
    if (code !== VALID && code !== INVALID_OTHER_REASON) throw differs(at, 'has a code that is neither valid nor not');
    this.#decide(checked, fault, code === VALID, at);
  }

  /** Fabric's rule: no ID of an earlier block, whatever became of that transaction, and none that is good in the same. */
  #repeated(txId: string, block: number): string | undefined {
    const known = this.#ids.get(txId);
    if (known === undefined || (known.block === block && !known.isGood)) return undefined;
    return 'its ID is that of an earlier one';
  }

  #decide(
    checked: CheckedTransaction,
    fault: string | undefined,
    saidValid: boolean,
    at: { readonly block: number; readonly tx: number },
  ): void {
    const reads = fault === undefined ? this.#versions.check(checked.access) : 'no';
    if (saidValid && fault !== undefined) throw differs(at, `is said to be valid, but ${fault}`);
    if (saidValid && reads === 'no') throw differs(at, 'is said to be valid, but what it read had changed');
    if (!saidValid && reads === 'yes') throw differs(at, 'is said not to be valid, but nothing speaks against it');
    if (reads === 'unknown') this.counts.unfollowed += 1;
    this.counts[saidValid ? 'valid' : 'invalid'] += 1;
    this.counts.endorsements += checked.endorsers.length;
    if (!saidValid) return;
    this.#versions.written(checked.access, at);
    if (!isTimely(checked)) this.counts.outsideValidity += 1;
  }
}

/** What cannot be decoded is no member's transaction. */
function checkedOrFault(envelope: Uint8Array, chaincode: string, membership: Membership): CheckedTransaction {
  try {
    return checkTransaction(envelope, chaincode, membership);
  } catch {
    const fault = 'it cannot be decoded';
    return { txId: '', creator: undefined, timestamp: undefined, endorsers: [], fault, access: [] };
  }
}

/** Whether the certificate was valid at the time that the client named: peers look no closer. */
function isTimely({ creator, timestamp }: CheckedTransaction): boolean {
  if (creator === undefined || timestamp === undefined) return false;
  const { validFrom, validTo } = creator.certificate;
  return timestamp >= Date.parse(validFrom) && timestamp <= Date.parse(validTo);
}

function differs({ block, tx }: { readonly block: number; readonly tx: number }, what: string): VerifyError {
  return new VerifyError('VALIDITY', `Transaction ${tx} of block ${block} ${what}.`);
}
