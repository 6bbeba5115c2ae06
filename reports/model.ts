import stringify from 'fast-json-stable-stringify';
import { type CanonicalEvent, sha256Hex } from '#chaincode';
import { terminalSafe } from '../cli/printable.js';
import {
  type ActorSummary,
  type BatchEvidence,
  type DayJudgement,
  type Evidence,
  FINDING_CLASSES,
  type Finding,
  type RunningSum,
  type Variant,
} from '../reconciler/judgement.js';

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
  return sha256Hex(stringify({ ...report, hash: undefined }));
}

/** The report as its file has it: JSON, indented by two, a newline at the end. */
export function reportText(report: DailyReport): string {
  return `${terminalSafe(JSON.stringify(report, null, 2))}\n`;
}

/** A judgement's fields in the order of version 1, its arrays sorted. Also what `checkReport` compares with. */
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

function orderedFinding(finding: Finding): Finding {
  const { type, object, action, gap, silence, numbers, batches, folded } = finding;
  return {
    id: finding.id,
    class: finding.class,
    severity: finding.severity,
    source: finding.source,
    ...(type !== undefined && { type }),
    ...(object !== undefined && { object }),
    ...(action !== undefined && { action }),
    time: finding.time,
    majority: texts(finding.majority),
    dissent: texts(finding.dissent),
    verdict: finding.verdict,
    variants: sorted(finding.variants.map(orderedVariant), (a, b) => byText(a.reference, b.reference)),
    absence: sorted(
      finding.absence.map(({ actor, by, block, tx }) => ({ actor, by, block, tx })),
      (a, b) => byText(a.actor, b.actor),
    ),
    diff: sorted(
      finding.diff.map(({ path, values }) => ({ path, values: sortedKeys(values) })),
      (a, b) => byText(a.path, b.path),
    ),
    ...(gap && { gap: { to: gap.to, reason: gap.reason, events: gap.events } }),
    ...(silence && { silence: { watched: silence.watched, to: silence.to } }),
    ...(numbers && { numbers: { from: numbers.from, to: numbers.to } }),
    ...(batches && { batches: sorted(batches.map(orderedBatch), byBatch) }),
    ...(folded !== undefined && { folded }),
  };
}

function orderedBatch({ actor, collector, run, n, digest, block, tx }: BatchEvidence): BatchEvidence {
  return { actor, collector, run, n, digest, block, tx };
}

function byBatch(a: BatchEvidence, b: BatchEvidence): number {
  return byText(a.actor, b.actor) || byText(a.run, b.run) || byNumber(a.n, b.n) || byText(a.digest, b.digest);
}

function orderedVariant(variant: Variant): Variant {
  return {
    eventHash: variant.eventHash,
    reference: variant.reference,
    actors: texts(variant.actors),
    event: sortedKeys(variant.event) as CanonicalEvent,
    evidence: sorted(variant.evidence.map(orderedEvidence), byPlace),
  };
}

function orderedEvidence({ actor, collector, run, number, block, tx, t }: Evidence): Evidence {
  return { actor, collector, run, number, block, tx, ...(t !== undefined && { t }) };
}

/** Findings lie in order of time, then of class as `FINDING_CLASSES` lists them, then of id. */
function byTimeClassId(a: Finding, b: Finding): number {
  return (
    byNumber(a.time, b.time) ||
    FINDING_CLASSES.indexOf(a.class) - FINDING_CLASSES.indexOf(b.class) ||
    byText(a.id, b.id)
  );
}

function byPlace(a: Evidence, b: Evidence): number {
  return (
    byText(a.actor, b.actor) ||
    byText(a.collector, b.collector) ||
    byText(a.run, b.run) ||
    byNumber(a.number, b.number) ||
    byNumber(a.block, b.block)
  );
}

/** Sorted by `compare`; what it holds equal is sorted by canonical form, so input order never shows. */
function sorted<T>(values: readonly T[], compare: (a: T, b: T) => number): T[] {
  return [...values].sort((a, b) => compare(a, b) || byText(stringify(a), stringify(b)));
}

function texts(values: readonly string[]): string[] {
  return [...values].sort(byText);
}

/** By UTF-16 unit, as the stable stringification sorts keys; never by locale. */
function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Decimal strings by value: a longer one without leading zeros is greater. */
function byNumber(a: string, b: string): number {
  return a.length - b.length || byText(a, b);
}

// Through text and back, for a label may be named `__proto__`, which copying by assignment loses.
function sortedKeys<T extends object>(value: T): T {
  return JSON.parse(stringify(value)) as T;
}
