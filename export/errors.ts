/** What can go wrong with an export. A closed set: callers branch on it. */
export type ExportErrorCode =
  | 'INTERRUPTED' // told to stop before all was written
  | 'WRITE'; // a file could not be written

/** An export that did not come about; what was there before is there still. `message` is a sentence that says what to do. */
export class ExportError extends Error {
  readonly code: ExportErrorCode;

  constructor(code: ExportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExportError';
    this.code = code;
  }
}
