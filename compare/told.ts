import { type HashedEvent, NANOS_PER_SECOND } from '#chaincode';
import type { ReadLine } from './differences.js';
import { momentOf, timeAtEnd } from './line-scan.js';
import type { LoneLine, LoneLines } from './lone-lines.js';
import { rest } from './parts.js';
import { LogWindow } from './window.js';

/** An event and all the lines apart that tell it. */
export interface Told {
  readonly event: HashedEvent;
  /** Of each log the first. */
  readonly lines: Map<number, ReadLine>;
}

/** Brings together lines that tell one event, wherever they stand and however they are written. */
export function toldEvents(lines: readonly ReadLine[]): Told[] {
  const told = new Map<string, Told>();
  for (const read of lines) {
    const { event, line } = read;
    const known = told.get(event.hash) ?? { event, lines: new Map() };
    told.set(event.hash, known);
    const first = known.lines.get(line.log);
    if (first === undefined || line.line < first.line.line) known.lines.set(line.log, read);
  }
  return [...told.values()];
}

/** A log that was held against the others to its end. */
export interface WholeLog {
  readonly index: number;
  readonly descriptor: number;
  readonly size: number;
  /** Stretches of it, in their order, in which only lines that tell their time where Docker does were held against the others. */
  readonly hidden: readonly { readonly offset: number; readonly length: number }[];
}

/**
 * Leaves out what only says again an event that all logs have: each of its lines stands astray, or tells no time but to a full
 * reading, and the log has the event in another line too.
 */
export function withoutRepeats(
  told: readonly Told[],
  lone: LoneLines,
  log: WholeLog,
  hashOf: (line: LoneLine) => string | undefined,
): Told[] {
  const suspects = told.filter(({ lines }) => [...lines.values()].every(({ line }) => line.astray));
  if (suspects.length === 0) return [...told];
  const times = new Set(suspects.flatMap(({ lines }) => [...lines.values()].map(momentOfRead)));
  // Most lines are passed by their second alone.
  const seconds = new Set([...times].map((moment) => Number(moment.slice(0, moment.indexOf('.')))));
  const apart = lone.offsetsOf(log.index);
  const repeated = new Set<string>();
  const window = new LogWindow(log.index, log.descriptor, rest(0, log.size));
  let stretch = 0;
  while (window.fill()) {
    if (!window.look() || !seconds.has(window.time.seconds)) {
      window.pass();
      continue;
    }
    const { offset, at, lineEnd } = window;
    const line = {
      ...window.time,
      log: log.index,
      offset,
      length: lineEnd - at,
      line: 0,
      astray: false,
    };
    while (endOf(log.hidden[stretch]) <= offset) stretch++;
    const isHidden = offset >= (log.hidden[stretch]?.offset ?? Number.POSITIVE_INFINITY);
    const isHeld = !isHidden || timeAtEnd(window.bytes, at, lineEnd, { seconds: 0, nanos: 0 });
    window.pass();
    if (!isHeld || !times.has(momentOf(line)) || apart.has(offset)) continue;
    const hash = hashOf(line);
    if (hash !== undefined) repeated.add(hash);
  }
  const repeats = new Set(suspects.filter(({ event }) => repeated.has(event.hash)));
  return told.filter((one) => !repeats.has(one));
}

function endOf(stretch: WholeLog['hidden'][number] | undefined): number {
  return stretch === undefined ? Number.POSITIVE_INFINITY : stretch.offset + stretch.length;
}

/** Of a line that tells no time where Docker does too. */
function momentOfRead({ timeNano }: ReadLine): string {
  const nanos = BigInt(timeNano);
  return momentOf({ seconds: Number(nanos / NANOS_PER_SECOND), nanos: Number(nanos % NANOS_PER_SECOND) });
}
