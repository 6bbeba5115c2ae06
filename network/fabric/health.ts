import { readFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { NetworkError } from '../errors.js';
import type { NetworkLayout, NetworkNode } from './layout.js';
import { runningProcess } from './processes.js';

const ASK_EVERY_MS = 200;
const ANSWER_WITHIN_MS = 5_000;
const HOST = 'localhost';

/** An answer over HTTPS. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Whether a process says that it is healthy; of the chaincode's server, whether it takes its peer's connection. */
export async function isHealthy(layout: NetworkLayout, node: NetworkNode): Promise<boolean> {
  try {
    if (node.operationsPort === undefined) {
      await handshake(layout, node);
      return true;
    }
    const ca = readFileSync(layout.tlsCaFile(node.organisation));
    return (await ask({ port: node.operationsPort, path: '/healthz', ca })).status === 200;
  } catch {
    return false;
  }
}

/**
 * Waits until a process is healthy. It has no way to tell, so it is asked.
 * @throws NetworkError `PROCESS` if it ended, or is not healthy in time; the signal's reason on abort
 */
export async function untilHealthy(
  layout: NetworkLayout,
  node: NetworkNode,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + limitMs;
  while (!(await isHealthy(layout, node))) {
    signal.throwIfAborted();
    const log = layout.logFile(node.name);
    if (runningProcess(layout.pidFile(node.name)) === undefined) {
      throw new NetworkError('PROCESS', `${node.name} ended; its last words are in ${log}.`);
    }
    if (performance.now() > until) {
      throw new NetworkError('PROCESS', `${node.name} is not healthy after ${limitMs / 1000} s; see ${log}.`);
    }
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
}

/** One GET request to loopback. @throws Error if there is no answer */
export function ask(options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: HOST, agent: false, timeout: ANSWER_WITHIN_MS, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.once('error', reject);
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.once('error', reject);
    asked.end();
  });
}

async function handshake(layout: NetworkLayout, node: NetworkNode): Promise<void> {
  const credentials = peerTls(layout, node.organisation);
  await new Promise<void>((resolve, reject) => {
    const options = { host: HOST, port: node.port, ...credentials, ALPNProtocols: ['h2'], timeout: ANSWER_WITHIN_MS };
    const socket = connectTls(options, () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer in time')));
    socket.once('error', reject);
  });
}

function peerTls(layout: NetworkLayout, organisation: string) {
  const folder = `${layout.node('peer', organisation).folder}/tls`;
  return {
    ca: readFileSync(layout.tlsCaFile(organisation)),
    cert: readFileSync(`${folder}/cert.pem`),
    key: readFileSync(`${folder}/key.pem`),
  };
}
