import type { common } from '@hyperledger/fabric-protos';
import type { LedgerConnection } from '../network/connection.js';
import { archivedParts, archiveOf, type BlockArchive, type Frame, frameOf } from './archive.js';
import { arrivals } from './arrivals.js';
import { type DatabaseLock, lockDatabase } from './database-lock.js';
import { ReconcilerError } from './errors.js';
import type { DayFindings } from './findings.js';
import { LiveJudge } from './follow/live-judge.js';
import { blockHash, readBlock } from './ledger/block.js';
import { ChainCheck, type CheckedBlock } from './ledger/chain-check.js';
import { asDatabaseError } from './projection/database.js';
import { type LedgerIdentity, Projection } from './projection/projection.js';
import { Sealer } from './seal.js';
import { compareWith } from './split-view.js';

// Bounded, so that a restart repeats little.
const BLOCKS_PER_COMMIT = 64;
/** What has left the processor's caches costs more to take in. */
const BYTES_PER_COMMIT = 48 * 1024 * 1024;

// How many new blocks are awaited before other peers are compared with again.
const COMPARED_AFTER = 20n;

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
  /** Held by the caller, who reads on and on; without it the database is held for this one time. */
  readonly lock?: DatabaseLock;
  /** Goes on with new blocks until `signal` aborts. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** While catching up, so many blocks share one commit; 64 if left out. */
  readonly blocksPerCommit?: number;
  /** Hash of the block 0 that is trusted, hex; without one the first that is seen is taken. */
  readonly trusted?: string;
  /** Called with the hash of block 0, hex, when that is read for the first time. */
  readonly onGenesis?: (hash: string) => void;
  /** Called with the file that keeps what stood in the archive in place of the blocks that were read. */
  readonly onSetAside?: (file: string) => void;
  /** Connections to other peers, whose chains must be the same. */
  readonly beside?: readonly LedgerConnection[];
  /** Folder for the blocks of a peer that serves another chain; the projection's own if left out. */
  readonly evidence?: string;
  /**
   * Called with what is found and was not before, or says something else now, once it stands in the database: after each
   * commit of the newest block. Without it the open days are not judged on the way. A day that was sealed is named even without any.
   */
  readonly onFindings?: (findings: readonly DayFindings[]) => void;
  /** Called after each commit, with the projection as it then is. */
  readonly onProgress?: (progress: Progress, projection: Projection) => void;
}

/**
 * Reads the channel's blocks from where the projection stands, up to the newest or for ever. Rows, seals and the
 * checkpoint are committed together, so that a reconciler that is killed goes on as if nothing had happened.
 * @throws ReconcilerError, and NetworkError when the ledger cannot be reached or delivery breaks
 */
export async function reconcile(options: ReconcileOptions): Promise<void> {
  const own = options.lock === undefined ? lockDatabase(options.dbFile) : undefined;
  try {
    await read(options);
  } catch (error) {
    throw asDatabaseError(error, options.dbFile);
  } finally {
    own?.release();
  }
}

async function read(options: ReconcileOptions): Promise<void> {
  const { connection, dbFile, follow = false, signal, blocksPerCommit = BLOCKS_PER_COMMIT, trusted } = options;
  const { channel, chaincode } = connection.profile;
  const projection = new Projection(dbFile);
  const stop = new AbortController();
  let isWhole = false;
  try {
    projection.mustBeOf({ channel, chaincode });
    mustBeTrusted(projection, trusted);
    const intake = new Intake(
      projection,
      { channel, chaincode },
      {
        trusted,
        archive: archiveOf(dbFile),
        onSetAside: options.onSetAside,
      },
    );
    const besides = new Besides(projection, options);
    const live = options.onFindings === undefined ? undefined : new LiveJudge(projection);
    let newest = (await connection.height()) - 1n;
    const { head } = projection;
    if (head !== undefined && BigInt(head.block) > newest) {
      // A peer that is behind, or one of another chain.
      await compareWith(projection, connection, options);
      if (!follow) return;
      newest = BigInt(head.block);
    }
    const cancelled = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    // The last block known is read once more: it must still be the one that was taken in.
    let known = head;
    const isBusy = () => live?.isCutShort === true;
    for await (const blocks of arrivals(connection.blocks(BigInt(head?.block ?? 0), cancelled), isBusy)) {
      if (blocks.length === 0) {
        const found = intake.commit(live);
        if (found.length > 0) options.onFindings?.(found);
      }
      for (const [index, block] of blocks.entries()) {
        if (known !== undefined) {
          if (blockHash(block) !== known.hash) {
            await compareWith(projection, connection, options);
            throw otherLedger(dbFile);
          }
          known = undefined;
        } else {
          const { hash } = intake.add(block);
          if (intake.next === 1n) options.onGenesis?.(hash);
        }
        const number = intake.next - 1n;
        newest = number > newest ? number : newest;
        const isLast = number === newest && (!follow || index === blocks.length - 1);
        if (isLast || intake.waiting >= blocksPerCommit || intake.bytes >= BYTES_PER_COMMIT) {
          // While a ledger is caught up with, its days are not judged block by block.
          const found = intake.commit(isLast ? live : undefined);
          if (found.length > 0) options.onFindings?.(found);
          options.onProgress?.({ block: number, newest }, projection);
          await besides.compareFrom(number, newest);
        }
        isWhole = !follow && isLast;
        if (isWhole) break;
      }
      if (isWhole) break;
    }
    const last = intake.commit(live, true);
    if (last.length > 0) options.onFindings?.(last);
    if (!follow && !isWhole) throw interrupted(projection, newest);
  } finally {
    stop.abort();
    projection.close();
  }
}

function interrupted({ head }: Projection, newest: bigint): ReconcilerError {
  return new ReconcilerError(
    'INTERRUPTED',
    `Interrupted at block ${head?.block ?? 'none'} of ${newest}; the same command reads on from there.`,
  );
}

function otherLedger(dbFile: string): ReconcilerError {
  return new ReconcilerError(
    'LEDGER_CHANGED',
    `${dbFile} has read a ledger that this peer does not serve; name another --db, or connect to a peer of that ledger.`,
  );
}

function mustBeTrusted({ identity }: Projection, trusted: string | undefined): void {
  if (identity === undefined || trusted === undefined || identity.genesis === trusted) return;
  throw new ReconcilerError(
    'GENESIS',
    `The projection began with block 0 ${identity.genesis}, and not with the trusted ${trusted}; name another --db.`,
  );
}

/** Compares with the other peers: when the newest block is in, and from then on each time so many are. */
class Besides {
  readonly #projection: Projection;
  readonly #options: ReconcileOptions;
  #next = 0n;

  constructor(projection: Projection, options: ReconcileOptions) {
    this.#projection = projection;
    this.#options = options;
  }

  async compareFrom(block: bigint, newest: bigint): Promise<void> {
    const { beside = [] } = this.#options;
    if (beside.length === 0 || block < newest || block < this.#next) return;
    for (const other of beside) await compareWith(this.#projection, other, this.#options);
    this.#next = block + COMPARED_AFTER;
  }
}

interface IntakeOptions {
  /** Hash of the block 0 that is trusted, hex. */
  readonly trusted?: string | undefined;
  /** Where the blocks are kept. */
  readonly archive?: BlockArchive | undefined;
  /** Called with the file that keeps what else stood in the archive. */
  readonly onSetAside?: ((file: string) => void) | undefined;
}

/** Checks blocks and takes them into a projection, some at a time, and seals days on the way. */
export class Intake {
  readonly #projection: Projection;
  readonly #identity: LedgerIdentity;
  readonly #waiting: { readonly block: common.Block; readonly checked: CheckedBlock }[] = [];
  readonly #sealer: Sealer;
  readonly #check: ChainCheck;
  readonly #archive: BlockArchive | undefined;
  readonly #onSetAside: IntakeOptions['onSetAside'];
  #bytes = 0;

  constructor(projection: Projection, identity: LedgerIdentity, { trusted, archive, onSetAside }: IntakeOptions = {}) {
    this.#projection = projection;
    this.#identity = identity;
    this.#sealer = new Sealer(projection);
    this.#check = new ChainCheck(projection.chain, trusted);
    this.#archive = archive;
    this.#onSetAside = onSetAside;
  }

  /** Blocks that are not committed yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many bytes of transactions they have. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the block to come. */
  get next(): bigint {
    return this.#check.state.next;
  }

  /** @throws ReconcilerError `CHAIN`, `SIGNATURES`, `CONFIGURATION`, `GENESIS`, `BLOCK`; what was added before is still good */
  add(block: common.Block): CheckedBlock {
    const checked = this.#check.accept(block);
    this.addChecked(block, checked);
    return checked;
  }

  /** Adds a block that a check of the caller's own has accepted. An intake is fed by this or by `add`, not by both. */
  addChecked(block: common.Block, checked: CheckedBlock): void {
    this.#waiting.push({ block, checked });
    for (const envelope of block.getData()?.getDataList_asU8() ?? []) this.#bytes += envelope.length;
  }

  /**
   * Takes in the blocks that wait, in one database transaction. After an error the projection must be closed.
   * @param live judges the open days in the same transaction
   * @param settle whether it is to put nothing off
   * @returns what it finds
   * @throws ReconcilerError `DATABASE` if somebody else has read on in this database meanwhile, `ARCHIVE`
   */
  commit(live?: LiveJudge, settle = false): readonly DayFindings[] {
    this.#bytes = 0;
    const projection = this.#projection;
    const judge = () => live?.update(settle) ?? [];
    if (this.#waiting.length === 0) {
      if (live === undefined) return [];
      return projection.db
        .transaction(() => {
          projection.mustBeAlone();
          return judge();
        })
        .immediate();
    }
    return projection.db
      .transaction(() => {
        projection.mustBeAlone();
        const from = projection.archivedTo;
        let archivedTo = from;
        const frames: Frame[] = [];
        for (const { block, checked } of this.#waiting.splice(0)) {
          const { codes, ...read } = readBlock(block, { ...this.#identity, membership: projection.membership });
          if (this.#archive !== undefined) {
            const frame = frameOf(archivedParts(block, checked.signatures, codes));
            archivedTo += frame.length;
            frames.push(frame);
          }
          projection.apply({ ...read, archivedTo }, this.#identity, () => this.#sealer.afterBatch());
        }
        // On disk before the checkpoint is.
        const aside = this.#archive?.append(from, frames);
        if (aside !== undefined) this.#onSetAside?.(aside);
        projection.flush();
        return judge();
      })
      .immediate();
  }
}
