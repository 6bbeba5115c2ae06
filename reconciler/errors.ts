/** What the reconciler can fail at. A closed set: callers branch on it. */
export type ReconcilerErrorCode =
  | 'DATABASE' // the projection cannot be opened or is not one
  | 'EMPTY' // nothing has been read from the ledger yet
  | 'LEDGER_CHANGED' // the projection belongs to another ledger, channel or chaincode
  | 'CHAIN' // a block does not continue the one before, or its data are not what its header says
  | 'SIGNATURES' // a block is not signed as the channel's configuration asks
  | 'CONFIGURATION' // a new configuration is not one that the configuration before it allows
  | 'GENESIS' // block 0 is not the one that is trusted
  | 'FORK' // two peers serve different chains that begin with one block 0
  | 'ARCHIVE' // blocks cannot be kept, or are not there any more
  | 'INTERRUPTED' // told to stop before all was read
  | 'BLOCK' // a block cannot be decoded
  | 'NO_POLICY'; // no policy is in force, so nothing can be judged

/** A failure of the reconciler. `message` is a sentence that says what to do. */
export class ReconcilerError extends Error {
  readonly code: ReconcilerErrorCode;

  constructor(code: ReconcilerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReconcilerError';
    this.code = code;
  }
}
