import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { eventReference, isoOfNanos } from '#chaincode';
import { type CommandIo, printJson } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { plainLog } from '../collector/log.js';
import { fileSource } from '../collector/source/trace.js';
import { withConnection } from '../network/connection.js';
import { compareWithLedger, type LedgerDifferences } from './compare-with-ledger.js';
import { offerOf } from './ledger-sets.js';
import { withCommand, withOffer } from './other-side.js';
import type { Item } from './protocol/item-set.js';

const READ_BYTES = 256 * 1024;
const SHOWN = 20;

/** The options of `compare LOG --with PROFILE`. */
export interface CompareLogOptions {
  /** Profile of the actor whose log it is. */
  readonly with: string;
  /** The database of a reconciler on this machine. */
  readonly db?: string;
  /** A command that answers from a reconciler's database elsewhere. */
  readonly exchange?: string;
  readonly repair?: boolean;
  /** Has a repair attest under a source of which nothing has been said yet. */
  readonly newSource?: boolean;
  /** The source's name on the ledger. Asked for: under a wrong one everything would be missing, and be attested. */
  readonly sourceId?: string;
  readonly json?: boolean;
}

/**
 * Compares a log with what its actor has attested on the ledger.
 * @param log a plain file: it is read more than once
 * @throws UsageError, ExchangeError, CollectorError, NetworkError, ReconcilerError
 */
export async function compareLog(log: string, options: CompareLogOptions, io: CommandIo): Promise<ExitCode> {
  const { db, exchange, repair = false, newSource = false, sourceId } = options;
  if (sourceId === undefined || sourceId === '') {
    throw new UsageError(
      'Name the source with --source-id, as the collector does: the ID of the engine, or of the trace.',
    );
  }
  if ((db === undefined) === (exchange === undefined)) {
    throw new UsageError(
      "Say who answers for the ledger: a reconciler's file with --db, or a command with --exchange.",
    );
  }
  // A file that is not there is told before anything is asked.
  fileSource(log);
  const differences = await withConnection(options.with, io.signal, (connection) =>
    compareWithLedger({
      connection,
      open: () => createReadStream(log, { highWaterMark: READ_BYTES }),
      sourceId,
      ledger: (ask) =>
        exchange === undefined ? withOffer(offerOf(db ?? ''), randomBytes, ask) : withCommand(exchange, io.signal, ask),
      repair,
      newSource,
      signal: io.signal,
      random: randomBytes,
      log: plainLog((line) => io.stderr.write(`${line}\n`), 'warn'),
    }),
  );
  if (options.json) printJson(io, forMachines(differences));
  else io.stdout.write(forPeople(differences));
  // Of a log that says nothing nobody knows whether it says what was attested.
  if (differences.from === undefined) return EXIT.failed;
  const { unattested, unlogged, log: read } = differences;
  return unattested.length + unlogged.length + read.malformed > 0 ? EXIT.findings : EXIT.clean;
}

const referenceOf = ({ time, hash }: Item) => eventReference(time, hash);

function forMachines({ unattested, unlogged, behind, repaired, ...rest }: LedgerDifferences) {
  return {
    ...rest,
    unattested: unattested.map(referenceOf),
    unlogged: unlogged.map(referenceOf),
    behind: behind.toString(),
    ...(repaired === undefined
      ? {}
      : { repaired: { run: repaired.run, attested: repaired.attested, batches: repaired.batches } }),
  };
}

function forPeople(differences: LedgerDifferences): string {
  const { actor, source, from, to, log, unattested, unlogged, cost, host, behind, repaired } = differences;
  if (from === undefined || to === undefined) {
    return `No event of the log is one that the policy has recorded (${log.events} read, ${log.malformed} malformed).\n`;
  }
  const lines = [
    `${actor} on ${source}, ${isoOfNanos(from)} to ${isoOfNanos(to)}: ${many(log.distinct, 'event')} in the log, ${unattested.length} of them not attested; ${unlogged.length} attested that are not in the log.`,
    ...(log.malformed > 0
      ? [`${many(log.malformed, 'line')} of the log could not be read: what they say is not compared.`]
      : []),
    ...shown('not attested', unattested),
    ...shown('not in the log', unlogged),
    `Exchanged ${many(cost.bytesSent + cost.bytesReceived, 'byte')} in ${many(cost.messages, 'message')}.`,
  ];
  if (host?.sources !== undefined && host.sources.length > 0 && !host.sources.includes(source)) {
    lines.push(
      `${actor} has never said anything of a source ${source}; the ledger knows ${host.sources.join(', ')}: look at --source-id.`,
    );
  }
  if (behind > 0n) {
    lines.push(
      `The database has read up to block ${host?.block}; the ledger has ${behind} more, of which it knows nothing.`,
    );
  }
  if (repaired !== undefined) {
    lines.push(
      `Attested ${many(repaired.attested, 'event')} in ${many(repaired.batches, 'batch', 'batches')} of the new run ${repaired.run}.`,
    );
  }
  return lines.map((line) => `${printable(line, 1000)}\n`).join('');
}

function shown(what: string, items: readonly Item[]): string[] {
  const more = items.length > SHOWN ? [`  and ${items.length - SHOWN} more; --json prints all`] : [];
  return [...items.slice(0, SHOWN).map((item) => `  ${what}: ${referenceOf(item)}`), ...more];
}

function many(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
