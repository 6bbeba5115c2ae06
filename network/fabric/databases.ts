import { once } from 'node:events';
import { connect } from 'node:net';
import { NetworkError } from '../errors.js';
import type { NetworkSettings } from './settings.js';

const ANSWER_WITHIN_MS = 5_000;

/**
 * Sees that every database that peers are to use is there: a peer that has none ends, and only its log says why.
 * @throws NetworkError `UNREACHABLE` for the first where nobody listens, without the password in its URL
 */
export async function requireDatabases(state: NetworkSettings['state']): Promise<void> {
  if (state.database !== 'couchdb') return;
  for (const url of state.urls) await listening(url);
}

async function listening(url: string): Promise<void> {
  const { hostname, port, origin } = new URL(url);
  // An IPv6 address stands in brackets in a URL alone.
  const socket = connect({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 80) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    const message = `No CouchDB listens at ${origin} (${why}); start it, or name another with --couchdb.`;
    throw new NetworkError('UNREACHABLE', message, { cause });
  } finally {
    socket.destroy();
  }
}
