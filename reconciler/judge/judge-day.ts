import {
  addSeconds,
  type Day,
  dayEnd,
  dayOf,
  dayStart,
  type NumberedPolicy,
  padNanos,
  unpadNanos,
  witnessesOf,
} from '#chaincode';
import { ReconcilerError } from '../errors.js';
import { type DayJudgement, type Finding, JUDGE_VERSION } from '../judgement.js';
import type { KeptDay } from '../kept-days.js';
import type { Interval } from '../ledger/coverage.js';
import { clockKeepers, nanosOf } from '../ledger/policy-book.js';
import { exists, type Source } from '../ledger/sources.js';
import type { Projection } from '../projection/projection.js';
import type { CarriedContainer } from '../running/day.js';
import { equivocations, isAnyOdd, type LedgerRange, sequenceBreaks } from './batches.js';
import { type Flood, floodsOf } from './beyond-quota.js';
import { containersOf } from './containers.js';
import * as findings from './findings.js';
import { judgeFlood } from './flood.js';
import { foldAlike } from './fold.js';
import { gapFinding, holesOf, timesOfOthers } from './gaps.js';
import type { JudgedEvent } from './input.js';
import { coverageOf, distinct, judgeEvents, summaryOf } from './judge-events.js';
import { loadEvent, loadEvents, loadRelated, locatorOf, vantageOf } from './load.js';
import { disorders } from './order.js';
import { pairVariants } from './pairing.js';
import { silences } from './silences.js';
import { type Standing, standingOf } from './standing.js';

/** A judged day with what the next day needs of it. */
export interface JudgedDay {
  readonly judgement: DayJudgement;
  readonly carry: readonly CarriedContainer[];
}

export interface JudgeOptions {
  /** The containers that the day before left running. */
  readonly carried: readonly CarriedContainer[];
  /** Whether the latest transaction is the day's sealing one. */
  readonly sealed: boolean;
  /** The transactions on whose conduct this day's report tells, if it tells of any. */
  readonly conduct: LedgerRange | undefined;
  /** What later transactions changed about earlier days. */
  readonly amends: DayJudgement['amends'];
  /** What was judged before, where nothing has been said of the day since: its containers need no second look. */
  readonly before?: KeptDay;
}

/**
 * Judges one day by what the ledger holds up to the projection's latest transaction. Looks at events that somebody
 * lacks, and only counts those that all attested. What its findings say in full is said when it is asked for, as long as the
 * projection stays as it is: see `wholly`.
 * @throws ReconcilerError `NO_POLICY` if no policy governs the day, `EMPTY` if nothing has been read.
 */
export function judgeDay(projection: Projection, day: Day, options: JudgeOptions): JudgedDay {
  const bounds = { from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) };
  const policy = policyOf(projection, day, bounds);
  const vantage = vantageOf(projection);
  const locate = locatorOf(projection);
  // Twice the window: what may pair with an event of the day is seen with all that it might pair with itself. From the
  // start of a day, for there timeless events are kept.
  const context = {
    from: padNanos(dayStart(dayOf(addSeconds(dayStart(day), -2 * policy.policy.window)))),
    to: padNanos(addSeconds(dayEnd(day), 2 * policy.policy.window)),
  };
  const floods = floodsOf(projection, context);
  const standings = eventsAbout(projection, bounds, context, floods).flatMap(
    (event) => standingOf(event, vantage) ?? [],
  );
  const pairing = pairVariants(standings, vantage);
  const judged = judgeEvents(standings, pairing, bounds, locate, true);
  for (const flood of floods.filter((one) => one.day === day)) {
    const { counts, findings: found } = judgeFlood(projection, flood, vantage, locate);
    judged.findings.push(...found);
    for (const name of ['disputed', 'pending', 'unobservable'] as const) judged.counts[name] += counts[name];
  }
  const ran = containersOf(projection, { day, bounds, policy, standings, pairing, floods, locate }, options);
  const known = new Map(standings.map((standing) => [standing.event.id, standing]));
  const standingById = (id: number) => known.get(id) ?? standingOf(loadEvent(projection, id), vantage);
  const all = distinct([
    ...judged.findings,
    ...foldAlike([
      ...gapFindings(projection, standings, bounds),
      ...disorders(projection, bounds, standingById, locate),
      ...conductFindings(projection, options.conduct, locate),
    ]),
    ...ran.lifecycle,
  ]);
  // An outsider, or an actor of the morning's policy, may stand against the others too.
  const actors = [...new Set([...policy.policy.actors, ...all.flatMap(({ dissent }) => dissent)])].sort();
  const tally = (actor: string) => projection.tallies.count(day, actor);
  return {
    carry: ran.carry,
    judgement: {
      day,
      ...provenance(projection, policy, options.sealed),
      coverage: coverageOf(judged.counts, tally('')),
      actors: actors.map((actor) => summaryOf(actor, tally(actor), all)),
      findings: all,
      running: ran.running,
      sums: ran.sums,
      bill: { currency: policy.policy.tariff.currency, ...ran.bill },
      amends: options.amends,
    },
  };
}

/**
 * The events that judging a day looks at, in order of time: its own, and of those before and after it what may be another
 * content of one of them. Where a hole of the day goes beyond it, all: it is told with how many events lie in it.
 */
function eventsAbout(
  projection: Projection,
  day: Interval,
  context: Interval,
  floods: readonly Flood[],
): JudgedEvent[] {
  const witnesses = projection.sources.all.flatMap((source) => [...source.witnesses.values()]);
  const isWide = witnesses.some((witness) => holesOf(witness, day).some(({ to }) => to > day.to));
  if (isWide) return loadEvents(projection, context, floods);
  const own = loadEvents(projection, day, floods);
  const [before, after] = [
    { from: context.from, to: day.from },
    { from: day.to, to: context.to },
  ].map((interval) => loadRelated(projection, interval, floods, own)) as [JudgedEvent[], JudgedEvent[]];
  return [...before, ...own, ...after];
}

/** What the actors did on the ledger: about no event, so told with the day that is sealed next. */
export function conductFindings(
  projection: Projection,
  range: LedgerRange | undefined,
  locate: findings.Locate,
): Finding[] {
  if (range === undefined) return [];
  return [
    ...silences(projection, range, locate),
    ...(isAnyOdd(projection, range)
      ? [...equivocations(projection, range, locate), ...sequenceBreaks(projection, range, locate)]
      : []),
  ];
}

/** The policy at the end of the day, or at its beginning where none reaches the end. */
export function policyOf(projection: Projection, day: Day, bounds: Interval): NumberedPolicy {
  const policy =
    projection.policies.at(padNanos(addSeconds(unpadNanos(bounds.to), -1))) ?? projection.policies.at(bounds.from);
  if (policy === undefined) {
    throw new ReconcilerError(
      'NO_POLICY',
      `No policy is in force for ${day}, so nothing can be judged; propose and approve one with "event2ledger policy".`,
    );
  }
  return policy;
}

function gapFindings(projection: Projection, standings: readonly Standing[], bounds: Interval): Finding[] {
  return projection.sources.all.flatMap((source) => {
    return [...source.witnesses].flatMap(([actor, witness]) => {
      const holes = holesOf(witness, bounds).filter(({ from }) => isExpected(projection, source, actor, from));
      const others = holes.length === 0 ? [] : timesOfOthers(source, actor, standings);
      return holes.map((hole) => gapFinding(source, actor, witness, hole, others));
    });
  });
}

/** Whether an actor is to witness a source, which exists, at a time of 19 digits. */
export function isExpected(projection: Projection, source: Source, actor: string, time: string): boolean {
  const policy = projection.policies.at(time);
  if (policy === undefined) return false;
  const witnesses = witnessesOf(policy.policy, source.name, unpadNanos(time));
  return witnesses.includes(actor) && exists(source, policy, witnesses);
}

function provenance(projection: Projection, policy: NumberedPolicy, sealed: boolean) {
  const { identity, head } = projection;
  if (identity === undefined || head === undefined) {
    throw new ReconcilerError(
      'EMPTY',
      'Nothing has been read from the ledger yet; run "event2ledger reconcile" first.',
    );
  }
  const position = sealed ? { sealedAt: positionOf(projection) } : {};
  const clocked = projection.policies.governing(projection.clock.now)?.policy ?? policy.policy;
  const stalled = projection.clock.stalledBy(clockKeepers(clocked), nanosOf(clocked.silence));
  return {
    ledger: identity.genesis,
    channel: identity.channel,
    chaincode: identity.chaincode,
    judge: JUDGE_VERSION,
    policyHash: policy.hash,
    sealed,
    ...position,
    ...(stalled && { stalled }),
    blocks: { from: '0', to: head.block, hash: head.hash },
  };
}

function positionOf(projection: Projection) {
  const clock = projection.clock.now?.toString() ?? ('' as const);
  return { ...locatorOf(projection)(projection.seq), clock };
}
