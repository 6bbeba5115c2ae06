/** What can stop the demo. A closed set: callers branch on it. */
export type DemoErrorCode =
  | 'ENGINE' // the Docker engine that was asked for cannot be used
  | 'IMAGE' // no image to start containers from
  | 'DATA' // the folder for the ledger, or for the report, cannot be used
  | 'STOPPED'; // interrupted before the report

/** A failure of the demo. `message` is a sentence that says what to do. */
export class DemoError extends Error {
  readonly code: DemoErrorCode;

  constructor(code: DemoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DemoError';
    this.code = code;
  }
}
