import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { common } from '@hyperledger/fabric-protos';
import { makeFolder } from '../cli/make-folder.js';
import { printable } from '../cli/printable.js';
import { blockAt, type LedgerConnection } from '../network/connection.js';
import { archiveOf } from './archive.js';
import { ReconcilerError } from './errors.js';
import { blockHash } from './ledger/block.js';
import { checkSignatures } from './ledger/block-signatures.js';
import { configIn, nameOf } from './ledger/chain-check.js';
import type { Membership } from './ledger/membership.js';
import type { Projection } from './projection/projection.js';

/** Where a difference is kept. */
export interface SplitViewOptions {
  readonly dbFile: string;
  /** Folder for the blocks that differ; the projection's own if left out. */
  readonly evidence?: string;
}

/**
 * Compares what was read with what another peer serves: the newest block that both have. Where they differ, the first
 * block that does is found by halving, and both are kept as files, for two signed blocks of one number are proof against
 * those who signed them.
 * @returns the number of the block up to which the chains are the same
 * @throws ReconcilerError `FORK`, `SIGNATURES` if the other's block is signed by too few, `LEDGER_CHANGED`; NetworkError
 */
export async function compareWith(
  projection: Projection,
  other: LedgerConnection,
  options: SplitViewOptions,
): Promise<bigint> {
  const height = await other.height();
  const newest = min(projection.nextBlock, height) - 1n;
  if (newest < 0n || (await isSame(projection, other, newest))) return newest;
  if (!(await isSame(projection, other, 0n))) {
    throw new ReconcilerError(
      'LEDGER_CHANGED',
      `${other.profile.endpoint} serves another ledger: its block 0 is not that of ${options.dbFile}.`,
    );
  }
  // Hashes are chained: once the chains differ they never meet again.
  let [same, differs] = [0n, newest];
  while (differs - same > 1n) {
    const middle = (same + differs) / 2n;
    if (await isSame(projection, other, middle)) same = middle;
    else differs = middle;
  }
  throw await fork(projection, other, differs, options);
}

async function isSame({ db }: Projection, other: LedgerConnection, number: bigint): Promise<boolean> {
  const own = db.prepare('SELECT hash FROM blocks WHERE number = ?').pluck().get(Number(number));
  return own === blockHash(await blockAt(other, number));
}

async function fork(
  projection: Projection,
  other: LedgerConnection,
  number: bigint,
  { dbFile, evidence = dirname(dbFile) }: SplitViewOptions,
): Promise<ReconcilerError> {
  const theirs = await blockAt(other, number);
  const found = readOwn(projection, dbFile, number);
  if (found?.membership !== undefined && !isSigned(theirs, found.membership)) {
    return new ReconcilerError(
      'SIGNATURES',
      `${printable(other.profile.endpoint)} serves another block ${number}, which is not signed as the channel asks: its word counts for nothing; ask another peer.`,
    );
  }
  const shown = [found?.block, theirs].flatMap((block) => {
    if (block === undefined) return [];
    const hash = blockHash(block);
    const file = join(evidence, `block-${number}-${hash.slice(0, 12)}.block`);
    const kept = keep(file, block) ? printable(file) : `${printable(file)} could not be written`;
    return [`${hash}, signed by ${signersOf(block, found?.membership)} (${kept})`];
  });
  return new ReconcilerError(
    'FORK',
    `${printable(other.profile.endpoint)} serves another chain from block ${number} on: ${shown.join('; ')}. ` +
      'If those who sign blocks signed both, that is proof against them; what was read before is kept.',
  );
}

/** Whether a block's signatures are enough: what anybody can make up shows no fork. */
function isSigned(block: common.Block, membership: Membership): boolean {
  try {
    return checkSignatures(block, membership).isEnough;
  } catch {
    return false;
  }
}

/** Whether the block could be kept: that there is a fork is to be told all the same. */
function keep(file: string, block: common.Block): boolean {
  try {
    makeFolder(dirname(file));
    writeFileSync(file, block.serializeBinary(), { flush: true });
    return true;
  } catch {
    return false;
  }
}

/** The block as it was read, and the configuration in force before it. */
function readOwn({ db }: Projection, dbFile: string, number: bigint) {
  let membership: Membership | undefined;
  let at = 0n;
  for (const bytes of archiveOf(dbFile)?.read(db, number) ?? []) {
    if (bytes === undefined) return undefined;
    const block = common.Block.deserializeBinary(bytes);
    if (at === number) return { block, membership };
    membership = configIn(block) ?? membership;
    at += 1n;
  }
  return undefined;
}

function signersOf(block: common.Block, membership: Membership | undefined): string {
  if (membership === undefined) return 'an unknown signer';
  try {
    const { signers, isEnough } = checkSignatures(block, membership);
    const names = signers.map(nameOf).join(', ') || 'nobody';
    return isEnough ? names : `${names}, which is not enough`;
  } catch {
    // Whatever the other peer made of its bytes.
    return 'nobody, for its signatures cannot be read';
  }
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
