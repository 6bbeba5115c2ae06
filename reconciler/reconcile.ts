import type { common } from '@hyperledger/fabric-protos';
import type { LedgerConnection } from '../network/connection.js';
import { ReconcilerError } from './errors.js';
import { blockHash, readBlock } from './ledger/block.js';
import { type LedgerIdentity, Projection } from './projection/projection.js';
import { Sealer } from './seal.js';

// Bounded, so that a restart repeats little.
const BLOCKS_PER_COMMIT = 64;

/** Where a reconciliation stands. */
export interface Progress {
  /** Number of the last block taken in. */
  readonly block: bigint;
  /** Number of the newest block known of. */
  readonly newest: bigint;
}

export interface ReconcileOptions {
  readonly connection: LedgerConnection;
  readonly dbFile: string;
  /** Goes on with new blocks until `signal` aborts. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** While catching up, so many blocks share one commit; 64 if left out. */
  readonly blocksPerCommit?: number;
  /** Called after each commit, with the projection as it then is. */
  readonly onProgress?: (progress: Progress, projection: Projection) => void;
}

/**
 * Reads the channel's blocks from where the projection stands, up to the newest or for ever. Rows, seals and the
 * checkpoint are committed together, so that a reconciler that is killed goes on as if nothing had happened.
 * @throws ReconcilerError, and NetworkError when the ledger cannot be reached or delivery breaks
 */
export async function reconcile(options: ReconcileOptions): Promise<void> {
  const { connection, dbFile, follow = false, signal, blocksPerCommit = BLOCKS_PER_COMMIT } = options;
  const { channel, chaincode } = connection.profile;
  const projection = new Projection(dbFile);
  try {
    projection.mustBeOf({ channel, chaincode });
    const intake = new Intake(projection, { channel, chaincode });
    let newest = (await connection.height()) - 1n;
    const { head } = projection;
    if (head !== undefined && BigInt(head.block) > newest) throw otherLedger(dbFile);
    const stop = new AbortController();
    const cancelled = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    // The last block known is read once more: it must still be the one that was taken in.
    let known = head;
    for await (const block of connection.blocks(BigInt(head?.block ?? 0), cancelled)) {
      if (known !== undefined) {
        if (blockHash(block) !== known.hash) throw otherLedger(dbFile);
        known = undefined;
      } else intake.add(block);
      const number = intake.next - 1n;
      newest = number > newest ? number : newest;
      if (number === newest || intake.waiting >= blocksPerCommit) {
        intake.commit();
        options.onProgress?.({ block: number, newest }, projection);
      }
      if (!follow && number >= newest) {
        stop.abort();
        break;
      }
    }
    intake.commit();
  } finally {
    projection.close();
  }
}

function otherLedger(dbFile: string): ReconcilerError {
  return new ReconcilerError(
    'LEDGER_CHANGED',
    `${dbFile} has read a ledger that this peer does not serve; name another --db, or connect to a peer of that ledger.`,
  );
}

/** Takes blocks into a projection, some at a time, and seals days on the way. */
export class Intake {
  readonly #blocks: common.Block[] = [];
  readonly #sealer: Sealer;

  constructor(
    private readonly projection: Projection,
    private readonly identity: LedgerIdentity,
  ) {
    this.#sealer = new Sealer(projection);
  }

  /** Blocks that are not committed yet. */
  get waiting(): number {
    return this.#blocks.length;
  }

  /** Number of the block to come. */
  get next(): bigint {
    return this.projection.nextBlock + BigInt(this.#blocks.length);
  }

  add(block: common.Block): void {
    this.#blocks.push(block);
  }

  /** Takes in the blocks that wait, in one database transaction. After an error the projection must be closed. */
  commit(): void {
    if (this.#blocks.length === 0) return;
    const { projection, identity } = this;
    projection.db.transaction(() => {
      for (const block of this.#blocks.splice(0)) {
        const decoded = readBlock(block, { ...identity, membership: projection.membership });
        projection.apply(decoded, identity, () => this.#sealer.afterBatch());
      }
      projection.flush();
    })();
  }
}
