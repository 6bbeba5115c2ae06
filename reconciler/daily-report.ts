import { createHash } from 'node:crypto';
import stringify from 'fast-json-stable-stringify';
import { orderedAnchor, orderedDispute } from './exchange-form.js';
import { orderedFinding } from './finding-form.js';
import { type ActorSummary, type DayJudgement, FINDING_CLASSES, type Finding, type RunningSum } from './judgement.js';
import { byNumber, byText, sorted, sortedKeys, texts } from './ordering.js';
import { stableParts } from './stable-parts.js';

/** What `report` and `version` say in every report of this form. */
export const REPORT_KIND = 'event2ledger/daily';
export const REPORT_VERSION = 1;

/** A day's report without its hash: what is hashed. */
export type ReportBody = {
  readonly report: typeof REPORT_KIND;
  readonly version: typeof REPORT_VERSION;
} & DayJudgement;

/** A day's report: the contract's JSON, version 1. */
export type DailyReport = ReportBody & {
  /** SHA-256, hex, over the stable stringification of everything else. */
  readonly hash: string;
};

/**
 * The report of a judged day. Every array comes out in the order of version 1, whatever its order was, so that
 * equal judgements give equal bytes; the judgement itself is left as it is.
 * @example
 * const report = dailyReport(dayJudgement('reconciler.db', '2026-11-22'));
 * process.stdout.write(reportText(report));
 */
export function dailyReport(judgement: DayJudgement): DailyReport {
  const body = orderedBody(judgement);
  return { ...body, hash: reportHash(body) };
}

/** The hash of a report: over the canonical form of all its fields but `hash`. */
export function reportHash(report: ReportBody | DailyReport): string {
  const hash = createHash('sha256');
  for (const part of stableParts({ ...report, hash: undefined })) hash.update(part);
  return hash.digest('hex');
}

/** Whether all arrays of a report lie in the order of version 1. */
export function isOrdered(report: DailyReport): boolean {
  const { findings, ...rest } = report;
  const others = { ...rest, findings: [] };
  // Stable stringification sorts keys but keeps arrays: what differs is an array's order.
  if (stringify({ ...orderedBody(others), hash: report.hash }) !== stringify(others)) return false;
  return findings.every((finding, index) => {
    const text = stringify(finding);
    const before = findings[index - 1];
    if (stringify(orderedFinding(finding)) !== text) return false;
    return before === undefined || (byTimeClassId(before, finding) || byText(stringify(before), text)) <= 0;
  });
}

/** A judgement's fields in the order of version 1, its arrays sorted. */
export function orderedBody(judgement: DayJudgement): ReportBody {
  const { sealedAt, stalled, blocks, coverage, bill } = judgement;
  return {
    report: REPORT_KIND,
    version: REPORT_VERSION,
    day: judgement.day,
    ledger: judgement.ledger,
    channel: judgement.channel,
    chaincode: judgement.chaincode,
    judge: judgement.judge,
    policyHash: judgement.policyHash,
    sealed: judgement.sealed,
    ...(sealedAt && { sealedAt: { block: sealedAt.block, tx: sealedAt.tx, clock: sealedAt.clock } }),
    ...(stalled && { stalled: texts(stalled) }),
    blocks: { from: blocks.from, to: blocks.to, hash: blocks.hash },
    coverage: {
      events: coverage.events,
      agreed: coverage.agreed,
      disputed: coverage.disputed,
      pending: coverage.pending,
      unobservable: coverage.unobservable,
    },
    actors: sorted(judgement.actors.map(orderedActor), (a, b) => byText(a.actor, b.actor)),
    findings: sorted(judgement.findings.map(orderedFinding), byTimeClassId),
    running: sorted(
      judgement.running.map((time) => ({
        object: time.object,
        name: time.name,
        image: time.image,
        agreedSeconds: time.agreedSeconds,
        perActor: sortedKeys(time.perActor),
        disputedSeconds: time.disputedSeconds,
        unknownSeconds: time.unknownSeconds,
      })),
      (a, b) => byText(a.object, b.object),
    ),
    sums: sorted(judgement.sums.map(orderedSum), (a, b) => byText(sumKey(a), sumKey(b)) || byText(a.value, b.value)),
    bill: { currency: bill.currency, agreed: bill.agreed, disputed: bill.disputed },
    amends: sorted(
      judgement.amends.map(({ day, id, change }) => ({ day, id, change })),
      (a, b) => byText(a.day, b.day) || byText(a.id, b.id),
    ),
    ...(judgement.disputes && {
      disputes: sorted(
        judgement.disputes.map(orderedDispute),
        (a, b) => byText(a.finding, b.finding) || byText(a.openedBy, b.openedBy),
      ),
    }),
    ...(judgement.omittedDisputes !== undefined && { omittedDisputes: judgement.omittedDisputes }),
    ...(judgement.anchors && {
      anchors: sorted(
        judgement.anchors.map(orderedAnchor),
        (a, b) => byText(a.day, b.day) || byText(a.actor, b.actor) || byText(a.hash, b.hash),
      ),
    }),
  };
}

function orderedSum(sum: RunningSum): RunningSum {
  return {
    by: sum.by,
    ...(sum.label !== undefined && { label: sum.label }),
    value: sum.value,
    containers: sum.containers,
    agreedSeconds: sum.agreedSeconds,
    disputedSeconds: sum.disputedSeconds,
    unknownSeconds: sum.unknownSeconds,
    agreed: sum.agreed,
    disputed: sum.disputed,
  };
}

function sumKey({ by, label = '' }: RunningSum): string {
  return `${by} ${label}`;
}

function orderedActor(summary: ActorSummary): ActorSummary {
  const counts = Object.fromEntries(FINDING_CLASSES.map((name) => [name, summary[name]])) as Pick<
    ActorSummary,
    (typeof FINDING_CLASSES)[number]
  >;
  return { actor: summary.actor, attested: summary.attested, ...counts };
}

/** Findings lie in order of time, then of class as `FINDING_CLASSES` lists them, then of id. */
function byTimeClassId(a: Finding, b: Finding): number {
  return (
    byNumber(a.time, b.time) ||
    FINDING_CLASSES.indexOf(a.class) - FINDING_CLASSES.indexOf(b.class) ||
    byText(a.id, b.id)
  );
}
