#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { type CommandIo, type RegisterCommands, reportError } from './cli/command.js';
import { EXIT, UsageError } from './cli/exit.js';
import { printable, printableLines } from './cli/printable.js';

/** Every folder's commands, in the order in which a newcomer meets them. A command's code is loaded if it is asked for. */
const COMMANDS: readonly { readonly names: readonly string[]; readonly load: () => Promise<RegisterCommands> }[] = [
  { names: ['demo'], load: async () => (await import('./demo/command.js')).registerDemo },
  {
    names: ['ledger', 'identity'],
    load: async () => (await import('./network/ledger-command.js')).registerLedgerCommands,
  },
  { names: ['network'], load: async () => (await import('./network/network-command.js')).registerNetworkCommands },
  { names: ['profile'], load: async () => (await import('./network/profile-command.js')).registerProfileCommand },
  { names: ['collect'], load: async () => (await import('./collector/command.js')).registerCollect },
  { names: ['reconcile'], load: async () => (await import('./reconciler/command.js')).registerReconcile },
  { names: ['report'], load: async () => (await import('./reports/command.js')).registerReportCommands },
  { names: ['exchange'], load: async () => (await import('./exchange/command.js')).registerExchangeCommands },
  { names: ['compare'], load: async () => (await import('./compare/command.js')).registerCompare },
  { names: ['export'], load: async () => (await import('./export/command.js')).registerExport },
  { names: ['verify'], load: async () => (await import('./proof/verify-command.js')).registerVerifyCommand },
  { names: ['query'], load: async () => (await import('./network/query-command.js')).registerQueryCommands },
  { names: ['query'], load: async () => (await import('./network/genesis-command.js')).registerGenesisCommand },
  { names: ['query'], load: async () => (await import('./reconciler/findings-command.js')).registerQueryFindings },
  { names: ['policy'], load: async () => (await import('./network/policy-command.js')).registerPolicyCommands },
  { names: ['dispute'], load: async () => (await import('./reconciler/dispute-command.js')).registerDisputeCommands },
];

/** Connections close in less. */
const LINGERS_MS = 2_000;

async function main(argv: readonly string[]): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const io: CommandIo = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: stop.signal,
    exit: (code) => {
      process.exitCode = code;
    },
  };
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const program = new Command('event2ledger')
    .description(
      'Finds every container event on which the actors of a container cloud disagree, and says who stands against whom.',
    )
    .version(version)
    .showHelpAfterError('(add --help for what this command takes)')
    .addHelpText('after', '\nExit codes: 0 nothing found, 1 findings, 2 could not do it.')
    // Set before the subcommands are added: they inherit it.
    // Commander's errors have arguments in them as they are, and a hostile file's name may be one.
    .configureOutput({ outputError: (text, write) => write(printableLines(text)) })
    .exitOverride();
  const asked = COMMANDS.filter(({ names }) => names.includes(argv[2] ?? ''));
  for (const { load } of asked.length > 0 ? asked : COMMANDS) (await load())(program, io);
  try {
    refuseUnknown(program, argv[2]);
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed it; help and version end with 0, wrong usage with 2 rather than commander's 1.
      process.exitCode = error.exitCode === 0 ? EXIT.clean : EXIT.failed;
      return;
    }
    reportError(io, error);
    process.exitCode = EXIT.failed;
  }
}

// Whoever reads our output may have had enough of it, as head does: that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  reportError(process, new UsageError(`Standard output cannot be written (${error.code}); give it room.`));
  process.exit(EXIT.failed);
});

/** Commander answers `nonsense --help` with the program's own help, as if there were such a command. */
function refuseUnknown(program: Command, name: string | undefined): void {
  if (name === undefined || name.startsWith('-') || name === 'help') return;
  if (!program.commands.some((command) => command.name() === name)) {
    program.error(`error: unknown command '${printable(name, 60)}'`, { exitCode: EXIT.failed });
  }
}

for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(fault, (error) => {
    reportError(process, error);
    process.exit(EXIT.failed);
  });
}
await main(process.argv);
// A peer that hangs must not keep a command that is done: nothing is left to do but what streams still hold.
setTimeout(endOnceWritten, LINGERS_MS).unref();

function endOnceWritten(): void {
  if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit();
  setTimeout(endOnceWritten, LINGERS_MS).unref();
}
