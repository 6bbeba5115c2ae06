/** What can stop a collector. A closed set: callers branch on it. */
export type CollectorErrorCode =
  | 'SOURCE' // the source cannot be read, or is not the one it was
  | 'SETTING' // the source needs another setting: trying again would not help
  | 'TRACE' // the trace does not fit what was said about it
  | 'SPOOL' // the spool cannot be used, or belongs to another collector
  | 'FULL' // the spool is at its limit, or the disk is full
  | 'POLICY' // no policy is in force
  | 'LEDGER' // the ledger does not answer, or answers what cannot be
  | 'REFUSED' // the ledger refused a batch: sending it again would not help
  | 'METRICS' // metrics cannot be served at the address given
  | 'UNFINISHED'; // stopped before everything was attested

/** A failure of the collector. `message` is a sentence that says what to do. */
export class CollectorError extends Error {
  readonly code: CollectorErrorCode;

  constructor(code: CollectorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CollectorError';
    this.code = code;
  }
}
