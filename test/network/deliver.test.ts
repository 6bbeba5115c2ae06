import { credentials } from '@grpc/grpc-js';
import { common, msp, orderer, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messageSigner } from '../../network/signer.js';
import { numberOf } from './support/blocks.js';
import { batchText, TestLedger } from './support/ledger.js';

// Requests that the official client never makes, but others may.
let t: TestLedger;
beforeAll(async () => {
  t = await TestLedger.start();
  await t.as('UserMSP', 'collector-1').submit('Attest', batchText());
});
afterAll(() => t.end());

interface Wishes {
  readonly start?: orderer.SeekPosition;
  readonly stop?: orderer.SeekPosition;
  readonly failIfNotReady?: boolean;
  readonly age?: number;
  readonly payload?: Uint8Array;
}

function at(position: 'newest' | 'oldest' | number): orderer.SeekPosition {
  const result = new orderer.SeekPosition();
  if (position === 'newest') result.setNewest(new orderer.SeekNewest());
  else if (position === 'oldest') result.setOldest(new orderer.SeekOldest());
  else {
    const specified = new orderer.SeekSpecified();
    specified.setNumber(position);
    result.setSpecified(specified);
  }
  return result;
}

function seekEnvelope({ start, stop, failIfNotReady = false, age = 0, payload }: Wishes): common.Envelope {
  const { mspId, certificate, key } = t.profile('UserMSP', 'reconciler');
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificate));
  // An empty Timestamp, which only its own module could make otherwise.
  const channelHeader = common.ChannelHeader.deserializeBinary(Uint8Array.of(0x1a, 0x00));
  channelHeader.getTimestamp()?.setSeconds(Math.floor((Date.now() - age) / 1000));
  channelHeader.setChannelId('events');
  channelHeader.setType(common.HeaderType.DELIVER_SEEK_INFO);
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(identity.serializeBinary());
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const seek = new orderer.SeekInfo();
  seek.setStart(start);
  seek.setStop(stop);
  if (failIfNotReady) seek.setBehavior(orderer.SeekInfo.SeekBehavior.FAIL_IF_NOT_READY);
  const body = new common.Payload();
  body.setHeader(header);
  body.setData(seek.serializeBinary());
  const bytes = payload ?? body.serializeBinary();
  const envelope = new common.Envelope();
  envelope.setPayload(bytes);
  envelope.setSignature(messageSigner(key)(bytes));
  return envelope;
}

/** What one stream answers to requests sent one after the other: block numbers, and statuses by name. */
async function ask(...requests: Wishes[]): Promise<(number | string)[]> {
  const { endpoint, tlsCa } = t.profile('UserMSP', 'reconciler');
  const client = new peer.DeliverClient(endpoint, credentials.createSsl(Buffer.from(tlsCa)));
  const names = new Map(Object.entries(common.Status).map(([name, code]) => [code, name]));
  const stream = client.deliver();
  for (const request of requests) stream.write(seekEnvelope(request));
  stream.end();
  const answers: (number | string)[] = [];
  for await (const response of stream as AsyncIterable<peer.DeliverResponse>) {
    const block = response.getBlock();
    answers.push(block === undefined ? (names.get(response.getStatus()) ?? '?') : numberOf(block));
  }
  client.close();
  return answers;
}

test('a stretch of blocks ends with a status, and one stream serves several requests', async () => {
  const height = Number(await t.as('UserMSP', 'reconciler').height());
  expect(await ask({ start: at('oldest'), stop: at(2) })).toEqual([0, 1, 2, 'SUCCESS']);
  expect(await ask({ start: at('newest'), stop: at('newest') })).toEqual([height - 1, 'SUCCESS']);
  expect(await ask({ start: at(1), stop: at(1) }, { start: at('oldest'), stop: at('oldest') })).toEqual([
    1,
    'SUCCESS',
    0,
    'SUCCESS',
  ]);
});

test('a block that is not there yet is waited for, unless the request says otherwise', async () => {
  const height = Number(await t.as('UserMSP', 'reconciler').height());
  expect(await ask({ start: at(height), stop: at(height), failIfNotReady: true })).toEqual(['NOT_FOUND']);
  const waiting = ask({ start: at(height), stop: at(height) });
  await t.as('UserMSP', 'collector-1').submit('Attest', batchText({ run: 'later' }));
  expect(await waiting).toEqual([height, 'SUCCESS']);
});

test('requests that are wrong, or too old to be trusted, are told so', async () => {
  expect(await ask({ start: at(3), stop: at(1) })).toEqual(['BAD_REQUEST']);
  expect(await ask({ start: at(0), stop: at(0), age: 20 * 60 * 1000 })).toEqual(['BAD_REQUEST']);
  expect(await ask({ payload: Buffer.from('rubbish') })).toEqual(['BAD_REQUEST']);
  expect(await ask({ payload: new Uint8Array() })).toEqual(['BAD_REQUEST']);
});
