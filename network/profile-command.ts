import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { CHAINCODE } from './actor-folders.js';
import { profileFromMsp } from './msp-profile.js';

interface ProfileFlags {
  readonly out: string;
  readonly channel: string;
  readonly chaincode: string;
  readonly mspId?: string;
  readonly msp?: string;
  readonly peer?: readonly string[];
  readonly tlsCa?: readonly string[];
  readonly tlsHost?: string;
  readonly json?: boolean;
}

const several = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `profile`: for a channel that somebody else runs. */
export const registerProfileCommand: RegisterCommands = (program, io) => {
  program
    .command('profile')
    .description(
      'write the profile of an identity that a Fabric CA or cryptogen issued, for a channel that runs already',
    )
    .requiredOption('--out <file>', 'the profile to write')
    .requiredOption('--channel <name>', 'name of the channel')
    .option('--chaincode <name>', 'name of the chaincode', CHAINCODE)
    .option('--msp-id <id>', 'MSP ID of the actor (default: CORE_PEER_LOCALMSPID)')
    .option('--msp <dir>', "the identity's MSP folder: signcerts, keystore (default: CORE_PEER_MSPCONFIGPATH)")
    .option(
      '--peer <host:port>',
      "the actor's peer; again for others, tried in order (default: CORE_PEER_ADDRESS)",
      several,
    )
    .option(
      '--tls-ca <file>',
      "CA of the peer's TLS certificate; once, or for each peer (default: CORE_PEER_TLS_ROOTCERT_FILE)",
      several,
    )
    .option(
      '--tls-host <name>',
      "the name in the first peer's TLS certificate (default: CORE_PEER_TLS_SERVERHOSTOVERRIDE)",
    )
    .option('--json', 'print one line of JSON')
    .addHelpText(
      'after',
      `
Certificates and keys stay where they are: the profile names their files. Run it again when the identity was enrolled anew.

Example:
  event2ledger profile --out user.json --channel events --msp-id UserMSP \\
    --msp crypto-config/peerOrganizations/user.example.com/users/collector-1/msp \\
    --peer peer0.user.example.com:7051 --tls-ca crypto-config/peerOrganizations/user.example.com/tlsca/tlsca.pem`,
    )
    .action(action(io, (flags: ProfileFlags) => write(io, flags)));
};

function write(io: CommandIo, flags: ProfileFlags): ExitCode {
  const { env } = io;
  const peers = flags.peer ?? (env.CORE_PEER_ADDRESS === undefined ? [] : [env.CORE_PEER_ADDRESS]);
  const tlsCas =
    flags.tlsCa ?? (env.CORE_PEER_TLS_ROOTCERT_FILE === undefined ? [] : [env.CORE_PEER_TLS_ROOTCERT_FILE]);
  if (tlsCas.length !== 1 && tlsCas.length !== peers.length) {
    throw new UsageError('Give --tls-ca once for all peers, or once for each.');
  }
  const [first, ...others] = peers.map((endpoint, index) => ({
    endpoint,
    tlsCaFile: tlsCas[index] ?? tlsCas[0] ?? '',
  }));
  if (first === undefined) throw new UsageError('Give --peer, or set CORE_PEER_ADDRESS.');
  const tlsHost = flags.tlsHost ?? env.CORE_PEER_TLS_SERVERHOSTOVERRIDE;
  const { name, mspId } = profileFromMsp({
    out: flags.out,
    mspId: needed(flags.mspId ?? env.CORE_PEER_LOCALMSPID, '--msp-id', 'CORE_PEER_LOCALMSPID'),
    mspFolder: needed(flags.msp ?? env.CORE_PEER_MSPCONFIGPATH, '--msp', 'CORE_PEER_MSPCONFIGPATH'),
    peers: [{ ...first, ...(tlsHost === undefined || tlsHost === '' ? {} : { tlsHost }) }, ...others],
    channel: flags.channel,
    chaincode: flags.chaincode,
  });
  if (flags.json === true) printJson(io, { actor: mspId, name, profile: flags.out });
  else io.stdout.write(`${flags.out}\n`);
  return EXIT.clean;
}

function needed(value: string | undefined, option: string, variable: string): string {
  if (value !== undefined && value !== '') return value;
  throw new UsageError(`Give ${option}, or set ${variable}.`);
}
