import { common, peer } from '@hyperledger/fabric-protos';
import { checkChannel, Malformed } from './proposal.js';
import type { Store } from './store.js';

/** The name under which a peer answers questions about its blocks. */
export const QSCC = 'qscc';

/**
 * The queries of Fabric's `qscc` that clients use: GetChainInfo, GetBlockByNumber, GetBlockByTxID, GetTransactionByID.
 * @throws Malformed for other functions, or for what is not on the ledger
 */
export function queryLedger(store: Store, channel: string, args: readonly Uint8Array[]): Uint8Array {
  const [fn = '', of = '', what = ''] = args.map((arg) => Buffer.from(arg).toString());
  checkChannel(channel, of);
  switch (fn) {
    case 'GetChainInfo':
      return chainInfo(store);
    case 'GetBlockByNumber':
      return found(/^\d{1,15}$/.test(what) ? store.block(Number(what)) : undefined);
    case 'GetBlockByTxID':
      return found(store.block(store.transaction(what)?.block ?? -1));
    case 'GetTransactionByID':
      return transaction(store, what);
    default:
      throw new Malformed(`qscc has no function "${fn.slice(0, 100)}" here`);
  }
}

function chainInfo(store: Store): Uint8Array {
  const info = new common.BlockchainInfo();
  info.setHeight(store.height);
  info.setCurrentblockhash(store.blockHash(store.height - 1) ?? new Uint8Array());
  info.setPreviousblockhash(store.blockHash(store.height - 2) ?? new Uint8Array());
  return info.serializeBinary();
}

function transaction(store: Store, id: string): Uint8Array {
  const status = store.transaction(id);
  const block = common.Block.deserializeBinary(found(status && store.block(status.block)));
  const bytes = found(block.getData()?.getDataList_asU8()[status?.position ?? -1]);
  const result = new peer.ProcessedTransaction();
  result.setTransactionenvelope(common.Envelope.deserializeBinary(bytes));
  result.setValidationcode(status?.code ?? 0);
  return result.serializeBinary();
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Malformed('there is no such entry on the ledger');
  return value;
}
