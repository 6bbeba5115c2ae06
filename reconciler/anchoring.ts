import { type AnchorAnswer, anchorDifference, type PoliciesAnswer } from '#chaincode';
import { type LedgerConnection, withConnection } from '../network/connection.js';
import { anchorOf, objectsIn } from './anchor-ranges.js';
import type { DailyReport } from './daily-report.js';
import { mustBeLedgerOf } from './same-ledger.js';

/** Another actor's anchor of the day, held against the report that was anchored. */
export interface ComparedAnchor {
  readonly actor: string;
  readonly hash: string;
  readonly same: boolean;
  /** The first difference: the part of the report, for findings their class, and the objects it may be about. */
  readonly difference?: { readonly part: string; readonly class?: string; readonly objects?: readonly string[] };
}

/** What came of anchoring a report. */
export interface Anchored {
  readonly actor: string;
  readonly block: string;
  readonly tx: string;
  readonly others: readonly ComparedAnchor[];
}

/**
 * Puts a sealed report's hash on the ledger and holds it against what the other actors have anchored of the day.
 * @throws NetworkError, and ReconcilerError `LEDGER_CHANGED` where the profile is of another ledger than the report
 */
export function anchorReport(profileFile: string, report: DailyReport, signal: AbortSignal): Promise<Anchored> {
  return withConnection(profileFile, signal, async (ledger) => {
    await mustBeLedgerOf(ledger, report);
    const anchor = anchorOf(report);
    const { block, transactionId } = await ledger.submit('AnchorReport', JSON.stringify(anchor));
    const { mspId } = ledger.profile;
    const others = (await anchorsOf(ledger, report.day)).filter(
      ({ actor, hash }) => actor !== mspId || hash !== report.hash,
    );
    return {
      actor: mspId,
      block: block.toString(),
      tx: transactionId,
      others: others.map((other) => compared(report, anchorDifference(anchor, other), other)),
    };
  });
}

function compared(
  report: DailyReport,
  difference: ReturnType<typeof anchorDifference>,
  { actor, hash }: AnchorAnswer,
): ComparedAnchor {
  if (difference === undefined) return { actor, hash, same: true };
  const { part, class: name, range, object } = difference;
  const own = range === undefined ? [] : objectsIn(report, name ?? part, range);
  const objects = [...new Set([...own, ...(object === undefined ? [] : [object])])].sort();
  return {
    actor,
    hash,
    same: false,
    difference: { part, ...(name !== undefined && { class: name }), ...(range !== undefined && { objects }) },
  };
}

/** The anchors of a day by actors of any policy that came into force; of an outsider's nothing follows. */
async function anchorsOf(ledger: LedgerConnection, day: string): Promise<AnchorAnswer[]> {
  const { inForce } = JSON.parse(await ledger.evaluate('GetPolicies')) as PoliciesAnswer;
  const actors = new Set(inForce.flatMap(({ policy }) => policy.actors));
  const anchors: AnchorAnswer[] = [];
  for (let bookmark: string | undefined; bookmark !== ''; ) {
    const text = await ledger.evaluate('GetAnchors', day, bookmark ?? '');
    const page = JSON.parse(text) as { readonly anchors: AnchorAnswer[]; readonly bookmark: string };
    anchors.push(...page.anchors);
    // A page that leads to itself would be asked for without end.
    bookmark = page.bookmark === bookmark ? '' : page.bookmark;
  }
  return anchors.filter(({ actor }) => actors.has(actor));
}
