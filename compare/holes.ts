import { padNanos } from '#chaincode';
import { covers, type Interval, insert } from '../reconciler/ledger/coverage.js';
import type { IsBlind, UnclearOfLog, UnreadLines } from './differences.js';
import type { Hole } from './judge-logs.js';
import { type Moment, nanosOf } from './line-scan.js';
import { momentAfter, momentBefore } from './neighbours.js';
import type { GivenUp } from './walk.js';

/** So many holes of a log are told apart; beyond, neighbours become one, with what is between them. */
const MOST_HOLES = 1000;
/** The greatest time, nanoseconds. */
export const LAST_TIME = 9_223_372_036_854_775_807n;

const DISORDER = 'its lines are in another order than all others: too many would have to wait for each other';
const REASONS = {
  content: 'too many of its lines are not those of the others; from here on it was not held against them',
  writing:
    'its lines are written in too many ways, or too many tell no time; from here on it was not held against the others',
} as const;

/** A log by its file. */
export interface OpenLog {
  readonly descriptor: number;
  readonly size: number;
}

/** What is told of a log's time: which of it no line can be trusted with. */
export function holesOf(
  unread: readonly UnreadLines[],
  unclear: readonly UnclearOfLog[],
  givenUp: readonly GivenUp[],
  logs: readonly OpenLog[],
): Hole[] {
  const known = new Map(unclear.map((lines) => [`${lines.log}/${lines.offset}`, lines] as const));
  const ofPart = new Map<string, { readonly before: Moment | undefined; readonly next: Moment | undefined }>();
  const holes = unread.map((lines) => {
    const log = logs[lines.log] as OpenLog;
    const beside = known.get(`${lines.log}/${lines.offset}`);
    const end = lines.offset + lines.length;
    if (beside === undefined) {
      return { ...holeBetween(momentBefore(log, lines.offset), momentAfter(log, end)), ...about(lines) };
    }
    // Those before a part's first clear line have the same line before them, and those behind its last one the same behind.
    const [begin, last] = [`before ${beside.log}/${beside.part}`, `behind ${beside.log}/${beside.part}`];
    if (beside.after === undefined && !ofPart.has(begin)) {
      ofPart.set(begin, { before: momentBefore(log, lines.offset), next: undefined });
    }
    if (beside.before === undefined && !ofPart.has(last)) {
      ofPart.set(last, { before: undefined, next: momentAfter(log, end) });
    }
    const before = beside.after ?? ofPart.get(begin)?.before;
    const next = beside.before ?? ofPart.get(last)?.next;
    return { ...holeBetween(before, next), ...about(lines) };
  });
  const given = givenUp.map(({ log, from, until, why }) => ({
    ...(from === undefined ? holeBetween(undefined, undefined) : stretchFrom(from, until)),
    log,
    reason: from === undefined ? DISORDER : REASONS[why],
  }));
  return logs.flatMap((_, log) => [
    ...fewer(holes.filter((hole) => hole.log === log)),
    ...given.filter((hole) => hole.log === log),
  ]);
}

/** Whether a log has one of these holes at a moment. */
export function blindness(holes: readonly Hole[]): IsBlind {
  const hidden = new Map<number, Interval[]>();
  for (const { log, from, to } of holes) {
    const own = hidden.get(log) ?? [];
    hidden.set(log, own);
    insert(own, { from, to });
  }
  // Many a log has none, and many a one nothing else.
  const always = new Set([...hidden].flatMap(([log, own]) => (own.some(isAllTime) ? [log] : [])));
  return (log, moment) => {
    const own = hidden.get(log);
    if (own === undefined || always.has(log)) return own !== undefined;
    return covers(own, padNanos(nanosOf(moment).toString()));
  };
}

function isAllTime({ from, to }: Interval): boolean {
  return from <= padNanos('0') && to > padNanos((LAST_TIME - 1n).toString());
}

/** What may come after the last line of a log that was cut off. */
export function cutHole(log: number, reason: string, logs: readonly OpenLog[]): Hole {
  const { descriptor, size } = logs[log] as OpenLog;
  return { ...holeBetween(momentBefore({ descriptor, size }, size), undefined), log, reason };
}

function about({ log, line, lines, why }: UnreadLines) {
  return { log, reason: lines === 1 ? `line ${line}: ${why}` : `line ${line} and ${lines - 1} more: ${why}` };
}

/** Between the readable lines before and after it an unreadable one may have been any event. */
function holeBetween(before: Moment | undefined, next: Moment | undefined) {
  const from = before === undefined ? 0n : nanosOf(before) + 1n;
  const to = next === undefined ? LAST_TIME : nanosOf(next);
  return from < to ? interval(from, to) : interval(to, to + 1n);
}

function stretchFrom(from: Moment, until: Moment) {
  return interval(nanosOf(from), Number.isFinite(until.seconds) ? nanosOf(until) : LAST_TIME);
}

function interval(from: bigint, to: bigint) {
  return { from: padNanos(from.toString()), to: padNanos(to.toString()) };
}

/** Takes neighbours together until they are few enough. */
function fewer(holes: readonly Hole[]): Hole[] {
  let few = [...holes].sort((a, b) => (a.from < b.from ? -1 : 1));
  while (few.length > MOST_HOLES) {
    few = few.flatMap((hole, index) => {
      const next = few[index + 1];
      if (index % 2 > 0) return [];
      return next === undefined ? [hole] : [{ ...hole, to: next.to > hole.to ? next.to : hole.to }];
    });
  }
  return few;
}
