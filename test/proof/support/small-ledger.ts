import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type LedgerConnection } from '../../../network/connection.js';
import { type EmbeddedLedger, serveLedger } from '../../../network/embedded/ledger.js';
import { loadProfile } from '../../../network/profile.js';
import { framed } from '../../../reconciler/archive.js';
import { archivedBlocks } from '../../../reconciler/archived-blocks.js';
import { dayJudgement } from '../../../reconciler/day-judgement.js';
import { reconcile } from '../../../reconciler/reconcile.js';
import { type DailyReport, dailyReport, reportText } from '../../../reports/model.js';
import { containerEvent, DAY, hashed, Run, WHOLE_DAY } from '../../reconciler/support/history.js';

const SECOND = 1_000_000_000n;
const LIFE = ['create', 'start', 'die', 'destroy'];

/** A served ledger on which the first actor has left out an event, and what a reconciler read of it. */
export class SmallLedger {
  readonly dbFile: string;
  readonly #open: LedgerConnection[] = [];

  private constructor(
    readonly ledger: EmbeddedLedger,
    readonly folder: string,
  ) {
    this.dbFile = join(folder, 'reconciler.db');
  }

  /** @param batches how many each actor sends, one event in each */
  static async start(actors: readonly string[], batches: number): Promise<SmallLedger> {
    const folder = mkdtempSync(join(tmpdir(), 'e2l-proof-'));
    const made = new SmallLedger(await serveLedger({ dataDir: join(folder, 'ledger'), actors }), folder);
    const events = Array.from({ length: batches }, (_, at) =>
      hashed(containerEvent(`c${at >> 2}`, LIFE[at % 4] ?? '', BigInt(at + 1) * 60n * SECOND)),
    );
    for (const [index, actor] of actors.entries()) {
      const connection = made.as(actor, 'collector-1');
      const run = new Run(actor);
      for (const [at, event] of events.entries()) {
        const left = index === 0 && at === 0;
        const isLast = at === events.length - 1;
        const parts = { events: left ? [] : [event], watches: isLast ? [WHOLE_DAY] : [] };
        await connection.submit('Attest', run.batch(parts).args[0] ?? '');
      }
    }
    return made;
  }

  as(actor: string, identity = 'reconciler'): LedgerConnection {
    const connection = connect(loadProfile(this.ledger.profilePath(actor, identity)));
    this.#open.push(connection);
    return connection;
  }

  async reconcile(actor: string): Promise<void> {
    await reconcile({ connection: this.as(actor), dbFile: this.dbFile });
  }

  get report(): DailyReport {
    return dailyReport(dayJudgement(this.dbFile, DAY));
  }

  get blocks(): AsyncGenerator<Uint8Array> {
    return archivedBlocks(this.dbFile, BigInt(this.report.blocks.to));
  }

  /** What a bundle holds, uncompressed. */
  async content(): Promise<Buffer> {
    const parts = [framed(Buffer.from(reportText(this.report)))];
    for await (const block of this.blocks) parts.push(framed(block));
    return Buffer.concat(parts);
  }

  async close(): Promise<void> {
    for (const connection of this.#open.splice(0)) connection.close();
    await this.ledger.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** Content in memory, as a bundle's file gives it. */
export function contentOf(bytes: Uint8Array) {
  return async function* () {
    yield bytes;
  };
}
