import { isRecorded, type Policy, padNanos } from '#chaincode';
import { DifferenceReader, type UnreadableLine } from './differences.js';
import { CompareError } from './errors.js';
import type { PlainLog } from './inputs.js';
import { type Hole, judgeLogs } from './judge-logs.js';
import { LineReading } from './line-reading.js';
import { nanosOf } from './line-scan.js';
import { momentAfter, momentBefore } from './neighbours.js';
import { policyOf, type Recorded } from './policy.js';
import { type CompareReport, reportForm } from './report-form.js';
import { type Told, toldEvents, withoutRepeats } from './told.js';
import type { LoneLine, Walked } from './walk.js';

export interface ComparedLogs extends Recorded {
  readonly logs: readonly PlainLog[];
  readonly descriptors: readonly number[];
  readonly sizes: readonly number[];
}

const LAST_TIME = 9_223_372_036_854_775_807n;

/** Brings together what was found in the parts, and judges it. */
export function reportOf(compared: ComparedLogs, parts: readonly Walked[]): CompareReport {
  const { actors, descriptors, sizes } = compared;
  const policy = policyOf(compared);
  const reading = new LineReading(descriptors);
  const reader = new DifferenceReader(reading, policy, compared.source);
  // Of a log that was given up nothing is said but what it agreed to before: what it has alone may stand elsewhere.
  const given = new Set(parts.flatMap(({ disordered }) => disordered ?? []));
  const lone = numbered(parts).filter(({ log }) => !given.has(log));
  const { read, unreadable, beyond } = reader.readAll(lone);
  const kept = actors.findIndex((_, log) => !given.has(log));
  const whole = { index: kept, descriptor: descriptors[kept] as number, size: sizes[kept] as number };
  const told = withoutRepeats(toldEvents(read), lone, whole, (line) => reader.read(line)?.event.hash);
  const isAgreed = ({ lines }: Told) => actors.every((_, log) => lines.has(log));
  const ofAll =
    told.filter(isAgreed).length +
    counted(
      parts.flatMap(({ agreed }) => agreed),
      policy,
    );
  const ofOthers = (of: readonly Walked[]) =>
    counted(
      of.flatMap(({ agreedByOthers }) => agreedByOthers),
      policy,
    );
  const holes = [
    ...unreadable.flatMap((line) => holeOf(line, compared)),
    ...[...given].map((log) => ({ log, from: padNanos('0'), to: padNanos(LAST_TIME.toString()), reason: DISORDER })),
  ];
  const judgement = judgeLogs({
    actors,
    source: compared.source,
    policy,
    agreed: ofAll + ofOthers(parts),
    attested: actors.map((_, log) => ofAll + ofOthers(parts.filter(({ disordered }) => disordered !== log))),
    told: told.filter((one) => !isAgreed(one)),
    holes,
    beyond: beyond.flatMap(({ logs, events, first }) => {
      const example = reader.read(first);
      if (example === undefined) return [];
      const lines = new Map(logs.map((log) => [log, { ...example, line: { ...example.line, log } }] as const));
      return [{ logs, events, first: { event: example.event, lines } }];
    }),
  });
  if (judgement.coverage.events === 0 && judgement.findings.length === 0) {
    throw new CompareError('EMPTY', 'There is no event in any of the logs that the policy has recorded.');
  }
  return reportForm({ ...compared, parts, unreadable, judgement });
}

const DISORDER = 'its lines are in another order than all others: too many would have to wait for each other';

/** Lines apart with their numbers in the whole logs. */
function numbered(parts: readonly Walked[]): LoneLine[] {
  const passed = (parts[0]?.logs ?? []).map(() => 0);
  return parts.flatMap(({ lone, logs }) => {
    const before = [...passed];
    for (const [log, { lines }] of logs.entries()) passed[log] = (passed[log] as number) + lines;
    return lone.map((line) => ({ ...line, line: line.line + (before[line.log] as number) }));
  });
}

/** How many of the events are of kinds that the policy has recorded. */
function counted(kinds: Walked['agreed'], policy: Policy): number {
  return kinds.filter((kind) => isRecorded(policy, kind)).reduce((sum, { events }) => sum + events, 0);
}

/** Between the readable lines before and after it an unreadable one may have been any event. */
function holeOf({ line, why }: UnreadableLine, { descriptors, sizes }: ComparedLogs): Hole {
  const log = { descriptor: descriptors[line.log] as number, size: sizes[line.log] as number };
  const before = momentBefore(log, line.offset);
  const next = momentAfter(log, line.offset + line.length);
  const from = before === undefined ? 0n : nanosOf(before) + 1n;
  const to = next === undefined ? LAST_TIME : nanosOf(next);
  const [begin, end] = from < to ? [from, to] : [to, to + 1n];
  return {
    log: line.log,
    from: padNanos(begin.toString()),
    to: padNanos(end.toString()),
    reason: `line ${line.line}: ${why}`,
  };
}
