#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { type CommandIo, type RegisterCommands, reportError } from './cli/command.js';
import { EXIT, UsageError } from './cli/exit.js';
import { printable } from './cli/printable.js';
import { registerCollect } from './collector/command.js';
import { registerDemo } from './demo/command.js';
import { registerExport } from './export/command.js';
import { registerGenesisCommand } from './network/genesis-command.js';
import { registerLedgerCommands } from './network/ledger-command.js';
import { registerNetworkCommands } from './network/network-command.js';
import { registerPolicyCommands } from './network/policy-command.js';
import { registerProfileCommand } from './network/profile-command.js';
import { registerQueryCommands } from './network/query-command.js';
import { registerVerifyCommand } from './proof/verify-command.js';
import { registerReconcile } from './reconciler/command.js';
import { registerDisputeCommands } from './reconciler/dispute-command.js';
import { registerReportCommands } from './reports/command.js';

/** Every folder's commands, in the order in which a newcomer meets them. */
const COMMANDS: readonly RegisterCommands[] = [
  registerDemo,
  registerLedgerCommands,
  registerNetworkCommands,
  registerProfileCommand,
  registerCollect,
  registerReconcile,
  registerReportCommands,
  registerVerifyCommand,
  registerExport,
  registerQueryCommands,
  registerGenesisCommand,
  registerPolicyCommands,
  registerDisputeCommands,
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
    .exitOverride();
  for (const register of COMMANDS) register(program, io);
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
