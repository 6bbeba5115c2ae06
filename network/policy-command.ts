import {
  completePolicy,
  isoOfNanos,
  type Nanos,
  type Policy,
  type PolicyAnswer,
  parsePolicy,
  parseTime,
  policyText,
} from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { policiesOf, print, readJsonObject, wholeNumber, withLedger } from './command-support.js';
import type { LedgerConnection } from './connection.js';

interface Options {
  readonly profile: string;
  readonly json?: boolean;
}

/** `policy show`, `propose`, `approve`: the rules that the actors agree on, on the ledger. */
export const registerPolicyCommands: RegisterCommands = (program, io) => {
  const policy = program
    .command('policy')
    .description('the rules the actors approved on the ledger')
    .addHelpText(
      'after',
      `
Proposing and approving need the profile of an admin. A first policy needs the approval of every actor it names, a
later one that of a majority of the actors in force; proposing counts as approving.

Examples:
  event2ledger policy show --profile P
  echo '{"from":"2026-12-01","deadline":900}' | event2ledger policy propose - --profile ADMIN
  event2ledger policy approve 2 <hash> --profile ADMIN`,
    );
  const add = (name: string, description: string) =>
    policy
      .command(name)
      .description(description)
      .requiredOption('--profile <file>', "an identity's profile.json")
      .option('--json', 'print one line of JSON');
  add('show [number]', 'the policy in force and open proposals, or the policy of that number').action(
    action(io, (number: string | undefined, options: Options) =>
      withLedger(io, options.profile, (ledger) => showPolicy(io, ledger, number, options.json === true)),
    ),
  );
  add('propose <file>', 'propose a policy: JSON with what differs from the defaults, "-" for standard input').action(
    action(io, (file: string, options: Options) => propose(io, file, options)),
  );
  add('approve <number> [hash]', 'approve a proposal by number and hash; without the hash, look at it first').action(
    action(io, (number: string, hash: string | undefined, options: Options) => approve(io, number, hash, options)),
  );
};

/** Prints one policy, or the one in force and what is proposed. */
export async function showPolicy(
  io: CommandIo,
  ledger: LedgerConnection,
  number: string | undefined,
  json: boolean,
): Promise<ExitCode> {
  if (number !== undefined) {
    const answer = await policyNumbered(ledger, number);
    if (json) printJson(io, answer);
    else await print(io, describe(answer));
    return EXIT.clean;
  }
  const policies = await policiesOf(io, ledger);
  if (json) {
    printJson(io, policies);
    return EXIT.clean;
  }
  await print(io, [...currentOf(policies.inForce), ...policies.proposed].flatMap(describe));
  return EXIT.clean;
}

/** The policy that governs events of now, and those that were approved for later. */
function currentOf(inForce: readonly PolicyAnswer[]): readonly PolicyAnswer[] {
  const now = BigInt(Date.now()) * 1_000_000n;
  const current = inForce.findLastIndex(({ policy }) => BigInt(policy.from) <= now);
  return inForce.slice(Math.max(current, 0));
}

async function propose(io: CommandIo, file: string, { profile, json }: Options): Promise<ExitCode> {
  const wishes = await readJsonObject(io, file, 'The policy');
  return withLedger(io, profile, async (ledger) => {
    const inForce = (await policiesOf(io, ledger)).inForce.at(-1);
    const text = policyText(complete(wishes, inForce?.policy));
    parsePolicy(text);
    const answer = JSON.parse((await ledger.submit('ProposePolicy', text)).result) as { number: number; hash: string };
    if (json === true) printJson(io, answer);
    else
      await print(io, [
        `Proposed policy ${answer.number}, hash ${answer.hash}.`,
        `The others approve it with:`,
        `  event2ledger policy approve ${answer.number} ${answer.hash} --profile ADMIN`,
      ]);
    return EXIT.clean;
  });
}

async function approve(
  io: CommandIo,
  number: string,
  hash: string | undefined,
  { profile, json }: Options,
): Promise<ExitCode> {
  const checked = String(wholeNumber(number, 'The policy', 1, 999_999_999));
  return withLedger(io, profile, async (ledger) => {
    if (hash === undefined) {
      const answer = await policyNumbered(ledger, checked);
      await print(io, describe(answer));
      throw new UsageError(`Read it, then name its hash: event2ledger policy approve ${checked} ${answer.hash}.`);
    }
    const { result } = await ledger.submit('ApprovePolicy', checked, hash);
    const answer = JSON.parse(result) as PolicyAnswer;
    if (json === true) printJson(io, answer);
    else await print(io, [headline(answer)]);
    return EXIT.clean;
  });
}

async function policyNumbered(ledger: LedgerConnection, number: string): Promise<PolicyAnswer> {
  const checked = wholeNumber(number, 'The policy', 1, 999_999_999);
  return JSON.parse(await ledger.evaluate('GetPolicy', String(checked))) as PolicyAnswer;
}

/** @throws UsageError if `from` is missing; RecordError if it is no time. */
function complete(wishes: Record<string, unknown>, inForce: Policy | undefined): Policy {
  const { from, actors = inForce?.actors, ...rest } = wishes as Partial<Policy>;
  if (from === undefined) throw new UsageError('Say from which event time on the policy governs: "from".');
  if (actors === undefined) throw new UsageError('Name the actors of the first policy: "actors".');
  const start: Nanos = parseTime(String(from));
  return completePolicy({ ...rest, from: start, actors });
}

function headline({ number, hash, policy, inForce, proposedBy, approvals }: PolicyAnswer): string {
  const state = inForce ? `in force for events from ${isoOfNanos(policy.from)} on` : 'proposed';
  return `Policy ${number}, ${state}, proposed by ${printable(proposedBy)}, approved by ${printable(approvals.join(', '))}; hash ${hash}`;
}

function describe(answer: PolicyAnswer): string[] {
  return [
    headline(answer),
    ...JSON.stringify(answer.policy, null, 2)
      .split('\n')
      .map((line) => printable(line, 4000)),
  ];
}
