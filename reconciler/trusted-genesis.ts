import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { common } from '@hyperledger/fabric-protos';
import { printable } from '../cli/printable.js';
import { ReconcilerError } from './errors.js';
import { headerHash } from './ledger/block-header.js';

/**
 * The hash of the block 0 in a file, as `ledger serve`, `network up`, `configtxgen` and `peer channel fetch` write it.
 * @returns hex
 * @throws ReconcilerError `GENESIS` if it is not a whole block 0
 */
export function trustedGenesis(file: string): string {
  try {
    const block = common.Block.deserializeBinary(readFileSync(file));
    const header = block.getHeader();
    const data = createHash('sha256');
    for (const envelope of block.getData()?.getDataList_asU8() ?? []) data.update(envelope);
    if (header === undefined || header.getNumber() !== 0) throw new Error('it is not block 0');
    if (!data.digest().equals(header.getDataHash_asU8()))
      throw new Error('its data do not have the hash in its header');
    return headerHash(header);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReconcilerError('GENESIS', `${file} cannot be used as the trusted block 0: ${printable(why)}.`, {
      cause,
    });
  }
}
