import { dayStart } from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { type Exported, exportLedger } from './export-ledger.js';

interface Options {
  readonly db: string;
  readonly out: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

/** The command `export`. */
export const registerExport: RegisterCommands = (program, io) => {
  program
    .command('export')
    .description('write events, attestations and findings as Parquet, for DuckDB, Spark and the like')
    .requiredOption('--db <file>', "the reconciler's database")
    .requiredOption('--out <dir>', 'folder for events, attestations and findings.parquet, made if need be')
    .option('--from <day>', 'from this UTC day on, YYYY-MM-DD (default: the beginning)')
    .option('--to <day>', 'before this UTC day, YYYY-MM-DD (default: the end)')
    .option('--json', 'print {files, rows, block, unsealed} for machines')
    .addHelpText(
      'after',
      `
Files of these names in the folder are replaced. What is exported is what reconcile has read so far; the same block and
the same days give the same bytes.

Examples:
  $ event2ledger export --db reconciler.db --out parquet
  $ event2ledger export --db reconciler.db --out parquet --from 2026-11-01 --to 2026-12-01

Exit codes: 0 no findings, 1 findings, 2 could not do it.`,
    )
    .action(action(io, (options: Options) => run(io, options)));
};

async function run(io: CommandIo, options: Options): Promise<ExitCode> {
  checkOptions(options);
  const { db, out, from, to, json } = options;
  const { isTTY } = io.stderr;
  const exported = await exportLedger({
    db,
    out,
    from,
    to,
    signal: io.signal,
    ...(isTTY && { onProgress: (events) => io.stderr.write(`\r${events} events`) }),
  });
  if (isTTY) io.stderr.write('\r\x1b[K');
  const { files, rows, block, unsealed, governed } = exported;
  if (!governed) {
    io.stderr.write('No policy is in force on this ledger: nothing can be judged until one is approved.\n');
  }
  if (unsealed.length > 0) io.stderr.write(`event2ledger: ${notSealed(unsealed)}\n`);
  if (json) printJson(io, { files, rows, block, unsealed });
  else io.stdout.write(summary(exported));
  return rows.findings > 0 ? EXIT.findings : EXIT.clean;
}

/** @throws UsageError, RecordError `TIME` for anything but a calendar day */
function checkOptions({ out, from, to }: Options): void {
  if (out === '') throw new UsageError('--out names no folder; give one, "." for this one.');
  for (const day of [from, to]) if (day !== undefined) dayStart(day);
  if (from !== undefined && to !== undefined && from >= to) {
    throw new UsageError(`--from ${from} does not lie before --to ${to}; --to is the day after the last.`);
  }
}

function notSealed(days: readonly string[]): string {
  const [first, ...rest] = days;
  const which = rest.length === 0 ? `${first} is` : `${first} and ${rest.length} more are`;
  return `${which} not sealed yet; the findings of such days can still change.`;
}

function summary({ files, rows, block }: Exported): string {
  const { events, attestations, findings } = rows;
  const counts = [
    events === 1 ? '1 event' : `${events} events`,
    attestations === 1 ? '1 attestation' : `${attestations} attestations`,
    findings === 1 ? '1 finding' : `${findings} findings`,
  ];
  return `Up to block ${block}: ${counts.join(', ')}\n${files.map((file) => `  ${printable(file)}\n`).join('')}`;
}
