import type { Nanos } from '#chaincode';
import { Policies } from '../collector/attester/policies.js';
import { type CollectorSummary, runCollector } from '../collector/collector.js';
import { type CollectorLog, silentLog } from '../collector/log.js';
import { blockAt, type LedgerConnection } from '../network/connection.js';
import { blockHash } from '../reconciler/ledger/block.js';
import type { Channel } from './channel.js';
import { type Log, type LogEvents, missingEvents, readLog } from './log-events.js';
import { ExchangeError } from './protocol/errors.js';
import type { Item } from './protocol/item-set.js';
import type { ExchangeCost } from './protocol/party.js';
import { ask, type Host, type Random, type Scope } from './session.js';

/** A log, and the ledger that it is compared with. */
export interface LedgerComparison {
  /** An identity of the actor whose log it is; with `repair`, a collector's of its own. */
  readonly connection: LedgerConnection;
  /** Opens the log's bytes, unpacked, from their beginning each time; with `repair` it is opened twice. */
  readonly open: () => NodeJS.ReadableStream;
  /** The source's name on the ledger. */
  readonly sourceId: string;
  /** Who answers for the ledger: a reconciler's database, here or elsewhere. Reached once the log is read, and left before a repair. */
  readonly ledger: <T>(ask: (channel: Channel) => Promise<T>) => Promise<T>;
  /** Attests what the ledger lacks, in a run of its own. */
  readonly repair?: boolean;
  /** Though nothing has been said of the source, and of others something has. */
  readonly newSource?: boolean;
  readonly signal: AbortSignal;
  readonly random: Random;
  readonly log?: CollectorLog;
}

/** How an actor's log and what it has attested differ, from the log's first event to its last. */
export interface LedgerDifferences {
  readonly actor: string;
  readonly source: string;
  /** The first event's time; undefined if the log has none that is recorded. */
  readonly from: Nanos | undefined;
  /** The first nanosecond behind the last event. */
  readonly to: Nanos | undefined;
  readonly log: Pick<LogEvents, 'events' | 'unrecorded' | 'malformed'> & { readonly distinct: number };
  /** In the log and not attested. */
  readonly unattested: readonly Item[];
  /** Attested and not in the log. */
  readonly unlogged: readonly Item[];
  readonly cost: ExchangeCost;
  /** What the answering side has read, and of which ledger. */
  readonly host: Host | undefined;
  /** Blocks that the ledger has beyond those. */
  readonly behind: bigint;
  /** What was attested, if it was asked for and there was anything. */
  readonly repaired: CollectorSummary | undefined;
}

const NO_COST: ExchangeCost = { bytesSent: 0, bytesReceived: 0, messages: 0 };

/**
 * Finds what an actor's log and its attestations on the ledger have different, and attests what is missing if asked to.
 * @throws ExchangeError, CollectorError, NetworkError
 */
export async function compareWithLedger(comparison: LedgerComparison): Promise<LedgerDifferences> {
  const { connection, open, sourceId, ledger, signal, random, log: words = silentLog } = comparison;
  const policies = new Policies(connection);
  await policies.refresh();
  if (policies.inForce.length === 0) throw noPolicy();
  const log: Log = { open, sourceId, inForce: policies.inForce };
  const read = await readLog(log, signal, words);
  const actor = connection.profile.mspId;
  const counts = { events: read.events, unrecorded: read.unrecorded, malformed: read.malformed };
  const known = { actor, source: sourceId, log: { ...counts, distinct: read.set.count } };
  if (read.first === undefined || read.last === undefined) {
    const nothing = { from: undefined, to: undefined, host: undefined, behind: 0n, repaired: undefined };
    return { ...known, ...nothing, unattested: [], unlogged: [], cost: NO_COST };
  }
  const scope = {
    actor,
    source: sourceId,
    from: read.first.toString(),
    to: (read.last + 1n).toString(),
  } satisfies Scope;
  const { mine, theirs, host, cost } = await ledger((channel) => ask(channel, scope, read.set, random));
  const behind = await blocksBehind(connection, host);
  const isWanted = comparison.repair === true && mine.count > 0;
  if (isWanted && comparison.newSource !== true) mustBeNamed(actor, sourceId, host);
  const repaired = isWanted ? await attest(comparison, missingEvents(log, mine)) : undefined;
  if (repaired !== undefined && repaired.recorded < mine.count) {
    throw new ExchangeError(
      'LOG',
      `Only ${repaired.recorded} of ${mine.count} missing events were found when the log was read again, and are attested: leave it unchanged, and compare again.`,
    );
  }
  const { from, to } = scope;
  return { ...known, from, to, unattested: mine.items(), unlogged: theirs.items(), cost, host, behind, repaired };
}

/**
 * Under a source's name that is misspelt everything would be missing, and be attested for ever.
 * @throws ExchangeError `SCOPE`
 */
function mustBeNamed(actor: string, sourceId: string, { sources = [] }: Host): void {
  if (sources.length === 0 || sources.includes(sourceId)) return;
  throw new ExchangeError(
    'SCOPE',
    `${actor} has never said anything of a source ${sourceId}, and nothing was attested. Say with --new-source that this is another one, or name with --source-id one that the ledger knows: ${sources.join(', ')}.`,
  );
}

function attest(
  { connection, signal, log = silentLog }: LedgerComparison,
  source: ReturnType<typeof missingEvents>,
): Promise<CollectorSummary> {
  // A spool that need not survive: whoever is interrupted compares again, and finds what is still missing.
  return runCollector({ connection, source, spool: ':memory:', once: true, signal, log });
}

/** @throws ExchangeError `SCOPE` if the database is of another ledger; NetworkError */
async function blocksBehind(connection: LedgerConnection, host: Host): Promise<bigint> {
  if (blockHash(await blockAt(connection, 0n)) !== host.ledger || connection.profile.channel !== host.channel) {
    throw new ExchangeError(
      'SCOPE',
      'The database that answers is of another ledger than the profile; give one that was read from this ledger.',
    );
  }
  return (await connection.height()) - 1n - BigInt(host.block);
}

function noPolicy(): ExchangeError {
  return new ExchangeError(
    'SCOPE',
    'No policy is in force on the ledger, so nobody attests anything; propose one first.',
  );
}
