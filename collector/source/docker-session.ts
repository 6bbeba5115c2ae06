import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { addSeconds, type DockerEvent, type Nanos, parseDockerEvent, RecordError } from '#chaincode';
import type { Observation } from '../observation.js';
import { identityOf } from '../spool/spooled-event.js';
import type { Engine, EngineState } from './docker-engine.js';
import { Feed } from './feed.js';
import { type Line, LineSplitter, MAX_LINE_BYTES } from './line-splitter.js';
import type { SourceContext } from './source.js';

export interface DockerEngineOptions {
  /** Names the engine in the canonical events instead of its own ID, which cloned hosts may share. */
  readonly sourceId?: string;
}

/** A resumed stream begins so many seconds before the last event known. */
const OVERLAP_SECONDS = 5;
/** A watch ends so many seconds before the engine's clock: an event may be stamped a little before it is published. */
const MARGIN_SECONDS = { local: 1, swarm: 3 } as const;
const OPEN_TIMEOUT_MS = 30_000;
/** Events of a Swarm whose ID is not known yet. */
const MAX_HELD = 10_000;

/** A source that this session watches without a break, up to `until` as far as was told. */
interface Watched {
  readonly scope: 'local' | 'swarm';
  until: Nanos;
}

/** One unbroken stream of an engine's events. */
export class DockerSession {
  readonly #engine: Engine;
  readonly #options: DockerEngineOptions;
  readonly #context: SourceContext;
  readonly #feed = new Feed<Observation>();
  readonly #closing = new AbortController();
  readonly #watched = new Map<string, Watched>();
  #source = '';
  #cluster: string | undefined;
  #held: DockerEvent[] = [];
  /** An unreadable event came since the last claim: it may have been one to attest. */
  #unreadable = false;
  #probing: Promise<void> | undefined;

  constructor(engine: Engine, options: DockerEngineOptions, context: SourceContext) {
    this.#engine = engine;
    this.#options = options;
    this.#context = context;
  }

  /** The name of the engine in its events. */
  get source(): string {
    return this.#source;
  }

  /**
   * Subscribes, then finds out whether the stream joins what is known.
   * @throws if the engine does not answer.
   */
  async open(): Promise<void> {
    this.#context.signal.addEventListener('abort', this.close, { once: true });
    const late = setTimeout(() => this.#closing.abort(), OPEN_TIMEOUT_MS);
    try {
      await this.#join();
    } finally {
      clearTimeout(late);
    }
  }

  async #join(): Promise<void> {
    const { memory } = this.#context;
    const state = await this.#engine.state(this.#closing.signal);
    this.#source = this.#options.sourceId ?? state.id;
    this.#cluster = state.cluster;
    const last = memory.lastEventTime();
    const since = last === undefined ? state.now : earlier(addSeconds(last, -OVERLAP_SECONDS), state.now);
    const live = await this.#engine.events({ since }, this.#closing.signal);
    this.#drain(live);
    // Subscribed first, looked back second: what lies between cannot fall out of both.
    const replay = last === undefined ? [] : await this.#lookBack(since, state.now);
    this.#begin(state, last, replay);
  }

  /** What the session tells, until its stream ends. */
  observations(): AsyncGenerator<readonly Observation[]> {
    return this.#feed.groups();
  }

  readonly close = (): void => {
    this.#context.signal.removeEventListener('abort', this.close);
    this.#feed.end();
    this.#closing.abort();
  };

  /** Tells how far the stream was watched, by the engine's clock. Says nothing if the engine does not answer. */
  async probe(): Promise<void> {
    this.#probing ??= this.#claim().finally(() => {
      this.#probing = undefined;
    });
    await this.#probing;
  }

  async #claim(): Promise<void> {
    let state: EngineState;
    try {
      state = await this.#engine.state(this.#closing.signal);
    } catch {
      return;
    }
    // What the engine sent before it answered is on this side of the socket: let it in first.
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    if (this.#feed.ended) return;
    this.#meetCluster(state);
    for (const [source, watched] of this.#watched) {
      if (this.#unreadable) {
        this.#gap(source, watched.until, state.now, 'malformed event in the stream');
        this.#watch(source, watched.scope, state.now);
        continue;
      }
      const to = addSeconds(state.now, -MARGIN_SECONDS[watched.scope]);
      if (BigInt(to) <= BigInt(watched.until)) continue;
      this.#feed.push({ kind: 'watch', source, from: watched.until, to });
      watched.until = to;
    }
    this.#unreadable = false;
    await this.#feed.drained();
  }

  /** From here on: what was known goes on, or a gap lies between. */
  #begin(state: EngineState, last: Nanos | undefined, replay: readonly DockerEvent[]): void {
    const { memory, log } = this.#context;
    const proven = replay.some((event) => {
      const source = this.#sourceOf(event);
      return source !== undefined && memory.knows(event.timeNano, identityOf(event, source));
    });
    const sources = [[this.#source, 'local'] as const, ...(this.#cluster ? [[this.#cluster, 'swarm'] as const] : [])];
    for (const [source, scope] of sources) {
      const until = memory.watchedUntil(source);
      if (until !== undefined && (proven || BigInt(until) >= BigInt(state.now))) {
        this.#watched.set(source, { scope, until });
        continue;
      }
      if (until !== undefined) {
        const reason =
          last === undefined
            ? 'disconnected, and no event is known by which the engine could show that none was lost'
            : 'disconnected, and the engine no longer has the last event known';
        log.warn('A gap: events may have been lost while the engine was not watched.', {
          source,
          from: until,
          to: state.now,
        });
        this.#gap(source, until, state.now, reason);
      }
      this.#watch(source, scope, state.now);
    }
    for (const event of replay) this.#push(event);
  }

  #meetCluster({ cluster, now }: EngineState): void {
    // No longer a manager: nothing of the Swarm's is seen from here.
    if (cluster === undefined) {
      if (this.#cluster !== undefined) this.#watched.delete(this.#cluster);
      return;
    }
    this.#cluster = cluster;
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#push(event);
    if (this.#watched.has(cluster)) return;
    const until = this.#context.memory.watchedUntil(cluster);
    if (until !== undefined) this.#gap(cluster, until, now, 'the engine was no manager of the Swarm');
    this.#watch(cluster, 'swarm', now);
  }

  #watch(source: string, scope: 'local' | 'swarm', since: Nanos): void {
    this.#watched.set(source, { scope, until: since });
    this.#feed.push({ kind: 'origin', source, scope, since });
  }

  #gap(source: string, from: Nanos, to: Nanos, reason: string): void {
    if (BigInt(from) < BigInt(to)) this.#feed.push({ kind: 'gap', source, from, to, reason });
  }

  /** Reads the stream as fast as the engine sends: it skips a listener that is slow. */
  #drain(stream: Readable): void {
    const splitter = new LineSplitter();
    stream.on('data', (chunk: Buffer) => {
      for (const line of splitter.push(chunk)) this.#take(line);
    });
    stream.on('error', (error) => this.#feed.end(error));
    // A line cut short by the end was not received; the next session asks for it again.
    stream.on('close', () => this.#feed.end(new Error('its stream of events ended')));
    stream.on('end', () => this.#feed.end(new Error('its stream of events ended')));
  }

  #take(line: Line): void {
    const event = this.#read(line);
    if (event !== undefined) this.#push(event);
  }

  #push(event: DockerEvent): void {
    const source = this.#sourceOf(event);
    if (source !== undefined) {
      this.#feed.push({ kind: 'event', source, event });
      return;
    }
    if (this.#held.length < MAX_HELD) this.#held.push(event);
    void this.probe();
  }

  #read({ number, text }: Line): DockerEvent | undefined {
    if (text?.trim() === '') return undefined;
    try {
      if (text === undefined) throw new RecordError('EVENT_SHAPE', `The event is longer than ${MAX_LINE_BYTES} bytes.`);
      return parseDockerEvent(text);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#unreadable = true;
      this.#feed.push({ kind: 'malformed', place: `event ${number} of the stream`, why: error.message });
      return undefined;
    }
  }

  #sourceOf(event: DockerEvent): string | undefined {
    return event.scope === 'local' ? this.#source : this.#cluster;
  }

  /** The events that the engine still has from `since` to `until`. */
  async #lookBack(since: Nanos, until: Nanos): Promise<DockerEvent[]> {
    const splitter = new LineSplitter();
    const events: DockerEvent[] = [];
    const stream = await this.#engine.events({ since, until }, this.#closing.signal);
    // Closing the session may break it after its end, when nobody awaits it any more.
    stream.on('error', () => {});
    for await (const chunk of stream) {
      for (const line of splitter.push(chunk as Buffer)) {
        // What cannot be read comes again on the live stream, and is told there.
        const event = this.#quietly(line);
        if (event !== undefined) events.push(event);
      }
    }
    return events;
  }

  #quietly({ text }: Line): DockerEvent | undefined {
    try {
      return text === undefined ? undefined : parseDockerEvent(text);
    } catch (error) {
      if (error instanceof RecordError) return undefined;
      throw error;
    }
  }
}

function earlier(a: Nanos, b: Nanos): Nanos {
  return BigInt(a) < BigInt(b) ? a : b;
}
