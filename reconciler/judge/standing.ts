import { type CanonicalEvent, isRecorded, unpadNanos, witnessesOf } from '#chaincode';
import { covers } from '../ledger/coverage.js';
import { majorityOf } from '../ledger/ledger-clock.js';
import { nanosOf } from '../ledger/policy-book.js';
import { exists, type Source, type Witness } from '../ledger/sources.js';
import type { JudgedEvent, Vantage } from './input.js';

/** An expected witness without an attestation, for good: it denies the event or let the deadline pass. */
export interface Lacking {
  readonly actor: string;
  readonly by: 'watch' | 'deadline';
  /** Number of the transaction that decided it. */
  readonly seq: number;
}

/** Where an event stands with its witnesses. */
export type Verdict = 'pending' | 'stands' | 'uncorroborated' | 'unresolved' | 'unobservable';

export interface Standing {
  readonly event: JudgedEvent;
  readonly verdict: Verdict;
  /** The witnesses that must attest it, sorted. */
  readonly expected: readonly string[];
  /** All actors that attest it, expected or not, sorted. */
  readonly attesters: readonly string[];
  /** Sorted by actor. */
  readonly lacking: readonly Lacking[];
  readonly blind: readonly string[];
  /** Expected witnesses whose first attestation came after appearance plus grace. */
  readonly late: readonly string[];
  readonly pending: readonly string[];
  /** Whether its source exists, see `exists`. */
  readonly sourceExists: boolean;
}

/** Where one expected witness without an attestation stands. */
type WitnessState = Lacking | 'blind' | 'pending';

/** What of an event decides where it stands, besides who attests it. */
export interface Subject {
  /** 19 digits. */
  readonly time: string;
  readonly source: Source;
  readonly kind: Pick<CanonicalEvent, 'type' | 'action'>;
  readonly appearance: bigint | undefined;
}

/**
 * The verdict on one event over its expected witnesses, the blind among them: more than half attest, it stands; a
 * majority was blind, or all who do not attest were, it was unobservable; more than half deny, it is uncorroborated; else
 * it is unresolved. Until every witness has attested, denies, is blind or absent, it is pending.
 * @returns undefined where no policy governs the event's time or has it recorded by anybody
 */
export function standingOf(event: JudgedEvent, vantage: Vantage): Standing | undefined {
  const { time, source, appearance, attesters } = event;
  const decided = decide({ time, source, kind: event, appearance }, attesters, vantage);
  if (decided === undefined) return undefined;
  // Whom nobody expects cannot be late.
  const late = event.late.filter((actor) => decided.expected.includes(actor));
  return { event, attesters, late, ...decided };
}

/** As `standingOf`, of what decides it alone. */
export function decide(
  subject: Subject,
  attesters: readonly string[],
  vantage: Vantage,
): Omit<Standing, 'event' | 'attesters' | 'late'> | undefined {
  const { source, time, kind } = subject;
  const policy = vantage.policyAt(time);
  if (policy === undefined || !isRecorded(policy.policy, kind)) return undefined;
  const witnesses = witnessesOf(policy.policy, source.name, unpadNanos(time));
  const lacking: Lacking[] = [];
  const blind: string[] = [];
  const pending: string[] = [];
  for (const actor of witnesses.filter((witness) => !attesters.includes(witness))) {
    const state = witnessState(subject, actor, nanosOf(policy.policy.deadline), vantage);
    if (state === 'blind') blind.push(actor);
    else if (state === 'pending') pending.push(actor);
    else lacking.push(state);
  }
  const attesting = witnesses.filter((witness) => attesters.includes(witness)).length;
  const denying = lacking.filter(({ by }) => by === 'watch').length;
  const verdict = verdictOf({
    attesting,
    denying,
    blind: blind.length,
    pending: pending.length,
    lacking: lacking.length,
    expected: witnesses.length,
  });
  return {
    verdict,
    expected: witnesses,
    lacking,
    blind,
    pending,
    sourceExists: exists(source, policy, witnesses),
  };
}

function witnessState(event: Subject, actor: string, deadline: bigint, vantage: Vantage): WitnessState {
  const witness = event.source.witnesses.get(actor);
  const piece = witness?.coverage.pieceAt(event.time);
  if (piece !== undefined) return { actor, by: 'watch', seq: piece.seq };
  if (witness !== undefined && isBlind(witness, event.time)) return 'blind';
  if (event.appearance === undefined || vantage.clock === undefined) return 'pending';
  const limit = limitFor(witness, event.appearance, deadline, vantage);
  return vantage.clock > limit ? { actor, by: 'deadline', seq: vantage.firstPast(limit) } : 'pending';
}

/**
 * What the ledger clock must have passed for somebody who is to witness an event, and does not say a word, to be absent;
 * undefined while the event has not appeared.
 */
export function absentAfter(
  { source, time, appearance }: Subject,
  actor: string,
  vantage: Vantage,
): bigint | undefined {
  const policy = vantage.policyAt(time)?.policy;
  if (appearance === undefined || policy === undefined) return undefined;
  return limitFor(source.witnesses.get(actor), appearance, nanosOf(policy.deadline), vantage);
}

/** One that has said nothing on the source has two deadlines, as long as a day may stay open: silence is no way out. */
function limitFor(witness: Witness | undefined, appearance: bigint, deadline: bigint, vantage: Vantage): bigint {
  return witness === undefined
    ? vantage.limit(appearance, 2n * deadline)
    : vantage.limit(latest(witness.first, appearance), deadline);
}

function isBlind({ hidden, coverage }: Witness, time: string): boolean {
  return time < coverage.end || covers(hidden, time);
}

function latest(first: bigint | undefined, appearance: bigint): bigint {
  return first !== undefined && first > appearance ? first : appearance;
}

function verdictOf(count: {
  attesting: number;
  denying: number;
  blind: number;
  pending: number;
  lacking: number;
  expected: number;
}): Verdict {
  if (count.pending > 0) return 'pending';
  const majority = majorityOf(count.expected);
  if (count.attesting >= majority && count.expected > 0) return 'stands';
  // Of an even number half may be blind: as long as nobody lacks the event, nobody contradicts it.
  if (count.blind >= majority || (count.blind > 0 && count.lacking === 0)) return 'unobservable';
  if (count.denying >= majority || count.expected === 0) return 'uncorroborated';
  return 'unresolved';
}
