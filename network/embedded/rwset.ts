import { ledger } from '@hyperledger/fabric-protos';

const { rwset } = ledger;
const { kvrwset } = rwset;

/** Where a value was last written. */
export interface Version {
  readonly block: number;
  readonly tx: number;
}

/** What a transaction read, with the versions it saw, and what it writes (`undefined`: deletes). */
export interface ReadWriteSet {
  readonly reads: ReadonlyMap<string, Version | undefined>;
  readonly writes: ReadonlyMap<string, Uint8Array | undefined>;
}

/** A read-write set as Fabric writes it: one namespace, keys in order. */
export function encodeReadWriteSet(namespace: string, { reads, writes }: ReadWriteSet): Uint8Array {
  const set = new kvrwset.KVRWSet();
  set.setReadsList(sorted(reads).map(([key, version]) => kvRead(key, version)));
  set.setWritesList(sorted(writes).map(([key, value]) => kvWrite(key, value)));
  const inNamespace = new rwset.NsReadWriteSet();
  inNamespace.setNamespace(namespace);
  inNamespace.setRwset(set.serializeBinary());
  const result = new rwset.TxReadWriteSet();
  result.setDataModel(rwset.TxReadWriteSet.DataModel.KV);
  result.setNsRwsetList([inNamespace]);
  return result.serializeBinary();
}

/**
 * Reads a read-write set back.
 * @returns `undefined` if it holds what this ledger does not know: other namespaces, private data, range queries,
 * key metadata
 */
export function decodeReadWriteSet(namespace: string, bytes: Uint8Array): ReadWriteSet | undefined {
  const namespaces = rwset.TxReadWriteSet.deserializeBinary(bytes).getNsRwsetList();
  const reads = new Map<string, Version | undefined>();
  const writes = new Map<string, Uint8Array | undefined>();
  for (const each of namespaces) {
    if (each.getNamespace() !== namespace || each.getCollectionHashedRwsetList().length > 0) return undefined;
    const set = kvrwset.KVRWSet.deserializeBinary(each.getRwset_asU8());
    if (set.getRangeQueriesInfoList().length > 0 || set.getMetadataWritesList().length > 0) return undefined;
    for (const read of set.getReadsList()) {
      const version = read.getVersion();
      reads.set(read.getKey(), version && { block: version.getBlockNum(), tx: version.getTxNum() });
    }
    for (const write of set.getWritesList()) {
      writes.set(write.getKey(), write.getIsDelete() ? undefined : write.getValue_asU8());
    }
  }
  return { reads, writes };
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

function kvRead(key: string, version: Version | undefined): ledger.rwset.kvrwset.KVRead {
  const read = new kvrwset.KVRead();
  read.setKey(key);
  if (version !== undefined) {
    const seen = new kvrwset.Version();
    seen.setBlockNum(version.block);
    seen.setTxNum(version.tx);
    read.setVersion(seen);
  }
  return read;
}

function kvWrite(key: string, value: Uint8Array | undefined): ledger.rwset.kvrwset.KVWrite {
  const write = new kvrwset.KVWrite();
  write.setKey(key);
  if (value === undefined) write.setIsDelete(true);
  else write.setValue(value);
  return write;
}
