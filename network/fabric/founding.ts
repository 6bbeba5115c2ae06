import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NetworkError } from '../errors.js';
import { NETWORK_FOLDERS, portNames } from './layout.js';
import { choosePorts } from './ports.js';
import { checkNetworkSettings, type NetworkSettings } from './settings.js';

/** What a network is made as; of the first start. */
export type NetworkWishes = Omit<NetworkSettings, 'version' | 'ports' | 'deployed'>;

export interface Founding {
  readonly dataDir: string;
  /** What was asked for; what was not is as it was, or the default. */
  readonly wishes: Partial<NetworkWishes>;
  readonly defaults: NetworkWishes;
  readonly portBase?: number;
}

/**
 * A network's folder may hold anything besides, but nothing under its own names: removing the network would remove that.
 * @throws NetworkError `DATA_DIR`
 */
export function refuseOthersFolder(dataDir: string): void {
  if (existsSync(join(dataDir, 'ledger.json'))) {
    throw new NetworkError('DATA_DIR', `${dataDir} is the folder of an embedded ledger; choose another.`);
  }
  const run = join(dataDir, 'run');
  const isUsed = existsSync(run) && readdirSync(run).some((name) => name !== 'lock');
  const other = isUsed ? 'run' : NETWORK_FOLDERS.find((name) => existsSync(join(dataDir, name)));
  // Looked for last: who makes a network writes its settings first.
  if (other === undefined || existsSync(join(dataDir, 'network.json'))) return;
  throw new NetworkError(
    'DATA_DIR',
    `${dataDir} has "${other}" already, which is no network's; choose another folder.`,
  );
}

/** @throws NetworkError `DATA_DIR` for a value that no network can have, `PORT` */
export async function newSettings({ wishes, defaults, portBase }: Founding): Promise<NetworkSettings> {
  const { auditor, ...wished } = { ...defaults, ...wishes };
  const owner = wished.consensus === 'bft' && auditor !== undefined ? { auditor } : {};
  const organisations = [...wished.actors, ...Object.values(owner)];
  return checkNetworkSettings({
    version: 1,
    ...wished,
    ...owner,
    ports: await choosePorts(portNames(organisations, wished.actors), portBase),
    deployed: false,
  });
}

/** A network stays what it was made as. @throws NetworkError `DATA_DIR` if something else is wished for */
export function keepSettings(known: NetworkSettings, { dataDir, wishes, portBase }: Founding): NetworkSettings {
  for (const [name, wished] of Object.entries(wishes)) {
    const kept = known[name as keyof NetworkWishes];
    if (JSON.stringify(kept) !== JSON.stringify(wished)) throw differs(dataDir, name, shown(kept));
  }
  const base = Math.min(...Object.values(known.ports));
  if (portBase !== undefined && portBase !== base) throw differs(dataDir, 'ports', `from ${base}`);
  return known;
}

function differs(dataDir: string, name: string, kept: string): NetworkError {
  return new NetworkError(
    'DATA_DIR',
    `The network in ${dataDir} keeps its ${name}, ${kept}; make another in a folder of its own.`,
  );
}

/** The URL of a database may hold its password. */
function shown(kept: NetworkSettings[keyof NetworkWishes]): string {
  if (typeof kept !== 'object') return JSON.stringify(kept);
  if ('database' in kept) return kept.database;
  return Object.entries(kept)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
