import { status as grpcStatus, Server, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { StatusCode, type Transaction } from '@hyperledger/fabric-gateway';
import { gateway } from '@hyperledger/fabric-protos';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { gatewayError } from '../../network/embedded/grpc-errors.js';
import { bind, stopServer } from '../../network/embedded/server.js';
import { GatewayPeers } from '../../network/gateway-peers.js';
import { type Credentials, newCa, newLoopbackServer } from '../../network/pki.js';
import type { Profile } from '../../network/profile.js';
import { messageSigner } from '../../network/signer.js';
import { submitUntilCommitted } from '../../network/submission.js';
import { batchText, TestLedger } from './support/ledger.js';

const { UNAVAILABLE, ABORTED, RESOURCE_EXHAUSTED } = grpcStatus;
const { VALID, DUPLICATE_TXID } = StatusCode;
/** What a peer answers: an error, or the status of the commit. */
type Answer = { readonly error: grpcStatus } | { readonly code: number };

/** A peer that answers as it was told, the last answer again and again. */
class ScriptedPeer {
  readonly submitted: string[] = [];
  readonly askedFor: string[] = [];
  submits: (grpcStatus | 'taken')[] = ['taken'];
  statuses: Answer[] = [{ code: VALID }];
  readonly #server = new Server();
  endpoint = '';

  async listen(tls: Credentials): Promise<void> {
    this.#server.addService(gateway.GatewayService, {
      submit: (
        { request }: ServerUnaryCall<gateway.SubmitRequest, gateway.SubmitResponse>,
        reply: sendUnaryData<gateway.SubmitResponse>,
      ) => {
        const answer = this.submits[Math.min(this.submitted.length, this.submits.length - 1)] ?? 'taken';
        this.submitted.push(request.getTransactionId());
        if (answer === 'taken') reply(null, new gateway.SubmitResponse());
        else reply(gatewayError(answer, 'request already processed'));
      },
      commitStatus: (
        { request }: ServerUnaryCall<gateway.SignedCommitStatusRequest, gateway.CommitStatusResponse>,
        reply: sendUnaryData<gateway.CommitStatusResponse>,
      ) => {
        const answer = this.statuses[Math.min(this.askedFor.length, this.statuses.length - 1)] ?? { code: VALID };
        const asked = gateway.CommitStatusRequest.deserializeBinary(request.getRequest_asU8());
        expect([asked.getChannelId(), request.getSignature_asU8().length > 0]).toEqual(['events', true]);
        this.askedFor.push(asked.getTransactionId());
        if ('error' in answer) return reply(gatewayError(answer.error, 'no status'));
        const response = new gateway.CommitStatusResponse();
        response.setResult(answer.code as 0);
        response.setBlockNumber(7);
        return reply(null, response);
      },
    });
    this.endpoint = `localhost:${await bind(this.#server, tls, 0)}`;
  }

  stop(): Promise<void> {
    return stopServer(this.#server);
  }
}

let t: TestLedger;
let transaction: Transaction;
let ca: Credentials;
let tls: Credentials;
let profile: Profile;
let own: ScriptedPeer;
let other: ScriptedPeer;
let peers: GatewayPeers;

function peersOf(of: Profile): GatewayPeers {
  const sign = messageSigner(of.key);
  return new GatewayPeers(of, { sign: async (message) => sign(message), close: () => {} });
}

beforeAll(async () => {
  t = await TestLedger.start();
  ca = await newCa('tlsca', 'Test');
  tls = await newLoopbackServer(ca);
  profile = t.profile('UserMSP', 'collector-1');
  const real = peersOf(profile);
  const contract = real.first().gateway.getNetwork(profile.channel).getContract(profile.chaincode);
  transaction = await contract.newProposal('Attest', { arguments: [batchText()] }).endorse();
  real.close();
});
afterAll(() => t.end());

beforeEach(async () => {
  own = new ScriptedPeer();
  other = new ScriptedPeer();
  await own.listen(tls);
  await other.listen(tls);
  const access = (endpoint: string) => ({ endpoint, tlsCa: ca.certificate });
  peers = peersOf({ ...profile, ...access(own.endpoint), alternatives: [access(other.endpoint)] });
});
afterEach(async () => {
  peers.close();
  await own.stop();
  await other.stop();
});

const outcome = () => submitUntilCommitted(peers, transaction, 'events');

it('a transaction whose status is lost is looked up where it cannot be sent again', async () => {
  own.statuses = [{ error: UNAVAILABLE }];
  other.submits = [UNAVAILABLE];
  await expect(outcome()).resolves.toMatchObject({ code: VALID, blockNumber: 7n });
  expect(own.submitted).toEqual([transaction.getTransactionId()]);
  expect(other.askedFor).toEqual(own.submitted);
});

it.each([
  ['refuse', ABORTED],
  ['have no room for', RESOURCE_EXHAUSTED],
  ['do not answer', UNAVAILABLE],
])('its outcome stays open where orderers %s it the second time and no peer knows it', async (_, second) => {
  own.submits = ['taken', second];
  own.statuses = [{ error: UNAVAILABLE }];
  other.submits = [second];
  other.statuses = [{ error: UNAVAILABLE }];
  await expect(outcome()).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
});

it('one that no orderer takes at first is refused at once', async () => {
  own.submits = [ABORTED];
  await expect(outcome()).rejects.toMatchObject({ code: 'REFUSED', retryable: false });
  expect([own.askedFor, other.submitted]).toEqual([[], []]);
});

it('an invalid one is looked up as such, and not sent once more', async () => {
  own.statuses = [{ error: UNAVAILABLE }];
  other.submits = [UNAVAILABLE];
  other.statuses = [{ code: DUPLICATE_TXID }];
  await expect(outcome()).rejects.toMatchObject({ code: 'INVALID', status: 'DUPLICATE_TXID' });
  expect([own.submitted.length, other.submitted.length]).toEqual([1, 1]);
});
