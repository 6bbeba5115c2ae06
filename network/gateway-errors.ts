import { status as grpcStatus } from '@grpc/grpc-js';
import { CommitError, GatewayError, type Status, StatusCode } from '@hyperledger/fabric-gateway';
import { NetworkError, type NetworkErrorDetails } from './errors.js';

const STATUS_NAMES = new Map<number, string>(Object.entries(StatusCode).map(([name, code]) => [code, name]));

/** The name of a transaction's validation code. */
export function statusName(code: number): string {
  return STATUS_NAMES.get(code) ?? `code ${code}`;
}

/** The error for a transaction that committed, but not as valid. */
export function invalidTransaction(status: Pick<Status, 'code' | 'transactionId'>): NetworkError {
  const name = statusName(status.code);
  const conflict = status.code === StatusCode.MVCC_READ_CONFLICT || status.code === StatusCode.PHANTOM_READ_CONFLICT;
  const details: NetworkErrorDetails = { retryable: conflict, transactionId: status.transactionId, status: name };
  return conflict
    ? new NetworkError('CONFLICT', `What the transaction read has changed since (${name}); send it again.`, details)
    : new NetworkError('INVALID', `The transaction was committed as invalid: ${name}.`, details);
}

/**
 * Any error of the gateway client as one sentence. A contract's own message travels only in the error's details.
 * @param endpoint named where no peer answers
 */
export function fromGateway(error: unknown, endpoint: string): NetworkError {
  if (error instanceof NetworkError) return error;
  if (error instanceof CommitError) return invalidTransaction({ code: error.code, transactionId: error.transactionId });
  if (!(error instanceof GatewayError)) {
    const why = error instanceof Error ? error.message : String(error);
    return new NetworkError('ANSWER', `The ledger at ${endpoint} gave an answer that cannot be read: ${why}.`, {
      cause: error,
    });
  }
  const id = (error as { transactionId?: unknown }).transactionId;
  const details = { cause: error, ...(typeof id === 'string' ? { transactionId: id } : {}) };
  switch (error.code) {
    case grpcStatus.UNAVAILABLE:
      return new NetworkError('UNREACHABLE', `No answer from ${endpoint} (${reason(error)}); is the ledger running?`, {
        ...details,
        retryable: true,
      });
    case grpcStatus.FAILED_PRECONDITION:
      return new NetworkError('UNREACHABLE', `Too few peers can be reached to endorse: ${reason(error)}.`, {
        ...details,
        retryable: true,
      });
    case grpcStatus.DEADLINE_EXCEEDED:
      return new NetworkError('TIMEOUT', `${endpoint} did not answer in time; ${afterTimeout(error)}.`, {
        ...details,
        retryable: true,
      });
    case grpcStatus.RESOURCE_EXHAUSTED:
      return new NetworkError('BUSY', `${endpoint} takes no more just now: ${reason(error)}.`, {
        ...details,
        retryable: true,
      });
    case grpcStatus.CANCELLED:
      return new NetworkError('CLOSED', 'The connection was closed during the call.', details);
    default:
      return refusal(error, details);
  }
}

/** Once a transaction is submitted, only its commit status tells what became of it. */
function afterTimeout(error: GatewayError): string {
  const submitted = error.name === 'SubmitError' || error.name === 'CommitStatusError';
  return submitted ? 'the transaction may still commit' : 'try again';
}

function refusal(error: GatewayError, details: NetworkErrorDetails): NetworkError {
  const why = reason(error);
  if (why.includes('ProposalResponsePayloads do not match')) {
    return new NetworkError('CONFLICT', 'The peers that endorse are at different heights; send it again.', {
      ...details,
      retryable: true,
    });
  }
  return new NetworkError('REFUSED', why.endsWith('.') ? why : `${why}.`, details);
}

const WRAPPING = /^(?:evaluate call to endorser returned error: )?(?:chaincode response \d+, )?/;

/** What the peers said, each reason once; the outer message where they said nothing. */
function reason(error: GatewayError): string {
  const said = error.details.map((detail) => detail.message).filter((message) => message !== '');
  const outer = error.cause.details || error.message;
  const reasons = said.length > 0 ? said : [outer];
  return [...new Set(reasons.map((message) => message.replace(WRAPPING, '')))].join('; ');
}
