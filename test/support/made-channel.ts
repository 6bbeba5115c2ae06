import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { common, msp } from '@hyperledger/fabric-protos';
import { genesisBlock } from '../../network/embedded/genesis.js';
import type { EmbeddedLedger } from '../../network/embedded/ledger.js';
import { type Credentials, newCa, newIdentity, type Role } from '../../network/pki.js';
import { loadProfile } from '../../network/profile.js';
import { messageSigner } from '../../network/signer.js';
import { blockHash } from '../../reconciler/ledger/block.js';
import { headerBytes } from '../../reconciler/ledger/block-header.js';

/** Who can sign: a serialised identity and its key. */
export interface MadeSigner {
  readonly identity: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

export interface BlockWishes {
  /** Number of the last block with a configuration, as its signers say; 0 if left out. */
  readonly lastConfig?: number;
  /** Of the transactions; all valid if left out. */
  readonly codes?: readonly number[];
}

/**
 * A channel whose every key a test holds, so that it can sign whatever it makes up. Its blocks are valid with the peers of a
 * majority of the actors; who may change what is for a majority of the admins.
 */
export class MadeChannel {
  static readonly NAME = 'events';
  readonly #signers = new Map<string, MadeSigner>();

  private constructor(
    readonly actors: readonly string[],
    readonly genesis: common.Block,
  ) {}

  /** The channel of an embedded ledger, in whose folder all keys lie. */
  static of({ actors, dataDir, profilePath }: EmbeddedLedger): MadeChannel {
    const genesis = common.Block.deserializeBinary(readFileSync(join(dataDir, 'genesis.block')));
    const made = new MadeChannel(actors, genesis);
    for (const actor of actors) {
      const folder = join(dataDir, 'peers', actor);
      const [certificate, key] = ['cert.pem', 'key.pem'].map((file) => readFileSync(join(folder, file), 'utf8'));
      made.#signers.set(`${actor}/peer`, signerOf(actor, { certificate: certificate ?? '', key: key ?? '' }));
      made.#signers.set(`${actor}/admin`, signerOf(actor, loadProfile(profilePath(actor, 'admin'))));
    }
    return made;
  }

  static async make(actors: readonly string[]): Promise<MadeChannel> {
    const cas = new Map<string, Credentials>();
    for (const actor of actors) cas.set(actor, await newCa(`ca.${actor}`, actor));
    const certificates = new Map([...cas].map(([actor, { certificate }]) => [actor, certificate]));
    const genesis = common.Block.deserializeBinary(genesisBlock(MadeChannel.NAME, certificates).bytes);
    const made = new MadeChannel(actors, genesis);
    for (const [actor, ca] of cas) {
      for (const role of ['peer', 'admin', 'client'] satisfies Role[]) {
        made.#signers.set(`${actor}/${role}`, signerOf(actor, await newIdentity(ca, `${role}.${actor}`, role)));
      }
    }
    return made;
  }

  as(actor: string, role: 'peer' | 'admin' | 'client'): MadeSigner {
    const signer = this.#signers.get(`${actor}/${role}`);
    if (signer === undefined) throw new Error(`${actor} has no ${role}`);
    return signer;
  }

  /** The configuration in block 0, to be changed at will. */
  get config(): common.Config {
    const [envelope = new Uint8Array()] = this.genesis.getData()?.getDataList_asU8() ?? [];
    const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(envelope).getPayload_asU8());
    return common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig() ?? new common.Config();
  }

  /** The block after another, signed by all that sign blocks. */
  block(after: common.Block, envelopes: readonly Uint8Array[], wishes: BlockWishes = {}): common.Block {
    const header = new common.BlockHeader();
    header.setNumber((after.getHeader()?.getNumber() ?? 0) + 1);
    header.setPreviousHash(Buffer.from(blockHash(after), 'hex'));
    header.setDataHash(dataHash(envelopes));
    const codes = wishes.codes ?? envelopes.map(() => 0);
    return blockWith(header, envelopes, codes, this.#signatures(header, wishes.lastConfig ?? 0));
  }

  #signatures(header: common.BlockHeader, lastConfigNumber: number): Uint8Array {
    const lastConfig = new common.LastConfig();
    lastConfig.setIndex(lastConfigNumber);
    const value = new common.OrdererBlockMetadata();
    value.setLastConfig(lastConfig);
    const result = new common.Metadata();
    result.setValue(value.serializeBinary());
    for (const actor of this.actors) {
      const { identity, sign } = this.as(actor, 'peer');
      const signatureHeader = signatureHeaderOf(identity).serializeBinary();
      const signature = new common.MetadataSignature();
      signature.setSignatureHeader(signatureHeader);
      signature.setSignature(sign(Buffer.concat([result.getValue_asU8(), signatureHeader, headerBytes(header)])));
      result.addSignatures(signature);
    }
    return result.serializeBinary();
  }
}

/** Fabric's hash of a block's data. */
export function dataHash(envelopes: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const envelope of envelopes) hash.update(envelope);
  return hash.digest();
}

/** A block of these parts, whether they belong together or not. */
export function blockWith(
  header: common.BlockHeader,
  envelopes: readonly Uint8Array[],
  codes: readonly number[],
  signatures: Uint8Array = new Uint8Array(),
): common.Block {
  const data = new common.BlockData();
  data.setDataList([...envelopes]);
  const entries: Uint8Array[] = [];
  entries[common.BlockMetadataIndex.SIGNATURES] = signatures;
  entries[common.BlockMetadataIndex.LAST_CONFIG] = new Uint8Array();
  entries[common.BlockMetadataIndex.TRANSACTIONS_FILTER] = Uint8Array.from(codes);
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList(entries);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  block.setMetadata(metadata);
  return block;
}

function signerOf(actor: string, { certificate, key }: Credentials): MadeSigner {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(actor);
  identity.setIdBytes(Buffer.from(certificate));
  return { identity: identity.serializeBinary(), sign: messageSigner(key) };
}

export function signatureHeaderOf(creator: Uint8Array): common.SignatureHeader {
  const header = new common.SignatureHeader();
  header.setCreator(creator);
  header.setNonce(randomBytes(24));
  return header;
}

/** An envelope of some type on the channel, signed by its creator. */
export function signedEnvelope(
  type: number,
  data: Uint8Array,
  { identity, sign }: MadeSigner,
  channel = MadeChannel.NAME,
): common.Envelope {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(type);
  channelHeader.setChannelId(channel);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeaderOf(identity).serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  envelope.setSignature(sign(payload.serializeBinary()));
  return envelope;
}
