import { once } from 'node:events';
import { createServer } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { gateway } from '@hyperledger/fabric-protos';
import { NetworkError } from '../errors.js';
import { MAX_MESSAGE_BYTES } from '../gateway-peers.js';
import type { Credentials } from '../pki.js';
import { deliverDefinition, deliverService } from './deliver-service.js';
import { gatewayService } from './gateway-service.js';
import type { Peer } from './peer.js';

const LOOPBACK = '127.0.0.1';
const SHUTDOWN_GRACE_MS = 2000;

/** A gRPC server with the services of a gateway peer. */
export function newServer(peer: Peer): Server {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  });
  server.addService(gateway.GatewayService, gatewayService(peer));
  server.addService(deliverDefinition, deliverService(peer));
  return server;
}

/**
 * Binds a server to loopback, with TLS.
 * @param port 0 for a free one
 * @returns the port
 * @throws NetworkError `PORT`
 */
export async function bind(server: Server, tls: Credentials, port: number): Promise<number> {
  // gRPC's own complaint about a taken port goes to the log and names no port.
  if (port !== 0) await checkFree(port);
  const credentials = ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.key) },
  ]);
  return new Promise((resolve, reject) => {
    server.bindAsync(`${LOOPBACK}:${port}`, credentials, (cause, bound) => {
      if (cause === null) return resolve(bound);
      return reject(new NetworkError('PORT', `Port ${port} cannot be used: ${cause.message}.`, { cause }));
    });
  });
}

/** Lets the calls that are under way end, and the server with them. */
export async function stopServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), SHUTDOWN_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function checkFree(port: number): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(port, LOOPBACK);
    await once(probe, 'listening');
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const why = taken
      ? 'is taken; free it or choose another with --port'
      : `cannot be used: ${(cause as Error).message}`;
    throw new NetworkError('PORT', `Port ${port} ${why}.`, { cause });
  } finally {
    probe.close();
  }
}
