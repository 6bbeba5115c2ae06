/** What verification can refuse, or fail at. A closed set: callers branch on it. */
export type VerifyErrorCode =
  | 'FORMAT' // not a bundle of version 1, cut off, or altered outside of what it holds
  | 'REPORT' // the report is not consistent with itself, or not in its own form
  | 'GENESIS' // block 0 is not the one that is trusted, or not the report's
  | 'CHAIN' // a block does not continue the one before, or was altered
  | 'SIGNATURES' // a block is not signed, or not exactly signed, as the configuration asks
  | 'CONFIGURATION' // a new configuration is not one that the configuration before it allows
  | 'VALIDITY' // a transaction's validation code is not what its content comes to
  | 'JUDGEMENT' // judged anew, the ledger gives another report
  | 'UNREADABLE' // the file could not be read: nothing is said of its content
  | 'WORK' // there is no room to judge anew, likewise
  | 'INTERRUPTED'; // told to stop, likewise

/** What says nothing of the file's content. */
const NOT_OF_THE_CONTENT: readonly VerifyErrorCode[] = ['UNREADABLE', 'WORK', 'INTERRUPTED'];

/** A bundle or report that is refused, or could not be read. `message` is a sentence that names the place. */
export class VerifyError extends Error {
  readonly code: VerifyErrorCode;

  constructor(code: VerifyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VerifyError';
    this.code = code;
  }

  /** Whether it refuses what the file holds; else it could not be checked. */
  get isRefusal(): boolean {
    return !NOT_OF_THE_CONTENT.includes(this.code);
  }
}
