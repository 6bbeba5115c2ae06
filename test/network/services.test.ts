import type { Server } from '@grpc/grpc-js';
import { status as grpcStatus } from '@grpc/grpc-js';
import type { ChaincodeEvent } from '@hyperledger/fabric-gateway';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Committer } from '../../network/embedded/committer.js';
import type { ContractHost, Simulation } from '../../network/embedded/contract-host.js';
import { CHAINCODE, CHANNEL, DataDir } from '../../network/embedded/data-dir.js';
import { Endorser } from '../../network/embedded/endorser.js';
import { genesisBlock } from '../../network/embedded/genesis.js';
import { Members } from '../../network/embedded/members.js';
import { bind, newServer, stopServer } from '../../network/embedded/server.js';
import { StateAccess } from '../../network/embedded/state-access.js';
import { Store } from '../../network/embedded/store.js';
import { loadProfile, type Profile } from '../../network/profile.js';
import { temporaryFolder } from './support/ledger.js';
import { RawClient } from './support/raw.js';

// The services around a contract of the test's own: what ours never does must work, or be refused, as well.
const ACTORS = ['AliceMSP', 'BobMSP'];

/** `put KEY VALUE`, `delete KEY`, `get KEY`, `event NAME PAYLOAD`, `range-put`, `range FROM TO`, `crash`. */
const contract: ContractHost = {
  async run({ input }, state): Promise<Simulation> {
    const access = new StateAccess(state);
    const [fn, a = '', b = ''] = input.getArgsList_asU8().map((arg) => Buffer.from(arg).toString());
    let payload = Buffer.alloc(0);
    if (fn === 'put') await access.handlePutState('', a, Buffer.from(b));
    if (fn === 'delete') await access.handleDeleteState('', a);
    if (fn === 'get') payload = Buffer.from(await access.handleGetState('', a));
    if (fn === 'range' || fn === 'range-put') {
      const { iterator } = await access.handleGetStateByRange('', a, b, CHANNEL, '');
      const keys: string[] = [];
      for (let next = await iterator.next(); next.value; next = await iterator.next()) keys.push(next.value.key);
      payload = Buffer.from(JSON.stringify(keys));
      if (fn === 'range-put') await access.handlePutState('', 'x', Buffer.from('1'));
    }
    if (fn === 'crash') throw new Error('secret of the inside');
    const event = fn === 'event' ? { event: { name: a, payload: Buffer.from(b) } } : {};
    return { status: 200, message: '', payload, readWriteSet: access, ranged: access.ranged, ...event };
  },
};

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
let committer: Committer;
let server: Server;
let profile: Profile;
let client: RawClient;

beforeEach(async () => {
  folder = temporaryFolder();
  const dir = new DataDir(folder.path);
  for (const actor of ACTORS) await dir.ensureActor(actor);
  const cas = new Map(ACTORS.map((actor) => [actor, dir.actorCa(actor).certificate]));
  store = new Store(dir.database);
  store.commit({ block: genesisBlock(CHANNEL, cas), transactions: [], writes: new Map() });
  const endorser = new Endorser(CHAINCODE, new Map(ACTORS.map((actor) => [actor, dir.peer(actor)])));
  committer = new Committer(store, 5, endorser.signers);
  const members = new Members(cas);
  server = newServer({
    channel: CHANNEL,
    chaincode: CHAINCODE,
    endpoint: 'localhost',
    members,
    store,
    contract,
    endorser,
    committer,
  });
  const port = await bind(server, await dir.ensureTls(), 0);
  dir.writeProfiles({ version: 1, actors: ACTORS, port });
  profile = loadProfile(dir.profilePath('BobMSP', 'collector-1'));
  client = new RawClient(profile);
});
afterEach(async () => {
  client.close();
  committer.close();
  await stopServer(server);
  store.close();
  folder.remove();
});

function contractOf(raw: RawClient) {
  return raw.gateway.getNetwork(CHANNEL).getContract(CHAINCODE);
}

async function takeEvents(count: number, options: { startBlock?: bigint; afterTransactionId?: string }) {
  const { afterTransactionId, startBlock } = options;
  const events = await client.gateway.getNetwork(CHANNEL).getChaincodeEvents(CHAINCODE, {
    ...(startBlock === undefined ? {} : { startBlock }),
    ...(afterTransactionId === undefined
      ? {}
      : {
          checkpoint: { getBlockNumber: () => startBlock, getTransactionId: () => afterTransactionId },
        }),
  });
  const taken: ChaincodeEvent[] = [];
  try {
    for await (const event of events) if (taken.push(event) === count) break;
  } finally {
    events.close();
  }
  return taken;
}

test('a value is written, read, deleted', async () => {
  const own = contractOf(client);
  await own.submitTransaction('put', 'k', 'v');
  expect(Buffer.from(await own.evaluateTransaction('get', 'k')).toString()).toBe('v');
  await own.submitTransaction('delete', 'k');
  expect(await own.evaluateTransaction('get', 'k')).toHaveLength(0);
  expect(store.state('k')).toBeUndefined();
});

test('ranges are in byte order, past one chunk, and end before their end', async () => {
  const keys = Array.from({ length: 1203 }, (_, index) => `k${String(index).padStart(5, '0')}`);
  const writes = new Map([...keys, 'j', 'k', 'kz', 'ké'].map((key, tx) => [key, { value: Buffer.from('1'), tx }]));
  store.commit({ block: { number: 1, hash: Buffer.alloc(32), bytes: Buffer.alloc(0) }, transactions: [], writes });
  const own = contractOf(client);
  const range = async (from: string, to: string) =>
    JSON.parse(Buffer.from(await own.evaluateTransaction('range', from, to)).toString());
  expect(await range('k0', 'kz')).toEqual(keys);
  expect(await range('k01200', '')).toEqual(['k01200', 'k01201', 'k01202', 'kz', 'ké']);
  expect(await range('j', 'k')).toEqual(['j']);
  expect(await range('x', 'y')).toEqual([]);
});

test('a transaction that asks for a range and writes is refused: phantom reads could not be told', async () => {
  const refused = contractOf(client).submitTransaction('range-put', 'a', 'b');
  await expect(refused).rejects.toMatchObject({ code: grpcStatus.ABORTED });
  expect(store.height).toBe(1);
});

test('a fault of the ledger’s own tells the client nothing of the inside', async () => {
  const failed = contractOf(client).evaluateTransaction('crash');
  await expect(failed).rejects.toMatchObject({ code: grpcStatus.INTERNAL });
  await expect(failed).rejects.not.toThrow('secret');
});

test('chaincode events come from the start asked for, and go on after a checkpoint', async () => {
  const own = contractOf(client);
  for (const name of ['one', 'two', 'three']) await own.submitTransaction('event', name, `about ${name}`);
  const all = await takeEvents(3, { startBlock: 0n });
  expect(all.map(({ eventName, payload }) => [eventName, Buffer.from(payload).toString()])).toEqual([
    ['one', 'about one'],
    ['two', 'about two'],
    ['three', 'about three'],
  ]);
  const [first] = all;
  const rest = await takeEvents(2, {
    startBlock: first?.blockNumber ?? 0n,
    afterTransactionId: first?.transactionId ?? '',
  });
  expect(rest.map(({ eventName }) => eventName)).toEqual(['two', 'three']);
});

test('chaincode events are for members alone', async () => {
  const stranger = new RawClient({ ...profile, mspId: 'AliceMSP' });
  try {
    const events = await stranger.gateway.getNetwork(CHANNEL).getChaincodeEvents(CHAINCODE);
    const next = events[Symbol.asyncIterator]().next();
    await expect(next).rejects.toMatchObject({ code: grpcStatus.PERMISSION_DENIED });
  } finally {
    stranger.close();
  }
});

test('what it does not serve it says', async () => {
  const network = client.gateway.getNetwork(CHANNEL);
  const filtered = await network.getFilteredBlockEvents();
  await expect(filtered[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: grpcStatus.UNIMPLEMENTED });
  const withPrivate = await network.getBlockAndPrivateDataEvents();
  await expect(withPrivate[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: grpcStatus.UNIMPLEMENTED });
});

test('two writers of one key: the second, endorsed before the first was committed, still writes blindly', async () => {
  const first = await client.endorse('put', 'k', '1');
  const second = await client.endorse('put', 'k', '2');
  await (await first.submit()).getStatus();
  const status = await (await second.submit()).getStatus();
  expect(status.successful).toBe(true);
  expect(store.state('k')?.value.toString()).toBe('2');
});

test('when its disk fails, it stops for all rather than acknowledge what it has not', async () => {
  const transaction = await client.endorse('put', 'k', '1');
  const following = client.gateway.getNetwork(CHANNEL).getBlockEvents({ startBlock: 1n });
  const next = (await following)[Symbol.asyncIterator]().next();
  const broken = expect(next).rejects.toMatchObject({ code: grpcStatus.UNAVAILABLE });
  store.commit = () => {
    throw new Error('disk full');
  };
  const submitted = await transaction.submit();
  await expect(submitted.getStatus()).rejects.toMatchObject({ code: grpcStatus.UNAVAILABLE });
  await broken;
  expect(committer.stopped.reason).toMatchObject({ message: expect.stringContaining('disk full') });
});
