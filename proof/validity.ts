import { common, peer } from '@hyperledger/fabric-protos';
import { decode } from '../network/messages/decode.js';
import { chaincodeNamed, configurationBeside, flagsOf, isOurs } from '../reconciler/ledger/block.js';
import type { Membership } from '../reconciler/ledger/membership.js';
import type { LedgerIdentity } from '../reconciler/projection/projection.js';
import type { Answer } from './answer.js';
import { Definitions, LIFECYCLE } from './definitions.js';
import { type Endorsed, Endorsements } from './endorsement.js';
import { VerifyError } from './errors.js';
import { ruleText } from './rule-text.js';
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
  /** Of other chaincodes: what they come to is recomputed as far as our chaincode's validity hangs on it. */
  others: number;
  /** Whose certificate was not valid at the time that their client named. */
  outsideValidity: number;
  /** Whose code is taken as it is, for what decides it cannot be followed. */
  unfollowed: number;
}

/** From a block on: which endorsements our chaincode's transactions need. */
export interface RuleInForce {
  readonly fromBlock: number;
  readonly rule: string;
}

const { VALID, INVALID_OTHER_REASON, NOT_VALIDATED } = peer.TxValidationCode;

/**
 * Recomputes which of our chaincode's transactions are valid, from block 0 on: their signatures, IDs, endorsements by the
 * chaincode's definition, and what they read. A block's validation codes are covered by no hash: without this, whoever hands a block over could take
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
  readonly #definitions = new Definitions();
  readonly #endorsements = new Endorsements(this.#definitions);
  readonly #rules: RuleInForce[] = [];
  readonly #reasons = new Set<string>();
  readonly #ids = new Map<string, { readonly block: number; readonly isGood: Answer }>();

  constructor(identity: LedgerIdentity) {
    this.#identity = identity;
    this.#versions = new Versions([identity.chaincode, LIFECYCLE]);
  }

  /** The rules for our chaincode's endorsements, one after the other. */
  get rules(): readonly RuleInForce[] {
    return this.#rules;
  }

  /** Why codes were taken as they are. */
  get whyUnfollowed(): readonly string[] {
    return [...this.#reasons];
  }

  /**
   * Checks the codes of a block that continues the chain.
   * @param membership in force before it
   * @throws VerifyError `VALIDITY`, ReconcilerError `CONFIGURATION` for one that is not alone in its block
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
    this.#endorsements.underConfig(membership.config);
    this.#noteRule(number, membership);
    for (const [tx, envelope] of envelopes.entries()) {
      this.#checkOne(envelope, codes[tx], { block: number, tx }, membership, envelopes.length === 1);
    }
    this.#definitions.endBlock();
    this.#versions.endBlock();
  }

  #noteRule(block: number, { config }: Membership): void {
    const rule = ruleText(this.#endorsements.ruleOf(this.#identity.chaincode, config));
    if (rule !== undefined && rule !== this.#rules.at(-1)?.rule) this.#rules.push({ fromBlock: block, rule });
  }

  #checkOne(
    envelope: Uint8Array,
    code: number | undefined,
    at: { readonly block: number; readonly tx: number },
    membership: Membership,
    isAlone: boolean,
  ): void {
    const payload = decode(common.Payload, decode(common.Envelope, envelope).getPayload_asU8());
    const header = decode(common.ChannelHeader, payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array());
    if (header.getType() === common.HeaderType.CONFIG && !isAlone) throw configurationBeside(at.block, at.tx);
    const isTransaction = header.getType() === common.HeaderType.ENDORSER_TRANSACTION;
    const ours = isOurs(header, this.#identity);
    if (!ours && code !== NOT_VALIDATED) throw differs(at, 'has a code, though no chaincode that is judged');
    if (!isTransaction) return;
    const chaincode = chaincodeNamed(header);
    const checked = checkedOrFault(envelope, chaincode, membership);
    const outcome = this.#outcome(checked, chaincode, at.block, membership);
    if (ours) this.#decide(checked, outcome, code, at);
    else this.counts.others += 1;
    // The code is believed where nothing else decides; of others there is none.
    const isValid: Answer = ours ? (code === VALID ? 'yes' : 'no') : outcome.answer;
    // What is not valid wrote nothing, whatever it says.
    if (isValid === 'no') return;
    this.#versions.written(checked.access, at, isValid);
    this.#definitions.written(checked.access, isValid);
    this.#endorsements.written(checked.access);
  }

  #outcome(checked: CheckedTransaction, chaincode: string, block: number, membership: Membership): Endorsed {
    const isNew = this.#isNew(checked.txId, block);
    const endorsed: Endorsed =
      isNew === 'no' || checked.fault !== undefined
        ? { answer: 'no', why: checked.fault ?? 'its ID is that of an earlier one' }
        : this.#endorsements.check(checked, chaincode, membership.config);
    // Within a block only what nothing else speaks against takes an ID: so a copy that is no good spoils no transaction.
    if (this.#ids.get(checked.txId)?.isGood !== 'yes') {
      this.#ids.set(checked.txId, { block, isGood: endorsed.answer });
    }
    if (endorsed.answer === 'no') return endorsed;
    if (isNew === 'unknown')
      return { answer: 'unknown', why: 'of its ID there is one before of which that is not known' };
    const reads = this.#versions.check(checked.access);
    if (reads === 'no') return { answer: 'no', why: 'what it read had changed' };
    return reads === 'yes' ? endorsed : { answer: 'unknown', why: 'it read what is not followed' };
  }

  /** Fabric's rule: no ID of an earlier block, whatever became of that transaction, and none that is good in the same. */
  #isNew(txId: string, block: number): Answer {
    const known = this.#ids.get(txId);
    if (known === undefined) return 'yes';
    if (known.block !== block || known.isGood === 'yes') return 'no';
    return known.isGood === 'no' ? 'yes' : 'unknown';
  }

  #decide(
    checked: CheckedTransaction,
    { answer, why }: Endorsed,
    code: number | undefined,
    at: { readonly block: number; readonly tx: number },
  ): void {
    if (code !== VALID && code !== INVALID_OTHER_REASON) throw differs(at, 'has a code that is neither valid nor not');
    const saidValid = code === VALID;
    if (saidValid && answer === 'no') throw differs(at, `is said to be valid, but ${why}`);
    if (!saidValid && answer === 'yes') throw differs(at, 'is said not to be valid, but nothing speaks against it');
    if (answer === 'unknown') {
      this.counts.unfollowed += 1;
      this.#reasons.add(why);
    }
    this.counts[saidValid ? 'valid' : 'invalid'] += 1;
    this.counts.endorsements += checked.endorsers.length;
    if (saidValid && !isTimely(checked)) this.counts.outsideValidity += 1;
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
