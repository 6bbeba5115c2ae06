import type { DisputeStanding, PlacedAct, ReportedAnchor } from '../reconciler/exchange-form.js';
import { counted, grouped } from './format.js';
import type { DailyReport } from './model.js';
import { actorsPhrase, type Phrase } from './phrase.js';

/** Where a dispute stands, in words. */
export const STATE_WORDS: Readonly<Record<DisputeStanding['state'], string>> = {
  open: 'Open',
  answered: 'Answered',
  overdue: 'Overdue',
  closed: 'Closed',
};

/** A dispute in one sentence. */
export function disputePhrase({ state, openedBy, awaited, answerBy, known }: DisputeStanding): Phrase {
  const by: Phrase = answerBy === undefined ? [] : [' by ', { time: answerBy }, ' on the ledger clock'];
  const stand: Record<DisputeStanding['state'], Phrase> = {
    open: ['; an answer of ', ...actorsPhrase(awaited), ' is awaited', ...by],
    overdue: ['; an answer of ', ...actorsPhrase(awaited), ' was awaited', ...by],
    answered: ['; all that were to answer have'],
    closed: ['; it is closed'],
  };
  return [{ actor: openedBy }, ' disputes the finding', ...stand[state], KNOWN_WORDS[known]];
}

const KNOWN_WORDS = {
  same: '.',
  other: '. What is disputed is another content of the finding than the one that this ledger gives.',
  unknown: '. This ledger gives no such finding.',
} as const;

/** What somebody did in a dispute, without the words that were used. */
export function actPhrase(act: PlacedAct): Phrase {
  const who: Phrase = [{ actor: act.actor }, ' (', { name: act.name }, ') '];
  if (act.act === 'answer') return [...who, ANSWER_WORDS[act.answer]];
  return [...who, act.act === 'open' ? 'opened the dispute' : 'closed the dispute'];
}

const ANSWER_WORDS = {
  accept: 'accepted the finding',
  contest: 'contested the finding',
  explain: 'explained',
} as const;

/** How many acts of a dispute are not told, in one sentence; empty if all are. */
export function untoldText({ earlier, omitted = 0 }: DisputeStanding): string {
  const parts = [
    earlier > 0 ? `${counted(earlier, 'earlier act')} ${earlier === 1 ? 'is' : 'are'} on the ledger` : '',
    omitted > 0 ? `${grouped(omitted)} since the day before was sealed are not told, for there are too many` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

/** How many disputes are not told, in one sentence; undefined if all are. */
export function omittedText({ omittedDisputes }: DailyReport): string | undefined {
  if (omittedDisputes === undefined) return undefined;
  return `In ${counted(omittedDisputes, 'more dispute')} something was done too: too many to be told here, they are on the ledger.`;
}

/** The words of an act, with the reference if it has one; empty if nothing was said. */
export function actText(act: PlacedAct): { readonly text: string; readonly reference: string } {
  return { text: act.text ?? '', reference: act.act === 'answer' ? (act.reference ?? '') : '' };
}

/** Where an anchored report differs from this ledger's own, in one sentence. */
export function anchorPhrase({ actor, same, difference }: ReportedAnchor): Phrase {
  if (same || difference === undefined) return [{ actor }, ' anchored the same report.'];
  if (difference.part === 'seal') return [{ actor }, ' anchored a report of a day that is not sealed.'];
  const object: Phrase = difference.object ? [' about ', { name: difference.object }] : [];
  const where: Phrase =
    difference.class === undefined
      ? [PART_WORDS.get(difference.part) ?? difference.part, ...object]
      : ['the findings of class ', { name: difference.class }, ...object];
  return [{ actor }, ' anchored another report; the first difference is in ', ...where, '.'];
}

// Whoever anchors names the parts: no plain object, which has names of its own.
const PART_WORDS: ReadonlyMap<string, string> = new Map([
  ['head', 'what it was made from'],
  ['running', 'the running time'],
  ['hash', 'nothing but the hash'],
]);
