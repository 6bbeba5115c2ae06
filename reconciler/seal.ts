import { type Day, dayEnd, dayOf, dayStart, padNanos, unpadNanos, witnessesOf } from '#chaincode';
import { judgeDay } from './judge/judge-day.js';
import type { DayJudgement } from './judgement.js';
import { majorityOf } from './ledger/ledger-clock.js';
import { nanosOf } from './ledger/policy-book.js';
import { exists, type Source } from './ledger/sources.js';
import type { Projection } from './projection/projection.js';
import type { CarriedContainer } from './running/day.js';

/**
 * Seals days in order, each at the first transaction at which every expected witness of every source has a watch past
 * its end (so that none of its events is pending), at the latest two deadlines after the later of its end and its first
 * event's appearance. What a sealed day says is stored as it was at exactly that transaction.
 */
export class Sealer {
  readonly #projection: Projection;
  #last: Day | undefined;
  #carry: readonly CarriedContainer[];

  constructor(projection: Projection) {
    this.#projection = projection;
    const row = projection.db.prepare('SELECT day, carry FROM days ORDER BY day DESC LIMIT 1').get() as
      | { day: Day; carry: string }
      | undefined;
    this.#last = row?.day;
    this.#carry = row === undefined ? [] : (JSON.parse(row.carry) as CarriedContainer[]);
  }

  /** Seals what the latest transaction allows to seal. Call after each batch, within the database transaction. */
  afterBatch(): void {
    for (let day = this.#next(); day !== undefined && this.#mayBeSealed(day); day = this.#next()) this.#seal(day);
  }

  #seal(day: Day): void {
    this.#projection.flush();
    const { judgement, carry } = judgeDay(this.#projection, day, this.#carry, true);
    this.#projection.db
      .prepare('INSERT INTO days (day, judgement, carry) VALUES (?, ?, ?)')
      .run(day, JSON.stringify(judgement), JSON.stringify(carry));
    this.#last = day;
    this.#carry = carry;
  }

  /** The next day that anybody knows anything of; long stretches without any are passed over. */
  #next(): Day | undefined {
    const after = this.#last === undefined ? '' : dayOf(dayEnd(this.#last));
    const eventDay = this.#projection.tallies.days.find((day) => day >= after);
    if (this.#last === undefined) return eventDay;
    const watchedDay = this.#nextWatched(after);
    if (watchedDay === undefined || eventDay === undefined) return eventDay ?? watchedDay;
    return eventDay < watchedDay ? eventDay : watchedDay;
  }

  /** The first day from `after` on that a majority of some source's witnesses watched. */
  #nextWatched(after: Day): Day | undefined {
    const from = padNanos(dayStart(after));
    const days = this.#projection.sources.all.flatMap((source) => {
      const starts = [...source.witnesses.values()].flatMap(({ coverage }) => {
        const next = coverage.stretches.find(({ to }) => to > from);
        return next === undefined ? [] : [next.from > from ? next.from : from];
      });
      const decisive = starts.sort()[majorityOf(source.witnesses.size) - 1];
      return decisive === undefined ? [] : [dayOf(unpadNanos(decisive))];
    });
    return days.sort()[0];
  }

  #mayBeSealed(day: Day): boolean {
    const end = padNanos(dayEnd(day));
    const policy = this.#projection.policies.at(padNanos((BigInt(end) - 1n).toString()));
    if (policy === undefined) return false;
    const expected = this.#projection.sources.all
      .map((source): [Source, string[]] => [source, witnessesOf(policy.policy, source.name, unpadNanos(end))])
      .filter(([source, witnesses]) => exists(source, policy, witnesses));
    if (expected.length === 0) return false;
    const allWatched = expected.every(([source, witnesses]) =>
      witnesses.every((actor) => (source.witnesses.get(actor)?.coverage.end ?? '') >= end),
    );
    return allWatched || this.#isOverdue(day, BigInt(end), nanosOf(policy.policy.deadline));
  }

  #isOverdue(day: Day, end: bigint, deadline: bigint): boolean {
    const { clock, tallies, appearances } = this.#projection;
    const firstSeq = tallies.firstSeq(day);
    const appearance = firstSeq === undefined ? 0n : appearances.of(firstSeq);
    if (clock.now === undefined || appearance === undefined) return false;
    return clock.now > (end > appearance ? end : appearance) + 2n * deadline;
  }
}

/** What was stored when the day was sealed; undefined if it has not been. */
export function sealedJudgement(projection: Projection, day: Day): DayJudgement | undefined {
  const row = projection.db.prepare('SELECT judgement FROM days WHERE day = ?').pluck().get(day) as string | undefined;
  return row === undefined ? undefined : (JSON.parse(row) as DayJudgement);
}

/** Days that are sealed, in order. */
export function sealedDays(projection: Projection): Day[] {
  return projection.db.prepare('SELECT day FROM days ORDER BY day').pluck().all() as Day[];
}
