/**
 * A real Hyperledger Fabric network on this machine: an orderer, a peer and a chaincode server for each actor, as plain
 * processes that outlive the command which started them.
 */
import { existsSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Policy, policyText } from '#chaincode';
import {
  type Access,
  ActorFolders,
  CHAINCODE,
  checkActor,
  makeLedgerFolder,
  privateDir,
  replaceFile,
} from '../actor-folders.js';
import { NetworkError } from '../errors.js';
import { bootstrapPolicy, firstPolicy } from '../first-policy.js';
import type { Role } from '../pki.js';
import { ChannelAdmin, makeGenesis } from './channel.js';
import { ensureCredentials } from './credentials.js';
import { requireDatabases } from './databases.js';
import { type Founding, keepSettings, newSettings, refuseOthersFolder } from './founding.js';
import { untilHealthy } from './health.js';
import { NETWORK_FOLDERS, NetworkLayout, type NetworkNode } from './layout.js';
import { withLock } from './lock.js';
import { configureNode, launchOf } from './nodes.js';
import { isFree } from './ports.js';
import { endProcess, launch, runningProcess } from './processes.js';
import type { Programs } from './programs.js';
import { untilEndorsing } from './readiness.js';
import { type NetworkSettings, readNetworkSettings, requireNetworkSettings, writeNetworkSettings } from './settings.js';

const HEALTHY_WITHIN_MS = 120_000;
/** A peer closes its databases; a chaincode server has nothing to lose. */
const END_WITHIN_MS = 20_000;

export interface UpOptions extends Founding {
  readonly programs: Programs;
  /** What the first policy says beyond the defaults. */
  readonly policy?: Partial<Policy>;
  /** Gives up: what this call started is stopped again. */
  readonly signal: AbortSignal;
  /** Told what is being done. */
  readonly progress?: (what: string) => void;
}

/** A network that runs. */
export interface RunningNetwork {
  readonly dataDir: string;
  readonly isNew: boolean;
  readonly settings: NetworkSettings;
  readonly nodes: readonly NetworkNode[];
  /** Paths of all profiles. */
  readonly profiles: readonly string[];
}

/**
 * Starts a network: all of it the first time, later what does not run. Resolves when every actor's peer endorses and a
 * first policy is in force.
 * @throws NetworkError `DATA_DIR`, `LOCKED`, `PORT`, `PROCESS`, `TOOL`; RecordError for a wrong policy
 */
export async function startNetwork(options: UpOptions): Promise<RunningNetwork> {
  const { dataDir } = options;
  refuseOthersFolder(dataDir);
  // Before anything is written there: what cannot be read is not ours.
  readNetworkSettings(dataDir);
  makeLedgerFolder(dataDir);
  return withLock(dataDir, async () => {
    const known = readNetworkSettings(dataDir);
    const layout = known === undefined ? await found(options) : takeUp(known, options);
    const started: NetworkNode[] = [];
    try {
      const profiles = await bringUp(layout, options, started);
      return { dataDir, isNew: known?.deployed !== true, settings: layout.settings, nodes: layout.nodes, profiles };
    } catch (error) {
      await Promise.all(started.map((node) => endProcess(layout.pidFile(node.name), END_WITHIN_MS)));
      throw options.signal.aborted ? interrupted(error) : error;
    }
  });
}

function interrupted(cause: unknown): NetworkError {
  const message = 'Interrupted; what was started is stopped again. Run "network up" once more to go on.';
  return new NetworkError('CLOSED', message, { cause });
}

/** Makes a folder a network's; leaves nothing in it if it cannot. */
async function found(options: UpOptions): Promise<NetworkLayout> {
  const { dataDir, policy } = options;
  try {
    const layout = new NetworkLayout(dataDir, await newSettings(options));
    const text = policyText(firstPolicy(layout.settings.actors, policy));
    await requireDatabases(layout.settings.state);
    writeNetworkSettings(dataDir, layout.settings);
    placePolicy(layout, text);
    return layout;
  } catch (error) {
    if (!existsSync(join(dataDir, 'network.json'))) removeEntries(dataDir, ['run']);
    throw error;
  }
}

/** Goes on with a network that was made before, or whose first start was cut off: that may still have another policy. */
function takeUp(known: NetworkSettings, options: UpOptions): NetworkLayout {
  const layout = new NetworkLayout(options.dataDir, keepSettings(known, options));
  if (known.deployed || (options.policy === undefined && existsSync(policyFile(layout)))) return layout;
  placePolicy(layout, policyText(firstPolicy(known.actors, options.policy)));
  return layout;
}

/** Stops all processes of a network; its ledger stays. @returns the names of those that ran */
export async function stopNetwork(dataDir: string): Promise<string[]> {
  const layout = new NetworkLayout(dataDir, requireNetworkSettings(dataDir));
  return withLock(dataDir, () => endAll(layout));
}

/**
 * Stops a network and removes all that it kept in its folder; what is not the network's stays.
 * @returns its ports on which somebody still listens: another program, or a process of a start that was killed
 */
export async function removeNetwork(dataDir: string): Promise<number[]> {
  const layout = new NetworkLayout(dataDir, requireNetworkSettings(dataDir));
  return withLock(dataDir, async () => {
    await endAll(layout);
    // Its settings late, that a removal which is cut off can be repeated, and the lock last.
    removeEntries(dataDir, [...NETWORK_FOLDERS, 'network.json', 'run']);
    const ports = layout.nodes.flatMap((node) => layout.portsOf(node));
    const free = await Promise.all(ports.map(isFree));
    return ports.filter((_, index) => free[index] !== true);
  });
}

function removeEntries(dataDir: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(dataDir, name), { recursive: true, force: true });
  try {
    rmdirSync(dataDir);
  } catch {
    // Something else is in it.
  }
}

/** Issues one more identity of an actor; its certificate counts at once, for peers check it against the actor's CA. */
export async function addNetworkIdentity(dataDir: string, actor: string, name: string, role: Role): Promise<string> {
  const layout = new NetworkLayout(dataDir, requireNetworkSettings(dataDir));
  checkActor(layout.settings.actors, actor);
  return new ActorFolders(dataDir).addIdentity(actor, name, role, accessOf(layout, actor));
}

async function bringUp(layout: NetworkLayout, options: UpOptions, started: NetworkNode[]): Promise<string[]> {
  const { programs, signal, progress = () => {} } = options;
  await ensureCredentials(layout);
  for (const folder of ['logs', 'channel']) privateDir(join(layout.path, folder));
  await makeGenesis(layout, programs, signal);
  progress('starting');
  await startNodes(layout, programs, started);
  await Promise.all(layout.nodes.map((node) => untilHealthy(layout, node, HEALTHY_WITHIN_MS, signal)));
  const profiles = writeProfiles(layout);
  const folders = new ActorFolders(layout.path);
  const profileOf = (actor: string) => folders.profilePath(actor, 'admin');
  const { settings } = layout;
  if (settings.deployed) {
    await untilEndorsing(settings.actors.map(profileOf), signal);
    return profiles;
  }
  const admin = new ChannelAdmin(layout, programs, signal);
  progress('joining the channel');
  await admin.join();
  progress('deploying the chaincode');
  await admin.deploy();
  progress('putting the first policy in force');
  await untilEndorsing(settings.actors.map(profileOf), signal);
  await bootstrapPolicy(profileOf, readPolicy(layout));
  settings.deployed = true;
  writeNetworkSettings(layout.path, settings);
  return profiles;
}

async function startNodes(layout: NetworkLayout, programs: Programs, started: NetworkNode[]): Promise<void> {
  const resting = layout.nodes.filter((node) => runningProcess(layout.pidFile(node.name)) === undefined);
  for (const node of resting) {
    for (const port of layout.portsOf(node)) {
      if (await isFree(port)) continue;
      const other = layout.settings.deployed ? '' : ', or "network clean" and choose others with --port-base';
      throw new NetworkError('PORT', `Port ${port}, where ${node.name} listens, is taken; free it${other}.`);
    }
  }
  const launches = await Promise.allSettled(
    resting.map(async (node) => {
      configureNode(layout, node, programs);
      await launch(launchOf(layout, node, programs));
      started.push(node);
    }),
  );
  // Not before all are known that run: they are to be ended.
  for (const launched of launches) if (launched.status === 'rejected') throw launched.reason;
}

async function endAll(layout: NetworkLayout): Promise<string[]> {
  const running = layout.nodes.filter((node) => runningProcess(layout.pidFile(node.name)) !== undefined);
  // Peers before orderers: they take the last blocks with them.
  for (const kind of ['peer', 'chaincode', 'orderer'] as const) {
    const nodes = running.filter((node) => node.kind === kind);
    await Promise.all(nodes.map((node) => endProcess(layout.pidFile(node.name), END_WITHIN_MS)));
  }
  return running.map(({ name }) => name);
}

/** Keeps what the first policy is to say, for a first start that is cut off. */
function placePolicy(layout: NetworkLayout, text: string): void {
  privateDir(layout.channelFolder);
  replaceFile(policyFile(layout), text, 0o600);
}

function readPolicy(layout: NetworkLayout): Policy {
  return JSON.parse(readFileSync(policyFile(layout), 'utf8')) as Policy;
}

function policyFile(layout: NetworkLayout): string {
  return join(layout.channelFolder, 'first-policy.json');
}

function writeProfiles(layout: NetworkLayout): string[] {
  const folders = new ActorFolders(layout.path);
  return layout.settings.actors.flatMap((actor) => folders.writeProfiles(actor, accessOf(layout, actor)));
}

/** An actor's own peer first; the others' in case it is away. */
function accessOf(layout: NetworkLayout, actor: string): Access {
  const gateway = (name: string) => ({
    endpoint: `localhost:${layout.node('peer', name).port}`,
    tlsCaCert: `../../../tlsca/${name}/cert.pem`,
  });
  return {
    ...gateway(actor),
    alternatives: layout.settings.actors.filter((other) => other !== actor).map(gateway),
    channel: layout.settings.channel,
    chaincode: CHAINCODE,
  };
}
