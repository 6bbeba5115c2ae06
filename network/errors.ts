/** What can go wrong between a client and a ledger. A closed set: callers branch on it. */
export type NetworkErrorCode =
  | 'PROFILE' // the profile, or a file it names, cannot be used
  | 'TOKEN' // the token that holds the private key does not sign
  | 'UNREACHABLE' // no peer answers, or too few of them to endorse
  | 'BUSY' // the peer takes no more requests just now
  | 'TIMEOUT' // no answer in time; a submitted transaction may still commit
  | 'REFUSED' // the contract or the peer said no; the message is theirs
  | 'CONFLICT' // what the transaction read has changed; endorse it anew
  | 'INVALID' // committed, but with a validation code other than VALID
  | 'DELIVERY' // the stream of blocks broke
  | 'CLOSED' // the connection was closed while the call was under way
  | 'ANSWER' // the ledger answered with something that cannot be read
  | 'DATA_DIR' // a ledger's folder cannot be used
  | 'LOCKED' // another process serves that folder, or starts or stops its network
  | 'PROGRAMS' // Fabric's programs are not to be had
  | 'PROCESS' // a process of the network does not start, or not become healthy
  | 'TOOL' // one of Fabric's commands failed; the message has its words
  | 'PORT' // the port is taken
  | 'IDENTITY'; // an identity cannot be issued

/** Details that a caller may want beyond the sentence. */
export interface NetworkErrorDetails extends ErrorOptions {
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable?: boolean;
  readonly transactionId?: string;
  /** The name of the validation code (`DUPLICATE_TXID`, `MVCC_READ_CONFLICT`, …) of a committed, invalid transaction. */
  readonly status?: string;
}

/** A failure of the network or of the embedded ledger. `message` is a sentence that says what to do. */
export class NetworkError extends Error {
  readonly code: NetworkErrorCode;
  readonly retryable: boolean;
  readonly transactionId: string | undefined;
  readonly status: string | undefined;

  constructor(code: NetworkErrorCode, message: string, details: NetworkErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'NetworkError';
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.transactionId = details.transactionId;
    this.status = details.status;
  }
}
