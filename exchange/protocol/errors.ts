/** What an exchange can fail at. A closed set: callers branch on it. */
export type ExchangeErrorCode =
  | 'PROTOCOL' // the other side sent what cannot be
  | 'LIMIT' // more bytes, messages or differences than one exchange may have
  | 'UNEXPLAINED' // what was found does not explain the difference between the two sets
  | 'PEER' // the other side gave up, and said why
  | 'CHANNEL' // the connection to the other side ended, broke, or fell silent
  | 'SCOPE' // there is no such set to compare, or it is another ledger's
  | 'LOG'; // the log is not what it was when it was read first

/** A failure of an exchange. `message` is a sentence that says what to do. */
export class ExchangeError extends Error {
  readonly code: ExchangeErrorCode;

  constructor(code: ExchangeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExchangeError';
    this.code = code;
  }
}
