import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Gap, Watch } from '#chaincode';
import { type CollectorOptions, type CollectorSummary, runCollector } from '../../collector/collector.js';
import { type CollectorLog, silentLog } from '../../collector/log.js';
import type { DockerSourceOptions } from '../../collector/source/docker.js';
import { FakeEngine } from './fake-engine.js';
import { FakeLedger } from './fake-ledger.js';

/** A second, in nanoseconds. */
export const S = 1_000_000_000n;

/** Whether a time lies in a watch or a gap. */
export const within = ({ from, to }: Watch | Gap, time: bigint) => BigInt(from) <= time && time < BigInt(to);

export interface Running {
  /** Stops the collector, gracefully. */
  end(): Promise<CollectorSummary>;
  /** Rejects when the collector fails. */
  readonly ended: Promise<unknown>;
}

/** A collector between a fake engine and a fake ledger, anew for each test of the file. */
export class Watching {
  dir = '';
  engine = new FakeEngine('');
  ledger = new FakeLedger();

  constructor() {
    beforeEach(async () => {
      this.dir = mkdtempSync(join(tmpdir(), 'e2l-watching-'));
      this.engine = new FakeEngine(join(this.dir, 'docker.sock'));
      this.ledger = new FakeLedger();
      await this.engine.start();
    });
    afterEach(async () => {
      await this.engine.stop();
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  /** Starts a collector; several at a time need a ledger and a spool each. */
  readonly start = (
    options: DockerSourceOptions = {},
    log: CollectorLog = silentLog,
    more: Partial<CollectorOptions> = {},
  ): Running => {
    const stop = new AbortController();
    const running = runCollector({
      connection: this.ledger,
      source: this.engine.source(options),
      spool: join(this.dir, 'spool.db'),
      signal: stop.signal,
      maxAgeMs: 2,
      patience: { firstPauseMs: 5, longestPauseMs: 40 },
      log,
      ...more,
    });
    // Awaited by `end`; until then a failure must not count as unhandled.
    running.catch(() => {});
    return {
      ended: running,
      async end() {
        stop.abort();
        return await running;
      },
    };
  };

  /** Starts a collector, which has attested one event and has room for a claim behind the margin. */
  readonly begin = async (...args: Parameters<Watching['start']>): Promise<Running> => {
    const collector = this.start(...args);
    await this.engine.listenedTo();
    this.engine.happens('one');
    await this.attested('one');
    this.engine.now += 5n * S;
    return collector;
  };

  /** A copy of the spool as a kill would leave it now: nothing is written while this runs. */
  readonly killed = (): { readonly spool: string } => {
    const [from, to] = [join(this.dir, 'spool.db'), join(this.dir, 'killed.db')];
    for (const end of ['', '-wal']) if (existsSync(from + end)) copyFileSync(from + end, to + end);
    return { spool: to };
  };

  readonly objects = (of = this.ledger) => of.entries().map((entry) => entry.event.object);
  readonly attested = (id: string, of = this.ledger) => of.until(() => this.objects(of).includes(id));
  /** As the latest batch states them. */
  readonly watches = (): readonly Watch[] => this.ledger.batches().at(-1)?.batch.watches ?? [];
  readonly gaps = (): Gap[] => this.ledger.batches().flatMap(({ batch }) => batch.gaps);
  /** Resolves when a source is claimed to have been watched up to a second ago. */
  readonly claimed = (source: string) =>
    this.ledger.until(() =>
      this.watches().some((watch) => watch.source === source && BigInt(watch.to) >= BigInt(this.engine.now) - S),
    );
}
