import { type Day, latestRound } from '#chaincode';
import type { DisputeStanding, DisputeState } from './exchange-form.js';
import { findingHash } from './finding-form.js';
import type { Finding, SaidDay } from './judgement.js';
import { keptUnder } from './kept-days.js';
import type { LedgerClock } from './ledger/ledger-clock.js';
import { nanosOf } from './ledger/policy-book.js';
import type { BookedDispute } from './projection/dispute-book.js';
import type { Projection } from './projection/projection.js';

/** What a reconciler has to say of a disputed finding: everything it says, or said, under that id on that day. */
type Known = (day: Day, id: string) => readonly Finding[];

/** A dispute as it stands, without what was done in it. */
type Standing = Omit<DisputeStanding, 'earlier' | 'acts' | 'omitted'>;

/** Looks up findings in a day that was just judged and in the sealed ones, as sealed and as amended. */
export function knownFindings(projection: Projection, current?: SaidDay): Known {
  return (day, id) =>
    day === current?.day
      ? [...current.findings].filter((finding) => finding.id === id)
      : keptUnder(projection, day, id);
}

/** A dispute as it stands by this ledger clock, when `actors` are those of the policy in force. */
export function standingOfDispute(
  { finding, openedBy, acts, from }: BookedDispute,
  known: Known,
  clock: LedgerClock,
  actors: readonly string[],
): Standing | undefined {
  const round = latestRound(acts.map(({ act }) => act));
  if (round === undefined) return undefined;
  const { day, hash, answerWithin } = round.opening;
  const own = known(day, finding);
  const answered = new Set(round.answers.map(({ actor }) => actor).filter((actor) => actor !== openedBy));
  const awaited = round.isClosed ? [] : awaitedOf(own.at(-1), openedBy, answered, actors);
  const answerBy = from === undefined ? undefined : clock.limit(BigInt(from), nanosOf(answerWithin));
  return {
    finding,
    day,
    hash,
    known: own.length === 0 ? 'unknown' : own.some((each) => findingHash(each) === hash) ? 'same' : 'other',
    state: stateOf(round.isClosed, awaited, answerBy, clock.now),
    openedBy,
    ...(answerBy !== undefined && { answerBy: answerBy.toString() }),
    awaited,
  };
}

/** Of those that dissent everyone is to answer; where that is nobody else, anybody else. */
function awaitedOf(
  finding: Finding | undefined,
  openedBy: string,
  answered: ReadonlySet<string>,
  actors: readonly string[],
): string[] {
  const accused = (finding?.dissent ?? []).filter((actor) => actor !== openedBy);
  if (accused.length > 0) return accused.filter((actor) => !answered.has(actor)).sort();
  return answered.size > 0 ? [] : actors.filter((actor) => actor !== openedBy).sort();
}

function stateOf(
  isClosed: boolean,
  awaited: readonly string[],
  answerBy: bigint | undefined,
  clock: bigint | undefined,
): DisputeState {
  if (isClosed) return 'closed';
  if (awaited.length === 0) return 'answered';
  return answerBy !== undefined && clock !== undefined && clock > answerBy ? 'overdue' : 'open';
}
