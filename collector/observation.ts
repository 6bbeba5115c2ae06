import type { DockerEvent, Inspection, Nanos } from '#chaincode';

/** An event that the source published. */
export interface ObservedEvent {
  readonly kind: 'event';
  /** The engine's ID, or the cluster's for scope swarm. */
  readonly source: string;
  readonly event: DockerEvent;
}

/** "Everything the source published from `from` (inclusive) to `to` (exclusive) stands before this observation." */
export interface ObservedWatch {
  readonly kind: 'watch';
  readonly source: string;
  readonly from: Nanos;
  readonly to: Nanos;
}

/** An interval in which events may have been lost. */
export interface ObservedGap {
  readonly kind: 'gap';
  readonly source: string;
  readonly from: Nanos;
  readonly to: Nanos;
  readonly reason: string;
}

/** "This source is watched from `since` on": said before anything else of a source, and after each gap. */
interface ObservedOrigin {
  readonly kind: 'origin';
  readonly source: string;
  readonly scope: 'local' | 'swarm';
  readonly since: Nanos;
}

/** Something that was to be an event and cannot be read as one. */
interface ObservedMalformed {
  readonly kind: 'malformed';
  /** Where it stood, for people: `line 17`. */
  readonly place: string;
  readonly why: string;
  /** What was received, for the quarantine; undefined if it was too long to keep. */
  readonly text?: string;
  /** Whether its gap is still to be told. */
  readonly undeclared?: true;
}

/** "The gaps of all that could not be read stand before this." In one group with them. */
interface ObservedDeclaration {
  readonly kind: 'declared';
}

/** An event from before the watch: only known from now on, so that the engine can show later that it still has it. */
interface ObservedBefore {
  readonly kind: 'before';
  readonly source: string;
  readonly event: DockerEvent;
}

/** "The engine has skipped nothing of what stands before this": see ARCHITECTURE.md, The collector's promise. */
interface ObservedProof {
  readonly kind: 'proven';
  /** But for the last so many events. */
  readonly after: number;
}

/** "The engine has left this Swarm": its watch ends, and does not go on when the engine is found there again. */
interface ObservedLeaving {
  readonly kind: 'left';
  readonly source: string;
}

/** "Events of this source come so many seconds late": its watches keep that distance from now on. */
interface ObservedMargin {
  readonly kind: 'margin';
  readonly source: string;
  readonly seconds: number;
}

/** A Swarm's event that waits until the engine has said which Swarm it is in; kept, so that it outlives the process. */
interface ObservedHeld {
  readonly kind: 'held';
  /** The Swarm it was last known in. */
  readonly cluster: string | undefined;
  readonly event: DockerEvent;
}

/** A held event waits no longer. In one group with what became of it. */
interface ObservedRelease {
  readonly kind: 'released';
  readonly event: DockerEvent;
}

/** What an engine said of its objects after a gap: learned by inspection, not an event. */
export interface ObservedInspection {
  readonly kind: 'inspected';
  readonly source: string;
  /** The engine's time. */
  readonly at: Nanos;
  readonly objects: Inspection['objects'];
}

/** What a source tells. The order matters: a watch speaks for everything before it. */
export type Observation =
  | ObservedEvent
  | ObservedWatch
  | ObservedGap
  | ObservedOrigin
  | ObservedMalformed
  | ObservedDeclaration
  | ObservedBefore
  | ObservedProof
  | ObservedLeaving
  | ObservedMargin
  | ObservedHeld
  | ObservedRelease
  | ObservedInspection;
