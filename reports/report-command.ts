import { constants } from 'node:buffer';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Day, dayStart } from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { loadProfile } from '../network/profile.js';
import { type Anchored, anchorReport } from '../reconciler/anchoring.js';
import type { DisputesNow } from '../reconciler/day-judgement.js';
import type { DayJudgement } from '../reconciler/judgement.js';
import { anchoredText } from './anchored-text.js';
import { writeBundle } from './bundle.js';
import { checkReport } from './check.js';
import { ReportError } from './errors.js';
import { grouped, joined } from './format.js';
import { MAX_CARDS } from './html/page.js';
import { type DailyReport, dailyReport, reportLength, reportText } from './model.js';
import { plainText } from './phrase.js';
import { RENDERERS, REPORT_FORMATS, type ReportFormat } from './render.js';
import { gravest, verdictPhrase } from './summary.js';
import { inBlocks, type TextParts } from './text-parts.js';
import { writeWhole } from './write-file.js';

/** Reads what a reconciler established about a day. @throws ReconcilerError */
export type ReadDay = (dbFile: string, day: Day) => DayJudgement;

/** Reads how the disputes about a day's findings stand now. @throws ReconcilerError */
export type ReadDisputes = (dbFile: string, judgement: DayJudgement) => DisputesNow;

interface Options {
  readonly db: string;
  readonly day: string;
  readonly format?: string;
  readonly out?: string;
  readonly bundle?: true;
  readonly profile?: string;
  readonly json?: true;
  readonly anchor?: true;
}

/**
 * Reads the ledger's blocks up to a number as the reconciler keeps them, from the profile's peer where it lacks them.
 * @throws ReconcilerError, NetworkError
 */
export type ReadBlocks = (dbFile: string, to: bigint, profile: string | undefined) => AsyncIterable<Uint8Array>;

/** Where the command has from what it writes. */
export interface ReportSources {
  readonly readDay: ReadDay;
  /** How disputes stand now; without it none is shown. */
  readonly readDisputes?: ReadDisputes;
  /** A bundle's blocks. */
  readonly readBlocks: ReadBlocks;
}

/** The command `report`. */
export function reportCommands(sources: ReportSources): RegisterCommands {
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
      .option('--anchor', "put a sealed report's hash on the ledger, and say whether the others anchored the same")
      .option(
        '--profile <file>',
        'of the identity that anchors; with --bundle, where to fetch blocks that the reconciler has no more',
      )
      .option('--json', 'with --out, print {files, findings, sealed, hash} for machines; with --anchor {…, anchored}')
      .addHelpText(
        'after',
        `
Examples:
  $ event2ledger report --db reconciler.db --day 2026-11-22 --out reports
  $ event2ledger report --db reconciler.db --day 2026-11-22 --format md
  $ event2ledger report --db reconciler.db --day 2026-11-22 --out reports --bundle
  $ event2ledger report --db reconciler.db --day 2026-11-22 --out reports --anchor --profile P

Exit codes: 0 no findings, 1 findings or another report anchored, 2 could not do it. A day that is not sealed yet can still change.`,
      )
      .action(action(io, (options: Options) => report(io, sources, options)));
  };
}

async function report(
  io: CommandIo,
  { readDay, readDisputes, readBlocks }: ReportSources,
  options: Options,
): Promise<ExitCode> {
  const formats = formatsOf(options);
  const profile = anchoringProfile(options);
  // Before anything is read: the day becomes a file's name.
  const day = checkedDay(options.day);
  const made = checkReport(dailyReport(readDay(options.db, day)));
  if (profile !== undefined) checkSealed(made);
  if (options.bundle) checkLength(made);
  // What cannot be done is told before anything is written.
  if (options.profile !== undefined) loadProfile(options.profile);
  if (!made.sealed) io.stderr.write(`event2ledger: ${notSealed(made)}\n`);
  // Of the findings that a page has room for.
  const shown = { ...made, findings: gravest(made.findings, MAX_CARDS) };
  const now = readDisputes?.(options.db, shown);
  const files = options.out === undefined ? [] : writeFormats(made, formats, options.out, now);
  if (options.bundle && options.out !== undefined) {
    const file = join(options.out, `${made.day}.bundle`);
    const blocks = readBlocks(options.db, BigInt(made.blocks.to), options.profile);
    await writeBundle(file, reportText(made), untilAborted(blocks, io.signal));
    files.push(file);
  }
  if (options.out === undefined) for (const format of formats) writeOut(io, RENDERERS[format](made, now));
  else if (!options.json) io.stdout.write(summaryText(made, files));
  const anchored = profile === undefined ? undefined : await anchorReport(profile, made, io.signal);
  if (options.json) {
    const { findings, sealed, hash } = made;
    printJson(io, { files, findings: findings.length, sealed, hash, ...(anchored && { anchored }) });
  } else if (anchored !== undefined) {
    // Without a folder the report itself is on standard output.
    (options.out === undefined ? io.stderr : io.stdout).write(anchoredText(made, anchored));
  }
  return made.findings.length > 0 || differs(anchored) ? EXIT.findings : EXIT.clean;
}

function writeOut({ stdout }: CommandIo, parts: TextParts): void {
  for (const block of inBlocks(parts)) stdout.write(block);
}

async function* untilAborted(blocks: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const block of blocks) {
    if (signal.aborted) throw new ReportError('INTERRUPTED', 'Interrupted: no bundle was written.');
    yield block;
  }
}

function differs(anchored: Anchored | undefined): boolean {
  return anchored?.others.some(({ same }) => !same) === true;
}

/** @throws UsageError for `--anchor` without a profile, or a profile for nothing. */
function anchoringProfile({ anchor, bundle, profile }: Options): string | undefined {
  if (anchor && profile === undefined) {
    throw new UsageError('--anchor needs the --profile of the identity that anchors.');
  }
  if (profile !== undefined && !anchor && !bundle) throw new UsageError('--profile goes with --anchor or --bundle.');
  return anchor ? profile : undefined;
}

/** @throws ReportError `UNSEALED` */
function checkSealed(made: DailyReport): void {
  if (made.sealed) return;
  throw new ReportError('UNSEALED', `Only a report that cannot change any more is anchored: ${notSealed(made)}`);
}

/**
 * Whoever verifies a bundle reads its report as one text.
 * @throws ReportError `LENGTH`
 */
function checkLength(made: DailyReport): void {
  const length = reportLength(made);
  if (length <= constants.MAX_STRING_LENGTH) return;
  const [own, most] = [length, constants.MAX_STRING_LENGTH].map((bytes) => grouped(Math.floor(bytes / 2 ** 20)));
  throw new ReportError(
    'LENGTH',
    `The report of ${made.day} has ${own} MiB, and a bundle's may have ${most}; write it without --bundle.`,
  );
}

function formatsOf({ format, out, bundle, json }: Options): readonly ReportFormat[] {
  const names = [
    ...new Set((format ?? (out === undefined ? 'json' : 'json,html')).split(',').map((name) => name.trim())),
  ];
  const unknown = names.find((name) => !isFormat(name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no format "${printable(unknown, 40)}"; choose from ${joined(REPORT_FORMATS)}.`);
  }
  if (out === '') throw new UsageError('--out names no folder; give one, "." for this one.');
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

function writeFormats(
  made: DailyReport,
  formats: readonly ReportFormat[],
  out: string,
  now: DisputesNow | undefined,
): string[] {
  return formats.map((format) => {
    const file = join(out, `${made.day}.${format}`);
    writeWhole(file, RENDERERS[format](made, now));
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
