import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { NetworkError } from '../errors.js';

const NAMES = ['peer', 'orderer', 'configtxgen', 'osnadmin'] as const;
type Program = (typeof NAMES)[number];

/** Where Fabric's programs are. */
export type Programs = Readonly<Record<Program, string>> & {
  /** The folder of the builder for chaincode as a service: `bin/detect`, `bin/build`, `bin/release`. */
  readonly ccaasBuilder: string;
};

const BUILDER_STEPS = ['detect', 'build', 'release'];
const WHERE = 'https://hyperledger-fabric.readthedocs.io/en/latest/install.html';

/** What of Fabric's programs is not to be had, named as its download names it; empty if nothing lacks. */
export function lackingPrograms(env: NodeJS.ProcessEnv, folder: string): string[] {
  return search(env, folder).lacking;
}

/**
 * Finds Fabric's programs in `bin` of a folder, then on PATH, and the builder of chaincode as a service where Fabric's
 * download puts it: in `builders/ccaas` beside that `bin`.
 * @param folder the current one
 * @throws NetworkError `PROGRAMS` with what is missing, and where Fabric's documentation says to get it
 */
export function findPrograms(env: NodeJS.ProcessEnv, folder: string): Programs {
  const { found, lacking } = search(env, folder);
  if (found !== undefined) return found;
  throw new NetworkError(
    'PROGRAMS',
    `Fabric's ${list(lacking)} cannot be found on PATH or in ${join(folder, 'bin')}; get Fabric 3.1 or later as ${WHERE} says.`,
  );
}

function search(env: NodeJS.ProcessEnv, folder: string): { found?: Programs; lacking: string[] } {
  const folders = [join(folder, 'bin'), ...(env.PATH ?? '').split(delimiter).filter((entry) => entry !== '')];
  const programs = Object.fromEntries(NAMES.map((name) => [name, firstExecutable(folders, name)]));
  const builder = ccaasBuilder([programs.peer, programs.orderer]);
  const lacking = NAMES.filter((name) => programs[name] === undefined) as string[];
  if (builder === undefined) lacking.push('builders/ccaas');
  if (lacking.length > 0 || builder === undefined) return { lacking };
  return { found: { ...(programs as Record<Program, string>), ccaasBuilder: builder }, lacking };
}

/** Both where a program is linked from and where it truly lies may have the builder beside them. */
function ccaasBuilder(programs: readonly (string | undefined)[]): string | undefined {
  return programs
    .filter((program) => program !== undefined)
    .flatMap((program) => [program, realpathSync(program)])
    .map((program) => join(dirname(program), '..', 'builders', 'ccaas'))
    .find((folder) => BUILDER_STEPS.every((step) => isExecutable(join(folder, 'bin', step))));
}

function firstExecutable(folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => resolve(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
