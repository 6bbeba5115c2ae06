import type { DisputeAct, DisputeDeed } from './dispute.js';
import type { Policy } from './policy.js';

/** At most so many acts in a dispute, and so many of one actor, for else one could use them up for all. */
export const MAX_DISPUTE_ACTS = 500;
export const MAX_ACTS_OF_ACTOR = 50;

/** What has been done since a dispute was opened the last time. */
export interface DisputeRound {
  readonly opening: Extract<DisputeAct, { act: 'open' }>;
  readonly answers: readonly Extract<DisputeAct, { act: 'answer' }>[];
  readonly isClosed: boolean;
}

/** The latest round of a dispute; undefined if it was never opened. */
export function latestRound(acts: readonly DisputeAct[]): DisputeRound | undefined {
  const at = acts.findLastIndex(({ act }) => act === 'open');
  const opening = acts[at];
  if (opening?.act !== 'open') return undefined;
  const since = acts.slice(at + 1);
  return {
    opening,
    answers: since.filter((act) => act.act === 'answer'),
    isClosed: since.some(({ act }) => act === 'close'),
  };
}

/**
 * Why an actor may not do this in a dispute, as a sentence; undefined if it may. Contract and reconciler ask the same.
 * @param acts what was done so far
 * @param policy the last approved policy, undefined while there is none
 */
export function disputeRefusal(
  acts: readonly DisputeAct[],
  deed: DisputeDeed,
  actor: string,
  policy: Policy | undefined,
): string | undefined {
  if (policy === undefined) return 'No policy is in force, so there are no actors and nothing is in dispute.';
  if (!policy.actors.includes(actor)) {
    return `${actor} has no say in disputes; only the actors of the policy in force have: ${policy.actors.join(', ')}.`;
  }
  const round = latestRound(acts);
  const full = fullness(acts, deed, actor);
  if (full !== undefined) return full;
  if (deed.act === 'open') {
    if (round !== undefined && !round.isClosed) {
      return `This dispute is open already: ${round.opening.actor} opened it; answer it, or wait until that closes it.`;
    }
    if (deed.answerWithin < policy.deadline) {
      return `The others have ${policy.deadline} seconds to answer at the least, the deadline of the policy; give them that.`;
    }
    return undefined;
  }
  if (round === undefined) return 'Nobody has opened a dispute about this finding; open one first.';
  if (round.isClosed) return 'This dispute is closed; open it again if there is more to say.';
  const isOwn = round.opening.actor === actor;
  if (deed.act === 'close' && !isOwn) return `Only ${round.opening.actor} can close this dispute, for it opened it.`;
  if (deed.act === 'answer' && deed.answer !== 'explain' && isOwn) {
    return `${actor} opened this dispute; the others accept or contest it, who opened it can only explain.`;
  }
  return undefined;
}

/** Whoever opened a dispute can always close it: the last act is kept for that. */
function fullness(acts: readonly DisputeAct[], { act }: DisputeDeed, actor: string): string | undefined {
  const most = act === 'close' ? MAX_DISPUTE_ACTS : MAX_DISPUTE_ACTS - 1;
  if (acts.length >= most) return `This dispute has ${acts.length} acts; no more are taken.`;
  const own = acts.filter((each) => each.actor === actor).length;
  if (act !== 'close' && own >= MAX_ACTS_OF_ACTOR) {
    return `${actor} has done ${own} acts in this dispute; no more of one actor are taken.`;
  }
  return undefined;
}
