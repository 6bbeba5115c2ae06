import { join } from 'node:path';
import type { Command } from 'commander';
import { type Day, dayStart } from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import type { DayJudgement } from '../reconciler/judgement.js';
import { writeBundle } from './bundle.js';
import { checkReport } from './check.js';
import { joined } from './format.js';
import { type DailyReport, dailyReport, reportText } from './model.js';
import { plainText } from './phrase.js';
import { RENDERERS, REPORT_FORMATS, type ReportFormat } from './render.js';
import { verdictPhrase } from './summary.js';
import { writeWhole } from './write-file.js';

/** Reads what a reconciler established about a day. @throws ReconcilerError */
export type ReadDay = (dbFile: string, day: Day) => DayJudgement;

interface Options {
  readonly db: string;
  readonly day: string;
  readonly format?: string;
  readonly out?: string;
  readonly bundle?: true;
  readonly profile?: string;
  readonly json?: true;
}

/**
 * Reads the ledger's blocks up to a number as the reconciler keeps them, from the profile's peer where it lacks them.
 * @throws ReconcilerError, NetworkError
 */
export type ReadBlocks = (dbFile: string, to: bigint, profile: string | undefined) => AsyncIterable<Uint8Array>;

/** The command `report`, reading days with `readDay` and a bundle's blocks with `readBlocks`. */
export function reportCommands(readDay: ReadDay, readBlocks: ReadBlocks): RegisterCommands {
  return (program: Command, io: CommandIo) => {
    program
      .command('report')
      .description('Write the report of a day from what the reconciler established.')
      .requiredOption('--db <file>', "the reconciler's database")
      .requiredOption('--day <day>', 'the UTC day, YYYY-MM-DD')
      .option(
        '--format <formats>',
        `comma-separated: ${REPORT_FORMATS.join(', ')} (default: json,html; json to stdout)`,
      )
      .option('--out <dir>', 'folder for <day>.<format>, made if need be; without it one format goes to stdout')
      .option('--bundle', 'with --out, write <day>.bundle too: the report and every block it follows from')
      .option('--profile <file>', 'with --bundle, where to fetch blocks that the reconciler has no more')
      .option('--json', 'with --out, print {files, findings, sealed, hash} for machines')
      .addHelpText(
        'after',
        `
Examples:
  $ event2ledger report --db reconciler.db --day 2026-11-22 --out reports
  $ event2ledger report --db reconciler.db --day 2026-11-22 --format md
  $ event2ledger report --db reconciler.db --day 2026-11-22 --out reports --bundle

Exit codes: 0 no findings, 1 findings, 2 could not do it. A day that is not sealed yet can still change.`,
      )
      .action(action(io, (options: Options) => report(io, { readDay, readBlocks }, options)));
  };
}

async function report(
  io: CommandIo,
  { readDay, readBlocks }: { readonly readDay: ReadDay; readonly readBlocks: ReadBlocks },
  options: Options,
): Promise<ExitCode> {
  const formats = formatsOf(options);
  // Before anything is read: the day becomes a file's name.
  const day = checkedDay(options.day);
  const made = checkReport(dailyReport(readDay(options.db, day)));
  if (!made.sealed) io.stderr.write(`event2ledger: ${notSealed(made)}\n`);
  if (options.out === undefined) {
    for (const format of formats) io.stdout.write(RENDERERS[format](made));
  } else {
    const files = writeFormats(made, formats, options.out);
    if (options.bundle) {
      const file = join(options.out, `${made.day}.bundle`);
      const blocks = readBlocks(options.db, BigInt(made.blocks.to), options.profile);
      await writeBundle(file, reportText(made), blocks);
      files.push(file);
    }
    if (options.json) printJson(io, { files, findings: made.findings.length, sealed: made.sealed, hash: made.hash });
    else io.stdout.write(summaryText(made, files));
  }
  return made.findings.length > 0 ? EXIT.findings : EXIT.clean;
}

function formatsOf({ format, out, bundle, json }: Options): readonly ReportFormat[] {
  const names = [
    ...new Set((format ?? (out === undefined ? 'json' : 'json,html')).split(',').map((name) => name.trim())),
  ];
  const unknown = names.find((name) => !isFormat(name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no format "${printable(unknown, 40)}"; choose from ${joined(REPORT_FORMATS)}.`);
  }
  if (out === undefined && names.length > 1) {
    throw new UsageError('Only one format can go to standard output; name a folder with --out for several.');
  }
  if (out === undefined && bundle) {
    throw new UsageError('A bundle is a file of its own; name a folder for it with --out.');
  }
  if (out === undefined && json) {
    throw new UsageError('--json tells of the files that were written; name a folder with --out.');
  }
  return names.filter(isFormat);
}

function isFormat(name: string): name is ReportFormat {
  return Object.hasOwn(RENDERERS, name);
}

function checkedDay(day: string): Day {
  // Throws RecordError `TIME` for anything but a calendar day.
  dayStart(day);
  return day;
}

function writeFormats(made: DailyReport, formats: readonly ReportFormat[], out: string): string[] {
  return formats.map((format) => {
    const file = join(out, `${made.day}.${format}`);
    writeWhole(file, RENDERERS[format](made));
    return file;
  });
}

function summaryText(made: DailyReport, files: readonly string[]): string {
  return `${made.day}: ${plainText(verdictPhrase(made))}\n${files.map((file) => `  ${printable(file)}\n`).join('')}`;
}

function notSealed({ day, stalled }: DailyReport): string {
  const why = stalled?.length ? ` The ledger clock stands still for the silence of ${printable(joined(stalled))}.` : '';
  return `${day} is not sealed yet; this report can still change.${why}`;
}
