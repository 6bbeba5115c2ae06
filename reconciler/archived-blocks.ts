import { common } from '@hyperledger/fabric-protos';
import { blockAt, type LedgerConnection } from '../network/connection.js';
import { archivedBlock, archiveOf } from './archive.js';
import { ReconcilerError } from './errors.js';
import { blockHash, readBlock } from './ledger/block.js';
import { checkSignatures } from './ledger/block-signatures.js';
import { checkHeader, configIn } from './ledger/chain-check.js';
import type { Membership } from './ledger/membership.js';
import { type LedgerIdentity, Projection } from './projection/projection.js';

/**
 * The blocks that a reconciler has read, from block 0 up to a number, as they are kept. One that the archive lacks is
 * fetched again, where a connection is given, and must be the one that was read.
 * @throws ReconcilerError `ARCHIVE` if one is not there any more; NetworkError
 */
export async function* archivedBlocks(
  dbFile: string,
  to: bigint,
  connection?: LedgerConnection,
): AsyncGenerator<Uint8Array> {
  const projection = new Projection(dbFile, { mustExist: true, snapshot: true });
  try {
    const { db, identity } = projection;
    const hashes = db.prepare('SELECT hash FROM blocks WHERE number = ?').pluck();
    let membership: Membership | undefined;
    let number = 0n;
    let previous = '';
    for (const kept of archiveOf(dbFile)?.read(db, to) ?? []) {
      const due = { next: number, hash: previous };
      const hash = hashes.get(Number(number));
      const block = kept === undefined ? undefined : decodedBlock(kept);
      const isKept = block !== undefined && isTheOne(block, due, hash);
      const fetched = isKept || connection === undefined ? undefined : await blockAt(connection, number);
      const read = fetched ?? block;
      if (read === undefined || !isTheOne(read, due, hash)) throw lacking(dbFile, number);
      yield fetched === undefined ? (kept as Uint8Array) : asKept(fetched, identity, membership);
      membership = configIn(read) ?? membership;
      previous = blockHash(read);
      number += 1n;
    }
  } finally {
    projection.close();
  }
}

function decodedBlock(bytes: Uint8Array): common.Block | undefined {
  try {
    return common.Block.deserializeBinary(bytes);
  } catch {
    // Somebody wrote over it.
    return undefined;
  }
}

/** Whether a block is the one that was read, data included. */
function isTheOne(block: common.Block, due: { readonly next: bigint; readonly hash: string }, hash: unknown): boolean {
  try {
    return checkHeader(block, due) === hash;
  } catch (error) {
    if (error instanceof ReconcilerError) return false;
    throw error;
  }
}

function asKept(block: common.Block, identity: LedgerIdentity | undefined, membership: Membership | undefined) {
  const signatures = membership === undefined ? new Uint8Array() : checkSignatures(block, membership).metadata;
  const { channel = '', chaincode = '' } = identity ?? {};
  return archivedBlock(block, signatures, readBlock(block, { channel, chaincode, membership }).codes);
}

function lacking(dbFile: string, number: bigint): ReconcilerError {
  return new ReconcilerError(
    'ARCHIVE',
    `Block ${number} is not in ${dbFile}.blocks as it was read; name a peer that still has it with --profile.`,
  );
}
