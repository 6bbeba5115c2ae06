import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { privateDir, replaceFile } from '../actor-folders.js';
import { packageId } from './chaincode-package.js';
import type { NetworkLayout, NetworkNode } from './layout.js';
import { coreYaml, ordererYaml } from './node-config.js';
import type { Launch } from './processes.js';
import type { Programs } from './programs.js';
import { fabricEnvironment } from './tools.js';

const require = createRequire(import.meta.url);
const BUNDLE = 'contract.bundle.js';

/** Writes what a process reads when it starts: it may have changed with the settings, or with where Fabric lies. */
export function configureNode(layout: NetworkLayout, node: NetworkNode, programs: Programs): void {
  privateDir(node.folder);
  if (node.kind === 'orderer') replaceFile(join(node.folder, 'orderer.yaml'), ordererYaml(layout, node), 0o600);
  if (node.kind === 'peer') replaceFile(join(node.folder, 'core.yaml'), coreYaml(layout, node, programs), 0o600);
  if (node.kind === 'chaincode') placeContract(node.folder);
}

/** How a process of the network is started. */
export function launchOf(layout: NetworkLayout, node: NetworkNode, programs: Programs): Launch {
  const place = {
    folder: node.folder,
    logFile: layout.logFile(node.name),
    pidFile: layout.pidFile(node.name),
  };
  if (node.kind === 'chaincode') return { ...place, ...chaincodeServer(layout, node) };
  const env: Record<string, string> = { FABRIC_CFG_PATH: node.folder, FABRIC_LOGGING_SPEC: 'info' };
  if (node.kind === 'peer') env.CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG = builderConfig(layout, node.organisation);
  const program = node.kind === 'peer' ? programs.peer : programs.orderer;
  const args = node.kind === 'peer' ? ['node', 'start'] : [];
  return { ...place, program, args, env: fabricEnvironment(env) };
}

/**
 * Each organisation runs a contract of its own, placed once: a newer event2ledger must not change what is deployed. Where
 * an organisation's contract is another, its endorsements differ.
 */
function placeContract(folder: string): void {
  const bundle = join(folder, BUNDLE);
  if (existsSync(bundle)) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  replaceFile(
    join(folder, 'package.json'),
    `${JSON.stringify({ name: 'event2ledger-chaincode', version: '0.1.0', type: 'commonjs', main: BUNDLE })}\n`,
    0o644,
  );
  copyFileSync(join(dirname(require.resolve('#contract')), '..', BUNDLE), bundle);
}

/** How an actor's chaincode server is started. */
export function chaincodeServer(layout: NetworkLayout, node: NetworkNode): Pick<Launch, 'program' | 'args' | 'env'> {
  const shim = require.resolve('fabric-shim/cli.js');
  const tls = join(node.folder, 'tls');
  const args = [
    shim,
    'server',
    ...['--module-path', node.folder],
    ...['--chaincode-address', `localhost:${node.port}`],
    ...['--chaincode-id', packageId(readFileSync(layout.chaincodePackage))],
    ...['--chaincode-tls-cert-file', join(tls, 'cert.pem')],
    ...['--chaincode-tls-key-file', join(tls, 'key.pem')],
    ...['--chaincode-tls-client-cacert-file', layout.tlsCaFile(node.organisation)],
  ];
  // The contract lies outside of our package, and finds the shim's packages where the shim itself does.
  const modules = join(dirname(require.resolve('fabric-shim/package.json')), '..');
  const env = fabricEnvironment({ NODE_PATH: modules, CORE_CHAINCODE_LOGGING_LEVEL: 'warn' });
  return { program: process.execPath, args, env };
}

/** What a peer puts into the package's template. */
function builderConfig(layout: NetworkLayout, organisation: string): string {
  const tls = join(layout.node('peer', organisation).folder, 'tls');
  return JSON.stringify({
    address: `localhost:${layout.node('chaincode', organisation).port}`,
    client_cert: readFileSync(join(tls, 'cert.pem'), 'utf8'),
    client_key: readFileSync(join(tls, 'key.pem'), 'utf8'),
    root_cert: readFileSync(layout.tlsCaFile(organisation), 'utf8'),
  });
}
