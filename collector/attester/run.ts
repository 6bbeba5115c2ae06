import { type CollectorAnswer, type Nanos, padNanos } from '#chaincode';
import type { LedgerConnection } from '../../network/connection.js';
import type { Clock, Random } from '../clock.js';
import { CollectorError } from '../errors.js';
import type { RunPosition } from '../spool/records.js';
import type { Spool } from '../spool/spool.js';

/**
 * What the ledger has of this collector.
 * @throws NetworkError; CollectorError `LEDGER` if the answer cannot be read.
 */
export async function onLedger(connection: LedgerConnection): Promise<CollectorAnswer | undefined> {
  const { mspId, name } = connection.profile;
  const answer = await connection.evaluate('GetCollector', mspId, name);
  try {
    return (JSON.parse(answer) as CollectorAnswer | null) ?? undefined;
  } catch (cause) {
    throw new CollectorError('LEDGER', "The ledger's answer to GetCollector cannot be read; are the versions alike?", {
      cause,
    });
  }
}

/**
 * The actor's other collectors, as the ledger has them.
 * @throws NetworkError; CollectorError `LEDGER` if the answer cannot be read.
 */
export async function companions(connection: LedgerConnection): Promise<CollectorAnswer[]> {
  const { mspId, name } = connection.profile;
  const answer = await connection.evaluate('GetCollectors');
  try {
    return (JSON.parse(answer) as CollectorAnswer[]).filter(
      ({ actor, collector }) => actor === mspId && collector !== name,
    );
  } catch (cause) {
    throw new CollectorError('LEDGER', "The ledger's answer to GetCollectors cannot be read; are the versions alike?", {
      cause,
    });
  }
}

/**
 * Whether the spool's run goes on: the ledger has no later run, and no batch of this one that the spool lacks. Else
 * numbers would be given twice. The names of runs sort by the time they began.
 */
function continues(spooled: RunPosition | undefined, ledger: CollectorAnswer | undefined): boolean {
  if (spooled === undefined) return false;
  if (ledger === undefined || ledger.run < spooled.run) return true;
  return ledger.run === spooled.run && ledger.n <= spooled.n;
}

/**
 * Begins a new run unless the spool continues what the ledger has.
 * @returns whether a new one was begun
 * @throws CollectorError `LEDGER` if the spool's batches were committed to a ledger that is not this one.
 */
export function settleRun(spool: Spool, ledger: CollectorAnswer | undefined, clock: Clock, random: Random): boolean {
  if (ledger === undefined && spool.hasCommitted()) {
    throw new CollectorError(
      'LEDGER',
      'The ledger has nothing of this collector, but the spool says that it was told: it is another ledger. Give another --spool.',
    );
  }
  if (continues(spool.run(), ledger)) return false;
  spool.beginRun(newRun(clock, random));
  return true;
}

/** A run of another process under one identity sent something so short a while ago, in seconds, that it may be running still. */
const RECENT_SECONDS = 60;

/**
 * Another process's run under this identity, from what the ledger had at the start: one that the spool does not continue
 * and that was heard of a moment ago.
 * @param now the collector's own time
 */
export function foreignAtStart(
  spooled: RunPosition | undefined,
  ledger: CollectorAnswer | undefined,
  now: Nanos,
): string | undefined {
  if (ledger === undefined || ledger.run === spooled?.run) return undefined;
  const apart = BigInt(now) - BigInt(ledger.sentAt);
  return apart < BigInt(RECENT_SECONDS) * 1_000_000_000n ? ledger.run : undefined;
}

/** Another process's run under this identity, from what the ledger has now: one that is not this spool's, and began later. */
export function foreignNow(spooled: RunPosition | undefined, ledger: CollectorAnswer | undefined): string | undefined {
  return spooled !== undefined && ledger !== undefined && ledger.run > spooled.run ? ledger.run : undefined;
}

/** `<19-digit nanoseconds>-<8 hex>`: sorts by time, and no two spools choose the same. */
function newRun(clock: Clock, random: Random): string {
  return `${padNanos(clock.now())}-${Buffer.from(random(4)).toString('hex')}`;
}
