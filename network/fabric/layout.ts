import { join, resolve } from 'node:path';
import type { NetworkSettings } from './settings.js';

/** What a process of the network is. */
export type NodeKind = 'orderer' | 'peer' | 'chaincode';

/** One process of the network. */
export interface NetworkNode {
  /** `orderer.ProviderMSP`: of its log, its pid file and the ports it listens on. */
  readonly name: string;
  readonly kind: NodeKind;
  readonly organisation: string;
  /** The folder of its configuration, credentials and data. */
  readonly folder: string;
  /** Where its own service listens on loopback. */
  readonly port: number;
  /** Of a peer or an orderer, where it tells its health. */
  readonly operationsPort?: number;
  /** Of an orderer, where channels are joined. */
  readonly adminPort?: number;
}

/** What each kind listens on besides its own service. */
const MORE_PORTS: Readonly<Record<NodeKind, readonly string[]>> = {
  orderer: ['operations', 'admin'],
  // A peer listens for chaincode that it started itself, even if there is none.
  peer: ['operations', 'chaincode'],
  chaincode: [],
};

/**
 * The folder of a Fabric network; beside what every ledger's folder has (`ActorFolders`):
 *
 *     network.json                       settings and ports
 *     tlsca/<MSP>/                       each organisation's CA for TLS
 *     organizations/<MSP>/msp/           what others must know of it
 *     organizations/<MSP>/admin/msp/     its administrator, for Fabric's commands
 *     organizations/<MSP>/orderer|peer/  msp, tls, configuration, data
 *     organizations/<MSP>/chaincode/     the contract that its server runs, and its tls
 *     channel/                           genesis block, configuration, chaincode package
 *     logs/  run/                        each process's log, and pid file
 */
export class NetworkLayout {
  readonly path: string;
  readonly settings: NetworkSettings;

  constructor(path: string, settings: NetworkSettings) {
    // Fabric's programs run in folders of their own.
    this.path = resolve(path);
    this.settings = settings;
  }

  /** Those that own an orderer: the actors, and the auditor if there is one. */
  get organisations(): readonly string[] {
    const { actors, auditor } = this.settings;
    return auditor === undefined ? actors : [...actors, auditor];
  }

  get nodes(): NetworkNode[] {
    return nodeNames(this.organisations, this.settings.actors).map(([kind, organisation]) =>
      this.node(kind, organisation),
    );
  }

  node(kind: NodeKind, organisation: string): NetworkNode {
    const name = `${kind}.${organisation}`;
    const port = (what: string) => this.settings.ports[what] ?? 0;
    return {
      name,
      kind,
      organisation,
      folder: join(this.organisationFolder(organisation), kind),
      port: port(name),
      ...(kind === 'chaincode' ? {} : { operationsPort: port(`${name}.operations`) }),
      ...(kind === 'orderer' ? { adminPort: port(`${name}.admin`) } : {}),
    };
  }

  port(node: NetworkNode, what: string): number {
    return this.settings.ports[`${node.name}.${what}`] ?? 0;
  }

  /** All ports that a process listens on. */
  portsOf(node: NetworkNode): number[] {
    return [node.port, ...MORE_PORTS[node.kind].map((what) => this.port(node, what))];
  }

  organisationFolder(organisation: string): string {
    return join(this.path, 'organizations', organisation);
  }

  tlsCaFile(organisation: string): string {
    return join(this.path, 'tlsca', organisation, 'cert.pem');
  }

  get channelFolder(): string {
    return join(this.path, 'channel');
  }

  get genesisBlock(): string {
    return join(this.channelFolder, 'genesis.block');
  }

  get chaincodePackage(): string {
    return join(this.channelFolder, 'event2ledger.tar.gz');
  }

  logFile(name: string): string {
    return join(this.path, 'logs', `${name}.log`);
  }

  pidFile(name: string): string {
    return join(this.path, 'run', `${name}.json`);
  }
}

/** What a network keeps in its folder besides `network.json` and `run`, which holds its lock. */
export const NETWORK_FOLDERS: readonly string[] = ['ca', 'tlsca', 'actors', 'organizations', 'channel', 'logs'];

function nodeNames(organisations: readonly string[], actors: readonly string[]): [NodeKind, string][] {
  return [
    ...organisations.map((organisation): [NodeKind, string] => ['orderer', organisation]),
    ...actors.map((actor): [NodeKind, string] => ['peer', actor]),
    ...actors.map((actor): [NodeKind, string] => ['chaincode', actor]),
  ];
}

/** The names of all ports that a network listens on, in a fixed order. */
export function portNames(organisations: readonly string[], actors: readonly string[]): string[] {
  return nodeNames(organisations, actors).flatMap(([kind, organisation]) => {
    const name = `${kind}.${organisation}`;
    return [name, ...MORE_PORTS[kind].map((what) => `${name}.${what}`)];
  });
}
