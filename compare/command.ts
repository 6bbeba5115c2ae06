import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { Policy } from '#chaincode';
import { action, type CommandIo, printJson } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { compareLogs } from './compare.js';
import { CompareError } from './errors.js';
import { plainLogs } from './inputs.js';
import { ProgressBar } from './progress-bar.js';
import { tuneForShortRuns } from './tiering.js';

interface Options {
  readonly names?: string;
  readonly sourceId?: string;
  readonly policy?: string;
  readonly threads?: string;
  readonly json?: boolean;
  /** A profile: one log is compared with what its actor has attested. */
  readonly with?: string;
  readonly db?: string;
  readonly exchange?: string;
  readonly repair?: boolean;
  readonly newSource?: boolean;
}

/** What events are hashed under where nobody names the engine. */
const SOURCE = 'engine';

/** Adds `compare`. */
export function registerCompare(program: Command, io: CommandIo): void {
  program
    .command('compare')
    .description("judge several actors' logs of one engine, without any ledger")
    .argument(
      '<logs...>',
      'what "docker events --format \'{{json .}}\'" prints, plain, gzip or zstd; - for standard input',
    )
    .option('--names <actors>', 'whose logs they are, separated by commas (default: the names of the files)')
    .option('--source-id <id>', `the engine's ID under which events are hashed (default: ${SOURCE})`)
    .option('--policy <file>', 'JSON of a policy: what it says of record, ignore, window and quota counts')
    .option('--threads <number>', 'threads at the most (default: as many as there are cores)')
    .option('--with <profile>', "compare one log with what the profile's actor has attested on the ledger")
    .option('--db <file>', "with --with: a reconciler's projection that answers for the ledger")
    .option('--exchange <command>', 'with --with: a command that answers from a projection elsewhere')
    .option('--repair', 'with --with: attest what the ledger lacks')
    .option('--new-source', 'with --repair: nothing has been said of this source yet, and that is right')
    .option('--json', 'print for machines')
    .addHelpText(
      'after',
      '\nExample:\n  event2ledger compare provider.ndjson developer.ndjson user.ndjson --names Provider,Developer,User\n' +
        '\nExit codes: 0 no findings, 1 findings, 2 could not read or judge.',
    )
    .action(action(io, (files: string[], options: Options) => run(files, options, io)));
}

async function run(files: readonly string[], options: Options, io: CommandIo): Promise<ExitCode> {
  if (options.with !== undefined) return runWithLedger(files, { ...options, with: options.with }, io);
  const stray = (['db', 'exchange', 'repair', 'newSource'] as const).find((name) => options[name] !== undefined);
  if (stray !== undefined) {
    throw new UsageError(`--${stray === 'newSource' ? 'new-source' : stray} is of use with --with only.`);
  }
  const actors = actorsOf(files, options.names);
  const threads = threadsOf(options.threads);
  const policy = options.policy === undefined ? {} : await policyOf(options.policy);
  const source = options.sourceId ?? SOURCE;
  if (source === '') throw new UsageError('--source-id must not be empty.');
  tuneForShortRuns();
  const { logs, remove } = await plainLogs(files, io.stdin, io.signal);
  const bar = new ProgressBar(io.stderr);
  try {
    const report = await compareLogs({
      logs,
      actors,
      source,
      policy,
      threads,
      signal: io.signal,
      onProgress: (done, of) => bar.show(done, of),
    });
    bar.end();
    if (options.json) printJson(io, report);
    else io.stdout.write((await import('./text.js')).textOf(report));
    return report.findings.length > 0 ? EXIT.findings : EXIT.clean;
  } finally {
    bar.end();
    remove();
  }
}

async function runWithLedger(
  files: readonly string[],
  options: Options & { readonly with: string },
  io: CommandIo,
): Promise<ExitCode> {
  const [name, another] = files;
  if (name === undefined || another !== undefined) throw new UsageError('With --with, name the one log of its actor.');
  const stray = (['names', 'policy', 'threads'] as const).find((option) => options[option] !== undefined);
  if (stray !== undefined) throw new UsageError(`--${stray} is of no use with --with.`);
  if (options.newSource && !options.repair) throw new UsageError('--new-source goes with --repair.');
  const { compareLog } = await import('../exchange/compare-log.js');
  const { logs, remove } = await plainLogs([name], io.stdin, io.signal, true);
  try {
    const cut = logs[0]?.cut;
    if (cut !== undefined) {
      throw new CompareError('COMPRESSION', `${name} is not compared: ${cut}. Unpack it yourself, and give that.`);
    }
    return await compareLog(logs[0]?.file ?? name, options, io);
  } finally {
    remove();
  }
}

function actorsOf(files: readonly string[], names: string | undefined): string[] {
  if (files.length < 2) throw new UsageError('Name at least two logs: there is nothing to compare one with.');
  if (files.length > 32) throw new UsageError('At most 32 logs can be compared at once.');
  if (files.filter((file) => file === '-').length > 1) throw new UsageError('Standard input can be one log only.');
  const actors = names === undefined ? [...files] : names.split(',').map((name) => name.trim());
  if (actors.length !== files.length) {
    throw new UsageError(
      `--names has ${actors.length} ${actors.length === 1 ? 'name' : 'names'} for ${files.length} logs; give one for each, in their order.`,
    );
  }
  if (actors.some((name) => name === '' || !name.isWellFormed())) throw new UsageError('--names has an empty name.');
  if (new Set(actors).size < actors.length) {
    throw new UsageError(
      names === undefined
        ? 'One file is named twice; a log is not compared with itself.'
        : '--names has one name twice.',
    );
  }
  return actors;
}

function threadsOf(text: string | undefined): number {
  if (text === undefined) return availableParallelism();
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new UsageError('--threads must be a whole number from 1 to 999.');
  return Number(text);
}

/** What of a policy's text decides how logs are compared. */
async function policyOf(file: string): Promise<Partial<Policy>> {
  const { policySchema, RecordError } = await import('#chaincode');
  const parts = policySchema.pick({ record: true, ignore: true, window: true, quota: true }).partial();
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new RecordError('POLICY_JSON', `${file} cannot be read as a policy's JSON: ${(cause as Error).message}.`, {
      cause,
    });
  }
  const { data, error } = parts.loose().safeParse(value);
  if (data === undefined) {
    const issue = error?.issues[0];
    const where = issue?.path.length ? `${issue.path.map(String).join('.')}: ` : '';
    throw new RecordError(
      'POLICY_SHAPE',
      `${file} is no policy: ${printable(`${where}${issue?.message}`, 200)}; see "event2ledger policy show".`,
    );
  }
  const stray = Object.keys(data).find((name) => !Object.hasOwn(policySchema.shape, name));
  if (stray !== undefined) {
    throw new RecordError('POLICY_SHAPE', `${file}: policies have no "${stray}"; see "event2ledger policy show".`);
  }
  const { record, ignore, window, quota } = data;
  return {
    ...(record && { record }),
    ...(ignore && { ignore }),
    ...(window !== undefined && { window }),
    ...(quota !== undefined && { quota }),
  };
}
