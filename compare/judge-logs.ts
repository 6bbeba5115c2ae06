import {
  type CanonicalEvent,
  dayOf,
  medianTime,
  type NumberedPolicy,
  type Policy,
  padNanos,
  policyHash,
  policyText,
  unpadNanos,
} from '#chaincode';
import { established, findingId, type Locate, variantOf, wholly } from '../reconciler/judge/findings.js';
import { foldAlike } from '../reconciler/judge/fold.js';
import { gapFinding, holesOf, timesOfOthers } from '../reconciler/judge/gaps.js';
import type { JudgedAttestation, JudgedEvent, Vantage } from '../reconciler/judge/input.js';
import { coverageOf, distinct, judgeEvents, summaryOf } from '../reconciler/judge/judge-events.js';
import { pairVariants } from '../reconciler/judge/pairing.js';
import { type Standing, standingOf } from '../reconciler/judge/standing.js';
import type { ActorSummary, Coverage, Finding } from '../reconciler/judgement.js';
import { type Interval, subtract } from '../reconciler/ledger/coverage.js';
import { declare, type Source, Sources, witnessAt } from '../reconciler/ledger/sources.js';
import { type BeyondTold, type HiddenEvents, judgeBeyond } from './beyond.js';
import type { CountedDifferences } from './clear-moments.js';
import type { Told } from './told.js';

/** A stretch of a log in which it may lack events without that being said against it. */
export interface Hole extends Interval {
  readonly log: number;
  readonly reason: string;
}

/** What the logs say, brought together. */
export interface Testimony {
  /** Of each log. */
  readonly actors: readonly string[];
  readonly source: string;
  readonly policy: Policy;
  /** Events that all logs have, or all but the one that was given up. */
  readonly agreed: number;
  /** Of those, how many each log has. */
  readonly attested: readonly number[];
  /** Events that are told by lines apart. */
  readonly told: readonly Told[];
  readonly holes: readonly Hole[];
  /** Moments with lines of certain logs that are too many to be looked at one by one, with what is told of the first. */
  readonly beyond: readonly BeyondTold[];
  /** Events that the others agree on, while a log was not held against them. */
  readonly hidden?: readonly HiddenEvents[];
  /** Differences that are like some that are told, and later. */
  readonly counted?: readonly CountedDifferences[];
  /** So many findings of one class and dissent are told one by one. */
  readonly mostAlike?: number;
}

export interface LogJudgement {
  readonly policyHash: string;
  readonly coverage: Coverage;
  readonly actors: readonly ActorSummary[];
  readonly findings: readonly Finding[];
}

const ALL_TIME: Interval = { from: padNanos('0'), to: padNanos('9223372036854775807') };
/** A log stands on no ledger. */
const NOWHERE: Locate = () => ({ block: '', tx: '' });

/** Judges as a reconciler does: each log is what one actor attests, and a watch of all time but for its holes. */
export function judgeLogs(testimony: Testimony): LogJudgement {
  const { actors, policy, counted = [] } = testimony;
  const told = [...testimony.told].sort(byTime);
  const numbered: NumberedPolicy = { number: 1, hash: policyHash(policyText(policy)), policy };
  const vantage: Vantage = {
    clock: BigInt(ALL_TIME.to) * 2n,
    policyAt: () => numbered,
    limit: (since, duration) => since + duration,
    firstPast: () => 0,
  };
  const sources = new Sources();
  const source = watchedSource(sources, testimony);
  const standings = told.flatMap((one, index) => standingOf(judgedEvent(one, index, source, actors), vantage) ?? []);
  const { floods, rest } = floodsOf(standings, policy.quota);
  const judged = judgeEvents(rest, pairVariants(rest, vantage), ALL_TIME, NOWHERE, true);
  const many = testimony.beyond.map((beyond, index) => {
    const first = told.length + index * actors.length;
    const events = beyond.first.map((one, at) => judgedEvent(one, first + at, source, actors));
    const names = beyond.logs.map((log) => actors[log] as string);
    const own = events.flatMap((event) => standingOf(event, vantage) ?? []);
    return judgeBeyond(beyond, own, names, { vantage, within: ALL_TIME, locate: NOWHERE });
  });
  const hidden = [...(testimony.hidden ?? []), ...many.flatMap((one) => one.hidden)];
  const gaps = [...source.witnesses].flatMap(([actor, witness]) => {
    const holes = holesOf(witness, ALL_TIME);
    const others = holes.length > 0 ? timesOfOthers(source, actor, standings) : [];
    const own = hidden.filter((one) => one.actor === actor);
    return holes.map((hole) => withHidden(gapFinding(source, actor, witness, hole, others), hole, own));
  });
  const findings = distinct(
    foldAlike([...judged.findings, ...floods.flatMap(floodFindings), ...many.flatMap((one) => one.findings), ...gaps], {
      counted: counted.map(({ dissent, events, ...one }) => ({
        ...one,
        source: testimony.source,
        dissent: dissent.map((log) => actors[log] as string).sort(),
        findings: events,
      })),
      ...(testimony.mostAlike !== undefined && { most: testimony.mostAlike }),
    }),
  ).map(wholly);
  judged.counts.disputed += counted.reduce((sum, { events }) => sum + events, 0);
  judged.counts.disputed += floods.reduce((sum, { standings: list }) => sum + list.length, 0);
  judged.counts.disputed += many.reduce((sum, { disputed }) => sum + disputed, 0);
  judged.counts.unobservable += many.reduce((sum, { unobservable }) => sum + unobservable, 0);
  const attestedBy = (log: number) =>
    (testimony.attested[log] as number) +
    told.filter(({ lines }) => lines.has(log)).length +
    counted.reduce((sum, { attested }) => sum + (attested[log] as number), 0) +
    testimony.beyond.filter(({ logs }) => logs.includes(log)).reduce((sum, { events }) => sum + events, 0);
  return {
    policyHash: numbered.hash,
    coverage: coverageOf(judged.counts, testimony.agreed + many.reduce((sum, { agreed }) => sum + agreed, 0)),
    actors: actors
      .map((actor, log) => summaryOf(actor, attestedBy(log), findings))
      .sort((a, b) => (a.actor < b.actor ? -1 : 1)),
    findings,
  };
}

/** A gap with the events in it that were counted, and not looked at one by one. */
function withHidden(finding: Finding, { from, to }: Interval, hidden: readonly HiddenEvents[]): Finding {
  const more = hidden.filter(({ time }) => time >= from && time < to).reduce((sum, { events }) => sum + events, 0);
  return finding.gap === undefined
    ? finding
    : { ...finding, gap: { ...finding.gap, events: finding.gap.events + more } };
}

/** Logs have no order among each other, as a ledger has: what happened first counts as said first. */
function byTime({ event: one }: Told, { event: other }: Told): number {
  const [a, b] = [padNanos(one.event.time ?? '0'), padNanos(other.event.time ?? '0')];
  if (a !== b) return a < b ? -1 : 1;
  return one.hash < other.hash ? -1 : 1;
}

function watchedSource(sources: Sources, { actors, source: name, holes }: Testimony): Source {
  const source = sources.named(name);
  for (const [log, actor] of actors.entries()) {
    const witness = witnessAt(source, actor, undefined);
    const own = holes.filter((hole) => hole.log === log);
    for (const { from, to, reason } of own) declare(witness, { from, to, reason });
    for (const stretch of subtract(ALL_TIME, witness.hidden)) witness.coverage.add(stretch, 0);
  }
  return source;
}

function judgedEvent({ event, lines }: Told, index: number, source: Source, actors: readonly string[]): JudgedEvent {
  const timeless = event.event.time === undefined;
  const attestations = [...lines].map(
    ([log, { line, timeNano }]): JudgedAttestation => ({
      actor: actors[log] as string,
      collector: '',
      run: '',
      number: line.line,
      seq: index,
      ...(timeless && { t: timeNano }),
    }),
  );
  const { type, action, object } = event.event;
  const time = padNanos(event.event.time ?? (medianTime(attestations) as string));
  return {
    id: index,
    hash: event.hash,
    time,
    keyTime: time,
    source,
    type,
    action,
    object,
    event: event.event as CanonicalEvent,
    firstSeq: index,
    appearance: 0n,
    attesters: [...new Set(attestations.map(({ actor }) => actor))].sort(),
    attestations: attestations.sort((a, b) => (a.actor < b.actor ? -1 : 1)),
    retired: false,
    late: [],
  };
}

interface Flood {
  readonly actor: string;
  readonly day: string;
  /** Beyond the quota, in the order in which the log has them. */
  readonly standings: readonly Standing[];
}

/** What one log alone says of a day beyond the policy's quota, and all else. */
function floodsOf(standings: readonly Standing[], quota: number): { floods: Flood[]; rest: Standing[] } {
  const sole = new Map<string, { actor: string; day: string; standings: Standing[] }>();
  const rest: Standing[] = [];
  const numberOf = ({ event }: Standing) => event.attestations[0]?.number ?? 0;
  for (const standing of [...standings].sort((a, b) => numberOf(a) - numberOf(b))) {
    const [actor = '', another] = standing.attesters;
    if (another !== undefined) {
      rest.push(standing);
      continue;
    }
    const day = dayOf(unpadNanos(standing.event.time));
    const key = JSON.stringify([actor, day]);
    const own = sole.get(key) ?? { actor, day, standings: [] };
    sole.set(key, own);
    own.standings.push(standing);
  }
  const floods: Flood[] = [];
  for (const { actor, day, standings: own } of sole.values()) {
    rest.push(...own.slice(0, quota));
    if (own.length > quota) floods.push({ actor, day, standings: own.slice(quota) });
  }
  return { floods, rest };
}

function floodFindings({ actor, day, standings }: Flood): Finding[] {
  const of = (verdict: 'uncorroborated' | 'unresolved') =>
    foldedFinding(
      standings.filter((standing) => (standing.verdict === 'uncorroborated') === (verdict === 'uncorroborated')),
      { actor, verdict, id: findingId('', `flood/${actor}/${day}`, ...(verdict === 'unresolved' ? [verdict] : [])) },
    );
  return [...of('uncorroborated'), ...of('unresolved')];
}

function foldedFinding(
  standings: readonly Standing[],
  about: { readonly actor: string; readonly verdict: 'uncorroborated' | 'unresolved'; readonly id: string },
): Finding[] {
  const [first] = standings;
  if (first === undefined) return [];
  const { source, type, object, action } = first.event;
  return [
    {
      ...established('uncorroborated', { ...about, source: source.name, time: first.event.time }),
      ...(about.verdict === 'unresolved' && { dissent: [] }),
      type,
      object,
      action,
      verdict: about.verdict,
      variants: [variantOf(first.event, NOWHERE)],
      folded: standings.length,
    },
  ];
}
