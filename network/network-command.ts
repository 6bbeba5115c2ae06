import { Option } from 'commander';
import type { Policy } from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { DEFAULT_ACTORS } from './actor-folders.js';
import { print, readJsonObject, table, wholeNumber } from './command-support.js';
import { runChaincode } from './fabric/foreground.js';
import type { NetworkWishes } from './fabric/founding.js';
import { type RunningNetwork, removeNetwork, startNetwork, stopNetwork } from './fabric/network.js';
import { findPrograms } from './fabric/programs.js';
import { networkStatus } from './fabric/status.js';

/** The orderer-only organisation of a BFT network. */
const AUDITOR = 'AuditorMSP';
const LEADER_TIMEOUT_MS = { raft: 100, bft: 5000 };
const DEFAULTS: Omit<NetworkWishes, 'leaderTimeout'> & { consensus: 'raft' } = {
  consensus: 'raft',
  channel: 'events',
  actors: [...DEFAULT_ACTORS],
  auditor: AUDITOR,
  blocks: { timeout: 500, transactions: 500, bytes: 2 * 1024 * 1024 },
  state: { database: 'leveldb' },
};

interface DataOption {
  readonly data: string;
  readonly json?: boolean;
}

interface UpFlags extends DataOption {
  readonly consensus?: 'raft' | 'bft';
  readonly channel?: string;
  readonly blockTimeout?: string;
  readonly blockTransactions?: string;
  readonly blockBytes?: string;
  readonly leaderTimeout?: string;
  readonly state?: 'leveldb' | 'couchdb';
  readonly couchdb?: string;
  readonly portBase?: string;
  readonly policy?: string;
}

/** `network up`, `down`, `status`, `clean`. */
export const registerNetworkCommands: RegisterCommands = (program, io) => {
  const network = program.command('network').description('run a real Hyperledger Fabric network on this machine');
  const add = (name: string, description: string) =>
    network
      .command(name)
      .description(description)
      .requiredOption('--data <dir>', "the network's folder")
      .option('--json', 'print for machines: one line of JSON');
  add('up', 'start it: made the first time, later what does not run; returns when it is ready')
    .addOption(
      new Option(
        '--consensus <kind>',
        'raft: three orderers; bft: four, of which one may be false (default: raft)',
      ).choices(['raft', 'bft']),
    )
    .option('--channel <name>', `name of the channel (default: ${DEFAULTS.channel})`)
    .option('--block-timeout <ms>', `cut a block after so many milliseconds (default: ${DEFAULTS.blocks.timeout})`)
    .option('--block-transactions <n>', `or at so many transactions (default: ${DEFAULTS.blocks.transactions})`)
    .option('--block-bytes <n>', `or at so many bytes (default: ${DEFAULTS.blocks.bytes})`)
    .option(
      '--leader-timeout <ms>',
      `raft's tick, of which ten make an election (default: ${LEADER_TIMEOUT_MS.raft}); of bft, until a leader is complained about (default: ${LEADER_TIMEOUT_MS.bft})`,
    )
    .addOption(new Option('--state <database>', "the peers' state (default: leveldb)").choices(['leveldb', 'couchdb']))
    .option('--couchdb <urls>', "with --state couchdb: a running CouchDB for each actor's peer, separated by commas")
    .option('--port-base <number>', 'the first of its ports on loopback (default: free ones)')
    .option('--policy <file>', 'JSON with what the first policy says beyond the defaults; of the first start')
    .addHelpText(
      'after',
      `
Fabric's own programs must be in ./bin or on PATH, as Fabric's download lays them out.
What is asked for the first time, the network keeps. It runs until "network down"; its ledger stays until "network clean".
The profiles are in DIR/actors/<MSP>/<identity>/profile.json, the logs of all processes in DIR/logs.

Examples:
  event2ledger network up --data ./network
  event2ledger network up --data ./papers --consensus bft --block-transactions 20 --block-timeout 3000`,
    )
    .action(action(io, (flags: UpFlags) => up(io, flags)));
  network
    .command('chaincode')
    .description("run one actor's chaincode server in the foreground, for containers: `up` starts all by itself")
    .requiredOption('--data <dir>', "the network's folder")
    .requiredOption('--actor <msp>', 'whose')
    .action(
      action(io, async ({ data, actor }: { data: string; actor: string }) => {
        await runChaincode(data, actor, io.signal);
        return EXIT.clean;
      }),
    );
  add('down', 'stop it; its ledger stays').action(action(io, (flags: DataOption) => down(io, flags)));
  add('status', 'every process, its ports and its height; exit code 1 if one is not healthy').action(
    action(io, (flags: DataOption) => status(io, flags)),
  );
  add('clean', 'stop it and remove everything, its ledger and all keys too').action(
    action(io, (flags: DataOption) => clean(io, flags)),
  );
};

async function up(io: CommandIo, flags: UpFlags): Promise<ExitCode> {
  if (flags.data === '') throw new UsageError('--data names no folder.');
  const wishes = wishesOf(flags);
  const policy = flags.policy === undefined ? undefined : await readJsonObject(io, flags.policy, 'The policy');
  const network = await startNetwork({
    dataDir: flags.data,
    programs: findPrograms(io.env, process.cwd()),
    wishes,
    defaults: { ...DEFAULTS, leaderTimeout: LEADER_TIMEOUT_MS[wishes.consensus ?? DEFAULTS.consensus] },
    ...(flags.portBase === undefined ? {} : { portBase: wholeNumber(flags.portBase, 'The port', 1024, 65_000) }),
    ...(policy === undefined ? {} : { policy: policy as Partial<Policy> }),
    signal: io.signal,
    progress: (what) => void (flags.json === true || io.stderr.write(`${what} …\n`)),
  });
  if (policy !== undefined && !network.isNew) {
    io.stderr.write(
      'The policy on the ledger stays: --policy counts on the first start only; see "event2ledger policy".\n',
    );
  }
  announce(io, network, flags.json === true);
  return EXIT.clean;
}

/** What was asked for, and nothing that was not. */
function wishesOf(flags: UpFlags): Partial<NetworkWishes> {
  const blocks = {
    timeout: wholeOr(flags.blockTimeout, 'The block timeout', 10, 600_000, DEFAULTS.blocks.timeout),
    transactions: wholeOr(
      flags.blockTransactions,
      'The number of transactions',
      1,
      100_000,
      DEFAULTS.blocks.transactions,
    ),
    bytes: wholeOr(flags.blockBytes, 'The number of bytes', 1024, 99 * 1024 * 1024, DEFAULTS.blocks.bytes),
  };
  const wishesBlocks = [flags.blockTimeout, flags.blockTransactions, flags.blockBytes].some(
    (flag) => flag !== undefined,
  );
  const { consensus, channel, leaderTimeout } = flags;
  return {
    ...(consensus === undefined ? {} : { consensus }),
    ...(channel === undefined ? {} : { channel }),
    ...(wishesBlocks ? { blocks } : {}),
    ...(leaderTimeout === undefined
      ? {}
      : { leaderTimeout: wholeNumber(leaderTimeout, 'The leader timeout', 10, 600_000) }),
    ...stateOf(flags),
  };
}

function wholeOr(text: string | undefined, what: string, least: number, most: number, otherwise: number): number {
  return text === undefined ? otherwise : wholeNumber(text, what, least, most);
}

/** Fabric names a database after the channel and the chaincode alone: peers that shared one would mix their states. */
function stateOf({ state, couchdb }: UpFlags): Pick<Partial<NetworkWishes>, 'state'> {
  if (state !== 'couchdb') {
    if (couchdb !== undefined) throw new UsageError('--couchdb goes with --state couchdb.');
    return state === undefined ? {} : { state: { database: 'leveldb' } };
  }
  const urls = (couchdb ?? '').split(',').filter((url) => url !== '');
  if (new Set(urls).size !== DEFAULTS.actors.length || urls.length !== DEFAULTS.actors.length) {
    throw new UsageError(
      `--state couchdb needs a running CouchDB for each actor's peer: --couchdb with ${DEFAULTS.actors.length} different URLs, separated by commas.`,
    );
  }
  const wrong = urls.find((url) => !URL.canParse(url) || !url.startsWith('http://'));
  if (wrong !== undefined) {
    throw new UsageError(`--couchdb: "${wrong}" is no URL of a CouchDB; give one such as http://localhost:5984.`);
  }
  return { state: { database: 'couchdb', urls } };
}

function announce(io: CommandIo, { dataDir, settings, nodes, profiles }: RunningNetwork, json: boolean): void {
  const { consensus, channel, actors } = settings;
  if (json) {
    const ports = Object.fromEntries(nodes.map(({ name, port }) => [name, port]));
    printJson(io, { dataDir, consensus, channel, actors, ports, profiles });
    return;
  }
  io.stdout.write(`The network in ${dataDir} runs: ${consensus}, channel ${channel}, for ${actors.join(', ')}.\n`);
  for (const profile of profiles) io.stdout.write(`  ${profile}\n`);
  io.stdout.write('ready\n');
}

async function down(io: CommandIo, { data, json }: DataOption): Promise<ExitCode> {
  const stopped = await stopNetwork(data);
  if (json === true) printJson(io, { dataDir: data, stopped });
  else io.stdout.write(stopped.length === 0 ? 'Nothing of it ran.\n' : `Stopped ${stopped.length} processes.\n`);
  return EXIT.clean;
}

async function status(io: CommandIo, { data, json }: DataOption): Promise<ExitCode> {
  const nodes = await networkStatus(data);
  if (json === true) {
    printJson(io, nodes);
  } else {
    const rows = nodes.map(({ name, pid, port, operationsPort, adminPort, healthy, height, log }) => {
      const ports = [port, operationsPort, adminPort].filter((each) => each !== undefined).join(',');
      const state = pid === undefined ? 'stopped' : healthy ? 'healthy' : 'not healthy';
      return [name, state, pid === undefined ? '-' : String(pid), ports, height ?? '-', log];
    });
    await print(io, table(['PROCESS', 'STATE', 'PID', 'PORTS', 'HEIGHT', 'LOG'], rows));
  }
  return nodes.every(({ healthy }) => healthy) ? EXIT.clean : EXIT.findings;
}

async function clean(io: CommandIo, { data, json }: DataOption): Promise<ExitCode> {
  const inUse = await removeNetwork(data);
  if (json === true) printJson(io, { dataDir: data, inUse });
  else io.stdout.write(`Removed the network in ${data}.\n`);
  if (inUse.length > 0) {
    io.stderr.write(
      `Somebody still listens on ${inUse.join(', ')}: another program, or a process of a start that was killed; end it if it is one of the network's.\n`,
    );
  }
  return EXIT.clean;
}
