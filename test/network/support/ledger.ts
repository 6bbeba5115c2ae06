import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import stringify from 'fast-json-stable-stringify';
import { connect, type LedgerConnection } from '../../../network/connection.js';
import { type EmbeddedLedger, type LedgerOptions, serveLedger } from '../../../network/embedded/ledger.js';
import { loadProfile, type Profile } from '../../../network/profile.js';

/** A folder of its own, and a way to be rid of it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'event2ledger-network-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A ledger in a folder of its own, with what was connected to it, all closed together. */
export class TestLedger {
  readonly dataDir: string;
  readonly #remove: () => void;
  readonly #connections: LedgerConnection[] = [];
  ledger: EmbeddedLedger;

  private constructor(ledger: EmbeddedLedger, remove: () => void) {
    this.ledger = ledger;
    this.dataDir = ledger.dataDir;
    this.#remove = remove;
  }

  static async start(options: Omit<LedgerOptions, 'dataDir'> = {}): Promise<TestLedger> {
    const folder = temporaryFolder();
    const dataDir = join(folder.path, 'ledger');
    return new TestLedger(await serveLedger({ dataDir, batchTimeoutMs: 10, ...options }), folder.remove);
  }

  profile(actor: string, identity: string): Profile {
    return loadProfile(this.ledger.profilePath(actor, identity));
  }

  as(actor: string, identity: string): LedgerConnection {
    return this.with(this.profile(actor, identity));
  }

  with(profile: Profile): LedgerConnection {
    const connection = connect(profile);
    this.#connections.push(connection);
    return connection;
  }

  async restart(): Promise<void> {
    this.closeConnections();
    await this.ledger.close();
    this.ledger = await serveLedger({ dataDir: this.dataDir, batchTimeoutMs: 10 });
  }

  closeConnections(): void {
    for (const connection of this.#connections.splice(0)) connection.close();
  }

  async end(): Promise<void> {
    this.closeConnections();
    await this.ledger.close();
    this.#remove();
  }
}

/** 2026-11-22T00:00:00Z in nanoseconds. */
export const DAY_START = 1_795_305_600_000_000_000n;

export interface BatchWishes {
  readonly collector?: string;
  readonly run?: string;
  readonly n?: number;
  readonly prev?: string;
  /** How many events; they are of the day 2026-11-22, one a second. */
  readonly events?: number;
  /** Number of the first. */
  readonly first?: number;
}

/** A canonical event of the day 2026-11-22. */
export function canonicalEvent(number: number): string {
  return stringify({
    v: 1,
    source: 'ENGINE-1',
    scope: 'local',
    type: 'container',
    action: 'start',
    object: createHash('sha256').update(String(number)).digest('hex'),
    attributes: { image: 'hello-world', name: `IMG${number}` },
    time: String(DAY_START + BigInt(number) * 1_000_000_000n),
  });
}

/** A batch's text, as a collector would seal it. */
export function batchText(wishes: BatchWishes = {}): string {
  const { collector = 'collector-1', run = 'run-1', n = 1, prev = '0'.repeat(64), events = 1, first = 1 } = wishes;
  const end = DAY_START + BigInt(first + events) * 1_000_000_000n;
  return JSON.stringify({
    v: 1,
    policy: 1,
    collector,
    run,
    n,
    from: first,
    prev,
    sentAt: String(end),
    entries: Array.from({ length: events }, (_, index) => ({ b: canonicalEvent(first + index) })),
    watches: [{ source: 'ENGINE-1', from: String(DAY_START), to: String(end) }],
    gaps: [],
  });
}
