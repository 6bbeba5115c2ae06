import { medianTime, type Nanos, type ParsedEntry, padNanos } from '#chaincode';
import type { Source } from '../ledger/sources.js';
import type { EventFields } from './canonical-scan.js';

/** What an open event takes besides its text. */
const BYTES_OF_OPEN = 1200;
/** As many as a unit of its text may take, and an attestation. */
const [BYTES_OF_UNIT, BYTES_OF_ATTESTATION] = [2, 120];
/** So many attestations are gone through, to see which runs they are of. An actor may attest one event in any number of runs. */
const MOST_GONE_THROUGH = 16;

/*
 * Classes, and no arrays: where an object literal's or an array's objects are often kept, V8 comes to make all of them among what
 * is old. Nearly all events are complete within three batches, and would be looked at as garbage only when everything is.
 */

/** The first attestation of an event by a run. */
export class Attestation {
  constructor(
    readonly actor: string,
    readonly run: number,
    readonly number: number,
    /** Of the transaction. */
    readonly seq: number,
    /** Of a timeless event: when the actor says that it happened. */
    readonly t: Nanos | undefined,
    /** The one that came before. */
    readonly before: Attestation | undefined,
  ) {}
}

/** What the tables know of an event. */
export interface KnownEvent {
  readonly id: number;
  readonly time: string;
  readonly at: string;
  readonly firstSeq: number;
}

/** What an open event is made of besides. */
interface Opening {
  readonly source: Source;
  readonly text: string;
  readonly key: number;
  readonly timeless: boolean;
  readonly local: boolean;
}

/** An event that not every expected witness has attested yet. */
export class OpenEvent {
  readonly id: number;
  /** The time in its key, 19 digits; for a timeless event the start of the day of `at`. */
  time: string;
  /** Its own time; for a timeless event the lower median of what the attesting actors say. 19 digits. */
  at: string;
  readonly firstSeq: number;
  readonly source: Source;
  /** The canonical bytes as they stand in a batch, see `jsonText`; empty once it is neither open nor to be written. */
  text: string;
  /** `keyOf` that. */
  readonly key: number;
  readonly timeless: boolean;
  /** Of scope local: stamped by one engine, in the order in which it happened. */
  readonly local: boolean;
  /** The latest attestation of those that are the first of their run. */
  latest: Attestation | undefined = undefined;
  /** How many actors attest it. */
  attesters = 0;
  /** How many runs do. */
  attestations = 0;
  /** The event that followed it where it was attested first: others most likely attest them in the same order. */
  next: OpenEvent | undefined = undefined;
  /** Whether somebody has yet to attest it. */
  isOpen = false;
  /** Whether the window holds it no more, and the table alone tells what is said of it. */
  isAway = false;
  /** `EventWindow.mark` of the last batch in which it was found. */
  mark = 0;
  /** Undefined while no policy says who is expected. */
  expected: readonly string[] | undefined = undefined;
  /** Whether the table of events has it, perhaps with fewer attestations. */
  written = false;
  /** Whether the table of open events has it. */
  stored = false;
  /** Bytes of memory that are counted for it. */
  weight = 0;
  /** The runs that attest it, once they are many. */
  #runs: Set<number> | undefined = undefined;

  constructor({ id, time, at, firstSeq }: KnownEvent, { source, text, key, timeless, local }: Opening) {
    this.id = id;
    this.time = time;
    this.at = at;
    this.firstSeq = firstSeq;
    this.source = source;
    this.text = text;
    this.key = key;
    this.timeless = timeless;
    this.local = local;
  }

  /** Who attests it, in the order in which they came. */
  get actors(): string[] {
    return [...new Set(inOrder(this).map(({ actor }) => actor))];
  }

  /** Who alone attests it; empty if there are several. */
  get sole(): string {
    return this.attesters === 1 ? (this.latest as Attestation).actor : '';
  }

  isAttestedBy(actor: string): boolean {
    for (let one = this.latest; one !== undefined; one = one.before) if (one.actor === actor) return true;
    return false;
  }

  /** Whether all of them attest it, and nobody else. */
  isAttestedByJust(actors: readonly string[]): boolean {
    return actors.length === this.attesters && actors.every((actor) => this.isAttestedBy(actor));
  }

  /** Whether a run has attested it. */
  isSaidIn(run: number): boolean {
    if (this.#runs !== undefined) return this.#runs.has(run);
    for (let one = this.latest; one !== undefined; one = one.before) if (one.run === run) return true;
    return false;
  }

  /** Adds the first attestation of a run. @returns whether it is the actor's first */
  add(actor: string, run: number, number: number, seq: number, t: Nanos | undefined): boolean {
    const isFirst = !this.isAttestedBy(actor);
    if (isFirst) this.attesters += 1;
    this.latest = new Attestation(actor, run, number, seq, t, this.latest);
    this.attestations += 1;
    if (this.#runs !== undefined) this.#runs.add(run);
    else if (this.attestations > MOST_GONE_THROUGH) this.#runs = new Set(inOrder(this).map((one) => one.run));
    return isFirst;
  }
}

/** An entry's event, checked. */
export interface ReadEvent extends Pick<ParsedEntry, 'canonical' | 'hash' | 'time' | 't'> {
  readonly event: EventFields;
}

/** A text as JSON has it between its quotation marks, which is how it stands in a batch. */
export function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Bytes that it takes, about. */
export function weightOf({ text, attestations }: OpenEvent): number {
  return BYTES_OF_OPEN + BYTES_OF_UNIT * text.length + BYTES_OF_ATTESTATION * attestations;
}

/** Its attestations as the table of events has them: in the order in which they came. */
export function rowOf({ latest }: OpenEvent): string {
  let row = ']';
  for (let one = latest; one !== undefined; one = one.before) {
    const own = one.t === undefined ? '' : `,"${one.t}"`;
    row = `${one.before === undefined ? '[' : ',['}${one.run},${one.number},${one.seq}${own}]${row}`;
  }
  return `[${row}`;
}

/** When a timeless event happened by what actors say, 19 digits. */
export function medianOf(event: OpenEvent): string | undefined {
  const time = medianTime(inOrder(event).flatMap(({ actor, t }) => (t === undefined ? [] : { actor, t })));
  return time === undefined ? undefined : padNanos(time);
}

function inOrder({ latest }: OpenEvent): Attestation[] {
  const attestations: Attestation[] = [];
  for (let one = latest; one !== undefined; one = one.before) attestations.push(one);
  return attestations.reverse();
}
