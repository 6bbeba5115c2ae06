import { isRecorded, type Policy, padNanos } from '#chaincode';
import { MAX_ALIKE } from '../reconciler/judge/fold.js';
import type { HiddenEvents } from './beyond.js';
import { DifferenceReader } from './differences.js';
import { CompareError } from './errors.js';
import { givenUpIn } from './given-up.js';
import { cutHole } from './holes.js';
import type { PlainLog } from './inputs.js';
import { judgeLogs } from './judge-logs.js';
import type { EventsOfKind } from './kinds.js';
import { LineReading } from './line-reading.js';
import { nanosOf } from './line-scan.js';
import { LoneLines } from './lone-lines.js';
import { policyOf, type Recorded } from './policy.js';
import { readDifferences } from './reading.js';
import { type CompareReport, reportForm } from './report-form.js';
import { type Told, toldEvents, withoutRepeats } from './told.js';
import type { Agreed } from './walk.js';
import type { WalkedPart } from './walk-part.js';

export interface ComparedLogs extends Recorded {
  readonly logs: readonly PlainLog[];
  readonly descriptors: readonly number[];
  readonly sizes: readonly number[];
}

/**
 * Brings together what was found in the parts, and judges it.
 * @param mostAlike so many findings of one class and dissent are told one by one
 */
export function reportOf(
  compared: ComparedLogs,
  parts: readonly WalkedPart[],
  mostAlike: number = MAX_ALIKE,
): CompareReport {
  const { actors, descriptors, sizes } = compared;
  const policy = policyOf(compared);
  const reading = new LineReading(descriptors);
  const reader = new DifferenceReader(reading, policy, compared.source);
  const logs = descriptors.map((descriptor, log) => ({ descriptor, size: sizes[log] as number }));
  const { all: givenUp, isGivenUpBefore } = givenUpIn(parts);
  // Of a log that is in no order nothing is said but what it agreed to: what it has alone may stand elsewhere.
  const disordered = new Set(givenUp.flatMap(({ log, from }) => (from === undefined ? [log] : [])));
  const given = new Set(givenUp.map(({ log }) => log));
  const before = linesBefore(parts);
  const lone = LoneLines.joined(
    parts.map((part) => part.lone),
    (part, log) => numberOf(before, part, log),
    (part, log) => !disordered.has(log) && !isGivenUpBefore(part, log),
  );
  const unclear = parts.flatMap((part, index) =>
    part.unclear.flatMap(({ single, stretches }, log) =>
      (isGivenUpBefore(index, log) ? [] : [...single, ...stretches]).map((lines, at) => ({
        ...lines,
        log,
        part: index,
        line: lines.line + numberOf(before, index, log),
        single: at < single.length,
      })),
    ),
  );
  const said = parts.flatMap((part, index) =>
    part.agreed.map((one) => ({
      ...one,
      kinds: one.kinds.map(({ first, ...kind }) => ({
        ...kind,
        ...(first && { first: { ...first, line: first.line + numberOf(before, index, first.log) } }),
      })),
    })),
  );
  const agreed = said.filter(({ ended }) => ended.length === 0);
  const behind = said.filter(({ ended }) => ended.length > 0);
  const cut = compared.logs.flatMap((log, index) => (log.cut === undefined ? [] : [cutHole(index, log.cut, logs)]));
  const { read, unread, beyond, counted, holes } = readDifferences(
    { lone, unclear, behind, cut, givenUp, logs, policy },
    reader,
    mostAlike,
  );
  const kept = Math.max(
    0,
    actors.findIndex((_, log) => !given.has(log)),
  );
  const hidden = unclear.filter(({ log, single }) => log === kept && !single);
  const whole = { index: kept, descriptor: descriptors[kept] as number, size: sizes[kept] as number, hidden };
  const told = withoutRepeats(toldEvents(read), lone, whole, (line) => reader.read(line)?.event.hash);
  const isAgreed = ({ lines }: Told) => actors.every((_, log) => lines.has(log));
  const ofAll = told.filter(isAgreed).length;
  const countedOf = (own: typeof agreed) =>
    recorded(
      own.flatMap(({ kinds }) => kinds),
      policy,
    );
  const judgement = judgeLogs({
    actors,
    source: compared.source,
    policy,
    agreed: ofAll + countedOf(agreed),
    attested: actors.map(
      (_, log) =>
        ofAll +
        countedOf(agreed.filter(({ without }) => !without.includes(log))) +
        recorded(
          parts.flatMap((part) => part.logs[log]?.unheld ?? []),
          policy,
        ),
    ),
    told: told.filter((one) => !isAgreed(one)),
    holes,
    hidden: agreed.flatMap((one) => hiddenFrom(one, actors, policy)),
    counted,
    mostAlike,
    beyond: beyond.map(({ alike, events, first }) => ({
      logs: [...new Set(alike.flat())],
      events,
      first: toldEvents(
        first.flatMap((line, content) => {
          const read = reader.read(line);
          return read === undefined ? [] : (alike[content] ?? []).map((log) => ({ ...read, line: { ...line, log } }));
        }),
      ),
      isAlike: alike.length === 1,
    })),
  });
  if (judgement.coverage.events === 0 && judgement.findings.length === 0) {
    throw new CompareError('EMPTY', 'There is no event in any of the logs that the policy has recorded.');
  }
  return reportForm({ ...compared, parts, unread, judgement });
}

/** The events that others agree on, for each log that was given up before. */
function hiddenFrom({ without, kinds }: Agreed, actors: readonly string[], policy: Policy): HiddenEvents[] {
  const events = recorded(kinds, policy);
  const times = kinds.flatMap(({ first }) => first ?? []).map((first) => padNanos(nanosOf(first).toString()));
  const [time] = times.sort();
  if (time === undefined || events === 0) return [];
  return without.map((log) => ({ actor: actors[log] as string, time, events }));
}

/** Of each part how many lines of each log come before it. */
function linesBefore(parts: readonly WalkedPart[]): number[][] {
  const passed = (parts[0]?.logs ?? []).map(() => 0);
  return parts.map(({ logs }) => {
    const before = [...passed];
    for (const [log, { lines }] of logs.entries()) passed[log] = (passed[log] as number) + lines;
    return before;
  });
}

function numberOf(before: readonly (readonly number[])[], part: number, log: number): number {
  return before[part]?.[log] ?? 0;
}

/** How many events are of kinds that the policy has recorded. */
function recorded(kinds: readonly EventsOfKind[], policy: Policy): number {
  return kinds.filter((kind) => isRecorded(policy, kind)).reduce((sum, { events }) => sum + events, 0);
}
