import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActorFolders } from '../actor-folders.js';
import { connect } from '../connection.js';
import { loadProfile } from '../profile.js';
import { ask, isHealthy } from './health.js';
import { NetworkLayout, type NetworkNode } from './layout.js';
import { runningProcess } from './processes.js';
import { requireNetworkSettings } from './settings.js';

/** How a process of the network is. */
export interface NodeStatus {
  readonly name: string;
  readonly pid?: number;
  readonly port: number;
  readonly operationsPort?: number;
  readonly adminPort?: number;
  readonly healthy: boolean;
  /** Of a peer or an orderer: how many blocks it has. */
  readonly height?: string;
  readonly log: string;
}

/** Asks every process of a network how it is. @throws NetworkError `DATA_DIR` if there is no network */
export async function networkStatus(dataDir: string): Promise<NodeStatus[]> {
  const layout = new NetworkLayout(dataDir, requireNetworkSettings(dataDir));
  return Promise.all(layout.nodes.map((node) => nodeStatus(layout, node)));
}

async function nodeStatus(layout: NetworkLayout, node: NetworkNode): Promise<NodeStatus> {
  const { name, port, operationsPort, adminPort } = node;
  const running = runningProcess(layout.pidFile(name));
  const healthy = running !== undefined && (await isHealthy(layout, node));
  const height = healthy ? await heightOf(layout, node).catch(() => undefined) : undefined;
  return {
    name,
    ...(running === undefined ? {} : { pid: running.pid }),
    port,
    ...(operationsPort === undefined ? {} : { operationsPort }),
    ...(adminPort === undefined ? {} : { adminPort }),
    healthy,
    ...(height === undefined ? {} : { height }),
    log: layout.logFile(name),
  };
}

async function heightOf(layout: NetworkLayout, node: NetworkNode): Promise<string | undefined> {
  if (node.kind === 'chaincode') return undefined;
  return node.kind === 'peer' ? peerHeight(layout, node) : ordererHeight(layout, node);
}

async function peerHeight(layout: NetworkLayout, node: NetworkNode): Promise<string> {
  const file = new ActorFolders(layout.path).profilePath(node.organisation, 'admin');
  const { alternatives: _, ...own } = loadProfile(file);
  const ledger = connect(own);
  try {
    return String(await ledger.height());
  } finally {
    ledger.close();
  }
}

async function ordererHeight(layout: NetworkLayout, node: NetworkNode): Promise<string | undefined> {
  const tls = join(layout.organisationFolder(node.organisation), 'admin', 'tls');
  const { body } = await ask({
    port: node.adminPort,
    path: `/participation/v1/channels/${layout.settings.channel}`,
    ca: readFileSync(layout.tlsCaFile(node.organisation)),
    cert: readFileSync(join(tls, 'cert.pem')),
    key: readFileSync(join(tls, 'key.pem')),
  });
  const { height } = JSON.parse(body) as { height?: number };
  return height === undefined ? undefined : String(height);
}
