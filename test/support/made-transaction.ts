import { createHash } from 'node:crypto';
import { common, ledger, peer } from '@hyperledger/fabric-protos';
import type { MessageType } from '../../network/messages/shapes.js';
import { MadeChannel, type MadeSigner, signatureHeaderOf } from './made-channel.js';
import { peersOf } from './peers-of.js';

const { rwset } = ledger;
const { kvrwset } = rwset;

export type MadeVersion = readonly [block: number, tx: number] | undefined;

/** What a transaction says that it read and wrote in a namespace. */
export interface MadeAccess {
  readonly namespace: string;
  readonly reads?: Readonly<Record<string, MadeVersion>>;
  readonly writes?: Readonly<Record<string, string | Uint8Array | undefined>>;
  /** Of a private collection; keys stand for their hashes. */
  readonly collections?: Readonly<Record<string, Omit<MadeAccess, 'namespace' | 'collections' | 'ranges'>>>;
  readonly ranges?: boolean;
  /** Keys that get a policy of their own. */
  readonly keyPolicies?: readonly string[];
}

export interface MadeTransaction {
  readonly chaincode: string;
  readonly creator: MadeSigner;
  readonly endorsers: readonly MadeSigner[];
  readonly access?: readonly MadeAccess[];
  /** For another transaction of the same ID. */
  readonly header?: common.SignatureHeader;
  /** What becomes of the header in the action, and in the proposal that was endorsed. */
  readonly actionHeader?: (header: Uint8Array) => Uint8Array;
  readonly epoch?: number;
  /** Of the chaincode, as endorsers say it. */
  readonly version?: string;
  /** The chaincode whose event it is said to have. */
  readonly eventOf?: string;
  /** The function that is called, and its arguments; if left out, nothing that can be decoded. */
  readonly call?: readonly string[];
  /** How each message of it is written; as the library does it if left out. */
  readonly written?: (type: MessageType<unknown>, bytes: Uint8Array) => Uint8Array;
}

/** An endorser transaction in every detail as peers look at it, of whatever is asked for. */
export function madeTransaction(wishes: MadeTransaction): Uint8Array {
  const { chaincode, creator, endorsers, access = [], header = signatureHeaderOf(creator.identity) } = wishes;
  const { version = '1', eventOf, epoch = 0, actionHeader = (same: Uint8Array) => same } = wishes;
  const bytesOf = (type: MessageType<unknown>, message: { serializeBinary(): Uint8Array }) =>
    wishes.written?.(type, message.serializeBinary()) ?? message.serializeBinary();
  const id = new peer.ChaincodeID();
  id.setName(chaincode);
  id.setVersion(version);
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(id);
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setChannelId(MadeChannel.NAME);
  channelHeader.setTxId(sha256(header.getNonce_asU8(), header.getCreator_asU8()).toString('hex'));
  channelHeader.setEpoch(epoch);
  channelHeader.setExtension$(bytesOf(peer.ChaincodeHeaderExtension, extension));
  const proposal = new peer.ChaincodeProposalPayload();
  proposal.setInput(wishes.call === undefined ? Buffer.from('what is called') : callOf(id, wishes.call, bytesOf));
  const headers = [bytesOf(common.ChannelHeader, channelHeader), bytesOf(common.SignatureHeader, header)] as const;

  const result = new peer.ChaincodeAction();
  result.setChaincodeId(id);
  result.setResults(readWriteSet(access));
  if (eventOf !== undefined) {
    const event = new peer.ChaincodeEvent();
    event.setChaincodeId(eventOf);
    result.setEvents(bytesOf(peer.ChaincodeEvent, event));
  }
  const response = new peer.ProposalResponsePayload();
  const inAction = actionHeader(headers[1]);
  response.setProposalHash(sha256(headers[0], inAction, bytesOf(peer.ChaincodeProposalPayload, proposal)));
  response.setExtension$(bytesOf(peer.ChaincodeAction, result));
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(bytesOf(peer.ProposalResponsePayload, response));
  for (const { identity, sign } of endorsers) {
    const endorsement = new peer.Endorsement();
    endorsement.setEndorser(identity);
    endorsement.setSignature(sign(Buffer.concat([bytesOf(peer.ProposalResponsePayload, response), identity])));
    endorsed.addEndorsements(endorsement);
  }
  const action = new peer.ChaincodeActionPayload();
  action.setChaincodeProposalPayload(bytesOf(peer.ChaincodeProposalPayload, proposal));
  action.setAction(endorsed);
  const transactionAction = new peer.TransactionAction();
  transactionAction.setHeader(inAction);
  transactionAction.setPayload(bytesOf(peer.ChaincodeActionPayload, action));
  const transaction = new peer.Transaction();
  transaction.addActions(transactionAction);

  const both = new common.Header();
  both.setChannelHeader(headers[0]);
  both.setSignatureHeader(headers[1]);
  const payload = new common.Payload();
  payload.setHeader(both);
  payload.setData(bytesOf(peer.Transaction, transaction));
  const envelope = new common.Envelope();
  envelope.setPayload(bytesOf(common.Payload, payload));
  envelope.setSignature(creator.sign(bytesOf(common.Payload, payload)));
  return envelope.serializeBinary();
}

function callOf(
  id: peer.ChaincodeID,
  args: readonly string[],
  bytesOf: (type: MessageType<unknown>, message: peer.ChaincodeInvocationSpec) => Uint8Array,
): Uint8Array {
  const input = new peer.ChaincodeInput();
  input.setArgsList(args.map((arg) => Buffer.from(arg)));
  const spec = new peer.ChaincodeSpec();
  spec.setChaincodeId(id);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  return bytesOf(peer.ChaincodeInvocationSpec, invocation);
}

/** What a chaincode's definition says of endorsements, as `_lifecycle` writes it. */
export function validationInfo(policy: peer.ApplicationPolicy, plugin = 'vscc'): Uint8Array {
  const info = new peer.lifecycle.ChaincodeValidationInfo();
  info.setValidationPlugin(plugin);
  info.setValidationParameter(policy.serializeBinary());
  const data = new peer.lifecycle.StateData();
  data.setBytes(info.serializeBinary());
  return data.serializeBinary();
}

/** What a chaincode's definition says of collections, as `_lifecycle` writes it. */
export function collectionsInfo(names: readonly string[]): Uint8Array {
  const collections = new peer.CollectionConfigPackage();
  for (const name of names) {
    const one = new peer.StaticCollectionConfig();
    one.setName(name);
    const config = new peer.CollectionConfig();
    config.setStaticCollectionConfig(one);
    collections.addConfig(config);
  }
  const data = new peer.lifecycle.StateData();
  data.setBytes(collections.serializeBinary());
  return data.serializeBinary();
}

/** That a policy of the channel's configuration counts. */
export function channelPolicy(path: string): peer.ApplicationPolicy {
  const policy = new peer.ApplicationPolicy();
  policy.setChannelConfigPolicyReference(path);
  return policy;
}

/** That so many peers of different actors must endorse. */
export function ownPolicy(needed: number, actors: readonly string[]): peer.ApplicationPolicy {
  const policy = new peer.ApplicationPolicy();
  policy.setSignaturePolicy(peersOf(needed, actors));
  return policy;
}

function readWriteSet(access: readonly MadeAccess[]): Uint8Array {
  const set = new rwset.TxReadWriteSet();
  for (const { namespace, reads = {}, writes = {}, collections = {}, ranges, keyPolicies = [] } of access) {
    const inner = new kvrwset.KVRWSet();
    for (const [key, version] of Object.entries(reads)) {
      const read = new kvrwset.KVRead();
      read.setKey(key);
      read.setVersion(versionOf(version));
      inner.addReads(read);
    }
    for (const [key, value] of Object.entries(writes)) {
      const write = new kvrwset.KVWrite();
      write.setKey(key);
      if (value === undefined) write.setIsDelete(true);
      else write.setValue(Buffer.from(value));
      inner.addWrites(write);
    }
    if (ranges) inner.addRangeQueriesInfo(new kvrwset.RangeQueryInfo());
    for (const key of keyPolicies) {
      const policy = new kvrwset.KVMetadataWrite();
      policy.setKey(key);
      inner.addMetadataWrites(policy);
    }
    const outer = new rwset.NsReadWriteSet();
    outer.setNamespace(namespace);
    outer.setRwset(inner.serializeBinary());
    for (const [name, parts] of Object.entries(collections)) outer.addCollectionHashedRwset(collection(name, parts));
    set.addNsRwset(outer);
  }
  return set.serializeBinary();
}

function collection(name: string, parts: NonNullable<MadeAccess['collections']>[string]) {
  const { reads = {}, writes = {}, keyPolicies = [] } = parts;
  const inner = new kvrwset.HashedRWSet();
  for (const [key, version] of Object.entries(reads)) {
    const read = new kvrwset.KVReadHash();
    read.setKeyHash(Buffer.from(key));
    read.setVersion(versionOf(version));
    inner.addHashedReads(read);
  }
  for (const [key, value] of Object.entries(writes)) {
    const write = new kvrwset.KVWriteHash();
    write.setKeyHash(Buffer.from(key));
    if (value === undefined) write.setIsDelete(true);
    else write.setValueHash(Buffer.from(value));
    inner.addHashedWrites(write);
  }
  for (const key of keyPolicies) {
    const policy = new kvrwset.KVMetadataWriteHash();
    policy.setKeyHash(Buffer.from(key));
    inner.addMetadataWrites(policy);
  }
  const made = new rwset.CollectionHashedReadWriteSet();
  made.setCollectionName(name);
  made.setHashedRwset(inner.serializeBinary());
  return made;
}

function versionOf(version: MadeVersion): ledger.rwset.kvrwset.Version | undefined {
  if (version === undefined) return undefined;
  const made = new kvrwset.Version();
  made.setBlockNum(version[0]);
  made.setTxNum(version[1]);
  return made;
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
