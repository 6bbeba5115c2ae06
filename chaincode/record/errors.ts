/** What can be wrong with a piece of the record format. A closed set: callers branch on it. */
export type RecordErrorCode =
  | 'EVENT_JSON' // a raw event is no JSON, or JSON that loses something when parsed
  | 'EVENT_SHAPE' // a raw event lacks what Docker's events have
  | 'EVENT_NOT_CANONICAL' // an attested event is not in canonical form
  | 'BATCH_JSON'
  | 'BATCH_SHAPE'
  | 'BATCH_LIMIT'
  | 'POLICY_JSON'
  | 'POLICY_SHAPE'
  | 'DISPUTE_JSON'
  | 'DISPUTE_SHAPE'
  | 'ANCHOR_JSON'
  | 'ANCHOR_SHAPE'
  | 'CERTIFICATE'
  | 'TIME'
  | 'REFERENCE';

/** Bad input to the record format. `message` is a sentence that names the place and what to do. */
export class RecordError extends Error {
  readonly code: RecordErrorCode;

  constructor(code: RecordErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RecordError';
    this.code = code;
  }
}
