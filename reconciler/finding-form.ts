import { hash } from 'node:crypto';
import stringify from 'fast-json-stable-stringify';
import type { CanonicalEvent } from '#chaincode';
import type { BatchEvidence, Evidence, Finding, Variant } from './judgement.js';
import { byNumber, byText, sorted, sortedKeys, texts } from './ordering.js';

// A prefix per kind: a digest of one kind of text can never pass for one of another.
const FINDING_PREFIX = 'event2ledger/finding/v1\n';

/** The hash of a finding, under which it is disputed: SHA-256 over its prefix and the stable stringification of it. */
export function findingHash(finding: Finding): string {
  return hash('sha256', FINDING_PREFIX + stringify(orderedFinding(finding)), 'hex');
}

/** A finding's fields in the order of version 1 of the report, its arrays sorted. */
export function orderedFinding(finding: Finding): Finding {
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

function byPlace(a: Evidence, b: Evidence): number {
  return (
    byText(a.actor, b.actor) ||
    byText(a.collector, b.collector) ||
    byText(a.run, b.run) ||
    byNumber(a.number, b.number) ||
    byNumber(a.block, b.block)
  );
}
