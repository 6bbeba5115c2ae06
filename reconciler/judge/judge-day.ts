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
import { exists, type Source } from '../ledger/sources.js';
import type { Projection } from '../projection/projection.js';
import { type CarriedContainer, runningDay } from '../running/day.js';
import * as findings from './findings.js';
import { gapFinding, holesOf, timesOfOthers } from './gaps.js';
import { loadEvents, locatorOf, vantageOf } from './load.js';
import { containerEvents } from './load-containers.js';
import { type Pairing, pairVariants } from './pairing.js';
import { type Standing, standingOf } from './standing.js';

/** A judged day with what the next day needs of it. */
export interface JudgedDay {
  readonly judgement: DayJudgement;
  readonly carry: readonly CarriedContainer[];
}

/**
 * Judges one day by what the ledger holds up to the projection's latest transaction. Looks at events that somebody
 * lacks, and only counts those that all attested.
 * @param carried the containers that the day before left running
 * @throws ReconcilerError `NO_POLICY` if no policy governs the day, `EMPTY` if nothing has been read.
 */
export function judgeDay(
  projection: Projection,
  day: Day,
  carried: readonly CarriedContainer[],
  sealed: boolean,
): JudgedDay {
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
  const standings = loadEvents(projection, context).flatMap((event) => standingOf(event, vantage) ?? []);
  const pairing = pairVariants(standings, vantage);
  const judged = judgeEvents(standings, pairing, bounds, locate);
  const all = [...judged.findings, ...gapFindings(projection, standings, bounds)].sort(byTimeAndClass);
  // An outsider, or an actor of the morning's policy, may stand against the others too.
  const actors = [...new Set([...policy.policy.actors, ...all.flatMap(({ dissent }) => dissent)])].sort();
  const tally = (actor: string) => projection.tallies.count(day, actor);
  const complete = tally('');
  const { running, carry, bill } = runningDay(
    bounds,
    containerEvents(projection, bounds, standings),
    carried,
    (name) => projection.sources.find(name),
    (source) => witnessesOf(policy.policy, source, unpadNanos(bounds.from)),
    policy.policy.tariff.perSecond,
  );
  const coverage = coverageOf(judged.counts, complete);
  return {
    carry,
    judgement: {
      day,
      ...provenance(projection, policy, sealed),
      coverage,
      actors: actors.map((actor) => summaryOf(actor, tally(actor), all)),
      findings: all,
      running,
      bill: { currency: policy.policy.tariff.currency, ...bill },
      amends: [],
    },
  };
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
      if (alone.length > 0) found.push(findings.missing(standing, alone, locate));
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
  for (const invented of inventedSources(appeared)) {
    counts.disputed += invented.length;
    found.push(findings.inventedSource(invented, locate));
  }
  return { findings: found, counts };
}

function inventedSources(standings: readonly Standing[]): Standing[][] {
  const bySource = new Map<string, Standing[]>();
  for (const standing of standings) {
    const name = standing.event.source.name;
    const events = bySource.get(name);
    if (events === undefined) bySource.set(name, [standing]);
    else events.push(standing);
  }
  return [...bySource.values()];
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
  return {
    ledger: identity.genesis,
    channel: identity.channel,
    chaincode: identity.chaincode,
    judge: JUDGE_VERSION,
    policyHash: policy.hash,
    sealed,
    ...position,
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
