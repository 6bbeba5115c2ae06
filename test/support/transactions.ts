import { common, msp, peer } from '@hyperledger/fabric-protos';
import type { LedgerConnection } from '../../network/connection.js';

/** An endorser transaction as it stands in a block, decoded here and not by the code under test. */
export interface LedgerTransaction {
  readonly block: bigint;
  readonly id: string;
  readonly creator: string;
  readonly validationCode: number;
  readonly endorsers: readonly string[];
  /** The function and its arguments. */
  readonly args: readonly string[];
}

/** Every transaction that invokes `profile.chaincode`, over all blocks there are now. */
export async function transactionsOf(ledger: LedgerConnection): Promise<LedgerTransaction[]> {
  const height = await ledger.height();
  const stop = new AbortController();
  const found: LedgerTransaction[] = [];
  for await (const block of ledger.blocks(0n, stop.signal)) {
    found.push(...transactionsIn(block, ledger.profile.chaincode));
    if (BigInt(block.getHeader()?.getNumber() ?? 0) + 1n >= height) break;
  }
  stop.abort();
  return found;
}

function transactionsIn(block: common.Block, chaincode: string): LedgerTransaction[] {
  const number = BigInt(block.getHeader()?.getNumber() ?? 0);
  const flags = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.TRANSACTIONS_FILTER];
  const envelopes = block.getData()?.getDataList_asU8() ?? [];
  return envelopes.flatMap((bytes, index) => {
    const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(bytes).getPayload_asU8());
    const channel = common.ChannelHeader.deserializeBinary(payload.getHeader()?.getChannelHeader_asU8() ?? bytes);
    if (channel.getType() !== common.HeaderType.ENDORSER_TRANSACTION) return [];
    const signature = common.SignatureHeader.deserializeBinary(payload.getHeader()?.getSignatureHeader_asU8() ?? bytes);
    const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
    return transaction.getActionsList().flatMap((action) => {
      const body = peer.ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8());
      const spec = specOf(body);
      if (spec?.getChaincodeId()?.getName() !== chaincode) return [];
      const endorsements = body.getAction()?.getEndorsementsList() ?? [];
      return [
        {
          block: number,
          id: channel.getTxId(),
          creator: mspOf(signature.getCreator_asU8()),
          validationCode: flags?.[index] ?? -1,
          endorsers: endorsements.map((endorsement) => mspOf(endorsement.getEndorser_asU8())),
          args: (spec.getInput()?.getArgsList_asU8() ?? []).map((arg) => Buffer.from(arg).toString()),
        },
      ];
    });
  });
}

function specOf(body: peer.ChaincodeActionPayload): peer.ChaincodeSpec | undefined {
  const proposal = peer.ChaincodeProposalPayload.deserializeBinary(body.getChaincodeProposalPayload_asU8());
  return peer.ChaincodeInvocationSpec.deserializeBinary(proposal.getInput_asU8()).getChaincodeSpec();
}

function mspOf(identity: Uint8Array): string {
  return msp.SerializedIdentity.deserializeBinary(identity).getMspid();
}
