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
  readonly unobservable: number;
  readonly findings: readonly Finding[];
  /** The actors that may have had them, for they had a hole, and when. */
  readonly hidden: readonly HiddenEvents[];
}

/** Events of others that an actor may have had, for it had a hole. */
export interface HiddenEvents {
  readonly actor: string;
  /** Of the first one, 19 digits. */
  readonly time: string;
  readonly events: number;
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
  const nothing = { agreed: 0, disputed: 0, unobservable: 0, findings: [], hidden: [] };
  if (standing === undefined) return nothing;
  const judged = judgeEvents(standings, pairVariants(standings, vantage), within, locate, true);
  const [finding] = judged.findings;
  const { type, object, action } = standing.event;
  const source = standing.event.source.name;
  const id = findingId(source, `beyond/${names.join('/')}/${finding?.id ?? ''}`);
  const hidden = standing.blind.map((actor) => ({ actor, time: standing.event.time, events }));
  if (finding !== undefined) {
    return { ...nothing, disputed: events, findings: [{ ...finding, id, folded: events }], hidden };
  }
  if (judged.counts.unobservable > 0) return { ...nothing, unobservable: events, hidden };
  if (isAlike) return { ...nothing, agreed: events, hidden };
  // All say the same of the first moment, but the others were not read.
  const about = { id, source, time: standing.event.time, actor: '' };
  const unread = { dissent: [], verdict: 'unresolved' as const, variants: [variantOf(standing.event, locate)] };
  const differs = { ...established('differs', about), ...unread, type, object, action, folded: events };
  return { ...nothing, disputed: events, findings: [differs], hidden };
}
