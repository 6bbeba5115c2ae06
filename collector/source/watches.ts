import { addSeconds, type Nanos } from '#chaincode';
import { printable } from '../../cli/printable.js';
import type { CollectorLog } from '../log.js';
import type { Observation } from '../observation.js';
import { earlier, later } from './earlier.js';

/**
 * A watch ends so many seconds before the engine's clock: an event may be stamped before it is published. A Swarm's events
 * carry its leader's clock, and reach a manager by way of the Swarm's store.
 */
export const MARGIN_SECONDS = { local: 1, swarm: 10 } as const;
const LONGEST_MARGIN_SECONDS = 300;

type Scope = 'local' | 'swarm';

/** A source that is watched without a break, up to `until` as far as was told. */
interface Watched {
  readonly scope: Scope;
  until: Nanos;
  /** Seconds. Grows when events come later than that. */
  margin: number;
}

/** How far each source of a session was watched, and what is told of it. */
export class Watches {
  readonly #tell: (observation: Observation) => void;
  readonly #log: CollectorLog;
  readonly #watched = new Map<string, Watched>();

  constructor(tell: (observation: Observation) => void, log: CollectorLog) {
    this.#tell = tell;
    this.#log = log;
  }

  has(source: string): boolean {
    return this.#watched.has(source);
  }

  /** The watch of before continues. */
  goOn(source: string, scope: Scope, until: Nanos): void {
    this.#watched.set(source, { scope, until, margin: MARGIN_SECONDS[scope] });
  }

  /** A watch begins. */
  begin(source: string, scope: Scope, since: Nanos): void {
    const margin = this.#watched.get(source)?.margin ?? MARGIN_SECONDS[scope];
    this.#watched.set(source, { scope, until: since, margin });
    this.#tell({ kind: 'origin', source, scope, since });
  }

  end(source: string): void {
    this.#watched.delete(source);
  }

  gap(source: string, from: Nanos, to: Nanos, reason: string): void {
    if (BigInt(from) < BigInt(to)) this.#tell({ kind: 'gap', source, from, to, reason });
  }

  /** @returns whether there is a gap: not if the engine's clock was set back to where it was watched already */
  lose(source: string, from: Nanos, to: Nanos, reason: string): boolean {
    if (BigInt(from) >= BigInt(to)) return false;
    this.#log.warn('A gap: events may have been lost.', { source: printable(source, 200), from, to, reason });
    this.gap(source, from, to, reason);
    return true;
  }

  /**
   * The engine may have published what neither the stream nor its memory shows.
   * @param first the engine's own first event that it still has
   * @returns whether that makes a gap
   */
  break(until: Nanos, first: Nanos | undefined): boolean {
    const reason = "the engine's memory does not show that its stream skipped nothing";
    let lost = false;
    for (const [source, watched] of this.#watched) {
      // Stamps overtake each other: one that was lost may lie behind the first.
      const known = watched.scope === 'local' && first !== undefined ? addSeconds(first, watched.margin) : until;
      const end = earlier(known, until);
      // By a clock that was set back it cannot be placed: behind what was claimed.
      const behind = BigInt(until) < BigInt(watched.until);
      const to = behind ? addSeconds(watched.until, watched.margin) : later(watched.until, end);
      lost = this.lose(source, watched.until, to, reason) || lost;
      this.begin(source, watched.scope, to);
    }
    return lost;
  }

  /**
   * Claims what is proven, up to `until` less the margins.
   * @param unreadable whether something came that could not be read: then a gap, as it may have been an event to attest
   * @param swarm whether the Swarm's events can be spoken for
   */
  advance(until: Nanos, unreadable: boolean, swarm: boolean): void {
    for (const [source, watched] of this.#watched) {
      if (unreadable) {
        this.gap(source, watched.until, until, 'malformed event in the stream');
        this.begin(source, watched.scope, later(until, watched.until));
        continue;
      }
      const to = addSeconds(until, -watched.margin);
      if ((watched.scope === 'swarm' && !swarm) || BigInt(to) <= BigInt(watched.until)) continue;
      this.#tell({ kind: 'watch', source, from: watched.until, to });
      watched.until = to;
    }
  }

  /** Whether all that is watched was watched up to before `time`: a gap up to there is one. */
  reaches(time: Nanos): boolean {
    return [...this.#watched.values()].every(({ until }) => BigInt(until) < BigInt(time));
  }

  /** Whether this time of a source lies where it was claimed to be watched. */
  claimed(source: string, time: Nanos): boolean {
    const watched = this.#watched.get(source);
    return watched !== undefined && BigInt(time) < BigInt(watched.until);
  }

  /** An event came later than the margin of its source. */
  widen(source: string, time: Nanos): void {
    const watched = this.#watched.get(source);
    if (watched === undefined) return;
    const late = Number((BigInt(watched.until) - BigInt(time)) / 1_000_000_000n) + 1 + watched.margin;
    watched.margin = Math.min(LONGEST_MARGIN_SECONDS, Math.max(watched.margin, 2 * late));
    this.#log.warn('An event came later than the margin of the watches; the margin grows.', {
      source: printable(source, 200),
      seconds: watched.margin,
    });
  }
}
