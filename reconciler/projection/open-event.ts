import { medianTime, type Nanos, type ParsedEntry, padNanos } from '#chaincode';
import type { Source } from '../ledger/sources.js';
import type { EventFields } from './canonical-scan.js';

/** What an open event takes besides its text. */
const BYTES_OF_OPEN = 1200;
/** As many as a unit of its text may take, and a number of who attests it. */
const [BYTES_OF_UNIT, BYTES_OF_NUMBER] = [2, 8];

/** An event that not every expected witness has attested yet. */
export interface OpenEvent {
  readonly id: number;
  /** The time in its key, 19 digits; for a timeless event the start of the day of `at`. */
  time: string;
  /** Its own time; for a timeless event the lower median of what the attesting actors say. 19 digits. */
  at: string;
  readonly source: Source;
  /** The canonical bytes as they stand in a batch, see `jsonText`; empty once it is neither open nor to be written. */
  text: string;
  /** `keyOf` that. */
  readonly key: number;
  /** The event that followed it where it was attested first: others most likely attest them in the same order. */
  next: OpenEvent | undefined;
  /** Whether somebody has yet to attest it. */
  isOpen: boolean;
  /** Whether the window holds it no more, and the table alone tells what is said of it. */
  isAway: boolean;
  /** `EventWindow.mark` of the last batch in which it was found. */
  mark: number;
  readonly timeless: boolean;
  /** Of scope local: stamped by one engine, in the order in which it happened. */
  readonly local: boolean;
  readonly firstSeq: number;
  readonly actors: string[];
  readonly said: Said;
  /** Undefined while no policy says who is expected. */
  expected: readonly string[] | undefined;
  /** Whether the table of events has it, perhaps with fewer attestations. */
  written: boolean;
  /** Whether the table of open events has it. */
  stored: boolean;
  /** Bytes of memory that are counted for it. */
  weight: number;
}

/** The first attestation of each run. */
export interface Said {
  /** Run, number and transaction of each, one behind the other. */
  readonly numbers: number[];
  /** Of a timeless event: when each actor says that it happened. */
  readonly times: { readonly actor: string; readonly t: Nanos }[];
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
export function weightOf({ text, said }: OpenEvent): number {
  return BYTES_OF_OPEN + BYTES_OF_UNIT * text.length + BYTES_OF_NUMBER * said.numbers.length;
}

/** Whether a run is among them. */
export function isSaid({ numbers }: Said, run: number): boolean {
  for (let at = 0; at < numbers.length; at += 3) if (numbers[at] === run) return true;
  return false;
}

/** As the table of events has it. */
export function rowOf({ numbers, times }: Said): string {
  let row = '';
  for (let at = 0; at < numbers.length; at += 3) {
    const t = times[at / 3]?.t;
    const own = t === undefined ? '' : `,"${t}"`;
    row += `${at === 0 ? '[' : ',['}${numbers[at]},${numbers[at + 1]},${numbers[at + 2]}${own}]`;
  }
  return `[${row}]`;
}

/** When a timeless event happened by what actors say, 19 digits. */
export function medianOf({ times }: Said): string | undefined {
  const time = medianTime(times);
  return time === undefined ? undefined : padNanos(time);
}
