import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { checkActor } from '../actor-folders.js';
import { NetworkError } from '../errors.js';
import { NetworkLayout } from './layout.js';
import { chaincodeServer } from './nodes.js';
import { requireNetworkSettings } from './settings.js';

/**
 * Runs an actor's chaincode server in the foreground until `signal` aborts: for containers and supervisors, which start
 * every process themselves.
 * @throws NetworkError `DATA_DIR`, `IDENTITY`; `PROCESS` if it ends by itself
 */
export async function runChaincode(dataDir: string, actor: string, signal: AbortSignal): Promise<void> {
  const layout = new NetworkLayout(dataDir, requireNetworkSettings(dataDir));
  checkActor(layout.settings.actors, actor);
  const node = layout.node('chaincode', actor);
  const { program, args, env } = chaincodeServer(layout, node);
  const child = spawn(program, args, { cwd: node.folder, env, stdio: 'inherit' });
  const end = () => child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    if (!signal.aborted) throw new NetworkError('PROCESS', `${node.name} ended by itself, with ${code}.`);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
