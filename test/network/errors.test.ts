import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { fc, test as property } from '@fast-check/vitest';
import { status as grpcStatus, Metadata } from '@grpc/grpc-js';
import { GatewayError, StatusCode } from '@hyperledger/fabric-gateway';
import { expect, test } from 'vitest';
import { headerHash, sha256 } from '../../network/embedded/blocks.js';
import { decodeReadWriteSet, encodeReadWriteSet, type Version } from '../../network/embedded/rwset.js';
import { fromGateway, invalidTransaction, statusName } from '../../network/gateway-errors.js';
import { messageSigner } from '../../network/signer.js';

function gatewayError(code: number, details: string, messages: string[] = []): GatewayError {
  const cause = Object.assign(new Error(details), { code, details, metadata: new Metadata() });
  return new GatewayError({
    code,
    message: `${code} ${details}`,
    cause,
    details: messages.map((message) => ({ address: 'peer', mspId: 'UserMSP', message })),
  });
}

test.each([
  [grpcStatus.UNAVAILABLE, 'UNREACHABLE', true],
  [grpcStatus.FAILED_PRECONDITION, 'UNREACHABLE', true],
  [grpcStatus.DEADLINE_EXCEEDED, 'TIMEOUT', true],
  [grpcStatus.RESOURCE_EXHAUSTED, 'BUSY', true],
  [grpcStatus.CANCELLED, 'CLOSED', false],
  [grpcStatus.ABORTED, 'REFUSED', false],
  [grpcStatus.UNKNOWN, 'REFUSED', false],
  [grpcStatus.PERMISSION_DENIED, 'REFUSED', false],
])('a gateway’s code %i is %s', (status, code, retryable) => {
  expect(fromGateway(gatewayError(status, 'why'), 'peer:1')).toMatchObject({ code, retryable });
});

test('a timeout after submission leaves open what became of the transaction', () => {
  const error = gatewayError(grpcStatus.DEADLINE_EXCEEDED, 'late');
  expect(fromGateway(error, 'peer:1').message).toMatch(/try again/);
  const submitted = Object.assign(error, { name: 'CommitStatusError', transactionId: 'abc' });
  expect(fromGateway(submitted, 'peer:1')).toMatchObject({
    transactionId: 'abc',
    message: expect.stringMatching(/may still commit/),
  });
});

test('the contract’s own message is found in the details, once', () => {
  const said = 'chaincode response 500, Entry 3 is wrong.';
  const error = gatewayError(grpcStatus.ABORTED, 'failed to endorse transaction', [said, said, said]);
  expect(fromGateway(error, 'peer:1').message).toBe('Entry 3 is wrong.');
});

test('peers at different heights are a conflict, which may be sent again', () => {
  const error = gatewayError(grpcStatus.ABORTED, 'failed', ['ProposalResponsePayloads do not match']);
  expect(fromGateway(error, 'peer:1')).toMatchObject({ code: 'CONFLICT', retryable: true });
});

test.each([
  [
    grpcStatus.ABORTED,
    'error in simulation: failed to execute transaction ab: could not launch chaincode event2ledger-1:cd',
  ],
  [
    grpcStatus.UNKNOWN,
    'evaluate call to endorser returned error: could not launch chaincode: connection to localhost:1 failed',
  ],
  [grpcStatus.ABORTED, 'rpc error: code = Unavailable desc = error reading from server: EOF'],
  [grpcStatus.FAILED_PRECONDITION, 'no combination of peers can be derived which satisfy the endorsement policy'],
  [grpcStatus.ABORTED, 'rpc error: code = ResourceExhausted desc = too many requests for /protos.Endorser'],
  [grpcStatus.INTERNAL, 'Received RST_STREAM with code 2'],
])('a peer that cannot endorse (%i, %s) is not the contract refusing', (code, said) => {
  expect(fromGateway(gatewayError(code, said), 'peer:1')).toMatchObject({ code: 'UNREACHABLE', retryable: true });
});

test.each([
  'no orderers could successfully process transaction',
  'insufficient number of orderers could successfully process transaction to satisfy quorum requirement',
])('orderers that are away are told from a peer that is (%s)', (said) => {
  expect(fromGateway(gatewayError(grpcStatus.UNAVAILABLE, said), 'peer:1')).toMatchObject({
    code: 'UNREACHABLE',
    retryable: true,
    message: expect.stringMatching(/^Too few orderers/),
  });
});

test("the contract's word counts where peers failed besides", () => {
  const failed = 'error in simulation: could not launch chaincode';
  const error = gatewayError(grpcStatus.ABORTED, 'failed', [failed, 'chaincode response 500, No.']);
  expect(fromGateway(error, 'peer:1')).toMatchObject({ code: 'REFUSED', retryable: false });
});

test.each([
  [grpcStatus.ABORTED, 'error validating proposal: access denied: channel [events] creator org [UserMSP]'],
  [grpcStatus.FAILED_PRECONDITION, 'access denied: channel [events] creator org [UserMSP]'],
  [grpcStatus.UNAVAILABLE, 'rpc error: proposal client identity expired'],
  [grpcStatus.ABORTED, 'received unsuccessful response from orderer: status=FORBIDDEN, info='],
])('a client that is not admitted (%i, %s) is refused for good', (code, said) => {
  const client = { mspId: 'UserMSP', certificate: '' };
  expect(fromGateway(gatewayError(code, said), 'peer:1', client)).toMatchObject({
    code: 'REFUSED',
    retryable: false,
    message: expect.stringContaining('does not admit this identity of UserMSP'),
  });
});

test('an invalid transaction is named by its code', () => {
  const transactionId = 'abc';
  for (const code of [StatusCode.MVCC_READ_CONFLICT, StatusCode.PHANTOM_READ_CONFLICT]) {
    expect(invalidTransaction({ code, transactionId })).toMatchObject({ code: 'CONFLICT', retryable: true });
  }
  expect(invalidTransaction({ code: StatusCode.DUPLICATE_TXID, transactionId })).toMatchObject({
    code: 'INVALID',
    retryable: false,
    status: 'DUPLICATE_TXID',
    transactionId: 'abc',
  });
  expect(statusName(98765)).toBe('code 98765');
});

test('header hashes are those of Fabric: DER of number, previous hash, data hash', () => {
  const previous = Buffer.alloc(32, 1);
  const data = Buffer.alloc(32, 2);
  const tail = `0420${'01'.repeat(32)}0420${'02'.repeat(32)}`;
  for (const [number, integer] of [
    [0n, '020100'],
    [127n, '02017f'],
    [128n, '02020080'],
    [65_536n, '0203010000'],
  ] as const) {
    const body = Buffer.from(`${integer}${tail}`, 'hex');
    const der = Buffer.concat([Buffer.of(0x30, body.length), body]);
    expect(headerHash(number, previous, data)).toEqual(sha256(der));
  }
});

const P256_HALF = BigInt('0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8');

property.prop([fc.uint8Array({ maxLength: 200 })], { numRuns: 50 })('signatures verify and have a low s', (message) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signature = messageSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())(message);
  expect(verify('sha256', message, createPublicKey(privateKey), signature)).toBe(true);
  const rLength = signature[3] ?? 0;
  const s = Buffer.from(signature.subarray(4 + rLength + 2));
  expect(BigInt(`0x${s.toString('hex')}`) <= P256_HALF).toBe(true);
});

const version = fc.option(fc.record({ block: fc.nat(), tx: fc.nat() }), { nil: undefined });
const key = fc.string({ minLength: 1, unit: 'grapheme' });

property.prop([
  fc.array(fc.tuple(key, version)),
  fc.array(fc.tuple(key, fc.option(fc.uint8Array(), { nil: undefined }))),
])('a read-write set comes back as it was', (readList, writeList) => {
  const reads = new Map<string, Version | undefined>(readList);
  const writes = new Map<string, Uint8Array | undefined>(writeList);
  const back = decodeReadWriteSet('event2ledger', encodeReadWriteSet('event2ledger', { reads, writes }));
  expect(new Map(back?.reads)).toEqual(reads);
  expect([...(back?.writes ?? [])].map(([k, v]) => [k, v && Buffer.from(v).toString('hex')]).sort()).toEqual(
    [...writes].map(([k, v]) => [k, v && Buffer.from(v).toString('hex')]).sort(),
  );
  expect(decodeReadWriteSet('other', encodeReadWriteSet('event2ledger', { reads, writes }))).toBeUndefined();
});

test.each([
  [
    'No connection established. Last error: Error: unable to verify the first certificate. Resolution note: ',
    "The server at peer:1 has a TLS certificate that is not of the CA in the profile's tlsCaCert (unable to verify the first certificate); give the CA that issued it, or the right endpoint.",
  ],
  [
    'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ',
    'No answer from peer:1 (connect ECONNREFUSED 127.0.0.1:1); is the ledger running?',
  ],
  [
    'No connection established. Last error: null. Resolution note: DNS is away',
    'No answer from peer:1 (null; DNS is away); is the ledger running?',
  ],
  [
    'failed to get config for channel [nowhere]: channel not found',
    'The peer at peer:1 is not in the channel "nowhere" (failed to get config for channel [nowhere]: channel not found); correct the profile\'s channel, or have the peer join it.',
  ],
  [
    "No connection established. Last error: Error: Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b. Resolution note: ",
    "The server at peer:1 has a TLS certificate for other names (Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b); give one of them as tlsHost in the profile.",
  ],
  [
    'No connection established. Last error: Error: certificate has expired. Resolution note: ',
    'The TLS certificate of the server at peer:1, or of its CA, has expired; whoever runs the server must renew it.',
  ],
])('why a peer is not reached: %s', (said, sentence) => {
  expect(fromGateway(gatewayError(grpcStatus.UNAVAILABLE, said), 'peer:1')).toMatchObject({
    code: 'UNREACHABLE',
    retryable: true,
    message: sentence,
  });
});
