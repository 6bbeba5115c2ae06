import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { common, msp, peer } from '@hyperledger/fabric-protos';
import { DEFAULT_ACTORS } from '../network/actor-folders.js';
import type { LedgerConnection } from '../network/connection.js';
import { makeBlock } from '../network/embedded/blocks.js';
import { CHAINCODE, CHANNEL, DataDir } from '../network/embedded/data-dir.js';
import { Endorser } from '../network/embedded/endorser.js';
import { serveLedger } from '../network/embedded/ledger.js';
import { Store } from '../network/embedded/store.js';
import { loadProfile, type Profile } from '../network/profile.js';
import { type MessageSigner, messageSigner } from '../network/signer.js';
import { COLLECTOR, eachMadeBatch, type MadeBatch, type MadeEvents, rowsOf } from './made-batches.js';

/** As the committer cuts blocks. */
const MAX_BLOCK_BYTES = 3 * 1024 * 1024;

interface Collector {
  readonly creator: Uint8Array;
  readonly sign: MessageSigner;
}

/**
 * Makes blocks of attestations as the embedded ledger does, each signed by its collector and endorsed by every actor's peer
 * key. The contract is not run: its write set is written by the rule.
 */
export class LedgerMaker {
  readonly #endorser: Endorser;
  readonly #collectors: ReadonlyMap<string, Collector>;

  constructor(directory: DataDir) {
    this.#endorser = new Endorser(
      CHAINCODE,
      new Map(DEFAULT_ACTORS.map((actor) => [actor, directory.peer(actor)] as const)),
    );
    this.#collectors = new Map(
      DEFAULT_ACTORS.map((actor) => {
        const { certificate, key } = loadProfile(directory.profilePath(actor, COLLECTOR));
        const identity = new msp.SerializedIdentity();
        identity.setMspid(actor);
        identity.setIdBytes(Buffer.from(certificate));
        return [actor, { creator: identity.serializeBinary(), sign: messageSigner(key) }] as const;
      }),
    );
  }

  /** A block of these transactions, in the bytes in which it is stored. */
  block(number: number, previous: Uint8Array, envelopes: readonly Uint8Array[]) {
    const codes = envelopes.map(() => peer.TxValidationCode.VALID);
    return makeBlock(number, previous, envelopes, codes, this.#endorser.signers);
  }

  /** A batch as its collector would have it on the ledger. */
  envelope(batch: MadeBatch): Uint8Array {
    const collector = this.#collectors.get(batch.actor);
    if (collector === undefined) throw new Error(`nobody collects for ${batch.actor}`);
    const { creator, sign } = collector;
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
    input.setArgsList([Buffer.from('Attest'), Buffer.from(batch.text)]);
    const spec = new peer.ChaincodeSpec();
    spec.setChaincodeId(id);
    spec.setInput(input);
    const invocation = new peer.ChaincodeInvocationSpec();
    invocation.setChaincodeSpec(spec);
    const payload = new peer.ChaincodeProposalPayload();
    payload.setInput(invocation.serializeBinary());
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
        readWriteSet: { reads: new Map(), writes: rowsOf(batch) },
        ranged: false,
      },
    );
    envelope.setSignature(sign(envelope.getPayload_asU8()));
    return envelope.serializeBinary();
  }
}

/** Makes an embedded ledger's folder whose store holds all of it, and tells how much that is. */
export async function makeStoredLedger(
  path: string,
  wishes: MadeEvents,
  batches: Iterable<MadeBatch> = eachMadeBatch(wishes),
) {
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
  for (const batch of batches) {
    const envelope = maker.envelope(batch);
    if (size > 0 && size + envelope.length > MAX_BLOCK_BYTES) cut();
    waiting.push(envelope);
    size += envelope.length;
    attestations += batch.events.length;
  }
  cut();
  store.close();
  // A finding for each event that an actor lacks, and one for each that it alters.
  return { attestations, differences: differencesOf(wishes) };
}

/** How many events an actor lacks or alters, by the rule of `eachMadeBatch`. */
function differencesOf({ events, oneIn }: MadeEvents): number {
  const turns = DEFAULT_ACTORS.length * 2;
  return Math.floor(events / oneIn) * turns + Math.max(0, Math.min(turns, (events % oneIn) - 1));
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
