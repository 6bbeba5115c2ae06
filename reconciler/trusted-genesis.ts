import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { common } from '@hyperledger/fabric-protos';
import { printable } from '../cli/printable.js';
import { whyUnreadable } from '../cli/unreadable.js';
import { ReconcilerError } from './errors.js';
import { headerHash } from './ledger/block-header.js';

/**
 * The hash of the block 0 in a file, as `ledger serve`, `network up`, `configtxgen` and `peer channel fetch` write it.
 * @returns hex
 * @throws ReconcilerError `GENESIS` if it is not a whole block 0
 */
export function trustedGenesis(file: string): string {
  const block = decoded(file, contentOf(file));
  const header = block.getHeader();
  if (header === undefined || header.getNumber() !== 0) throw unusable(file, 'it is not block 0');
  const data = createHash('sha256');
  for (const envelope of block.getData()?.getDataList_asU8() ?? []) data.update(envelope);
  if (!data.digest().equals(header.getDataHash_asU8())) {
    throw unusable(file, 'its data do not have the hash in its header');
  }
  return headerHash(header);
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw unusable(file, `it ${whyUnreadable(cause)}`, cause);
  }
}

function decoded(file: string, bytes: Uint8Array): common.Block {
  try {
    return common.Block.deserializeBinary(bytes);
  } catch (cause) {
    throw unusable(file, 'it is no block', cause);
  }
}

function unusable(file: string, why: string, cause?: unknown): ReconcilerError {
  return new ReconcilerError(
    'GENESIS',
    `${printable(file)} cannot be used as the trusted block 0: ${why}; "event2ledger query genesis" fetches it.`,
    { cause },
  );
}
