import { X509Certificate } from 'node:crypto';
import { status as grpcStatus } from '@grpc/grpc-js';
import { CommitError, GatewayError, type Status, StatusCode } from '@hyperledger/fabric-gateway';
import { NetworkError, type NetworkErrorDetails } from './errors.js';
import { unreachable } from './unreachable.js';

const STATUS_NAMES = new Map<number, string>(Object.entries(StatusCode).map(([name, code]) => [code, name]));

/** The name of a transaction's validation code. */
export function statusName(code: number): string {
  return STATUS_NAMES.get(code) ?? `code ${code}`;
}

/** Whose call it was. */
export interface Client {
  readonly mspId: string;
  /** PEM. */
  readonly certificate: string;
  /** The name of the one that it calls. */
  readonly chaincode?: string;
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
 * @param client who asked: peers refuse a certificate that expired, and do not say why
 */
export function fromGateway(error: unknown, endpoint: string, client?: Client): NetworkError {
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
      // A gateway takes its own peer, which does not admit the client, for one that is away.
      if (messages(error).some((message) => NOT_ADMITTED.test(message))) return answered(error, details, client);
      return new NetworkError('UNREACHABLE', unavailable(error, endpoint), { ...details, retryable: true });
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
      return answered(error, details, client);
  }
}

/** A gateway that answers may have no orderer that does. */
function unavailable(error: GatewayError, endpoint: string): string {
  if (ORDERERS_AWAY.test(error.cause.details)) {
    return `Too few orderers take transactions (asked by ${endpoint}: ${reason(error)}); are most of them running?`;
  }
  return unreachable(endpoint, reason(error));
}

/** Once a transaction is submitted, only its commit status tells what became of it. */
function afterTimeout(error: GatewayError): string {
  const submitted = error.name === 'SubmitError' || error.name === 'CommitStatusError';
  return submitted ? 'the transaction may still commit' : 'try again';
}

const LONGEST_REASON = 400;

/** What a peer says of its own accord where it does not take who asks. */
const NOT_ADMITTED = /access denied|identity expired|creator certificate|status=FORBIDDEN/i;
/** What a gateway says where orderers are away, or have no leader. */
const ORDERERS_AWAY = /^(?:no orderers could|insufficient number of orderers could|no orderer nodes available)/;
/** A contract's answer, passed on by a peer. */
const CONTRACT_ANSWER = /^(?:evaluate call to endorser returned error: )?chaincode response \d+, /;
const DIFFERENT = 'ProposalResponsePayloads do not match';
/** A peer's own words where the contract's server or another peer is away, where it fails within, or has too much to do. */
const PEERS_FAILURE =
  /could not launch chaincode|stream terminated|RST_STREAM|too many requests|connection|timeout expired|failed to execute transaction|chaincode registration failed|shutting down|\bEOF\b|rpc error: code = (?:Unavailable|DeadlineExceeded|Canceled|Internal)/i;

/** A peer answered, with a refusal or with why it cannot. */
function answered(error: GatewayError, details: NetworkErrorDetails, client: Client | undefined): NetworkError {
  const why = reason(error);
  const said = messages(error);
  if (said.some((message) => CONTRACT_ANSWER.test(message))) return refused(why, details);
  if (said.some((message) => NOT_ADMITTED.test(message))) return notAdmitted(why, details, client);
  if (said.some((message) => message.includes(DIFFERENT))) return different(error, details);
  if (error.code === grpcStatus.FAILED_PRECONDITION || said.some((message) => PEERS_FAILURE.test(message))) {
    return new NetworkError('UNREACHABLE', tooFew(error, why, client), { ...details, retryable: true });
  }
  return refused(why, details);
}

/** Peers say at length why they cannot; first come those that said so, by name. */
function tooFew(error: GatewayError, why: string, client: Client | undefined): string {
  const away = error.details
    .filter(({ mspId }) => mspId !== '')
    .map(({ mspId, address }) => (address === '' ? mspId : `${mspId} at ${address}`));
  const who = away.length === 0 ? '' : `not ${[...new Set(away)].sort().join(', not ')}: `;
  const said = why.length > LONGEST_REASON ? `${why.slice(0, LONGEST_REASON)} …` : why;
  const what = client?.chaincode === undefined ? 'their chaincode' : `the chaincode "${client.chaincode}"`;
  return `Too few peers can endorse: ${who}${said}; are the peers and ${what} running?`;
}

function refused(why: string, details: NetworkErrorDetails): NetworkError {
  return new NetworkError('REFUSED', why.endsWith('.') ? why : `${why}.`, details);
}

function notAdmitted(why: string, details: NetworkErrorDetails, client: Client | undefined): NetworkError {
  const until = endOf(client?.certificate);
  if (until !== undefined && until.getTime() < Date.now()) {
    const what = `The certificate expired at ${until.toISOString()}; renew it (${why}).`;
    return new NetworkError('REFUSED', what, details);
  }
  const whose = client === undefined ? '' : ` of ${client.mspId}`;
  const what = `The peer does not admit this identity${whose}: its certificate was revoked, or none of the channel's CAs issued it, or its role may not do this (${why}).`;
  return new NetworkError('REFUSED', what, details);
}

/** Results of a contract that the actors' peers run are the same, unless what it read differs or it does. */
function different(error: GatewayError, details: NetworkErrorDetails): NetworkError {
  const others = error.details.filter(({ message }) => message.includes(DIFFERENT)).map(({ mspId }) => mspId);
  const whose = others.length === 0 ? 'other organisations' : [...new Set(others)].sort().join(', ');
  return new NetworkError(
    'CONFLICT',
    `The contract gives another result at ${whose} than at this gateway's peer: they are at different heights, or one runs an altered contract (compare what GetVersion answers at each); send it again.`,
    { ...details, retryable: true },
  );
}

function endOf(certificate: string | undefined): Date | undefined {
  if (certificate === undefined || certificate === '') return undefined;
  try {
    return new Date(new X509Certificate(certificate).validTo);
  } catch {
    return undefined;
  }
}

const WRAPPING = /^(?:evaluate call to endorser returned error: )?(?:chaincode response \d+, )?/;

/** What the peers said, each reason once; the outer message where they said nothing. */
function reason(error: GatewayError): string {
  return [...new Set(messages(error).map((message) => message.replace(WRAPPING, '')))].join('; ');
}

function messages(error: GatewayError): string[] {
  const said = error.details.map((detail) => detail.message).filter((message) => message !== '');
  return said.length > 0 ? said : [error.cause.details || error.message];
}
