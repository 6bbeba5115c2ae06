import { constants } from 'node:buffer';
import { common } from '@hyperledger/fabric-protos';
import { printable } from '../cli/printable.js';
import { archivedBlock } from '../reconciler/archive.js';
import { judgementOf } from '../reconciler/day-judgement.js';
import { ReconcilerError, type ReconcilerErrorCode } from '../reconciler/errors.js';
import { blockHash, flagsOf } from '../reconciler/ledger/block.js';
import { ChainCheck, type CheckedBlock, checkHeader } from '../reconciler/ledger/chain-check.js';
import { Projection } from '../reconciler/projection/projection.js';
import { Intake } from '../reconciler/reconcile.js';
import { checkReport } from '../reports/check.js';
import { ReportError } from '../reports/errors.js';
import { type DailyReport, dailyReport, reportText } from '../reports/model.js';
import { type BundleContent, framesOf } from './bundle-file.js';
import { VerifyError, type VerifyErrorCode } from './errors.js';
import { reportJson } from './report-json.js';
import { type RuleInForce, type TransactionCounts, Validity } from './validity.js';

const ADVICE = 'The bundle was altered, or its maker was deceived; ask for another.';

/** How many blocks are taken in together. */
const BLOCKS_PER_COMMIT = 64;

/** What a bundle's verification has shown. */
export interface Verified {
  readonly report: DailyReport;
  /** Hash of block 0, hex. */
  readonly genesis: string;
  /** Whether that is one that the reader trusts; else it comes from the bundle alone. */
  readonly isTrusted: boolean;
  readonly blocks: number;
  /** Blocks with a configuration, block 0 included. */
  readonly configurations: number;
  /** Genuine signatures on blocks. */
  readonly blockSignatures: number;
  /** `etcdraft`, `BFT`, `embedded`. */
  readonly ordererType: string;
  readonly transactions: TransactionCounts;
  /** Which endorsements the contract's transactions need, one rule after the other. */
  readonly endorsement: readonly RuleInForce[];
  /** Why codes of transactions were taken as they are. */
  readonly whyUnfollowed: readonly string[];
}

export interface VerifyOptions {
  /** Hash of the block 0 that the reader trusts, hex. */
  readonly trusted?: string | undefined;
  /** File of the projection in which the ledger is judged anew, for the time that takes; in memory if left out. */
  readonly workFile?: string | undefined;
}

/**
 * Verifies what a bundle holds, with no network and no database but its own: that report and blocks have exactly the form
 * in which they are written, the chain from block 0 on, each block's signatures by the configuration in force, which
 * transactions are valid, and that the ledger, judged anew, gives the report byte for byte.
 * @throws VerifyError for what is refused, naming the place
 */
export async function verifyBundle(content: BundleContent, options: VerifyOptions = {}): Promise<Verified> {
  const text = await readReport(content);
  const report = parseReport(text);
  await checkForm(content, report, options.trusted);
  const verifier = new LedgerVerifier(report, options);
  try {
    for await (const bytes of blocksOf(content)) verifier.add(bytes);
    verifier.compareAnew(text);
    return { report, isTrusted: options.trusted !== undefined, ...verifier.seen };
  } finally {
    verifier.close();
  }
}

async function readReport(content: BundleContent): Promise<string> {
  for await (const frame of framesOf(content())) {
    if (frame.length > constants.MAX_STRING_LENGTH) {
      throw new VerifyError('REPORT', 'The report is longer than can be read as one text.');
    }
    const text = frame.toString('utf8');
    if (!Buffer.from(text).equals(frame)) throw new VerifyError('REPORT', 'The report is not text in UTF-8.');
    return text;
  }
  throw new VerifyError('FORMAT', 'The bundle holds nothing.');
}

function parseReport(text: string): DailyReport {
  const report = refusedAs('REPORT', () => checkReport(reportJson(text)));
  if (reportText(report) !== text)
    throw new VerifyError('REPORT', 'The report is not in the form in which it is written.');
  return report;
}

/** The chain of hashes alone, first, for that is quick; it must lead from the report's ledger to the report's state. */
async function checkForm(content: BundleContent, report: DailyReport, trusted: string | undefined): Promise<void> {
  let next = 0n;
  let hash = '';
  for await (const bytes of blocksOf(content)) {
    const block = refusedAs('CHAIN', () => common.Block.deserializeBinary(bytes), next);
    hash = refusedAs('CHAIN', () => checkHeader(block, { next, hash }, ADVICE), next);
    if (next === 0n) checkGenesis(hash, report, trusted);
    next += 1n;
  }
  if ((next - 1n).toString() !== report.blocks.to || hash !== report.blocks.hash) {
    const said = `block ${printable(report.blocks.to)} with hash ${report.blocks.hash}`;
    throw new VerifyError('CHAIN', `The report is of ${said}, but the bundle's blocks end with ${next - 1n}, ${hash}.`);
  }
}

function checkGenesis(hash: string, report: DailyReport, trusted: string | undefined): void {
  if (trusted !== undefined && trusted !== hash) {
    throw new VerifyError(
      'GENESIS',
      `The bundle's block 0 is ${hash}, and not the trusted ${trusted}: another ledger.`,
    );
  }
  if (report.ledger !== hash) {
    throw new VerifyError(
      'GENESIS',
      `The report is of the ledger ${report.ledger}, but the bundle's block 0 is ${hash}.`,
    );
  }
}

/** Checks blocks one after the other, and judges them anew. */
class LedgerVerifier {
  readonly #report: DailyReport;
  readonly #workFile: string;
  readonly #check: ChainCheck;
  readonly #validity: Validity;
  readonly #waiting: { readonly block: common.Block; readonly checked: CheckedBlock }[] = [];
  // Made for the first blocks that are good: until then there is nothing to judge.
  #judging: { readonly projection: Projection; readonly intake: Intake } | undefined;
  #genesis = '';
  #blocks = 0;
  #configurations = 0;
  #blockSignatures = 0;

  constructor(report: DailyReport, { trusted, workFile = ':memory:' }: VerifyOptions) {
    this.#report = report;
    this.#workFile = workFile;
    this.#check = new ChainCheck(undefined, trusted, ADVICE);
    this.#validity = new Validity(report);
  }

  get seen() {
    return {
      genesis: this.#genesis,
      blocks: this.#blocks,
      configurations: this.#configurations,
      blockSignatures: this.#blockSignatures,
      ordererType: this.#check.state.membership?.config.ordererType ?? '',
      transactions: this.#validity.counts,
      endorsement: this.#validity.rules,
      whyUnfollowed: this.#validity.whyUnfollowed,
    };
  }

  add(bytes: Uint8Array): void {
    const number = this.#check.state.next;
    const block = common.Block.deserializeBinary(bytes);
    const checked = refusedAs('SIGNATURES', () => this.#check.accept(block), number);
    // What is not covered by hashes has one form only: nothing unknown, nothing beside, no signature that is not genuine.
    const exact = archivedBlock(block, checked.signatures, flagsOf(block));
    if (!checked.isExact || !Buffer.from(exact).equals(bytes)) {
      throw new VerifyError('SIGNATURES', `Block ${number} holds more than its header, data and genuine signatures.`);
    }
    const { membership } = this.#check.state;
    if (membership !== undefined) refusedAs('VALIDITY', () => this.#validity.check(block, membership), number);
    if (number === 0n) this.#genesis = blockHash(block);
    this.#blocks += 1;
    this.#configurations += checked.isConfig ? 1 : 0;
    this.#blockSignatures += checked.signers.length;
    this.#waiting.push({ block, checked });
    if (this.#waiting.length >= BLOCKS_PER_COMMIT) this.#takeIn();
  }

  /** @throws VerifyError `JUDGEMENT` if the blocks give another report than this text */
  compareAnew(text: string): void {
    const { projection } = this.#takeIn();
    const { day, hash } = this.#report;
    const anew = refusedAs('JUDGEMENT', () => dailyReport(judgementOf(projection, day)));
    if (reportText(anew) === text) return;
    throw new VerifyError(
      'JUDGEMENT',
      `Judged anew, ${day} has another report (hash ${anew.hash}, not ${hash}): the bundle's report was altered, or another version of this program wrote it.`,
    );
  }

  close(): void {
    this.#judging?.projection.close();
  }

  #takeIn() {
    this.#judging ??= judging(this.#workFile, this.#report);
    const { intake } = this.#judging;
    for (const { block, checked } of this.#waiting.splice(0)) intake.addChecked(block, checked);
    refusedAs('CHAIN', () => intake.commit());
    return this.#judging;
  }
}

function judging(workFile: string, { channel, chaincode }: DailyReport) {
  const projection = new Projection(workFile);
  return { projection, intake: new Intake(projection, { channel, chaincode }) };
}

async function* blocksOf(content: BundleContent): AsyncGenerator<Uint8Array> {
  let isReport = true;
  for await (const frame of framesOf(content())) {
    if (!isReport) yield frame;
    isReport = false;
  }
}

/** No disk, no access, no memory: of the bundle that says nothing. */
export function isOfTheMachine(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errno } = error as NodeJS.ErrnoException;
  return errno !== undefined || (typeof code === 'string' && code.startsWith('SQLITE_'));
}

function hasOwnCode(code: ReconcilerErrorCode): code is 'CHAIN' | 'GENESIS' | 'CONFIGURATION' {
  return code === 'CHAIN' || code === 'GENESIS' || code === 'CONFIGURATION';
}

/** A refusal in the words of whoever noticed, with the code of the step; one that has its own code keeps it. */
function refusedAs<T>(code: VerifyErrorCode, step: () => T, block?: bigint): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof VerifyError) throw cause;
    if (cause instanceof ReconcilerError && hasOwnCode(cause.code)) {
      throw new VerifyError(cause.code, cause.message, { cause });
    }
    if (isOfTheMachine(cause)) throw cause;
    const isKnown = cause instanceof ReconcilerError || cause instanceof ReportError;
    const where = block === undefined ? 'The report' : `Block ${block}`;
    const why = cause instanceof Error ? printable(cause.message) : 'it cannot be decoded';
    throw new VerifyError(code, isKnown ? cause.message : `${where} cannot be read: ${why}.`, { cause });
  }
}
