import type { DockerEvent, Nanos } from '#chaincode';
import type { CollectorLog } from '../log.js';
import type { Observation } from '../observation.js';
import type { Vitals } from '../vitals.js';

/** A Swarm's event that waits until the engine has said which Swarm it is in. */
export interface HeldEvent {
  readonly event: DockerEvent;
  /** The Swarm that the engine was last known in when the event came. */
  readonly cluster: string | undefined;
}

/** What the collector already knows, for a source that resumes. Includes everything observed before. */
export interface SourceMemory {
  /** Whether this event was observed before. */
  knows(time: Nanos, identity: string): boolean;
  /** The time of the event that was observed last, if there was one. */
  lastEventTime(): Nanos | undefined;
  /** The same of the engine's own events alone: a Swarm's carry another clock. */
  lastLocalTime(): Nanos | undefined;
  /** How far the last unbroken stretch of this source reaches; its beginning if it was never claimed. */
  watchedUntil(source: string): Nanos | undefined;
  /** The sources that are or were watched. */
  sources(): readonly string[];
  /** How many events were observed since it was last proven that the source skipped none. */
  unproven(): number;
  /** Whether this text was received before and could not be read. */
  quarantined(text: string): boolean;
  /** How many events could not be read and are in no gap yet. */
  undeclared(): number;
  /** How many seconds this source's events were seen to be late; undefined if never beyond the usual. */
  margin(source: string): number | undefined;
  /** Whether the engine was last known to have left this Swarm. */
  hasLeft(source: string): boolean;
  /** A Swarm's events of which it was not yet known which Swarm's they are, the oldest first. */
  held(): readonly HeldEvent[];
}

/** What a source is given to work with. */
export interface SourceContext {
  readonly memory: SourceMemory;
  readonly log: CollectorLog;
  /** Where a source says whether what it watches answers. */
  readonly vitals?: Vitals;
  /** Why the source was left before, if it was: the reason of a gap that it finds. */
  readonly left?: string | undefined;
  /** Ends the source quietly. */
  readonly signal: AbortSignal;
}

/** Where events come from. */
export interface Source {
  /** For people and for the spool, which serves one source alone: `docker`, or a trace's ID. */
  readonly name: string;
  /** Whether `observe` may be called again after it was left, and then goes on from what is known. */
  readonly resumes?: boolean;
  /** Whether it was to go on for ever: that it ends is then told as ill health. */
  readonly endless?: boolean;
  /**
   * Everything the source tells, in groups; a group is on disk before the next one is asked for. Ends when the source
   * has no more, or on abort.
   * @throws CollectorError `SOURCE`, `TRACE` when it cannot go on.
   */
  observe(context: SourceContext): AsyncIterable<readonly Observation[]>;
  /**
   * Makes the source tell now how far it has watched; resolved when that has been taken from `observe` (or there is
   * nothing to tell). Never rejects.
   */
  probe?(): Promise<void>;
}
