import type { Command } from 'commander';
import { DEFAULT_ANSWER_SECONDS, type DisputeAnswer, type DisputeCall, dayStart, parseDispute } from '#chaincode';
import { action, type CommandIo, printJson } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { type LedgerConnection, withConnection } from '../network/connection.js';
import { dayJudgement } from './day-judgement.js';
import { type NamedFinding, namedFinding, secondsOf, wholeId } from './dispute-finding.js';
import { openerOf } from './dispute-opener.js';
import type { DayJudgement } from './judgement.js';
import { mustBeLedgerOf } from './same-ledger.js';

interface Common {
  readonly profile: string;
  readonly text?: string;
  readonly json?: boolean;
}

interface OpenOptions extends Common {
  readonly hash?: string;
  readonly db?: string;
  readonly day: string;
  readonly answerWithin?: string;
}

interface OfOptions extends Common {
  readonly of?: string;
}

interface AnswerOptions extends OfOptions {
  readonly accept?: boolean;
  readonly contest?: boolean;
  readonly explain?: boolean;
  readonly reference?: string;
}

/** `dispute open`, `answer`, `close`: what actors say on the ledger about findings. */
export function registerDisputeCommands(program: Command, io: CommandIo): void {
  const dispute = program
    .command('dispute')
    .description('open, answer and close disputes about findings, on the ledger')
    .addHelpText(
      'after',
      `
Any identity of an actor of the policy in force may speak. What is said stands on the ledger for good.
Each actor can have a dispute of its own about a finding; --of says whose is meant where several are open.

Examples:
  event2ledger dispute open 3f2a9c01 --db user.db --day 2026-11-22 --text "Where is the die?" --profile P
  event2ledger dispute answer <finding> --contest --text "Our engine was cut off" --reference TICKET-7 --profile P
  event2ledger dispute answer <finding> --of UserMSP --accept --profile P
  event2ledger dispute close <finding> --text "settled" --profile P
  event2ledger query disputes --open --profile P`,
    );
  const add = (name: string, description: string) =>
    dispute
      .command(name)
      .description(description)
      .requiredOption('--profile <file>', "an identity's profile.json")
      .option('--text <text>', 'what to say, 4 KiB at most')
      .option('--json', 'print one line of JSON: the dispute as it then stands');
  add('open <finding>', 'open a dispute of your own about a finding, or open it again')
    .requiredOption('--day <day>', "the report's UTC day, YYYY-MM-DD")
    .option('--hash <hash>', "the finding's hash")
    .option('--db <file>', "the reconciler's database, to take id and hash from: 8 digits of the id are then enough")
    .option('--answer-within <time>', 'time to answer on the ledger clock: seconds, or 12h, 2d (default: 1d)')
    .action(action(io, (finding: string, options: OpenOptions) => open(io, finding, options)));
  add('answer <finding>', 'answer an open dispute')
    .option(...OF)
    .option('--accept', 'the finding is right')
    .option('--contest', 'the finding is wrong')
    .option('--explain', 'neither: say more')
    .option('--reference <reference>', 'a URL, a ticket, an event reference, 1 KiB at most')
    .action(action(io, (finding: string, options: AnswerOptions) => answer(io, finding, options)));
  add('close <finding>', 'close a dispute; only the actor that opened it can')
    .option(...OF)
    .action(action(io, (finding: string, options: OfOptions) => close(io, finding, options)));
}

const OF = [
  '--of <actor>',
  'the actor that opened the dispute, where several disputes about the finding are open',
] as const;

function open(io: CommandIo, id: string, options: OpenOptions): Promise<ExitCode> {
  const { day, text = '', answerWithin } = options;
  dayStart(day);
  const judgement = judgementFrom(options);
  const { finding, hash } = judgement === undefined ? givenFinding(id, options) : namedFinding(judgement, id);
  const seconds = answerWithin === undefined ? DEFAULT_ANSWER_SECONDS : secondsOf(answerWithin);
  return say(io, options, 'OpenDispute', async (ledger) => {
    if (judgement !== undefined) await mustBeLedgerOf(ledger, judgement);
    return { finding, hash, day, text, answerWithin: seconds };
  });
}

/** What the reconciler's database says of the day, if one is given. */
function judgementFrom({ hash, db, day }: OpenOptions): DayJudgement | undefined {
  if ((hash === undefined) === (db === undefined)) {
    throw new UsageError("Give either --hash, the finding's hash, or --db, the reconciler's database.");
  }
  return db === undefined ? undefined : dayJudgement(db, day);
}

function givenFinding(id: string, { hash = '' }: OpenOptions): NamedFinding {
  return { finding: wholeId(id), hash: wholeId(hash, 'a hash') };
}

function answer(io: CommandIo, id: string, options: AnswerOptions): Promise<ExitCode> {
  const given = (['accept', 'contest', 'explain'] as const).filter((name) => options[name] === true);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    throw new UsageError('Give one of --accept, --contest and --explain.');
  }
  const { text = '', reference } = options;
  const finding = wholeId(id);
  return say(io, options, 'AnswerDispute', async (ledger) => {
    const openedBy = options.of ?? (await openerOf(ledger, finding));
    return { finding, openedBy, answer: kind, text, ...(reference !== undefined && { reference }) };
  });
}

function close(io: CommandIo, id: string, options: OfOptions): Promise<ExitCode> {
  const { text } = options;
  const finding = wholeId(id);
  return say(io, options, 'CloseDispute', async (ledger) => {
    const openedBy = options.of ?? (await openerOf(ledger, finding, ledger.profile.mspId));
    return { finding, openedBy, ...(text !== undefined && { text }) };
  });
}

async function say(
  io: CommandIo,
  { profile, json }: Common,
  call: DisputeCall,
  words: (ledger: LedgerConnection) => object | Promise<object>,
): Promise<ExitCode> {
  return withConnection(profile, io.signal, async (ledger) => {
    const text = JSON.stringify(await words(ledger));
    // What the contract would refuse as malformed is not sent.
    const { dispute, deed } = parseDispute(call, text, ledger.profile.mspId);
    const { result, block, transactionId } = await ledger.submit(call, text);
    if (json === true) printJson(io, { ...(JSON.parse(result) as DisputeAnswer), block: block.toString() });
    else {
      const what = `${DONE[deed.act]} the dispute of ${dispute.openedBy} about ${dispute.finding}`;
      io.stdout.write(`${what}, in block ${block}, transaction ${transactionId}.\n`);
    }
    return EXIT.clean;
  });
}

const DONE = { open: 'Opened', answer: 'Answered', close: 'Closed' } as const;
