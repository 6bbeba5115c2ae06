export type CompareErrorCode =
  /** A log cannot be read. */
  | 'LOG'
  /** A log is compressed in a way that cannot be undone, or is damaged. */
  | 'COMPRESSION'
  /** No event is in any of the logs. */
  | 'EMPTY'
  /** The logs have too little in common. */
  | 'UNLIKE';

/** Comparing logs could not be done; the message is a sentence for whoever asked. */
export class CompareError extends Error {
  readonly code: CompareErrorCode;

  constructor(code: CompareErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CompareError';
    this.code = code;
  }
}
