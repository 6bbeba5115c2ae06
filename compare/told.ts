import type { HashedEvent } from '#chaincode';
import type { ReadLine } from './differences.js';
import { momentOf } from './line-scan.js';
import { rest } from './parts.js';
import type { LoneLine } from './walk.js';
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

/**
 * Leaves out what only says again an event that all logs have: each of its lines stands astray, and the log has
 * the event in another line too.
 * @param log one that was held against the others to its end
 */
export function withoutRepeats(
  told: readonly Told[],
  lone: readonly LoneLine[],
  log: { readonly index: number; readonly descriptor: number; readonly size: number },
  hashOf: (line: LoneLine) => string | undefined,
): Told[] {
  const suspects = told.filter(({ lines }) => [...lines.values()].every(({ line }) => line.astray));
  if (suspects.length === 0) return [...told];
  const times = new Set(suspects.flatMap(({ lines }) => [...lines.values()].map(({ line }) => momentOf(line))));
  const apart = new Set(lone.filter((line) => line.log === log.index).map(({ offset }) => offset));
  const repeated = new Set<string>();
  const window = new LogWindow(log.index, log.descriptor, rest(0, log.size));
  while (window.fill()) {
    const isClear = window.look();
    const { offset, at, lineEnd } = window;
    const line = {
      ...window.time,
      log: log.index,
      offset,
      length: lineEnd - at,
      line: 0,
      astray: false,
    };
    window.pass();
    if (!isClear || !times.has(momentOf(line)) || apart.has(offset)) continue;
    const hash = hashOf(line);
    if (hash !== undefined) repeated.add(hash);
  }
  const repeats = new Set(suspects.filter(({ event }) => repeated.has(event.hash)));
  return told.filter((one) => !repeats.has(one));
}
