import { type DockerEvent, type Nanos, parseDockerEvent, RecordError } from '#chaincode';
import type { CollectorLog } from '../log.js';
import type { Observation } from '../observation.js';
import { identityOf } from '../spool/spooled-event.js';
import { later } from './earlier.js';
import { type Line, MAX_LINE_BYTES } from './line-splitter.js';
import type { Remembered, Unread } from './look-back.js';
import { Recent } from './recent.js';
import type { SourceMemory } from './source.js';
import { SwarmEvents } from './swarm-events.js';
import { Unreadable } from './unreadable.js';
import type { Watches } from './watches.js';

interface Ports {
  readonly memory: SourceMemory;
  readonly log: CollectorLog;
  readonly watches: Watches;
  readonly tell: (observation: Observation) => void;
}

/** What a session receives, over the stream or out of the engine's memory: each event told once, under its source's name. */
export class Intake {
  readonly swarm: SwarmEvents;
  readonly unreadable: Unreadable;
  readonly #ports: Ports;
  readonly #recent = new Recent();
  #source = '';
  #begun = false;
  #live = 0;
  #newest: Nanos | undefined;
  #latest: Nanos | undefined;

  constructor(ports: Ports) {
    this.#ports = ports;
    const { memory, log, watches, tell } = ports;
    this.unreadable = new Unreadable(memory);
    const publish = (event: DockerEvent, source: string, text?: string) => this.#publish(event, source, text);
    this.swarm = new SwarmEvents({ memory, log, watches, tell, recent: this.#recent, publish });
  }

  /** At the beginning of a session. @param source the engine's name in its events */
  join(source: string): void {
    this.#source = source;
    this.#latest = this.#ports.memory.lastLocalTime();
  }

  /** The engine's memory was read: from here on, what comes is new or late. */
  begin(): void {
    this.#begun = true;
    this.unreadable.begin();
  }

  /** Events that the stream has brought so far. */
  get live(): number {
    return this.#live;
  }

  /** The stamp of the engine's own event that came last. */
  get newest(): Nanos | undefined {
    return this.#newest;
  }

  /** The latest stamp of an event of the engine's own. */
  get latest(): Nanos | undefined {
    return this.#latest;
  }

  /** A line of the stream. @throws what the memory or the Swarm's events throw */
  take({ number, text }: Line): void {
    if (text?.trim() === '') return;
    let event: DockerEvent;
    try {
      if (text === undefined) throw new RecordError('EVENT_SHAPE', `The event is longer than ${MAX_LINE_BYTES} bytes.`);
      event = parseDockerEvent(text);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#reject(text, `event ${number} of the stream`, error.message);
      return;
    }
    this.#live++;
    if (event.scope === 'local') {
      this.#newest = event.timeNano;
      this.#publish(event, this.#source, text);
    } else this.swarm.take(event, text);
  }

  /** What a line of the engine's memory is. */
  recognise(text: string): Remembered | Unread | undefined {
    const received = this.#recent.readAs(text);
    if (received !== undefined) return { ...received, event: undefined };
    try {
      const event = parseDockerEvent(text);
      const source = event.scope === 'local' ? this.#source : this.swarm.ownerOf(event);
      if (source === undefined) return undefined;
      const id = identityOf(event, source);
      const known = this.#recent.has(id) || this.#ports.memory.knows(event.timeNano, id);
      return { id, source, time: event.timeNano, scope: event.scope, event: known ? undefined : event };
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return this.unreadable.knows(text) ? undefined : { text, why: error.message };
    }
  }

  /** Whether it was received, or waits for the name of its Swarm. */
  has({ id, event }: Remembered): boolean {
    return event === undefined || this.#recent.has(id) || this.swarm.holds(event);
  }

  /** Whether what could not be read has come over the stream by now. */
  hasRead({ text }: Unread): boolean {
    return this.unreadable.knows(text);
  }

  /**
   * Takes from the engine's memory what did not come over the stream.
   * @param before whether it happened before the collector: known from now on, not attested
   */
  recall(one: Remembered, before = false): void {
    const { event, source } = one;
    if (event === undefined) return;
    this.#remember(one);
    this.#ports.tell({ kind: before ? 'before' : 'event', source, event });
  }

  /** The same of what cannot be read. */
  recallUnread({ text, why }: Unread): void {
    this.#reject(text, "an event of the engine's memory", why);
  }

  #publish(event: DockerEvent, source: string, text?: string): void {
    const { timeNano: time, scope } = event;
    const id = identityOf(event, source);
    this.#checkMargin(source, time, id);
    this.#remember({ id, source, time, scope }, text);
    this.#ports.tell({ kind: 'event', source, event });
  }

  #remember({ id, source, time, scope }: Omit<Remembered, 'event'>, text?: string): void {
    this.#recent.add({ id, source, time, scope }, text);
    if (scope === 'local') this.#latest = later(this.#latest ?? time, time);
  }

  /** An event from where the watch was claimed already: the claim came too early, and the next ones must not. */
  #checkMargin(source: string, time: Nanos, id: string): void {
    const { watches, memory } = this.#ports;
    if (!this.#begun || !watches.claimed(source, time)) return;
    if (this.#recent.has(id) || memory.knows(time, id)) return;
    watches.widen(source, time);
  }

  #reject(text: string | undefined, place: string, why: string): void {
    if (!this.unreadable.hears(text)) return;
    this.#ports.tell({ kind: 'malformed', place, why, ...(text === undefined ? {} : { text }), undeclared: true });
  }
}
