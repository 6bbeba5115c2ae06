import type { DockerEvent, Nanos } from '#chaincode';

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
}

/** What a source tells. The order matters: a watch speaks for everything before it. */
export type Observation = ObservedEvent | ObservedWatch | ObservedGap | ObservedOrigin | ObservedMalformed;
