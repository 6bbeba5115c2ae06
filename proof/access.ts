import { ledger } from '@hyperledger/fabric-protos';
import { decode } from '../network/messages/decode.js';

/** Where a value was last written. */
export interface Version {
  readonly block: number;
  readonly tx: number;
}

/** What a transaction writes under one key. */
export interface Write {
  readonly key: string;
  readonly isDelete: boolean;
  readonly value: Uint8Array;
}

/** What a transaction read and wrote in one namespace, or in a private collection of it, as its endorsers signed it. */
export interface Access {
  readonly namespace: string;
  /** Undefined for what is public; of a collection keys and values are hashes. */
  readonly collection: string | undefined;
  readonly reads: readonly { readonly key: string; readonly version: Version | undefined }[];
  readonly writes: readonly Write[];
  /** Whether it read ranges, which are not followed. */
  readonly hasRanges: boolean;
  /** Keys to which it gave policies of their own, which are not followed. */
  readonly keyPolicies: readonly string[];
}

const { rwset } = ledger;
const { kvrwset } = rwset;

/** @param results a read-write set, as a transaction's endorsers signed it. @throws Error if it cannot be decoded */
export function accessOf(results: Uint8Array): Access[] {
  return decode(rwset.TxReadWriteSet, results)
    .getNsRwsetList()
    .flatMap((each) => [
      publicAccess(each.getNamespace(), each.getRwset_asU8()),
      ...each.getCollectionHashedRwsetList().map((one) => hashedAccess(each.getNamespace(), one)),
    ]);
}

/** Names a namespace, or a collection of it. Both names are a client's: no separator could keep them apart. */
export function spaceName({ namespace, collection }: Pick<Access, 'namespace' | 'collection'>): string {
  return JSON.stringify([namespace, collection]);
}

function publicAccess(namespace: string, bytes: Uint8Array): Access {
  const set = decode(kvrwset.KVRWSet, bytes);
  return {
    namespace,
    collection: undefined,
    reads: set.getReadsList().map((read) => ({ key: read.getKey(), version: versionOf(read.getVersion()) })),
    writes: set.getWritesList().map((write) => ({
      key: write.getKey(),
      isDelete: write.getIsDelete(),
      value: write.getValue_asU8(),
    })),
    hasRanges: set.getRangeQueriesInfoList().length > 0,
    keyPolicies: set.getMetadataWritesList().map((write) => write.getKey()),
  };
}

function hashedAccess(namespace: string, collection: ledger.rwset.CollectionHashedReadWriteSet): Access {
  const set = decode(kvrwset.HashedRWSet, collection.getHashedRwset_asU8());
  return {
    namespace,
    collection: collection.getCollectionName(),
    reads: set.getHashedReadsList().map((read) => ({
      key: read.getKeyHash_asB64(),
      version: versionOf(read.getVersion()),
    })),
    writes: set.getHashedWritesList().map((write) => ({
      key: write.getKeyHash_asB64(),
      isDelete: write.getIsDelete() || write.getIsPurge(),
      value: write.getValueHash_asU8(),
    })),
    hasRanges: false,
    keyPolicies: set.getMetadataWritesList().map((write) => write.getKeyHash_asB64()),
  };
}

function versionOf(version: ledger.rwset.kvrwset.Version | undefined): Version | undefined {
  return version && { block: version.getBlockNum(), tx: version.getTxNum() };
}
