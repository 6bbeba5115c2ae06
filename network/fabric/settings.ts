import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { NAME } from '#chaincode';
import { replaceFile } from '../actor-folders.js';
import { NetworkError } from '../errors.js';

/** Of Fabric's own rule for channel names. */
const CHANNEL_NAME = /^[a-z][a-z0-9.-]{0,248}$/;

const port = z.int().min(1).max(65_535);
const stateSchema = z.discriminatedUnion('database', [
  z.object({ database: z.literal('leveldb') }),
  /** One CouchDB for each actor's peer, in their order: Fabric names the databases after the channel alone. */
  z.object({
    database: z.literal('couchdb'),
    urls: z.array(z.url({ protocol: /^http$/, error: 'give a URL that begins with http://' })).min(1),
  }),
]);

const settingsSchema = z.object({
  version: z.literal(1),
  consensus: z.enum(['raft', 'bft']),
  channel: z.string().regex(CHANNEL_NAME, 'give lower-case letters, digits, dots and dashes, a letter first'),
  actors: z.array(z.string().regex(NAME)).min(2),
  /** Owns the fourth orderer of a BFT network and nothing else. */
  auditor: z.string().regex(NAME).optional(),
  /** When a block is cut: whichever comes first. */
  blocks: z.object({
    /** Milliseconds. */
    timeout: z.int().min(10).max(600_000),
    transactions: z.int().min(1).max(100_000),
    bytes: z
      .int()
      .min(1024)
      .max(99 * 1024 * 1024),
  }),
  /** Milliseconds: of raft one tick (ten make an election), of BFT until a leader is complained about. */
  leaderTimeout: z.int().min(10).max(600_000),
  state: stateSchema,
  /** Ports on loopback, by what listens there. */
  ports: z.record(z.string(), port),
  /** Whether the channel, the chaincode and the first policy are there. */
  deployed: z.boolean(),
});

/** `network.json`: what a network was made as. */
export type NetworkSettings = z.infer<typeof settingsSchema>;

/** The settings of the network in a folder, `undefined` where there is none. @throws NetworkError `DATA_DIR` */
export function readNetworkSettings(folder: string): NetworkSettings | undefined {
  const file = join(folder, 'network.json');
  if (!existsSync(file)) return undefined;
  try {
    return settingsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new NetworkError('DATA_DIR', `${file} cannot be read; is ${folder} the folder of a network?`, { cause });
  }
}

/** As `readNetworkSettings`, where there must be one. @throws NetworkError `DATA_DIR` */
export function requireNetworkSettings(folder: string): NetworkSettings {
  const settings = readNetworkSettings(folder);
  if (settings !== undefined) return settings;
  throw new NetworkError('DATA_DIR', `There is no Fabric network in ${folder}; make one with "network up".`);
}

/** @throws NetworkError `DATA_DIR` if a value is none that a network can have */
export function checkNetworkSettings(settings: NetworkSettings): NetworkSettings {
  const result = settingsSchema.safeParse(settings);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new NetworkError('DATA_DIR', `No network can have ${issue?.path.join('.')} so: ${issue?.message}.`);
}

/** A CouchDB's URL may hold its password. */
export function writeNetworkSettings(folder: string, settings: NetworkSettings): void {
  replaceFile(join(folder, 'network.json'), `${JSON.stringify(settings, null, 2)}\n`, 0o600);
}
