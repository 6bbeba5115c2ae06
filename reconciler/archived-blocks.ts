import { common } from '@hyperledger/fabric-protos';
import type { LedgerConnection } from '../network/connection.js';
import { archivedBlock, archiveOf } from './archive.js';
import { ReconcilerError } from './errors.js';
import { blockHash, readBlock } from './ledger/block.js';
import { checkSignatures } from './ledger/block-signatures.js';
import { configIn } from './ledger/chain-check.js';
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
    for (const kept of archiveOf(dbFile)?.read(db, to) ?? []) {
      const hash = hashes.get(Number(number));
      const block = kept === undefined ? undefined : decodedBlock(kept);
      const isKept = block !== undefined && hashIs(block, hash);
      const fetched = isKept ? undefined : await fetchedBlock(connection, number, dbFile);
      const read = fetched ?? block ?? new common.Block();
      if (!hashIs(read, hash)) throw lacking(dbFile, number);
      yield fetched === undefined ? (kept as Uint8Array) : asKept(fetched, identity, membership);
      membership = configIn(read) ?? membership;
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

function hashIs(block: common.Block, hash: unknown): boolean {
  return block.getHeader() !== undefined && blockHash(block) === hash;
}

async function fetchedBlock(
  connection: LedgerConnection | undefined,
  number: bigint,
  dbFile: string,
): Promise<common.Block> {
  if (connection === undefined) throw lacking(dbFile, number);
  const stop = new AbortController();
  try {
    for await (const block of connection.blocks(number, stop.signal)) return block;
  } finally {
    stop.abort();
  }
  throw lacking(dbFile, number);
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
