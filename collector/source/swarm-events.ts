import type { DockerEvent, Nanos } from '#chaincode';
import { printable } from '../../cli/printable.js';
import type { CollectorLog } from '../log.js';
import type { Observation } from '../observation.js';
import { heldKey, identityOf } from '../spool/spooled-event.js';
import type { EngineState } from './docker-engine.js';
import type { Recent } from './recent.js';
import type { SourceMemory } from './source.js';
import { MARGIN_SECONDS, type Watches } from './watches.js';

/** Why a Swarm that was watched before was not, for a while. */
export const AWAY = 'the engine was no manager of the Swarm, or was cut off from it';
/** Events of a Swarm that the engine has not confirmed. */
const MAX_HELD = 10_000;

interface Held {
  readonly event: DockerEvent;
  readonly text: string | undefined;
  /** The Swarm it was last known in, for one that an earlier session left behind. */
  readonly cluster: string | undefined;
}

/** What a session does with what becomes of its Swarm's events. */
interface Ports {
  readonly memory: SourceMemory;
  readonly watches: Watches;
  readonly recent: Recent;
  readonly log: CollectorLog;
  readonly tell: (observation: Observation) => void;
  /** An event, and whose it is. */
  readonly publish: (event: DockerEvent, source: string, text: string | undefined) => void;
}

/**
 * In which Swarm the engine is, and whose its events are: none of them says that itself. One waits, on disk, until the
 * engine has said again which Swarm it is in, and is that one's.
 */
export class SwarmEvents {
  readonly #ports: Ports;
  #engine = '';
  #cluster: string | undefined;
  /** Since when the Swarm has answered without a break, by the engine's clock. */
  #since: Nanos | undefined;
  /** When the engine was first known in a Swarm that it was not in before: what is older may be the other's. */
  #entered: Nanos | undefined;
  /** In order of arrival, by key; numbered from the first. */
  #held = new Map<string, Held>();
  #released = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** The Swarm that the engine was last known in. */
  get cluster(): string | undefined {
    return this.#cluster;
  }

  get waiting(): boolean {
    return this.#held.size > 0;
  }

  /**
   * At the beginning of a session.
   * @param engine the engine's own name in events
   * @returns the Swarm that can be watched from here
   */
  join(engine: string, { cluster, swarm, now }: EngineState): string | undefined {
    const { memory, tell, watches } = this.#ports;
    this.#engine = engine;
    this.#since = swarm === 'reached' ? now : undefined;
    const before = memory.sources().findLast((source) => source !== engine && !memory.hasLeft(source));
    this.#cluster = cluster ?? before;
    if (before !== undefined && before !== cluster && swarm !== 'unreached') {
      const until = memory.watchedUntil(before);
      if (until !== undefined) watches.gap(before, until, now, 'the engine left the Swarm while nobody watched');
      tell({ kind: 'left', source: before });
      if (cluster !== undefined) this.#entered = now;
    }
    for (const held of memory.held()) this.#held.set(heldKey(held.event), { ...held, text: undefined });
    return cluster;
  }

  /** How many events have waited so far: an answer that is asked for now says whose these are. */
  mark(): number {
    return this.#released + this.#held.size;
  }

  /** The engine has said where it is. @param mark what had come before it was asked */
  meet({ swarm, cluster, now }: EngineState, mark: number): void {
    const { memory, watches } = this.#ports;
    if (swarm === 'unreached') {
      this.#since = undefined;
      return;
    }
    const last = this.#cluster;
    if (last !== undefined && last !== cluster) {
      // No longer this Swarm's manager: nothing of it is seen from here.
      if (cluster === undefined) this.#release(mark);
      watches.leave(last);
      this.#since = undefined;
    }
    this.#cluster = cluster;
    if (cluster === undefined) return;
    this.#since ??= now;
    this.#release(mark);
    if (watches.has(cluster)) return;
    const from = memory.watchedUntil(cluster);
    if (from === undefined) watches.begin(cluster, 'swarm', now);
    else watches.resume(cluster, 'swarm', { from, now, reason: AWAY });
  }

  /** Nothing more is asked: what waits is the last confirmed Swarm's, as far as is known. */
  end(): void {
    this.#release(this.mark());
  }

  /** Whether the Swarm has answered for long enough that a manager which was cut off has caught up. */
  spoke(until: Nanos, state: EngineState | undefined): boolean {
    if (state?.swarm !== 'reached' || this.#since === undefined) return false;
    return BigInt(until) - BigInt(this.#since) >= BigInt(MARGIN_SECONDS.swarm) * 1_000_000_000n;
  }

  /**
   * An event of a Swarm: it waits unless it is known whose it is.
   * @throws if more wait than can be kept
   */
  take(event: DockerEvent, text: string | undefined): void {
    const { tell, publish } = this.#ports;
    const known = this.#knownOwner(event);
    if (known !== undefined) {
      publish(event, known, text);
      return;
    }
    const key = heldKey(event);
    if (this.#held.has(key)) return;
    if (this.#held.size >= MAX_HELD) throw new Error('it does not say to which Swarm its events belong');
    this.#held.set(key, { event, text, cluster: undefined });
    tell({ kind: 'held', cluster: this.#cluster, event });
  }

  holds(event: DockerEvent): boolean {
    return this.#held.has(heldKey(event));
  }

  /** Whose an event in the engine's memory is; undefined if that cannot be known. */
  ownerOf(event: DockerEvent): string | undefined {
    return this.#knownOwner(event) ?? (this.#isOlder(event) ? undefined : this.#cluster);
  }

  /** The Swarm, of all that were ever watched, of which this event is known already. */
  #knownOwner(event: DockerEvent): string | undefined {
    const { memory, recent } = this.#ports;
    return [...(this.#cluster ? [this.#cluster] : []), ...memory.sources()].find((source) => {
      if (source === this.#engine) return false;
      const id = identityOf(event, source);
      return recent.has(id) || memory.knows(event.timeNano, id);
    });
  }

  /** Whether it was published before the engine was known in its Swarm, and may be the one's it was in before. */
  #isOlder({ timeNano }: DockerEvent): boolean {
    return this.#entered !== undefined && BigInt(timeNano) < BigInt(this.#entered);
  }

  #release(mark: number): void {
    const { tell, publish, log } = this.#ports;
    for (const [key, { event, text, cluster }] of this.#held) {
      const source = cluster ?? (this.#isOlder(event) ? undefined : this.#cluster);
      if (this.#released >= mark || (source === undefined && this.#cluster === undefined)) return;
      this.#held.delete(key);
      this.#released++;
      if (source !== undefined) publish(event, source, text);
      else
        log.warn("An event may be another Swarm's, which the engine has left; it is in the gap of that one's watch.", {
          type: printable(event.type, 100),
          time: event.timeNano,
        });
      tell({ kind: 'released', event });
    }
  }
}
