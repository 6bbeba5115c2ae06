import { anchorDifference } from '#chaincode';
import { rangesOf } from './anchor-ranges.js';
import { dailyReport } from './daily-report.js';
import { knownFindings, standingOfDispute } from './dispute-standing.js';
import type { DisputeStanding, ReportedAnchor } from './exchange-form.js';
import type { DayJudgement } from './judgement.js';
import type { BookedAnchor } from './projection/anchor-book.js';
import type { Projection } from './projection/projection.js';
import { sealedJudgement } from './seal-store.js';

/**
 * A day's judgement with what the actors told each other on the ledger since the seal before: the disputes in which
 * something was done, as they stand now, and the reports they anchored. Of a day that is being sealed nothing later has been
 * read. A pure function of the ledger, as the rest is.
 * @param after the batch transaction of the seal before, 0 if there is none
 */
export function withExchange(projection: Projection, judgement: DayJudgement, after: number): DayJudgement {
  const disputes = disputesOf(projection, judgement, projection.disputes.touched(after));
  const anchors = projection.anchors.since(after);
  return {
    ...judgement,
    ...(disputes.length > 0 && { disputes }),
    ...(anchors.length > 0 && { anchors: anchorsOf(projection, anchors) }),
  };
}

/** The disputes about these findings, as they stand now. @param judgement a day that was just judged */
export function disputesOf(
  projection: Projection,
  judgement: DayJudgement | undefined,
  findings: readonly string[],
): DisputeStanding[] {
  const known = knownFindings(projection, judgement);
  const actors = projection.policies.inForce.at(-1)?.policy.actors ?? [];
  return findings.flatMap((finding) => {
    const dispute = projection.disputes.find(finding);
    if (dispute === undefined) return [];
    return standingOfDispute(dispute, known, projection.clock.now, actors) ?? [];
  });
}

function anchorsOf(projection: Projection, anchors: readonly BookedAnchor[]): ReportedAnchor[] {
  const own = new Map<string, ReturnType<typeof ownAnchor>>();
  return anchors.map((anchor) => {
    const { day, actor, hash } = anchor;
    if (!own.has(day)) own.set(day, ownAnchor(projection, day));
    const report = own.get(day);
    const found = report === undefined ? { part: 'seal' } : anchorDifference(report, anchor);
    if (found === undefined) return { day, actor, hash, same: true };
    const { part, class: name, object } = found;
    const difference = { part, ...(name !== undefined && { class: name }), ...(object !== undefined && { object }) };
    return { day, actor, hash, same: false, difference };
  });
}

function ownAnchor(projection: Projection, day: string) {
  const judgement = sealedJudgement(projection, day);
  if (judgement === undefined) return undefined;
  const report = dailyReport(judgement);
  return { hash: report.hash, ranges: rangesOf(report) };
}
