import { dirname, join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MAX_BATCH_ENTRIES, parseTime, sha256Hex } from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode } from '../cli/exit.js';
import { connect } from '../network/connection.js';
import { loadProfile } from '../network/profile.js';
import { DEFAULT_LIMITS } from './attester/sealer.js';
import { type CollectorSummary, runCollector } from './collector.js';
import { type CollectorLog, LOG_LEVELS, type LogLevel, plainLog, structuredLog } from './log.js';
import { RunningLine } from './running-line.js';
import { sourceOf } from './source/parse-source.js';

interface Flags {
  readonly profile: string;
  readonly source: string;
  readonly spool?: string;
  readonly once?: boolean;
  readonly through?: string;
  readonly sourceId?: string;
  readonly batchSize: number;
  readonly logLevel: LogLevel;
  readonly json?: boolean;
}

const EXAMPLES = `
Sources:
  docker        the engine of DOCKER_HOST, or of the default socket
  docker:URL    docker:unix:///var/run/docker.sock, docker:tcp://host:2375, docker:ssh://user@host
  file:TRACE    what docker events --format '{{json .}}' printed, one event a line
  -             the same from standard input

The spool keeps every event until the ledger has it, and knows which it has: stop and start as you like, nothing is
attested twice. One spool for each identity and source; it lies beside the profile unless --spool says otherwise.
A line of a trace that cannot be read is reported with its number, counted, and declared on the ledger as a gap.

Examples:
  event2ledger collect --profile ledger/actors/UserMSP/collector-1/profile.json --source docker
  event2ledger collect --profile P --source file:monday.ndjson --once --through 2026-11-23T00:00:00Z`;

/** `collect`: watches a source and attests its events on the ledger. */
export const registerCollect: RegisterCommands = (program: Command, io: CommandIo) => {
  program
    .command('collect')
    .description(
      "watch a Docker engine or read a trace, and attest its events on the ledger with the collector's identity",
    )
    .requiredOption('--profile <file>', "profile.json of the collector's identity")
    .requiredOption('--source <source>', 'docker, docker:URL, file:TRACE, or - for standard input')
    .option('--spool <file>', 'where events wait for the ledger (default: beside the profile, one for each source)')
    .option('--once', "end at the trace's end, when everything is attested")
    .option('--through <time>', "let the trace's watch reach from the start of its first event's UTC day to this time")
    .option('--source-id <id>', 'the engine\'s name in the events (default: a trace is "trace", an engine its own ID)')
    .addOption(
      new Option('--batch-size <n>', 'events in a batch at the most')
        .argParser(batchSize)
        .default(DEFAULT_LIMITS.entries),
    )
    .addOption(new Option('--log-level <level>', 'how much is said while it runs').choices(LOG_LEVELS).default('info'))
    .option('--json', 'print the summary as one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action(action(io, (flags: Flags) => collect(flags, io)));
};

async function collect(flags: Flags, io: CommandIo): Promise<ExitCode> {
  const { once = false, sourceId, through } = flags;
  const source = sourceOf(
    {
      source: flags.source,
      once,
      ...(sourceId === undefined ? {} : { sourceId }),
      ...(through === undefined ? {} : { through: parseTime(through) }),
    },
    io,
  );
  const connection = connect(loadProfile(flags.profile));
  const line = io.stderr.isTTY ? new RunningLine(io.stderr) : undefined;
  try {
    const summary = await runCollector({
      connection,
      source,
      spool: flags.spool ?? join(dirname(flags.profile), defaultSpool(source.name)),
      signal: io.signal,
      once,
      limits: { ...DEFAULT_LIMITS, entries: flags.batchSize },
      log: logOf(io, line, flags.logLevel),
      onProgress: (counts) => line?.update(counts),
    });
    line?.end();
    if (flags.json) printJson(io, summary);
    else io.stdout.write(`${sentence(summary)}\n`);
  } finally {
    line?.end();
    connection.close();
  }
  return EXIT.clean;
}

/** A file name of the source's own; a name that is no plain text becomes its digest. */
function defaultSpool(source: string): string {
  const name = source.replace(':', '-');
  return `spool-${/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) ? name : sha256Hex(source).slice(0, 16)}.db`;
}

function logOf(io: CommandIo, line: RunningLine | undefined, level: LogLevel): CollectorLog {
  return line === undefined ? structuredLog(io.stderr, level) : plainLog((text) => line.message(text), level);
}

/** The summary for people. */
function sentence(summary: CollectorSummary): string {
  const { events, known, recorded, attested, malformed, batches, behind } = summary;
  const parts = [
    `${events} events read${known > 0 ? ` (${known} known before)` : ''}`,
    `${recorded} recorded`,
    `${attested} attested in ${batches} ${batches === 1 ? 'batch' : 'batches'}`,
    `${malformed} malformed`,
    ...(behind > 0 ? [`${behind} still in the spool`] : []),
  ];
  return `${parts.join(', ')}.`;
}

function batchSize(text: string): number {
  const size = Number(text);
  if (!/^\d+$/.test(text) || size < 1 || size > MAX_BATCH_ENTRIES) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_BATCH_ENTRIES}.`);
  }
  return size;
}
