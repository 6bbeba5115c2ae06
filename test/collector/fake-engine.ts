import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { isoOfNanos } from '#chaincode';
import { type DockerSourceOptions, dockerSource } from '../../collector/source/docker.js';
import { dockerEngine } from '../../collector/source/docker-engine.js';
import { dockerAt } from '../../collector/source/docker-host.js';
import type { Source } from '../../collector/source/source.js';
import { DAY, line } from './events.js';

const RING = 256;
const S = 1_000_000_000n;

/** Serves `/info` and `/events` as a Docker engine does: a ring of the last 256 events, walked backwards for `since`. */
export class FakeEngine {
  id = 'ENGINE';
  cluster: string | undefined;
  /** What a manager says that has lost its Swarm. */
  swarmError = '';
  /** Answers to other paths of the API. */
  readonly resources = new Map<string, unknown>();
  /** How many more events the live streams leave out, silently. */
  skips = 0;
  /** Live streams opened so far. */
  streams = 0;
  /** How many listeners `/info` tells of; the truth if undefined. */
  tells: number | undefined;
  /** Whether `/info` is answered. */
  answers = true;
  /** What a re-read gets: the memory, an error, or the memory cut short within a line. */
  rereads: 'whole' | 'refused' | 'cut short' = 'whole';
  /** Called before a live stream is opened. */
  subscribing = () => {};
  /** The engine's clock. */
  now = DAY;
  /** By how much the clock goes on with each event. */
  step = S;
  readonly socket: string;
  #ring: { time: bigint; text: string }[] = [];
  readonly #server: Server;
  readonly #listeners = new Set<ServerResponse>();
  #subscribed: (() => void)[] = [];
  #reread: (() => void)[] = [];

  constructor(socket: string) {
    this.socket = socket;
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://engine');
      if (url.pathname === '/info') {
        if (this.answers) this.#info(response);
        else response.writeHead(503).end();
      } else if (this.resources.has(url.pathname)) response.end(JSON.stringify(this.resources.get(url.pathname)));
      else if (url.pathname === '/events') this.#events(url.searchParams, response);
      else response.writeHead(404).end();
    });
  }

  async start(): Promise<void> {
    this.#server.listen(this.socket);
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  source(options: DockerSourceOptions = {}): Source {
    const docker = dockerAt(`unix://${this.socket}`, {});
    return dockerSource(dockerEngine(docker), { firstPauseMs: 1, longestPauseMs: 5, settleMs: 50, ...options });
  }

  /** How many listen now. */
  listening(): number {
    return this.#listeners.size;
  }

  /** Resolves when somebody listens from now on. */
  async listenedTo(): Promise<void> {
    if (this.#listeners.size > 0) return;
    await new Promise<void>((resolve) => this.#subscribed.push(resolve));
  }

  /** Resolves when its memory is read again, from now on. */
  async reread(): Promise<void> {
    await new Promise<void>((resolve) => this.#reread.push(resolve));
  }

  /** An event happens now; the clock goes on by a second. */
  happens(id: string, more: { scope?: 'local' | 'swarm'; type?: string } = {}): void {
    this.says(line({ time: this.now, id, ...more }));
  }

  /** The engine publishes this text as an event. */
  says(text: string): void {
    this.#ring = [...this.#ring, { time: this.now, text }].slice(-RING);
    const skipped = this.skips > 0;
    if (skipped) this.skips--;
    else for (const listener of this.#listeners) listener.write(`${text}\n`);
    this.now += this.step;
  }

  /** Every stream breaks, in the middle of a line. */
  cut(): void {
    for (const listener of this.#listeners) {
      listener.write('{"Type":"contai');
      listener.socket?.end();
    }
    this.#listeners.clear();
  }

  /** The engine restarts: streams break, and it knows nothing of what was. */
  forget(): void {
    this.cut();
    this.#ring = [];
  }

  #info(response: ServerResponse): void {
    const swarm =
      this.cluster === undefined
        ? { ControlAvailable: false, Cluster: null }
        : {
            ControlAvailable: true,
            Error: this.swarmError,
            Cluster: { ID: this.swarmError === '' ? this.cluster : '' },
          };
    response.setHeader('content-type', 'application/json');
    const NEventsListener = this.tells ?? this.#listeners.size;
    const SystemTime = isoOfNanos(this.now.toString());
    response.end(JSON.stringify({ ID: this.id, SystemTime, NEventsListener, Swarm: swarm }));
  }

  #events(query: URLSearchParams, response: ServerResponse): void {
    const since = nanos(query.get('since'));
    const until = query.has('until') ? nanos(query.get('until')) : undefined;
    if (until === undefined) this.subscribing();
    if (until !== undefined) for (const resolve of this.#reread.splice(0)) resolve();
    if (until !== undefined && this.rereads === 'refused') {
      response.writeHead(500).end();
      return;
    }
    const from = this.#ring.findLastIndex(({ time }) => time < since) + 1;
    const replay = this.#ring.slice(from).filter(({ time }) => until === undefined || time <= until);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    // All in one piece, as a loaded engine sends them.
    const body = replay.map(({ text }) => `${text}\n`).join('');
    response.write(until !== undefined && this.rereads === 'cut short' ? body.slice(0, -20) : body);
    if (until !== undefined) {
      response.end();
      return;
    }
    this.streams++;
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
    for (const resolve of this.#subscribed.splice(0)) resolve();
  }
}

function nanos(value: string | null): bigint {
  const [seconds = '0', fraction = ''] = (value ?? '0').split('.');
  return BigInt(seconds) * S + BigInt(fraction.padEnd(9, '0') || '0');
}
