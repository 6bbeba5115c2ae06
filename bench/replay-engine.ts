import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';

/** As moby has them: events kept for `since`, events waiting for one listener, milliseconds until it is skipped. */
const RING = 256;
const LISTENER_BUFFER = 1024;
const LISTENER_PATIENCE_MS = 100;
const SECOND = 1_000_000_000n;

/** What happens at the engine. */
export interface Happening {
  readonly type: string;
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An event as the engine published it. */
export interface Published {
  readonly time: bigint;
  /** One line of its stream. */
  readonly text: string;
}

/**
 * A Docker engine's `/events`, `/info` and `/_ping` without containers, with the properties that lose events: a ring of the
 * last 256, walked backwards and only as far as the first event that is too old; a buffer of 1,024 events for each listener,
 * who is skipped without a word when it takes none for 100 ms; events stamped, kept and published in three steps, so that
 * concurrent ones stand in the ring out of order, reach listeners in different orders, and arrive twice around a subscription.
 * What happens to engines can be done to it: its clock is set, a stream is cut within a line, a line says nothing readable.
 */
export class ReplayEngine {
  readonly id: string;
  /** Called when somebody begins or ceases to listen, with the socket. */
  onListener: (socket: string, listening: boolean) => void = () => {};
  /** Events that a listener was skipped for. */
  skipped = 0;
  #ring: Published[] = [];
  #offset = 0n;
  #last = 0n;
  #latest = 0n;
  readonly #servers: Server[] = [];
  readonly #listeners = new Set<Listener>();

  constructor(id = 'REPLAY') {
    this.id = id;
  }

  /** Serves on a unix socket; may be called for several. */
  async listen(socket: string): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response, socket));
    this.#servers.push(server);
    server.listen(socket);
    await once(server, 'listening');
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  }

  /** The engine's clock, in nanoseconds; never the same twice unless it was set. */
  now(): bigint {
    const time = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n + this.#offset;
    this.#last = time > this.#last ? time : this.#last + 1n;
    if (this.#last > this.#latest) this.#latest = this.#last;
    return this.#last;
  }

  /** The latest that the clock ever showed to anybody. */
  get latest(): bigint {
    return this.#latest;
  }

  /** Sets the clock so many milliseconds before (negative) or after the machine's, at once. */
  setClock(milliseconds: number): void {
    this.#offset = BigInt(milliseconds) * 1_000_000n;
    this.#last = 0n;
  }

  /**
   * Breaks each stream on this socket within its next event, as an engine that dies does, or a proxy.
   * @param share how much of the line still goes out, from 0 to 1
   */
  cut(socket: string, share: number): void {
    for (const listener of this.#listeners) if (listener.socket === socket) listener.cut = share;
  }

  /** The events that it still has, in its order. */
  remembered(): readonly Published[] {
    return [...this.#ring];
  }

  /** Publishes an event, as concurrently as the callers are. Resolves when every listener has it or was skipped. */
  async publish(happening: Happening): Promise<Published> {
    const time = this.now();
    return await this.say(lineOf(happening, time), time);
  }

  /** Publishes this text, whatever it is, as an event of this time. */
  async say(text: string, time = this.now()): Promise<Published> {
    const published = { time, text };
    await nextTurn();
    this.#ring.push(published);
    if (this.#ring.length > RING) this.#ring.shift();
    await nextTurn();
    for (const listener of this.#listeners) if (!(await listener.offer(published.text))) this.skipped++;
    return published;
  }

  /** Events that wait for the slowest listener. */
  waiting(): number {
    return Math.max(0, ...[...this.#listeners].map((listener) => listener.waiting));
  }

  #answer(request: IncomingMessage, response: ServerResponse, socket: string): void {
    const url = new URL(request.url ?? '/', 'http://engine');
    const path = url.pathname.replace(/^\/v1\.\d+/, '');
    response.setHeader('content-type', 'application/json');
    if (path === '/_ping') response.end('OK');
    else if (path === '/version') response.end('{"ApiVersion":"1.41","MinAPIVersion":"1.12","Version":"20.10.24"}');
    else if (path === '/info') response.end(this.#info());
    else if (path === '/events') void this.#events(url.searchParams, response, socket);
    else if (path === '/containers/json' || path === '/networks') response.end('[]');
    else response.writeHead(404).end('{"message":"page not found"}');
  }

  #info(): string {
    const now = this.now();
    const whole = new Date(Number(now / 1_000_000n)).toISOString().slice(0, 19);
    const SystemTime = `${whole}.${(now % SECOND).toString().padStart(9, '0')}Z`;
    return JSON.stringify({ ID: this.id, SystemTime, Swarm: { ControlAvailable: false } });
  }

  async #events(query: URLSearchParams, response: ServerResponse, socket: string): Promise<void> {
    const since = nanos(query.get('since'));
    const until = nanos(query.get('until'));
    if (until !== undefined && since !== undefined && until < since) {
      response.writeHead(400).end('{"message":"since cannot be after until"}');
      return;
    }
    response.flushHeaders();
    const buffered = since === undefined && until === undefined ? [] : this.#remembered(since ?? 0n, until);
    const listener = new Listener(response, socket);
    this.#listeners.add(listener);
    const past = until !== undefined && until < this.now();
    response.once('close', () => {
      this.#listeners.delete(listener);
      if (!past) this.onListener(socket, false);
    });
    if (!past) this.onListener(socket, true);
    // Like the engine: the ring's events first, while its new ones wait in the listener's buffer.
    for (const { text } of buffered) await listener.write(text);
    if (past) {
      response.end();
      return;
    }
    if (until !== undefined) {
      void delay(Number((until - this.now()) / 1_000_000n)).then(() => response.end());
    }
    await listener.drain();
  }

  #remembered(since: bigint, until: bigint | undefined): Published[] {
    const tooOld = this.#ring.findLastIndex(({ time }) => time < since);
    return this.#ring.slice(tooOld + 1).filter(({ time }) => until === undefined || time <= until);
  }
}

/** Who listens to the events, and what waits for it. */
class Listener {
  readonly socket: string;
  /** How much of the next event goes out before the connection breaks; all of it if undefined. */
  cut: number | undefined;
  readonly #response: ServerResponse;
  #waiting: string[] = [];
  #wake = () => {};
  #roomy = () => {};

  constructor(response: ServerResponse, socket: string) {
    this.socket = socket;
    this.#response = response;
    response.once('close', () => {
      this.#wake();
      this.#roomy();
    });
    response.once('error', () => response.destroy());
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** @returns whether the event was taken, or nobody listens any more */
  async offer(text: string): Promise<boolean> {
    if (this.#waiting.length >= LISTENER_BUFFER) {
      const room = new Promise<void>((resolve) => {
        this.#roomy = resolve;
      });
      await Promise.race([room, delay(LISTENER_PATIENCE_MS)]);
    }
    if (this.#response.destroyed) return true;
    if (this.#waiting.length >= LISTENER_BUFFER) return false;
    this.#waiting.push(text);
    this.#wake();
    return true;
  }

  async write(text: string): Promise<void> {
    if (this.#response.destroyed || this.#response.write(`${text}\n`)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#response.off('drain', done).off('close', done);
        resolve();
      };
      this.#response.on('drain', done).on('close', done);
    });
  }

  /** Sends what waits, for as long as somebody listens. */
  async drain(): Promise<void> {
    while (!this.#response.destroyed) {
      const batch = this.#waiting.splice(0, 64);
      this.#roomy();
      if (batch.length > 0 && this.cut !== undefined) {
        const text = batch[0] ?? '';
        this.#response.write(text.slice(0, 1 + Math.floor(this.cut * (text.length - 1))), () =>
          this.#response.destroy(),
        );
        return;
      }
      if (batch.length > 0) {
        await this.write(batch.join('\n'));
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function lineOf({ type, action, id, attributes }: Happening, time: bigint): string {
  const copies = type === 'container' ? { status: action, id, from: attributes.image } : {};
  const event = { ...copies, Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, scope: 'local' };
  // The time is beyond what a JavaScript number holds.
  return `${JSON.stringify(event).slice(0, -1)},"time":${time / SECOND},"timeNano":${time}}`;
}

/** Docker's form of a time: seconds, then perhaps a dot and a fraction. Zero counts as none. */
function nanos(value: string | null): bigint | undefined {
  const [seconds = '0', fraction = ''] = (value ?? '0').split('.');
  const time = BigInt(seconds) * SECOND + BigInt(fraction.padEnd(9, '0').slice(0, 9));
  return time === 0n ? undefined : time;
}
