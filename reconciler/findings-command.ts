import { Option } from 'commander';
import { type Day, dayStart } from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { lineOf } from './finding-line.js';
import { type DayFindings, findingsOf } from './findings.js';
import { sealedDays } from './kept-days.js';
import { withProjection } from './projection/with-projection.js';

interface Options {
  readonly db: string;
  readonly day?: string;
  readonly id?: string;
  readonly json?: boolean;
}

const ID = /^[0-9a-f]{1,64}$/;

/** `query findings`, beside the questions that the contract answers: what the own reconciler has found. */
export const registerQueryFindings: RegisterCommands = (program, io) => {
  program.commands
    .find((command) => command.name() === 'query')
    ?.command('findings')
    .description('what a reconciler has found; exit code 1 if anything')
    .requiredOption('--db <file>', 'the projection that "event2ledger reconcile" made')
    .option('--day <day>', 'of this UTC day only, YYYY-MM-DD')
    .option('--id <id>', 'the finding of this name, or whose name begins so')
    .addOption(new Option('--json', 'print for machines: one finding a line'))
    .addHelpText(
      'after',
      '\nWhile "event2ledger reconcile --follow" reads on, each finding is there as soon as it is told.\n' +
        '\nExample:\n  event2ledger query findings --db user.db --day 2026-11-22',
    )
    .action(action(io, (options: Options) => queryFindings(io, options)));
};

function queryFindings(io: CommandIo, { db, day, id, json }: Options): ExitCode {
  if (day !== undefined) dayStart(day);
  if (id !== undefined && !ID.test(id)) throw new UsageError('--id is no name of a finding; give hexadecimal digits.');
  const days = findingsOf(db, { ...(day !== undefined && { day }), ...(id !== undefined && { id }) });
  for (const one of days) print(io, one, json === true);
  if (days.length > 0) return EXIT.findings;
  if (json !== true) io.stdout.write(`Nothing found${day === undefined ? '' : standing(db, day)}.\n`);
  return EXIT.clean;
}

/** That nothing is found of a day says little while it may change. */
function standing(db: string, day: Day): string {
  const isSealed = withProjection(db, (projection) => sealedDays(projection).includes(day));
  return isSealed ? '' : `; ${day} is not sealed yet, so that may change`;
}

function print(io: CommandIo, { day, sealed, findings }: DayFindings, json: boolean): void {
  if (!json) io.stdout.write(`${day} (${sealed ? 'sealed' : 'not sealed yet'})\n`);
  for (const finding of findings) {
    if (json) printJson(io, { day, sealed, finding });
    else io.stdout.write(`  ${lineOf(finding)}\n`);
  }
}
