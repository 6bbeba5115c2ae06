import { X509Certificate } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { isoOfNanos, type Nanos, sha256Hex } from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { connect } from '../network/connection.js';
import { loadProfile, type Profile } from '../network/profile.js';
import { DEFAULT_LIMITS } from './attester/sealer.js';
import { systemClock } from './clock.js';
import { type CollectorCounts, type CollectorSummary, runCollector } from './collector.js';
import { CONFIG_VARIABLE, type LoadedConfig, loadConfig, shownConfig } from './config.js';
import {
  type CollectConfig,
  defaultOf,
  descriptionOf,
  SETTING_NAMES,
  type SettingName,
  variableOf,
} from './config-settings.js';
import { type CollectorLog, plainLog, structuredLog } from './log.js';
import { collectorMetrics } from './metrics.js';
import { healthOf, type MetricsServer, serveMetrics } from './metrics-server.js';
import { RunningLine } from './running-line.js';
import { sourceOf } from './source/parse-source.js';
import type { Source } from './source/source.js';
import { Vitals } from './vitals.js';

/** Flags that are no settings. */
interface Flags {
  readonly config?: string;
  readonly printConfig?: boolean;
  readonly json?: boolean;
}

/** How each setting's value is named in the help; a setting without one is said by its name alone. */
const VALUES: Readonly<Record<SettingName, string>> = {
  profile: '<file>',
  source: '<source>',
  'source-id': '<id>',
  spool: '<file>',
  'spool-limit': '<size>',
  'batch-size': '<n>',
  once: '',
  through: '<time>',
  metrics: '<address>',
  'health-grace': '<seconds>',
  'log-level': '<level>',
  'log-format': '<format>',
};

const EXAMPLES = `
Sources:
  docker               the engine that Docker's own client takes: DOCKER_HOST, DOCKER_CONTEXT, the context in use, or
                       the default socket
  docker:URL           docker:unix:///var/run/docker.sock, docker:tcp://host:2376, docker:ssh://user@host
  docker:context=NAME  the engine of a Docker context
  file:TRACE           what docker events --format '{{json .}}' printed, one event a line
  -                    the same from standard input

Settings may also stand in a config file (YAML or JSON, by the names above without --) and in the environment
(E2L_SOURCE for --source, E2L_BATCH_SIZE for --batch-size); a flag wins over the environment, that over the file.

The spool keeps every event until the ledger has it, and knows which it has: stop and start as you like, nothing is
attested twice. One spool for each identity and source; it lies beside the profile unless --spool says otherwise.
A line of a trace that cannot be read is reported with its number, counted, and declared on the ledger as a gap.
A trace of which no line at all can be read is an error; with --through, all of that time is declared as a gap.
Without --once the collector stays when a trace or standard input has ended, for its heartbeats.

With --through your signature says that you watched until then, and nothing takes that back. A day is sealed as soon as
all actors say that they watched to its end, a day that is not over included: do not give a time to come.

Examples:
  event2ledger collect --profile ledger/actors/UserMSP/collector-1/profile.json --source docker
  event2ledger collect --config /etc/event2ledger/collector.yml --metrics 127.0.0.1:9464
  event2ledger collect --profile P --source file:monday.ndjson --once --through 2026-11-23T00:00:00Z`;

/** `collect`: watches a source and attests its events on the ledger. */
export const registerCollect: RegisterCommands = (program: Command, io: CommandIo) => {
  const command = program
    .command('collect')
    .description(
      "watch a Docker engine or read a trace, and attest its events on the ledger with the collector's identity",
    )
    .option('--config <file>', `settings in YAML or JSON (default: the file that ${CONFIG_VARIABLE} names, if any)`);
  for (const [name, value] of Object.entries(VALUES) as [SettingName, string][]) {
    command.addOption(new Option(value === '' ? `--${name}` : `--${name} ${value}`, describe(name)));
  }
  command
    .option('--print-config', 'print the settings that would hold, and who gave each, as JSON; then end')
    .option('--json', 'print the summary as one line of JSON; so it is too with --log-format json')
    .addHelpText('after', EXAMPLES)
    .action(action(io, (flags: Flags) => collect(flags, settingsOf(command), io)));
};

function describe(name: SettingName): string {
  const value = defaultOf(name);
  return value === undefined || value === false ? descriptionOf(name) : `${descriptionOf(name)} (default: ${value})`;
}

/** The settings that flags gave. */
function settingsOf(command: Command): Partial<Record<SettingName, unknown>> {
  return Object.fromEntries(
    command.options
      .map((option) => [option.long?.slice(2) ?? '', command.getOptionValue(option.attributeName())] as const)
      .filter(([name, value]) => name in VALUES && value !== undefined),
  );
}

async function collect(
  flags: Flags,
  settings: Partial<Record<SettingName, unknown>>,
  io: CommandIo,
): Promise<ExitCode> {
  const file = flags.config === undefined ? {} : { file: flags.config };
  const loaded: LoadedConfig = loadConfig({
    ...file,
    env: io.env,
    flags: settings,
    checks: {
      profile: (path) => void loadProfile(path, io.env),
      source: (source, others) => void sourceFrom({ ...others, source }, io),
    },
  });
  const profile = loadProfile(loaded.config.profile, io.env);
  const strange = loaded.strange.filter((name) => name !== profile.pkcs11?.pinEnv);
  const warnings = strange.length === 0 ? [] : [strangeVariables(strange)];
  if (flags.printConfig) {
    for (const warning of warnings)
      io.stderr.write(`event2ledger: ${warning}
`);
    printJson(io, shownConfig(loaded));
    return EXIT.clean;
  }
  const summary = await run(loaded.config, profile, warnings, io);
  // Who asked for a log of JSON alone reads what comes last as JSON too.
  if (flags.json || loaded.config['log-format'] === 'json') printJson(io, summary);
  else io.stdout.write(`${sentence(summary)}\n`);
  return EXIT.clean;
}

/** What is set and does nothing is most likely a setting by a wrong name. */
function strangeVariables(names: readonly string[]): string {
  const known = [CONFIG_VARIABLE, ...SETTING_NAMES.map(variableOf)].join(', ');
  const are = names.length === 1 ? 'is no setting and is' : 'are no settings and are';
  return `${printable(names.join(', '), 200)} ${are} ignored; there are ${known}.`;
}

/** An admin's key approves policies: it does not belong on a host that runs day and night. */
function adminWarning({ certificate, mspId, name }: Profile): string[] {
  if (!new X509Certificate(certificate).subject.split('\n').includes('OU=admin')) return [];
  return [
    `"${printable(name, 60)}" is an admin of ${printable(mspId, 60)}: its key also approves policies. Give the collector an identity of its own (event2ledger identity add).`,
  ];
}

type SourceSettings = Pick<CollectConfig, 'source'> & Partial<Pick<CollectConfig, 'once' | 'through' | 'source-id'>>;

function sourceFrom({ source, once = false, through, 'source-id': sourceId }: SourceSettings, io: CommandIo): Source {
  const named = sourceId === undefined ? {} : { sourceId };
  return sourceOf({ source, once, ...named, ...(through === undefined ? {} : { through }) }, io);
}

async function run(
  config: CollectConfig,
  profile: Profile,
  warnings: readonly string[],
  io: CommandIo,
): Promise<CollectorSummary> {
  const { once, through } = config;
  const source = sourceFrom(config, io);
  const spool = config.spool ?? join(dirname(config.profile), defaultSpool(config.source, source.name));
  const vitals = new Vitals();
  const line = io.stderr.isTTY && config['log-format'] !== 'json' ? new RunningLine(io.stderr) : undefined;
  const log = logOf(io, line, config);
  for (const warning of [...warnings, ...adminWarning(profile)]) log.warn(warning);
  if (through !== undefined) warnOfTimeToCome(log, through, systemClock().now());
  let counts: CollectorCounts | undefined;
  const connection = connect(profile);
  let server: MetricsServer | undefined;
  try {
    if (config.metrics !== undefined) {
      const registry = collectorMetrics({
        vitals,
        counts: () => counts,
        spoolLimitBytes: config['spool-limit'],
        actor: profile.mspId,
        collector: profile.name,
      });
      server = await serveMetrics(config.metrics, registry, () => healthOf(vitals, config['health-grace'] * 1000));
      log.info(`Metrics at ${server.url}/metrics, health at ${server.url}/healthz.`);
    }
    return await runCollector({
      connection,
      source,
      spool,
      signal: io.signal,
      once,
      limits: { ...DEFAULT_LIMITS, entries: config['batch-size'] },
      spoolLimits: { maxBytes: config['spool-limit'] },
      log,
      vitals,
      onProgress: (latest) => {
        counts = latest;
        line?.update(latest);
      },
    });
  } finally {
    line?.end();
    connection.close();
    await server?.close();
  }
}

/** A watch over time that has not passed is no mistake that could be taken back: it counts, and seals days. */
function warnOfTimeToCome(log: CollectorLog, through: Nanos, now: Nanos): void {
  if (BigInt(through) <= BigInt(now)) return;
  log.warn(
    `--through ${isoOfNanos(through)} has not come yet. Your signature will say that you watched until then, which cannot be taken back, and a day is sealed as soon as all actors say so: what happens in it later is not in its report.`,
  );
}

/**
 * A file name of the source's own: `spool-docker.db` for the default engine, a digest for one that is named by its URL,
 * which may hold anything; the ID of a trace, or a digest of it if it is no plain text.
 */
function defaultSpool(source: string, name: string): string {
  const digest = (text: string) => sha256Hex(text).slice(0, 16);
  if (source.startsWith('docker:')) return `spool-docker-${digest(source)}.db`;
  const plain = name.replace(':', '-');
  return `spool-${/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(plain) ? plain : digest(name)}.db`;
}

function logOf(io: CommandIo, line: RunningLine | undefined, config: CollectConfig): CollectorLog {
  const level = config['log-level'];
  if (line !== undefined) return plainLog((text) => line.message(text), level);
  if (config['log-format'] === 'text') return plainLog((text) => io.stderr.write(`${text}\n`), level);
  return structuredLog(io.stderr, level);
}

/** The summary for people. */
function sentence(summary: CollectorSummary): string {
  const { events, known, recorded, attested, malformed, batches, behind } = summary;
  const parts = [
    `${events} ${events === 1 ? 'event' : 'events'} read${known > 0 ? ` (${known} known before)` : ''}`,
    `${recorded} recorded`,
    `${attested} attested in ${batches} ${batches === 1 ? 'batch' : 'batches'}`,
    `${malformed} malformed`,
    ...(behind > 0 ? [`${behind} still in the spool`] : []),
  ];
  return `${parts.join(', ')}.`;
}
