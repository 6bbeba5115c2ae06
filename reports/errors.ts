/** What can be wrong with a report. A closed set: callers branch on it. */
export type ReportErrorCode =
  | 'SHAPE' // not a report of version 1
  | 'HASH' // its hash is not that of its content
  | 'COVERAGE' // events are not agreed + disputed + pending + unobservable
  | 'COUNTS' // an actor's counts are not those of the findings
  | 'ORDER' // an array is not in the order that version 1 prescribes
  | 'EVENT' // a variant's hash or reference is not that of its event
  | 'DISPUTE' // what a dispute says of a finding is not so
  | 'LENGTH' // too long for a bundle
  | 'UNSEALED' // only a sealed day's report can be anchored
  | 'INTERRUPTED' // told to stop before all was written
  | 'WRITE'; // a file could not be written

/** A report that cannot be trusted or kept. `message` is a sentence that names the place and what to do. */
export class ReportError extends Error {
  readonly code: ReportErrorCode;

  constructor(code: ReportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReportError';
    this.code = code;
  }
}
