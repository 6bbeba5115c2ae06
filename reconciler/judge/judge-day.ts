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
import {
  type ActorSummary,
  type Coverage,
  type DayJudgement,
  FINDING_CLASSES,
  type Finding,
  JUDGE_VERSION,
} from '../judgement.js';
import type { Interval } from '../ledger/coverage.js';
import { clockKeepers, nanosOf } from '../ledger/policy-book.js';
import { exists, type Source } from '../ledger/sources.js';
import type { Projection } from '../projection/projection.js';
import { type CarriedContainer, runningDay } from '../running/day.js';
import { equivocations, type LedgerRange, sequenceBreaks } from './batches.js';
import { type Flood, floodsOf } from './beyond-quota.js';
import * as findings from './findings.js';
import { judgeFlood } from './flood.js';
import { foldAlike, MAX_ALIKE } from './fold.js';
import { gapFinding, holesOf, timesOfOthers } from './gaps.js';
import { LifeCheck } from './lifecycle.js';
import { loadEvent, loadEvents, locatorOf, vantageOf } from './load.js';
import { containerEvents } from './load-containers.js';
import { disorders } from './order.js';
import { type Pairing, pairVariants } from './pairing.js';
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
  readonly before?: JudgedDay;
}

/**
 * Judges one day by what the ledger holds up to the projection's latest transaction. Looks at events that somebody
 * lacks, and only counts those that all attested.
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
  const standings = loadEvents(projection, context, floods).flatMap((event) => standingOf(event, vantage) ?? []);
  const pairing = pairVariants(standings, vantage);
  const judged = judgeEvents(standings, pairing, bounds, locate);
  for (const flood of floods.filter((one) => one.day === day)) {
    const { counts, findings: found } = judgeFlood(projection, flood, vantage, locate);
    judged.findings.push(...found);
    for (const name of ['disputed', 'pending', 'unobservable'] as const) judged.counts[name] += counts[name];
  }
  const ran = containersOf(projection, { bounds, policy, standings, pairing, floods, locate }, options);
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

/** What was decided about a day's events, for looking at its containers. */
interface Decided {
  readonly bounds: Interval;
  readonly policy: NumberedPolicy;
  readonly standings: readonly Standing[];
  readonly pairing: Pairing;
  readonly floods: readonly Flood[];
  readonly locate: findings.Locate;
}

/** The running time of a day's containers, and those that make no legal life. */
function containersOf(projection: Projection, decided: Decided, { carried, before }: JudgeOptions) {
  if (before !== undefined) {
    const { running, sums, bill, findings: said } = before.judgement;
    return { running, sums, bill, carry: before.carry, lifecycle: said.filter((one) => one.class === 'lifecycle') };
  }
  const { bounds, policy, standings, pairing, floods, locate } = decided;
  const instead = new Set(pairing.pairs.flatMap(({ dissent }) => dissent.map(({ variant }) => variant)));
  const lives = new LifeCheck(projection);
  const events = function* () {
    for (const event of containerEvents(projection, bounds, standings, instead, floods)) {
      lives.seen(event);
      yield event;
    }
  };
  const ran = runningDay(
    bounds,
    events(),
    carried,
    (name) => projection.sources.find(name),
    (source) => witnessesOf(policy.policy, source, unpadNanos(bounds.from)),
    policy.policy.tariff,
  );
  return { ...ran, lifecycle: lives.findings(locate) };
}

/** What the actors did on the ledger: about no event, so told with the day that is sealed next. */
function conductFindings(projection: Projection, range: LedgerRange | undefined, locate: findings.Locate): Finding[] {
  if (range === undefined) return [];
  return [
    ...silences(projection, range, locate),
    ...equivocations(projection, range, locate),
    ...sequenceBreaks(projection, range, locate),
  ];
}

/** In the order of reports, and no two under one name: what several dissenters share may be in two findings. */
function distinct(all: readonly Finding[]): Finding[] {
  const known = new Map<string, number>();
  return [...all].sort(byTimeAndClass).map((finding) => {
    const times = known.get(finding.id) ?? 0;
    known.set(finding.id, times + 1);
    return times === 0 ? finding : { ...finding, id: findings.findingId(finding.source, finding.id, `${times + 1}`) };
  });
}

/** The policy at the end of the day, or at its beginning where none reaches the end. */
function policyOf(projection: Projection, day: Day, bounds: Interval): NumberedPolicy {
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

interface Counts {
  agreed: number;
  disputed: number;
  pending: number;
  unobservable: number;
}

function judgeEvents(
  standings: readonly Standing[],
  { pairs, clusters }: Pairing,
  bounds: Interval,
  locate: findings.Locate,
): { findings: Finding[]; counts: Counts } {
  const found: Finding[] = [];
  const counts: Counts = { agreed: 0, disputed: 0, pending: 0, unobservable: 0 };
  const ofDay = ({ event }: Standing) => event.time >= bounds.from && event.time < bounds.to;
  const paired = new Map(pairs.map((pair) => [pair.standing, pair]));
  const consumed = new Set([
    ...pairs.flatMap(({ dissent }) => dissent.map(({ variant }) => variant)),
    ...clusters.flat(),
  ]);

  for (const cluster of clusters) {
    const [first] = [...cluster].sort(
      (a, b) => a.event.firstSeq - b.event.firstSeq || (a.event.hash < b.event.hash ? -1 : 1),
    );
    if (first === undefined || !ofDay(first)) continue;
    counts.disputed += 1;
    found.push(
      cluster.length > 1 ? findings.unresolvedVariants(cluster, locate) : findings.uncorroborated(first, locate),
    );
  }
  for (const standing of standings.filter((one) => ofDay(one) && one.sourceExists && !consumed.has(one))) {
    if (standing.verdict === 'stands') {
      const pair = paired.get(standing);
      const alone = standing.lacking.filter(
        ({ actor }) => !pair?.dissent.some((dissenter) => dissenter.actor === actor),
      );
      if (pair !== undefined) found.push(findings.differs(pair, locate));
      if (alone.length > 0) found.push(findings.missing(standing, alone, pair !== undefined, locate));
      if (standing.late.length > 0) found.push(findings.late(standing, locate));
      if (standing.lacking.length > 0) counts.disputed += 1;
      else if (!standing.event.retired) counts.agreed += 1;
    } else if (standing.verdict === 'pending') counts.pending += 1;
    else if (standing.verdict === 'unobservable') counts.unobservable += 1;
  }
  const nowhere = standings.filter((one) => ofDay(one) && !one.sourceExists);
  // While no majority has sent anything since, others may be about to attest it.
  const appeared = nowhere.filter(({ event }) => event.appearance !== undefined);
  counts.pending += nowhere.length - appeared.length;
  counts.disputed += appeared.length;
  const invented = inventedSources(appeared);
  const rest = invented.slice(MAX_ALIKE).flat();
  for (const events of [...invented.slice(0, MAX_ALIKE), ...(rest.length > 0 ? [rest] : [])]) {
    found.push(findings.inventedSource(events, locate));
  }
  return { findings: found, counts };
}

/** The events of each source, in the order in which the sources came on the ledger. */
function inventedSources(standings: readonly Standing[]): Standing[][] {
  const bySource = new Map<string, Standing[]>();
  for (const standing of standings) {
    const name = standing.event.source.name;
    const events = bySource.get(name);
    if (events === undefined) bySource.set(name, [standing]);
    else events.push(standing);
  }
  const idOf = ([first]: Standing[]) => first?.event.source.id ?? 0;
  return [...bySource.values()].sort((a, b) => idOf(a) - idOf(b));
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
function isExpected(projection: Projection, source: Source, actor: string, time: string): boolean {
  const policy = projection.policies.at(time);
  if (policy === undefined) return false;
  const witnesses = witnessesOf(policy.policy, source.name, unpadNanos(time));
  return witnesses.includes(actor) && exists(source, policy, witnesses);
}

function coverageOf({ agreed, disputed, pending, unobservable }: Counts, complete: number): Coverage {
  const total = agreed + complete;
  return { events: total + disputed + pending + unobservable, agreed: total, disputed, pending, unobservable };
}

function summaryOf(actor: string, attested: number, all: readonly Finding[]): ActorSummary {
  const counts = FINDING_CLASSES.map((name) => [
    name,
    all.filter((finding) => finding.class === name && finding.dissent.includes(actor)).length,
  ]);
  return { actor, attested, ...(Object.fromEntries(counts) as Omit<ActorSummary, 'actor' | 'attested'>) };
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

function byTimeAndClass(a: Finding, b: Finding): number {
  const [timeA, timeB] = [padNanos(a.time), padNanos(b.time)];
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  const classes = FINDING_CLASSES.indexOf(a.class) - FINDING_CLASSES.indexOf(b.class);
  return classes !== 0 ? classes : a.id < b.id ? -1 : 1;
}
