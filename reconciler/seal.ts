import { type Day, dayEnd, dayOf, dayStart, type NumberedPolicy, padNanos, unpadNanos, witnessesOf } from '#chaincode';
import { amendSealed, lastSealed } from './amend.js';
import { withExchange } from './exchange.js';
import { judgeDay } from './judge/judge-day.js';
import { keepSealed, lastSaid } from './kept-days.js';
import type { Interval } from './ledger/coverage.js';
import { majorityOf } from './ledger/ledger-clock.js';
import { nanosOf } from './ledger/policy-book.js';
import { exists, isListed, type Source } from './ledger/sources.js';
import type { Projection } from './projection/projection.js';

/**
 * Seals days in order, each at the first transaction at which every expected witness of every source has a watch past
 * its end (so that none of its events is pending), at the latest two deadlines after the later of its end and its first
 * event's appearance. What a sealed day says is stored as it was at exactly that transaction.
 */
export class Sealer {
  readonly #projection: Projection;
  readonly #anew: number | undefined;
  #last: Day | undefined;

  /** @param anew how much of earlier days a seal judges anew, see `amendSealed` */
  constructor(projection: Projection, { anew }: { readonly anew?: number } = {}) {
    this.#projection = projection;
    this.#anew = anew;
    this.#last = lastSealed(projection)?.day;
  }

  /** Seals what the latest transaction allows to seal. Call after each batch, within the database transaction. */
  afterBatch(): void {
    for (let day = this.#next(); day !== undefined && this.#mayBeSealed(day); day = this.#next()) this.#seal(day);
  }

  #next(): Day | undefined {
    return nextDay(this.#projection, this.#last);
  }

  #seal(day: Day): void {
    const projection = this.#projection;
    projection.flush();
    const amends = amendSealed(projection, day, this.#anew);
    const last = lastSealed(projection);
    const conduct = { after: last?.seq ?? 0, upTo: projection.seq };
    const { judgement: judged, carry } = judgeDay(projection, day, {
      carried: last === undefined ? [] : lastSaid(projection, last.day).carry,
      sealed: true,
      conduct,
      amends,
    });
    const judgement = withExchange(projection, judged, last);
    keepSealed(projection, { judgement, carry }, projection.seq);
    projection.touched.sealed(day);
    projection.lives.sealed(day);
    // What is not decided yet is decided by the clock, with nothing said of it.
    if (judgement.coverage.pending > 0) projection.touched.add(day);
    this.#last = day;
  }

  #mayBeSealed(day: Day): boolean {
    const bounds = { from: padNanos(dayStart(day)), to: padNanos(dayEnd(day)) };
    const policy = this.#projection.policies.at(padNanos((BigInt(bounds.to) - 1n).toString()));
    if (policy === undefined) return false;
    return this.#isOverdue(day, BigInt(bounds.to), nanosOf(policy.policy.deadline)) || this.#isWatched(bounds);
  }

  /**
   * Whether every expected witness of every source has a watch past the end of the day, or of the part of it for which
   * a policy expects it. Where nobody is expected, nothing tells that all has been said.
   */
  #isWatched(day: Interval): boolean {
    const { policies, sources } = this.#projection;
    const watches = policies.within(day).flatMap(([part, policy]) => {
      const listed = Object.keys(policy.policy.sources).filter((name) => isListed(policy, name));
      return [
        // A source that the policy lists exists before anybody says a word of it.
        ...listed
          .filter((name) => sources.find(name) === undefined)
          .map((name) => isWatchedBy(undefined, name, part, policy)),
        ...sources.all.map((source) => isWatchedBy(source, source.name, part, policy)),
      ];
    });
    return watches.includes(true) && !watches.includes(false);
  }

  #isOverdue(day: Day, end: bigint, deadline: bigint): boolean {
    const { clock, tallies, appearances } = this.#projection;
    const firstSeq = tallies.firstSeq(day);
    const appearance = firstSeq === undefined ? 0n : appearances.of(firstSeq);
    if (clock.now === undefined || appearance === undefined) return false;
    return clock.now > clock.limit(end > appearance ? end : appearance, 2n * deadline);
  }
}

/** The next day after a sealed one that anybody knows anything of; long stretches without any are passed over. */
function nextDay(projection: Projection, last: Day | undefined): Day | undefined {
  const after = last === undefined ? '' : dayOf(dayEnd(last));
  const [first] = projection.policies.inForce;
  if (first === undefined) return undefined;
  // No policy ever reaches back before the first: what lies there is judged by none.
  const governed = dayOf(first.policy.from);
  const eventDay = projection.tallies.dayFrom(after > governed ? after : governed);
  if (last === undefined || eventDay === after) return eventDay;
  const now = projection.clock.now ?? 0n;
  const watched = projection.sources.all
    .flatMap((source) => nextWatched(projection, source, after) ?? [])
    // A day of which nothing is told is not sealed before it is over, whatever was claimed ahead.
    .filter((day) => BigInt(dayEnd(day)) <= now);
  return [...watched, ...(eventDay === undefined ? [] : [eventDay])].sort()[0];
}

/**
 * The open day whose report tells what the actors did on the ledger since the last seal: the one to be sealed next; while
 * nobody knows of any, that of the ledger clock. Undefined while that is undefined too.
 */
export function openDay(projection: Projection): Day | undefined {
  const last = lastSealed(projection)?.day;
  const next = nextDay(projection, last);
  const { now } = projection.clock;
  if (next !== undefined || now === undefined) return next;
  const today = dayOf(now.toString());
  return last === undefined || today > last ? today : dayOf(dayEnd(last));
}

/** The first day from `after` on that a majority of a source's witnesses watched, or some of it. */
function nextWatched({ policies }: Projection, source: Source, after: Day): Day | undefined {
  for (let day = after; ; ) {
    const from = padNanos(dayStart(day));
    const policy = policies.at(from);
    const witnesses = policy === undefined ? [] : witnessesOf(policy.policy, source.name, unpadNanos(from));
    if (policy === undefined || !exists(source, policy, witnesses)) return undefined;
    const starts = witnesses.flatMap((actor) => {
      const next = source.witnesses.get(actor)?.coverage.stretchAfter(from);
      return next === undefined ? [] : [next.from > from ? next.from : from];
    });
    const decisive = starts.sort()[majorityOf(witnesses.length) - 1];
    if (decisive === undefined) return undefined;
    // Before that one begins there is no majority; on its day the others may have ended.
    const reached = dayOf(unpadNanos(decisive));
    if (reached === day) return day;
    day = reached;
  }
}

/**
 * Whether all who are expected at a source have a watch past the end of a stretch for which one policy governs;
 * undefined if nobody is.
 */
function isWatchedBy(source: Source | undefined, name: string, stretch: Interval, policy: NumberedPolicy) {
  // Cheap first: anybody can invent sources by the thousand.
  const { sources } = policy.policy;
  const expected = (Object.hasOwn(sources, name) ? sources[name] : sources['*'])?.witnesses.length ?? 0;
  if (!isListed(policy, name) && (source?.witnesses.size ?? 0) < majorityOf(expected)) return undefined;
  const witnesses = witnessesOf(policy.policy, name, unpadNanos(stretch.from));
  const isThere = source === undefined ? isListed(policy, name) : exists(source, policy, witnesses);
  if (!isThere || witnesses.length === 0) return undefined;
  const until = padNanos(
    (Object.hasOwn(sources, name) ? sources[name] : sources['*'])?.until ?? unpadNanos(stretch.to),
  );
  const end = until < stretch.to ? until : stretch.to;
  return witnesses.every((actor) => (source?.witnesses.get(actor)?.coverage.end ?? '') >= end);
}

/** Days with events that a policy governs, sorted. No policy ever reaches back before the first. */
export function eventDays(projection: Projection): Day[] {
  return projection.tallies.days.filter((day) => isGoverned(projection, day));
}

/** Whether a policy governs the end of a day. */
export function isGoverned({ policies }: Projection, day: Day): boolean {
  return policies.at(padNanos((BigInt(dayEnd(day)) - 1n).toString())) !== undefined;
}
