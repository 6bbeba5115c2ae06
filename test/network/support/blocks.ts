import { createHash } from 'node:crypto';
import { common, msp, peer } from '@hyperledger/fabric-protos';
import type { LedgerConnection } from '../../../network/connection.js';

/** The blocks from `start` up to a number of them. */
export async function takeBlocks(ledger: LedgerConnection, start: bigint, count: number): Promise<common.Block[]> {
  const blocks: common.Block[] = [];
  for await (const block of ledger.blocks(start)) {
    blocks.push(block);
    if (blocks.length === count) break;
  }
  return blocks;
}

export function numberOf(block: common.Block): number {
  return block.getHeader()?.getNumber() ?? -1;
}

/** The validation codes of a block's transactions. */
export function codesOf(block: common.Block): number[] {
  const metadata = block.getMetadata()?.getMetadataList_asU8() ?? [];
  return [...(metadata[common.BlockMetadataIndex.TRANSACTIONS_FILTER] ?? [])];
}

export function envelopesOf(block: common.Block): Uint8Array[] {
  return block.getData()?.getDataList_asU8() ?? [];
}

/** A transaction's action, decoded down to where endorsements are. */
export function actionOf(envelope: Uint8Array): peer.ChaincodeEndorsedAction {
  const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(envelope).getPayload_asU8());
  const [action] = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
  const inner = peer.ChaincodeActionPayload.deserializeBinary(action?.getPayload_asU8() ?? new Uint8Array());
  return inner.getAction() ?? new peer.ChaincodeEndorsedAction();
}

export function endorserOf(endorsement: peer.Endorsement): msp.SerializedIdentity {
  return msp.SerializedIdentity.deserializeBinary(endorsement.getEndorser_asU8());
}

/** A digest over whole blocks, metadata included. */
export function digestOf(blocks: readonly common.Block[]): string {
  const hash = createHash('sha256');
  for (const block of blocks) hash.update(block.serializeBinary());
  return hash.digest('hex');
}
