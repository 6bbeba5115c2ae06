import { once } from 'node:events';
import { join } from 'node:path';
import type { Policy } from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { DEFAULT_ACTORS } from './actor-folders.js';
import { readJsonObject, wholeNumber } from './command-support.js';
import { DataDir } from './embedded/data-dir.js';
import { type EmbeddedLedger, type LedgerOptions, serveLedger } from './embedded/ledger.js';
import { NetworkError } from './errors.js';
import { addNetworkIdentity } from './fabric/network.js';
import { readNetworkSettings } from './fabric/settings.js';

interface ServeOptions {
  readonly data: string;
  readonly port?: string;
  readonly actors?: string;
  readonly policy?: string;
  readonly json?: boolean;
}

interface AddOptions {
  readonly data: string;
  readonly actor: string;
  readonly name: string;
  readonly role: string;
  readonly json?: boolean;
}

/** `ledger serve` and `identity add`. */
export const registerLedgerCommands: RegisterCommands = (program, io) => {
  program
    .command('ledger')
    .description('run a ledger')
    .command('serve')
    .description('serve the embedded ledger on this machine: one process, for trying out and for pilots')
    .requiredOption('--data <dir>', 'where it keeps everything; made on first start')
    .option('--port <number>', 'port on loopback (default: that of the last start, or a free one)')
    .option('--actors <names>', `MSPs of the first start, separated by commas (default: ${DEFAULT_ACTORS.join(',')})`)
    .option('--policy <file>', 'JSON with what the first policy says beyond the defaults; of the first start')
    .option('--json', 'print one line of JSON when it is ready')
    .addHelpText(
      'after',
      `
Runs until SIGINT or SIGTERM; a later start on the same folder finds everything there.
The profiles are in DIR/actors/<MSP>/<identity>/profile.json, for collector-1, reconciler and admin of each actor.
It is no consensus system: whoever runs it could stop it or throw it away.

Example:
  event2ledger ledger serve --data ./ledger`,
    )
    .action(action(io, (options: ServeOptions) => serve(io, options)));
  program
    .command('identity')
    .description('manage identities of an embedded ledger or of a network')
    .command('add')
    .description("issue an identity of an actor, signed by that actor's CA; prints the path of its profile")
    .requiredOption('--data <dir>', "the ledger's folder")
    .requiredOption('--actor <msp>', 'the actor it belongs to')
    .requiredOption('--name <name>', 'its name: the common name of its certificate, and a collector’s name')
    .option('--role <role>', 'client or admin', 'client')
    .option('--json', 'print one line of JSON')
    .addHelpText(
      'after',
      `
Works whether or not the ledger runs.

Example:
  event2ledger identity add --data ./ledger --actor UserMSP --name collector-2`,
    )
    .action(action(io, (options: AddOptions) => addIdentity(io, options)));
};

async function serve(io: CommandIo, options: ServeOptions): Promise<ExitCode> {
  const ledger = await serveLedger(await readOptions(io, options));
  try {
    if (options.policy !== undefined && !ledger.isNew) {
      io.stderr.write(
        'The policy on the ledger stays: --policy counts on the first start only; see "event2ledger policy".\n',
      );
    }
    announce(io, ledger, options.json === true);
    if (!io.signal.aborted && !ledger.stopped.aborted) {
      await Promise.race([once(io.signal, 'abort'), once(ledger.stopped, 'abort')]);
    }
    if (!io.signal.aborted) throw new NetworkError('DATA_DIR', `Stopped: ${ledger.stopped.reason?.message}.`);
    return EXIT.clean;
  } finally {
    await ledger.close();
  }
}

async function readOptions(io: CommandIo, options: ServeOptions): Promise<LedgerOptions> {
  const { data, port, actors, policy } = options;
  return {
    dataDir: data,
    ...(port === undefined ? {} : { port: wholeNumber(port, 'The port', 0, 65_535) }),
    ...(actors === undefined ? {} : { actors: parseActors(actors) }),
    ...(policy === undefined ? {} : { policy: (await readJsonObject(io, policy, 'The policy')) as Partial<Policy> }),
  };
}

function parseActors(list: string): string[] {
  const actors = list.split(',').map((name) => name.trim());
  if (actors.length < 2 || new Set(actors).size !== actors.length) {
    throw new UsageError('Name at least two different actors, separated by commas: --actors ProviderMSP,UserMSP.');
  }
  return actors;
}

function announce(io: CommandIo, ledger: EmbeddedLedger, json: boolean): void {
  if (json) {
    printJson(io, { endpoint: ledger.endpoint, dataDir: ledger.dataDir, profiles: ledger.profiles });
    return;
  }
  io.stdout.write(`Serving the ledger in ${ledger.dataDir} at ${ledger.endpoint}, for ${ledger.actors.join(', ')}.\n`);
  io.stdout.write(`Profiles: ${join(ledger.dataDir, 'actors', '<MSP>', '<identity>', 'profile.json')}\n`);
  for (const profile of ledger.profiles) io.stdout.write(`  ${profile}\n`);
  io.stdout.write('ready\n');
}

async function addIdentity(io: CommandIo, { data, actor, name, role, json }: AddOptions): Promise<ExitCode> {
  if (role !== 'client' && role !== 'admin') throw new UsageError(`The role "${role}" is neither client nor admin.`);
  const profile =
    readNetworkSettings(data) === undefined
      ? await new DataDir(data).addIdentity(actor, name, role)
      : await addNetworkIdentity(data, actor, name, role);
  if (json === true) printJson(io, { actor, name, role, profile });
  else io.stdout.write(`${profile}\n`);
  return EXIT.clean;
}
