import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { common, msp, peer } from '@hyperledger/fabric-protos';
import { type Batch, batchDigest, canonicalEvent, type HashedEvent, NO_PREVIOUS, padNanos } from '#chaincode';
import { DEFAULT_ACTORS } from '../network/actor-folders.js';
import type { LedgerConnection } from '../network/connection.js';
import { makeBlock } from '../network/embedded/blocks.js';
import { CHAINCODE, CHANNEL, DataDir } from '../network/embedded/data-dir.js';
import { Endorser } from '../network/embedded/endorser.js';
import { serveLedger } from '../network/embedded/ledger.js';
import { Store } from '../network/embedded/store.js';
import { loadProfile, type Profile } from '../network/profile.js';
import { type MessageSigner, messageSigner } from '../network/signer.js';
import { eachMadeUpEvent } from './events.js';

const SECOND = 1_000_000_000n;
// 2026-11-22T00:00:00Z
const DAY_START = 1_795_305_600_000_000_000n;
const DAY_END = DAY_START + 86_400n * SECOND;
const COLLECTOR = 'collector-1';
const RUN = 'bench';
export const SOURCE = 'bench-engine';
export const DAY = '2026-11-22';

/** As the committer cuts blocks. */
const MAX_BLOCK_BYTES = 3 * 1024 * 1024;

/** What is made: so many events, each actor lacking or altering one in so many. */
export interface MadeLedger {
  readonly events: number;
  readonly batch: number;
  /** About how many bytes each canonical event has. */
  readonly bytes: number;
  /** Each actor lacks one in so many events and attests another content of as many. */
  readonly oneIn: number;
}

interface Collector {
  readonly actor: string;
  readonly index: number;
  readonly creator: Uint8Array;
  readonly sign: MessageSigner;
  prev: string;
  n: number;
  from: number;
}

/**
 * Makes blocks of attestations as the embedded ledger does, each signed by its collector and endorsed by every actor's peer
 * key. The contract is not run: its write set is written by the rule.
 */
export class LedgerMaker {
  readonly #endorser: Endorser;
  readonly #collectors: readonly Collector[];

  constructor(directory: DataDir) {
    this.#endorser = new Endorser(
      CHAINCODE,
      new Map(DEFAULT_ACTORS.map((actor) => [actor, directory.peer(actor)] as const)),
    );
    this.#collectors = DEFAULT_ACTORS.map((actor, index) => {
      const profile = loadProfile(directory.profilePath(actor, COLLECTOR));
      const identity = new msp.SerializedIdentity();
      identity.setMspid(actor);
      identity.setIdBytes(Buffer.from(profile.certificate));
      const sign = messageSigner(profile.key);
      return { actor, index, creator: identity.serializeBinary(), sign, prev: NO_PREVIOUS, n: 1, from: 1 };
    });
  }

  /** Each actor's transaction for the same stretch of events. */
  *transactions({ events, batch, bytes, oneIn }: MadeLedger): Generator<{ envelope: Uint8Array; entries: number }> {
    let chunk: HashedEvent[] = [];
    let count = 0;
    for (const event of eachMadeUpEvent(events, SOURCE, bytes)) {
      chunk.push(event);
      count += 1;
      if (chunk.length < batch && count < events) continue;
      const first = count - chunk.length;
      const isLast = count === events;
      const until = isLast ? DAY_END : BigInt(chunk.at(-1)?.event.time ?? 0) + 1n;
      for (const collector of this.#collectors) {
        const seen = chunk.flatMap((one, at) => seenBy(one, first + at, collector.index, oneIn));
        yield this.#transaction(collector, seen, until);
      }
      chunk = [];
    }
  }

  /** A block of these transactions, in the bytes in which it is stored. */
  block(number: number, previous: Uint8Array, envelopes: readonly Uint8Array[]) {
    const codes = envelopes.map(() => peer.TxValidationCode.VALID);
    return makeBlock(number, previous, envelopes, codes, this.#endorser.signers);
  }

  #transaction(collector: Collector, events: readonly HashedEvent[], until: bigint) {
    const batch: Batch = {
      v: 1,
      policy: 1,
      collector: COLLECTOR,
      run: RUN,
      n: collector.n,
      from: collector.from,
      prev: collector.prev,
      sentAt: (until + SECOND).toString(),
      entries: events.map(({ canonical }) => ({ b: canonical })),
      watches: [{ source: SOURCE, from: DAY_START.toString(), to: until.toString() }],
      gaps: [],
    };
    const text = JSON.stringify(batch);
    const envelope = this.#envelope(collector, text, events);
    collector.prev = batchDigest(text, (value) => createHash('sha256').update(value).digest('hex'));
    collector.n += 1;
    collector.from += events.length;
    return { envelope, entries: events.length };
  }

  #envelope({ actor, creator, sign, from }: Collector, text: string, events: readonly HashedEvent[]): Uint8Array {
    const nonce = randomBytes(24);
    const transactionId = createHash('sha256').update(nonce).update(creator).digest('hex');
    const id = new peer.ChaincodeID();
    id.setName(CHAINCODE);
    const extension = new peer.ChaincodeHeaderExtension();
    extension.setChaincodeId(id);
    const channelHeader = new common.ChannelHeader();
    channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
    channelHeader.setChannelId(CHANNEL);
    channelHeader.setTxId(transactionId);
    channelHeader.setExtension$(extension.serializeBinary());
    const signatureHeader = new common.SignatureHeader();
    signatureHeader.setCreator(creator);
    signatureHeader.setNonce(nonce);
    const input = new peer.ChaincodeInput();
    input.setArgsList([Buffer.from('Attest'), Buffer.from(text)]);
    const spec = new peer.ChaincodeSpec();
    spec.setChaincodeId(id);
    spec.setInput(input);
    const invocation = new peer.ChaincodeInvocationSpec();
    invocation.setChaincodeSpec(spec);
    const payload = new peer.ChaincodeProposalPayload();
    payload.setInput(invocation.serializeBinary());
    const writes = new Map(
      events.map(({ canonical, hash, event }, at) => [
        `a/${padNanos(event.time ?? '0')}/${hash}/${actor}/${COLLECTOR}`,
        Buffer.from(
          `{"actor":"${actor}","collector":"${COLLECTOR}","event":${canonical},"number":${from + at},"run":"${RUN}"}`,
        ),
      ]),
    );
    const envelope = this.#endorser.endorse(
      {
        transactionId,
        channelHeader: channelHeader.serializeBinary(),
        signatureHeader: signatureHeader.serializeBinary(),
        payload: payload.serializeBinary(),
      },
      {
        status: 200,
        message: '',
        payload: new Uint8Array(),
        readWriteSet: { reads: new Map(), writes },
        ranged: false,
      },
    );
    envelope.setSignature(sign(envelope.getPayload_asU8()));
    return envelope.serializeBinary();
  }
}

/** What an actor attests of an event: nothing, another content, or the same as the others. */
function seenBy(one: HashedEvent, at: number, actor: number, oneIn: number): HashedEvent[] {
  const turn = at % oneIn;
  if (turn === actor * 2 + 1) return [];
  if (turn !== actor * 2 + 2) return [one];
  const { source, event } = { source: SOURCE, event: one.event };
  const attributes = new Map(Object.entries(event.attributes as Record<string, string>));
  attributes.set('image', 'registry.example/shop/another:2.0.0');
  const { scope, type, action, object: id, time = '0' } = event;
  return [canonicalEvent({ scope, type, action, id, attributes, timeNano: time }, { source, ignore: [] })];
}

/** Makes an embedded ledger's folder whose store holds all of it. @returns how many attestations that is */
export async function makeStoredLedger(path: string, wishes: MadeLedger): Promise<number> {
  await (await serveLedger({ dataDir: path })).close();
  const directory = new DataDir(path);
  const store = new Store(directory.database);
  const maker = new LedgerMaker(directory);
  let attestations = 0;
  let waiting: Uint8Array[] = [];
  let size = 0;
  const cut = () => {
    const previous = store.blockHash(store.height - 1);
    if (waiting.length === 0 || previous === undefined) return;
    // Its state is for the contract alone, which is not asked here.
    store.commit({ block: maker.block(store.height, previous, waiting), transactions: [], writes: new Map() });
    waiting = [];
    size = 0;
  };
  for (const { envelope, entries } of maker.transactions(wishes)) {
    if (size > 0 && size + envelope.length > MAX_BLOCK_BYTES) cut();
    waiting.push(envelope);
    size += envelope.length;
    attestations += entries;
  }
  cut();
  store.close();
  return attestations;
}

/** Reads an embedded ledger's blocks from where it keeps them: no server, no wire. */
export function storedConnection(path: string): LedgerConnection {
  const directory = new DataDir(path);
  const store = new Store(directory.database);
  const profile: Profile = loadProfile(join(path, 'actors', DEFAULT_ACTORS[0] as string, 'reconciler', 'profile.json'));
  const refuse = () => Promise.reject(new Error('a stored ledger is only read'));
  return {
    profile,
    evaluate: refuse,
    submit: refuse,
    endorse: refuse,
    height: () => Promise.resolve(BigInt(store.height)),
    async *blocks(start) {
      for (let number = Number(start); number < store.height; number += 1) {
        yield common.Block.deserializeBinary(store.block(number) ?? new Uint8Array());
      }
    },
    close: () => store.close(),
  };
}
