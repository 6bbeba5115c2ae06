import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { replaceFile } from './actor-folders.js';
import { withLedger } from './command-support.js';
import { blockAt, type LedgerConnection } from './connection.js';
import { NetworkError } from './errors.js';

interface Options {
  readonly profile: string;
  readonly out: string;
  readonly json?: boolean;
}

/** `query genesis`, beside the questions that the contract answers. */
export const registerGenesisCommand: RegisterCommands = (program, io) => {
  program.commands
    .find((command) => command.name() === 'query')
    ?.command('genesis')
    .description('fetch block 0 from the peer, for --trust of reconcile and verify')
    .requiredOption('--profile <file>', 'connection profile of any identity that may read the channel')
    .requiredOption('--out <file>', 'where to write the block')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', '\nExample:\n  event2ledger query genesis --profile P --out genesis.block')
    .action(
      action(io, (options: Options) => withLedger(io, options.profile, (ledger) => fetchGenesis(io, ledger, options))),
    );
};

async function fetchGenesis(io: CommandIo, ledger: LedgerConnection, { out, json }: Options): Promise<ExitCode> {
  if (out === '') throw new UsageError('--out names no file; give one to write the block to.');
  const block = await blockAt(ledger, 0n);
  try {
    replaceFile(out, block.serializeBinary(), 0o644);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NetworkError('DATA_DIR', `${out} cannot be written; name a file in a folder that can be: ${why}`, {
      cause,
    });
  }
  if (json) printJson(io, { file: out });
  else {
    io.stdout.write(
      `${printable(out)}: block 0, as ${printable(ledger.profile.endpoint)} has it; compare it with what other actors have.\n`,
    );
  }
  return EXIT.clean;
}
