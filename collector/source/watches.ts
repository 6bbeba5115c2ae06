import { addSeconds, type Nanos } from '#chaincode';
import { printable } from '../../cli/printable.js';
import type { CollectorLog } from '../log.js';
import type { Observation } from '../observation.js';
import { earlier, later } from './earlier.js';
import { span } from './span.js';

/**
 * A watch ends so many seconds before the engine's clock: an event may be stamped before it is published. A Swarm's events
 * carry its leader's clock, which may be ahead too, and reach a manager by way of the Swarm's store.
 */
export const MARGIN_SECONDS = { local: 1, swarm: 10 } as const;
const LONGEST_MARGIN_SECONDS = 300;

export type Scope = 'local' | 'swarm';

/** A source that is watched without a break, up to `until` as far as was told. */
interface Watched {
  readonly scope: Scope;
  until: Nanos;
  /** The margin, in seconds, that lay between it and the engine's time when it was claimed. */
  claimedWith: number;
  /** Whether the engine's clock was last seen before `until`: it was set back, and old stamps say nothing of lateness. */
  behind: boolean;
}

/** What is lost, and from where on a source is watched again. */
export interface Loss {
  /** How far it was watched. */
  readonly from: Nanos;
  /** The engine's time. */
  readonly now: Nanos;
  /** The first event of the engine's own that it still has: what was lost was published before. */
  readonly first?: Nanos | undefined;
  /** The latest time known of the source; `from` if there is none. */
  readonly latest?: Nanos | undefined;
  readonly reason: string;
}

/** How far each source of a session was watched, and what is told of it. */
export class Watches {
  readonly #tell: (observation: Observation) => void;
  readonly #log: CollectorLog;
  readonly #learned: (source: string) => number | undefined;
  readonly #watched = new Map<string, Watched>();
  readonly #margins = new Map<string, number>();
  /** Margins as they were before events seemed late, until the engine's clock has shown that they were. */
  readonly #before = new Map<string, number>();

  /** @param learned the margin of a source in seconds, if its events were late before */
  constructor(
    tell: (observation: Observation) => void,
    log: CollectorLog,
    learned: (source: string) => number | undefined = () => undefined,
  ) {
    this.#tell = tell;
    this.#log = log;
    this.#learned = learned;
  }

  has(source: string): boolean {
    return this.#watched.has(source);
  }

  /** In seconds. Grows when events come later than that. */
  margin(source: string, scope: Scope): number {
    const margin = this.#margins.get(source) ?? Math.max(MARGIN_SECONDS[scope], this.#learned(source) ?? 0);
    this.#margins.set(source, margin);
    return margin;
  }

  /** The watch of before continues. @param now the engine's time */
  goOn(source: string, scope: Scope, until: Nanos, now: Nanos): void {
    const behind = BigInt(now) < BigInt(until);
    this.#watched.set(source, { scope, until, claimedWith: this.margin(source, scope), behind });
  }

  /** A watch begins where nothing was watched before. */
  begin(source: string, scope: Scope, now: Nanos): void {
    // What a leader whose clock is ahead stamped before is not seen.
    this.#origin(source, scope, scope === 'swarm' ? addSeconds(now, this.margin(source, scope)) : now, now);
  }

  /** This Swarm is no longer seen from here. */
  leave(source: string): void {
    this.#watched.delete(source);
    this.#tell({ kind: 'left', source });
  }

  /** Tells a gap, unless there is none between the two. */
  gap(source: string, from: Nanos, to: Nanos, reason: string): void {
    if (BigInt(from) < BigInt(to)) this.#tell({ kind: 'gap', source, from, to, reason });
  }

  /** Events may have been lost: tells the gap, behind which the source is watched again. */
  resume(source: string, scope: Scope, { from, now, first, latest = from, reason }: Loss): void {
    const margin = this.margin(source, scope);
    let to: Nanos;
    if (scope === 'swarm') to = addSeconds(now, margin);
    // Stamps overtake each other: one that was lost may lie behind the first.
    else if (first !== undefined && BigInt(first) > BigInt(from)) to = earlier(addSeconds(first, margin), now);
    else to = now;
    // By a clock that was set back the loss cannot be placed: nothing is claimed until it is past all that is known.
    if (BigInt(to) <= BigInt(from)) to = addSeconds(later(from, latest), margin);
    this.#log.warn(`A gap: events may have been lost from ${span(from, to)} (${printable(reason, 400)}).`, {
      source: printable(source, 200),
      from,
      to,
      reason,
    });
    this.gap(source, from, to, reason);
    this.#origin(source, scope, to, now);
  }

  /**
   * The engine may have published what neither the stream nor its memory shows.
   * @param latest the latest time of an event of the engine's own
   */
  break(now: Nanos, first: Nanos | undefined, latest: Nanos | undefined): void {
    const reason = "the engine's memory does not show that its stream skipped nothing";
    for (const [source, { scope, until }] of [...this.#watched]) {
      this.resume(source, scope, { from: until, now, first, ...(scope === 'local' ? { latest } : {}), reason });
    }
  }

  /**
   * Claims what is proven, up to `until` less the margins.
   * @param unreadable whether something came that could not be read: then a gap, as it may have been an event to attest
   * @param swarm whether the Swarm's events can be spoken for
   */
  advance(until: Nanos, unreadable: boolean, swarm: boolean): void {
    for (const [source, watched] of [...this.#watched]) {
      if (unreadable) {
        const end = this.#latest(source, watched.scope, until);
        this.gap(source, watched.until, end, 'malformed event in the stream');
        this.#origin(source, watched.scope, later(end, watched.until), until);
        continue;
      }
      const margin = this.margin(source, watched.scope);
      const to = addSeconds(until, -margin);
      if ((watched.scope === 'swarm' && !swarm) || BigInt(to) <= BigInt(watched.until)) continue;
      this.#tell({ kind: 'watch', source, from: watched.until, to });
      watched.until = to;
      watched.claimedWith = margin;
    }
  }

  /** Whether all that is watched was watched up to before `time`: a gap up to there is one. */
  reaches(time: Nanos): boolean {
    return [...this.#watched].every(
      ([source, { scope, until }]) => BigInt(until) < BigInt(this.#latest(source, scope, time)),
    );
  }

  /** Whether this time of a source lies where it was claimed to be watched. */
  claimed(source: string, time: Nanos): boolean {
    const watched = this.#watched.get(source);
    return watched !== undefined && BigInt(time) < BigInt(watched.until);
  }

  /** An event came later than the margin of its source, unless the engine's clock was set back. */
  widen(source: string, time: Nanos): void {
    const watched = this.#watched.get(source);
    if (watched === undefined || watched.behind) return;
    const margin = this.margin(source, watched.scope);
    // By the margin that the claim was made with: others may have come since, and have widened it already.
    const late = Number((BigInt(watched.until) - BigInt(time)) / 1_000_000_000n) + 1 + watched.claimedWith;
    const wider = Math.min(LONGEST_MARGIN_SECONDS, 2 * late);
    if (late <= margin || wider <= margin) return;
    if (!this.#before.has(source)) this.#before.set(source, margin);
    this.#margins.set(source, wider);
    this.#log.warn('An event came later than the margin of the watches; the margin grows.', {
      source: printable(source, 200),
      seconds: wider,
    });
  }

  /** What the engine's clock shows: that events were late indeed, or that they only looked so because it was set back. */
  clock(now: Nanos): void {
    for (const [source, watched] of this.#watched) {
      watched.behind = BigInt(now) < BigInt(watched.until);
      const before = this.#before.get(source);
      if (before === undefined) continue;
      this.#before.delete(source);
      if (watched.behind) this.#margins.set(source, before);
      else this.#tell({ kind: 'margin', source, seconds: this.margin(source, watched.scope) });
    }
  }

  /** The latest stamp of what the engine has published by now. */
  #latest(source: string, scope: Scope, now: Nanos): Nanos {
    return scope === 'swarm' ? addSeconds(now, this.margin(source, scope)) : now;
  }

  #origin(source: string, scope: Scope, since: Nanos, now: Nanos): void {
    const behind = BigInt(now) < BigInt(since);
    this.#watched.set(source, { scope, until: since, claimedWith: 0, behind });
    this.#tell({ kind: 'origin', source, scope, since });
  }
}
