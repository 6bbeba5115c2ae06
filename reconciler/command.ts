import type { Command } from 'commander';
import type { Day } from '#chaincode';
import { action, type CommandIo, printJson } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { connect, type LedgerConnection } from '../network/connection.js';
import { NetworkError } from '../network/errors.js';
import { loadProfile, type Profile } from '../network/profile.js';
import { lockDatabase } from './database-lock.js';
import { saidOf } from './day-judgement.js';
import { lineOf } from './finding-line.js';
import { noticeReader } from './follow/reader.js';
import { Watcher } from './follow/watcher.js';
import type { SaidDay } from './judgement.js';
import { sealedDays } from './kept-days.js';
import { withProjection } from './projection/with-projection.js';
import { type Progress, type ReconcileOptions, reconcile } from './reconcile.js';
import { isGoverned, openDay } from './seal.js';
import { trustedGenesis } from './trusted-genesis.js';

/** Findings of a day that are shown on a terminal. */
const MOST_TOLD = 50;

interface Options {
  readonly profile: string;
  readonly db: string;
  readonly follow?: boolean;
  readonly trust?: string;
  readonly beside?: string;
  readonly evidence?: string;
  readonly json?: boolean;
}

/** What a reconciliation reads from, and trusts. */
type Reading = Pick<
  ReconcileOptions,
  'connection' | 'dbFile' | 'lock' | 'trusted' | 'beside' | 'evidence' | 'onGenesis' | 'onSetAside'
>;

// Delays between attempts to read on after the ledger went away, in milliseconds.
const BACKOFF = [500, 1000, 2000, 5000, 10_000];

/** Adds `reconcile`. */
export function registerReconcile(program: Command, io: CommandIo): void {
  program
    .command('reconcile')
    .description("read the ledger's blocks into a projection and judge what the actors signed")
    .requiredOption('--profile <file>', 'connection profile of any identity that may read the channel')
    .requiredOption('--db <file>', 'the projection (SQLite); made if it is not there, continued if it is')
    .option('--follow', 'go on with new blocks until interrupted')
    .option('--trust <block>', 'file with the block 0 that you trust; without it the first that is read is taken')
    .option(
      '--beside <files>',
      "profiles of other actors' identities, separated by commas: their peers' chains are compared",
    )
    .option('--evidence <dir>', 'folder for the blocks of a peer that serves another chain (default: that of the db)')
    .option('--json', 'print for machines: one line for each day')
    .addHelpText(
      'after',
      '\nExample:\n  event2ledger reconcile --profile data/actors/UserMSP/reconciler/profile.json --db user.db\n' +
        '\nExit codes: 0 no findings, 1 findings, 2 could not read or judge.',
    )
    .action(action(io, (options: Options) => run(options, io)));
}

async function run(options: Options, io: CommandIo): Promise<ExitCode> {
  // SQLite takes these for databases that nobody finds again.
  if (options.db === '' || options.db === ':memory:') throw new UsageError('--db must name a file.');
  const trusted = options.trust === undefined ? {} : { trusted: trustedGenesis(options.trust) };
  const profiles = [options.profile, ...profilesOf(options.beside)].map((file) => loadProfile(file));
  // Between two attempts to reach the ledger, too.
  const lock = lockDatabase(options.db);
  try {
    await readWith({ dbFile: options.db, lock, ...trusted }, profiles, options, io);
  } finally {
    lock.release();
  }
  return summarize(options, io);
}

async function readWith(
  held: Pick<Reading, 'dbFile' | 'lock' | 'trusted'>,
  profiles: readonly Profile[],
  options: Options,
  io: CommandIo,
): Promise<void> {
  const [connection, ...beside] = profiles.map((profile) => connect(profile)) as [
    LedgerConnection,
    ...LedgerConnection[],
  ];
  const watcher = new Watcher(io, options.json === true);
  const reading: Reading = {
    connection,
    beside,
    ...held,
    ...(options.evidence !== undefined && { evidence: options.evidence }),
    onGenesis: (hash) => {
      if (options.trust === undefined) io.stderr.write(`${takenOnTrust(hash)}\n`);
    },
    onSetAside: (file) => {
      io.stderr.write(`${setAside(options.db, file)}\n`);
    },
  };
  try {
    if (options.follow) await followForEver(reading, io, watcher);
    else await reconcile({ ...reading, signal: io.signal, onProgress: watcher.progress });
  } finally {
    for (const each of [connection, ...beside]) each.close();
  }
}

function profilesOf(list: string | undefined): string[] {
  if (list === undefined) return [];
  const files = list.split(',').map((file) => file.trim());
  if (files.includes('')) throw new UsageError('--beside has an empty name; give profiles, separated by commas.');
  return files;
}

function takenOnTrust(hash: string): string {
  return `Block 0 is ${hash}, as this peer says; compare it with the other actors', or name theirs with --trust.`;
}

function setAside(dbFile: string, file: string): string {
  return printable(
    `${dbFile}.blocks held something else where these blocks belong: it is kept in ${file}. If it holds blocks of another chain, signed, that is evidence.`,
    2000,
  );
}

/** Reads on through outages of the ledger: delivery ends, the projection remembers where it was. */
async function followForEver(reading: Reading, io: CommandIo, watcher: Watcher): Promise<void> {
  let attempt = 0;
  const onProgress = (progress: Progress) => {
    attempt = 0;
    if (progress.block < progress.newest) watcher.progress(progress);
  };
  const end = noticeReader(io.stdout);
  try {
    while (!io.signal.aborted) {
      try {
        await reconcile({ ...reading, follow: true, signal: io.signal, onProgress, onFindings: watcher.found });
      } catch (error) {
        if (!(error instanceof NetworkError) || !error.retryable) throw error;
        const delay = BACKOFF[Math.min(attempt, BACKOFF.length - 1)] as number;
        attempt += 1;
        io.stderr.write(`${printable(error.message)} Trying again in ${delay / 1000} s.\n`);
        await aborted(io.signal, delay);
      }
    }
  } finally {
    end();
  }
}

function aborted(signal: AbortSignal, afterMillis: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, afterMillis);
    signal.addEventListener('abort', done);
  });
}

function summarize(options: Options, io: CommandIo): ExitCode {
  return withProjection(options.db, (projection) => {
    const days = [...new Set([...sealedDays(projection), ...projection.tallies.days])].sort();
    const governed = projection.policies.inForce.length > 0;
    if (!governed)
      io.stderr.write('No policy is in force on this ledger: nothing can be judged until one is approved.\n');
    const said = (day: Day) => saidOf(projection, day);
    // What an actor did on the ledger may be all that there is to say of the next day.
    const open = governed ? openDay(projection) : undefined;
    const next = open === undefined || days.includes(open) || !isGoverned(projection, open) ? undefined : said(open);
    const isNext = next !== undefined && (next.findings.length > 0 || next.amends.length > 0);
    let isAnyFound = false;
    const tell = (judgement: SaidDay) => {
      isAnyFound ||= judgement.findings.length > 0;
      if (options.json) printJson(io, summaryOf(judgement));
      else tellDay(judgement, io, !options.follow);
    };
    // One after the other: there may be years of them.
    if (governed) for (const day of days) tell(said(day));
    if (isNext) tell(next);
    if (!options.json) {
      const refused = projection.refused > 0 ? `, ${projection.refused} signed batches refused as malformed` : '';
      io.stdout.write(
        `Read up to block ${projection.head?.block ?? 'none'}${refused}. Days with events: ${days.length}.\n`,
      );
    }
    return isAnyFound ? EXIT.findings : EXIT.clean;
  });
}

function summaryOf({ day, sealed, coverage, actors, findings, blocks }: SaidDay) {
  return {
    day,
    sealed,
    blocks,
    coverage,
    actors,
    findings: Array.from(findings, ({ id, class: name, dissent }) => ({ id, class: name, dissent })),
  };
}

function tellDay({ day, sealed, coverage, findings }: SaidDay, io: CommandIo, withFindings: boolean): void {
  const { events, agreed, disputed, pending, unobservable } = coverage;
  const rest = [
    [disputed, 'disputed'],
    [pending, 'pending'],
    [unobservable, 'unobservable'],
  ].flatMap(([count, word]) => (count === 0 ? [] : [`${count} ${word}`]));
  const state = sealed ? 'sealed' : 'not sealed yet';
  io.stdout.write(
    `${day} (${state}): ${agreed} of ${events} events agreed${rest.map((part) => `, ${part}`).join('')}; ${findings.length === 1 ? '1 finding' : `${findings.length} findings`}\n`,
  );
  if (!withFindings) return;
  let told = 0;
  for (const finding of findings) {
    if (told === MOST_TOLD) break;
    io.stdout.write(`  ${lineOf(finding)}\n`);
    told += 1;
  }
  if (findings.length > told) io.stdout.write(`  and ${findings.length - told} more; see "event2ledger report"\n`);
}
