import { NANOS_PER_SECOND, type Policy } from '#chaincode';
import { matterNumber } from './clear-lines.js';
import { ClearMoments, type CountedDifferences, SoleLines } from './clear-moments.js';
import type { DifferenceReader, Differences, ReadLine, UnclearOfLog } from './differences.js';
import { blindness, holesOf, type OpenLog } from './holes.js';
import type { Hole } from './judge-logs.js';
import type { LoneLines, MomentRows } from './lone-lines.js';
import type { Agreed, GivenUp } from './walk.js';

/** What was found in the logs that not all of them have. */
export interface Found {
  readonly lone: LoneLines;
  readonly unclear: readonly UnclearOfLog[];
  /** What was said after other logs had ended. */
  readonly behind: readonly Agreed[];
  /** What comes after logs that were cut off. */
  readonly cut: readonly Hole[];
  readonly givenUp: readonly GivenUp[];
  readonly logs: readonly OpenLog[];
  readonly policy: Policy;
}

export interface ReadDifferences extends Differences {
  readonly counted: readonly CountedDifferences[];
  readonly holes: readonly Hole[];
}

/**
 * Reads of the differences what must be read. Those of which all is known that their judgement hangs on come last: it may
 * hang on what the others say.
 * @param most so many of one class and dissent are told one by one
 */
export function readDifferences(
  { lone, unclear, behind, cut, givenUp, logs, policy }: Found,
  reader: DifferenceReader,
  most: number,
): ReadDifferences {
  const isHidden = blindness([...holesOf(unclear.map(asUnread), unclear, givenUp, logs), ...cut]);
  const soles = new SoleLines(lone);
  reader.readUnclear(unclear);
  const timeless = [...reader.differences.read];
  for (const { line, timeNano } of timeless) soles.add(line.log, Number(BigInt(timeNano) / NANOS_PER_SECOND));
  const linesOf = (moment: MomentRows) => moment.map((row) => lone.at(row));
  for (const moment of lone.moments()) if (!lone.isClear(moment)) reader.readMoment(linesOf(moment), isHidden);
  reader.takeBehind(behind);
  const { read, unread } = reader.differences;
  const holes = [...holesOf(unread, unclear, givenUp, logs), ...cut];
  // A line that tells no time may be of any moment, and tell what others tell too.
  const anywhere = new Set(timeless.map(matterOf));
  const said = new Set(read.map((one) => `${one.line.log}/${matterOf(one)}`));
  const clear = new ClearMoments(policy, lone, { logs: logs.length, soles, most });
  const elsewhere = {
    isBlind: blindness(holes),
    isSaid: (log: number | undefined, matter: number) =>
      log === undefined ? anywhere.has(matter) : said.has(`${log}/${matter}`),
  };
  for (const moment of lone.moments()) {
    if (!lone.isClear(moment)) continue;
    clear.take(moment, elsewhere, () => reader.readMoment(linesOf(moment), elsewhere.isBlind));
  }
  return { ...reader.differences, counted: clear.counted, holes };
}

function asUnread(lines: UnclearOfLog) {
  return { ...lines, why: '' };
}

function matterOf({ event: { event } }: ReadLine): number {
  return matterNumber(event.type, event.action, event.object);
}
