import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { printable } from '../cli/printable.js';
import type { HostPort } from './config-values.js';
import { CollectorError } from './errors.js';
import type { Counterpart, Vitals } from './vitals.js';

/** What `/healthz` answers. */
export interface Health {
  readonly ok: boolean;
  /** `unknown` until the first answer; a trace has no engine. */
  readonly engine: 'up' | 'down' | 'unknown';
  /** `down`: it cannot be read, and nothing is claimed until it can. */
  readonly memory: 'up' | 'down' | 'unknown';
  readonly ledger: 'up' | 'down' | 'unknown';
  /** `full`: it or its disk; the source is left until there is room. */
  readonly spool: 'up' | 'full' | 'unknown';
  /** What is wrong and since when, in a sentence each. */
  readonly reasons: readonly string[];
}

const WRONG: Readonly<Record<Counterpart, string>> = {
  engine: 'The engine has not answered',
  memory: "The engine's memory could not be read, so that nothing is claimed,",
  ledger: 'The ledger has not answered',
  spool: 'The spool has been full, so that nothing is read,',
};

/**
 * Healthy is who has engine, its memory, ledger and room in its spool, or has lacked one for less than `graceMs`, and whose
 * input goes on if it was to.
 */
export function healthOf(vitals: Vitals, graceMs: number): Health {
  const state = <Down extends string>(of: Counterpart, down: Down) => {
    const up = vitals.up(of);
    return up === undefined ? 'unknown' : up ? 'up' : down;
  };
  const reasons = (Object.keys(WRONG) as Counterpart[])
    .filter((of) => vitals.up(of) === false && vitals.downFor(of) >= graceMs)
    .map((of) => `${WRONG[of]} for ${Math.floor(vitals.downFor(of) / 1000)} s.`);
  if (vitals.ended) reasons.push('The input has ended: nothing more is read, and only heartbeats are sent.');
  return {
    ok: reasons.length === 0,
    engine: state('engine', 'down'),
    memory: state('memory', 'down'),
    ledger: state('ledger', 'down'),
    spool: state('spool', 'full'),
    reasons,
  };
}

export interface MetricsServer {
  /** Where it listens: `http://127.0.0.1:9464`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics` (Prometheus) and `GET /healthz` (JSON; 200 or 503).
 * @throws CollectorError `METRICS` if the address cannot be listened at.
 */
export async function serveMetrics(at: HostPort, registry: Registry, health: () => Health): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(request, response, registry, health).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  // A scrape is one short request: nothing that lingers is one.
  server.requestTimeout = 10_000;
  server.headersTimeout = 10_000;
  server.maxHeadersCount = 100;
  server.listen(at.port, at.host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new CollectorError(
      'METRICS',
      `Metrics cannot be served at ${printable(at.host, 100)}:${at.port} (${(cause as NodeJS.ErrnoException).code}); give another address with --metrics.`,
      { cause },
    );
  }
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  { method, url }: IncomingMessage,
  response: ServerResponse,
  registry: Registry,
  health: () => Health,
): Promise<void> {
  const path = (url ?? '').split('?', 1)[0];
  const reply = (status: number, type: string, body: string) => {
    response.writeHead(status, {
      'content-type': type,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.end(method === 'HEAD' ? undefined : body);
  };
  if (path !== '/metrics' && path !== '/healthz') return reply(404, 'text/plain', 'There are /metrics and /healthz.\n');
  if (method !== 'GET' && method !== 'HEAD') return reply(405, 'text/plain', 'Only GET.\n');
  if (path === '/metrics') return reply(200, registry.contentType, await registry.metrics());
  const state = health();
  reply(state.ok ? 200 : 503, 'application/json', `${JSON.stringify(state)}\n`);
}
