import { padNanos } from '#chaincode';
import { type ActorSummary, type Coverage, FINDING_CLASSES, type Finding, type FindingClass } from '../judgement.js';
import type { Interval } from '../ledger/coverage.js';
import * as findings from './findings.js';
import { MAX_ALIKE } from './fold.js';
import type { Pairing } from './pairing.js';
import type { Standing } from './standing.js';

/** Where events stand that were judged one by one. */
interface Counts {
  agreed: number;
  disputed: number;
  pending: number;
  unobservable: number;
}

/**
 * What is found about the events of an interval, and where they stand.
 * @param lazily where most of it may be folded, or there may be very much of it, see `Telling`
 */
export function judgeEvents(
  standings: readonly Standing[],
  { pairs, clusters }: Pairing,
  bounds: Interval,
  locate: findings.Locate,
  lazily = false,
): { findings: Finding[]; counts: Counts } {
  const telling = { locate, lazily };
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
      cluster.length > 1 ? findings.unresolvedVariants(cluster, telling) : findings.uncorroborated(first, telling),
    );
  }
  for (const standing of standings.filter((one) => ofDay(one) && one.sourceExists && !consumed.has(one))) {
    if (standing.verdict === 'stands') {
      const pair = paired.get(standing);
      const alone = standing.lacking.filter(
        ({ actor }) => !pair?.dissent.some((dissenter) => dissenter.actor === actor),
      );
      if (pair !== undefined) found.push(findings.differs(pair, telling));
      if (alone.length > 0) found.push(findings.missing(standing, alone, pair !== undefined, telling));
      if (standing.late.length > 0) found.push(findings.late(standing, telling));
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
    found.push(findings.inventedSource(events, telling));
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

/** @param complete how many events besides are attested by all who were expected */
export function coverageOf({ agreed, disputed, pending, unobservable }: Counts, complete: number): Coverage {
  const total = agreed + complete;
  return { events: total + disputed + pending + unobservable, agreed: total, disputed, pending, unobservable };
}

/** @param attested how many events the actor attested */
export function summaryOf(actor: string, attested: number, all: readonly Finding[]): ActorSummary {
  const counts = Object.fromEntries(FINDING_CLASSES.map((name) => [name, 0])) as Record<FindingClass, number>;
  for (const { class: name, dissent } of all) if (dissent.includes(actor)) counts[name] += 1;
  return { actor, attested, ...counts };
}

/** In the order of reports, and no two under one name: what several dissenters share may be in two findings. */
export function distinct(all: readonly Finding[]): Finding[] {
  const known = new Map<string, number>();
  return inOrder(all).map((finding) => {
    const times = known.get(finding.id) ?? 0;
    known.set(finding.id, times + 1);
    return times === 0 ? finding : { ...finding, id: findings.findingId(finding.source, finding.id, `${times + 1}`) };
  });
}

/** As `byTimeAndClass` has them; times are brought into one length once. */
function inOrder(all: readonly Finding[]): readonly Finding[] {
  const keyed = all.map((finding) => ({ finding, time: padNanos(finding.time) }));
  keyed.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : byTimeAndClass(a.finding, b.finding)));
  return keyed.map(({ finding }) => finding);
}

/** The order of reports. */
export function byTimeAndClass(a: Finding, b: Finding): number {
  const [timeA, timeB] = [padNanos(a.time), padNanos(b.time)];
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  const classes = FINDING_CLASSES.indexOf(a.class) - FINDING_CLASSES.indexOf(b.class);
  return classes !== 0 ? classes : a.id < b.id ? -1 : 1;
}
