import { anchorDifference, type Day } from '#chaincode';
import { rangesOf } from './anchor-ranges.js';
import { dailyReport } from './daily-report.js';
import { knownFindings, standingOfDispute } from './dispute-standing.js';
import type { DisputeStanding, ReportedAnchor } from './exchange-form.js';
import type { DayJudgement } from './judgement.js';
import { sealedJudgement } from './kept-days.js';
import { byText } from './ordering.js';
import type { BookedAnchor } from './projection/anchor-book.js';
import type { BookedDispute, DatedDispute, ToldDispute } from './projection/dispute-book.js';
import type { Projection } from './projection/projection.js';

/** Acts of a dispute that are shown as things stand now: the last ones. */
const MOST_ACTS_SHOWN = 50;

/** The seal before that of a report. */
interface SealBefore {
  readonly day: Day;
  /** The sealing batch transaction. */
  readonly seq: number;
}

/**
 * A day's judgement with what the actors told each other on the ledger since the seal before: the disputes in which
 * something was done, as they stand now, and the reports they anchored. What was said of a day that was open then is told
 * again as soon as its report is there to hold it against: disputes in the day's own report, anchors in the next. Of a day
 * that is being sealed nothing later has been read. A pure function of the ledger, as the rest is.
 * @param last the seal before, undefined if there is none
 */
export function withExchange(
  projection: Projection,
  judgement: DayJudgement,
  last: SealBefore | undefined,
): DayJudgement {
  const after = last?.seq ?? 0;
  const told = projection.disputes.told(after, judgement.day);
  const disputes = toldDisputes(projection, judgement, told.disputes, after);
  const anchors = projection.anchors.since(after, last?.day);
  return {
    ...judgement,
    ...(disputes.length > 0 && { disputes }),
    ...(told.omitted > 0 && { omittedDisputes: told.omitted }),
    ...(anchors.length > 0 && { anchors: anchorsOf(projection, anchors) }),
  };
}

/** The disputes about a day's findings as they stand now, in order of finding and opener, each with its last acts. */
export function disputesAbout(projection: Projection, judgement: DayJudgement): DisputeStanding[] {
  const findings = [...new Set(judgement.findings.map(({ id }) => id))];
  const disputes = findings.flatMap((finding) => projection.disputes.about(finding));
  const standings = standingsOf(projection, judgement, disputes, ({ acts }) => {
    const shown = acts.slice(-MOST_ACTS_SHOWN).map(({ act }) => act);
    return { earlier: acts.length - shown.length, acts: shown };
  });
  return standings.sort((a, b) => byText(a.finding, b.finding) || byText(a.openedBy, b.openedBy));
}

function toldDisputes(
  projection: Projection,
  judgement: DayJudgement,
  told: readonly ToldDispute[],
  after: number,
): DisputeStanding[] {
  return standingsOf(projection, judgement, told, (dispute, { told: numbers }) => {
    const acts = dispute.acts.filter(({ number }) => numbers.has(number)).map(({ act }) => act);
    const untold = dispute.acts.filter(({ number }) => !numbers.has(number));
    const earlier = untold.filter(({ seq }) => seq < after).length;
    const omitted = untold.length - earlier;
    return { earlier, acts, ...(omitted > 0 && { omitted }) };
  });
}

/** @param judgement a day that was just judged */
function standingsOf<T extends DatedDispute>(
  projection: Projection,
  judgement: DayJudgement,
  disputes: readonly T[],
  actsOf: (dispute: BookedDispute, dated: T) => Pick<DisputeStanding, 'earlier' | 'acts' | 'omitted'>,
): DisputeStanding[] {
  const known = knownFindings(projection, judgement);
  const actors = projection.policies.inForce.at(-1)?.policy.actors ?? [];
  // Day by day, for what is known of a day is looked up once.
  return [...disputes]
    .sort((a, b) => byText(a.day, b.day))
    .flatMap((dated) => {
      const dispute = projection.disputes.find(dated);
      const standing = dispute && standingOfDispute(dispute, known, projection.clock, actors);
      return dispute === undefined || standing === undefined ? [] : { ...standing, ...actsOf(dispute, dated) };
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
