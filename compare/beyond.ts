import { established, findingId, type Locate, variantOf } from '../reconciler/judge/findings.js';
import type { Vantage } from '../reconciler/judge/input.js';
import { judgeEvents } from '../reconciler/judge/judge-events.js';
import { pairVariants } from '../reconciler/judge/pairing.js';
import type { Standing } from '../reconciler/judge/standing.js';
import type { Finding } from '../reconciler/judgement.js';
import type { Interval } from '../reconciler/ledger/coverage.js';
import type { Told } from './told.js';

/** Very many moments of which the same logs say the same, too many to be read one by one. */
export interface BeyondTold {
  /** The logs that have a line of them. */
  readonly logs: readonly number[];
  readonly events: number;
  /** What is told of the first. */
  readonly first: readonly Told[];
  /** Whether each of them is told in one way only. */
  readonly isAlike: boolean;
}

/** What is said of them. */
export interface BeyondJudged {
  readonly agreed: number;
  readonly disputed: number;
  readonly findings: readonly Finding[];
}

/**
 * Judges them all as the first.
 * @param standings of the first moment's events
 * @param names of the logs that have a line of them
 */
export function judgeBeyond(
  { events, isAlike }: BeyondTold,
  standings: readonly Standing[],
  names: readonly string[],
  { vantage, within, locate }: { readonly vantage: Vantage; readonly within: Interval; readonly locate: Locate },
): BeyondJudged {
  const [standing] = standings;
  if (standing === undefined) return { agreed: 0, disputed: 0, findings: [] };
  const [finding] = judgeEvents(standings, pairVariants(standings, vantage), within, locate).findings;
  const { source, type, object, action } = standing.event.event;
  const id = findingId(source, `beyond/${names.join('/')}/${finding?.id ?? ''}`);
  if (finding !== undefined) return { agreed: 0, disputed: events, findings: [{ ...finding, id, folded: events }] };
  if (isAlike) return { agreed: events, disputed: 0, findings: [] };
  // All say the same of the first moment, but the others were not read.
  const about = { id, source, time: standing.event.time, actor: '' };
  const unread = { dissent: [], verdict: 'unresolved' as const, variants: [variantOf(standing, locate)] };
  const differs = { ...established('differs', about), ...unread, type, object, action, folded: events };
  return { agreed: 0, disputed: events, findings: [differs] };
}
