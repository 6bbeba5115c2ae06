import type { DisputeAct, DisputeAnswer, DisputeDeed } from './dispute.js';
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
 * @param dispute what was done in it so far; no acts if it was never opened
 * @param policy the last approved policy, undefined while there is none
 */
export function disputeRefusal(
  { openedBy, acts }: DisputeAnswer,
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
      return `This dispute is open already: ${openedBy} opened it; close it before you open it again.`;
    }
    if (deed.answerWithin < policy.deadline) {
      return `The others have ${policy.deadline} seconds to answer at the least, the deadline of the policy; give them that.`;
    }
    return undefined;
  }
  if (round === undefined) {
    return `${openedBy} has opened no dispute about this finding; name who has, or open one of your own.`;
  }
  if (round.isClosed) return 'This dispute is closed; open it again if there is more to say.';
  const isOwn = openedBy === actor;
  if (deed.act === 'close' && !isOwn) return `Only ${openedBy} can close this dispute, for it opened it.`;
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
