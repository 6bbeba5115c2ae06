import { dayEnd, dayOf, dayStart, witnessesOf } from '#chaincode';
import { EventOracle } from './event-oracle.js';
import { type Attestation, maximum, SECOND, type Sent, timeOf } from './ledger-oracle.js';

/** The transactions after one of them, up to another. */
export interface OracleRange {
  readonly after: number;
  readonly upTo: number;
}

function isIn(tx: number, { after, upTo }: OracleRange): boolean {
  return tx > after && tx <= upTo;
}

/** All that is said of a ledger up to one of its transactions: when days are sealed, and what actors did on the ledger. */
export class Oracle extends EventOracle {
  /**
   * The day to seal after another: the next one with events, or that a majority of some source's witnesses watched;
   * the first one is the first with events.
   */
  nextDay(after: string | undefined): string | undefined {
    const days = new Set(this.events().map((seen) => dayOf(timeOf(seen).toString())));
    if (after === undefined) return [...days].sort()[0];
    // Claims reach a few days at the most.
    for (let ahead = 1, day = dayOf(dayEnd(after)); ahead < 10; ahead++, day = dayOf(dayEnd(day))) {
      const isOver = BigInt(dayEnd(day)) <= (this.clock(this.last) ?? 0n);
      if (days.has(day) || (isOver && this.sources().some((source) => this.#isWatched(day, source)))) return day;
    }
    return undefined;
  }

  /** The day to seal next; while none is known, that of the clock, or the one after the last sealed. */
  openDay(last: string | undefined): string | undefined {
    const next = this.nextDay(last);
    const now = this.clock(this.last);
    if (next !== undefined || now === undefined) return next;
    const today = dayOf(now.toString());
    return last === undefined || today > last ? today : dayOf(dayEnd(last));
  }

  #isWatched(day: string, source: string): boolean {
    const whole = { from: BigInt(dayStart(day)), to: BigInt(dayEnd(day)) };
    const witnesses = witnessesOf(this.policy, source, dayStart(day));
    const watching = witnesses.filter((actor) =>
      this.watches(actor, source).some(({ from, to }) => from < whole.to && to > whole.from),
    );
    return watching.length * 2 > witnesses.length;
  }

  /** Whether the day may be sealed at the last transaction, the days before it being sealed. */
  maySeal(day: string): boolean {
    const end = BigInt(dayEnd(day));
    if (end <= BigInt(this.policy.from)) return false;
    const now = this.clock(this.last);
    const { events } = this.day(day);
    // A witness of a source that ends on the day needs a watch past that; where nobody is expected, none tells the end.
    const start = BigInt(dayStart(day)) > BigInt(this.policy.from) ? dayStart(day) : this.policy.from;
    const expected = this.sources().flatMap((source) => {
      const rule = Object.hasOwn(this.policy.sources, source) ? this.policy.sources[source] : this.policy.sources['*'];
      const until = rule?.until === undefined || BigInt(rule.until) > end ? end : BigInt(rule.until);
      return witnessesOf(this.policy, source, start).map((actor) => ({ actor, source, until }));
    });
    const allWatched =
      expected.length > 0 &&
      expected.every(({ actor, source, until }) => this.watches(actor, source).some(({ to }) => to >= until));
    if (allWatched && events.every(({ verdict }) => verdict !== 'pending')) return true;
    const firsts = this.events()
      .filter((seen) => dayOf(timeOf(seen).toString()) === day)
      .map(({ attestations }) => (attestations[0] as Attestation).tx);
    const appearance = firsts.length === 0 ? 0n : this.appearance(Math.min(...firsts));
    if (now === undefined || appearance === undefined) return false;
    return now > this.limit(appearance > end ? appearance : end, 2 * this.policy.deadline);
  }

  /** Batch numbers under which an actor's collector signed two contents, the later of them within the range. */
  equivocations(range: OracleRange): string[][] {
    const second = this.sent.filter(({ isSecond, tx }) => isSecond && isIn(tx, range));
    const named = second.map(({ actor, batch }) => [actor, batch.collector, batch.run, `${batch.n}`]);
    return [...new Map(named.map((name) => [name.join(), name])).values()];
  }

  /** Numbers that a run leaves out, and batches whose `prev` is no digest of the one before, for more than a deadline. */
  sequences(range: OracleRange): string[][] {
    const runs = new Map<string, Sent[]>();
    for (const sent of this.sent) {
      const key = JSON.stringify([sent.actor, sent.batch.collector, sent.batch.run]);
      runs.set(key, [...(runs.get(key) ?? []), sent]);
    }
    return [...runs].flatMap(([key, sent]) => {
      const [actor, collector, run] = JSON.parse(key) as [string, string, string];
      const name = [actor, collector, run];
      const numbers = new Set(sent.map(({ batch }) => batch.n));
      const end = sent.at(-1)?.tx ?? 0;
      const isGivenUp = [...runs].some(([other, [first]]) => {
        const [otherActor, otherCollector] = JSON.parse(other) as string[];
        return otherActor === actor && otherCollector === collector && (first as Sent).tx > end;
      });
      const holes: string[][] = [];
      for (let n = 1; n <= Math.max(...numbers) && !isGivenUp; n++) {
        if (numbers.has(n)) continue;
        const from = n;
        while (!numbers.has(n + 1)) n++;
        const to = n;
        const shown = Math.min(...sent.filter(({ batch }) => batch.n > to).map(({ tx }) => tx));
        if (this.#isOverdue(shown, range)) holes.push([...name, `${from}`, `${to}`]);
      }
      const broken = sent.filter(({ tx, batch }) => {
        const before = sent.filter((other) => other.batch.n === batch.n - 1);
        if (before.length === 0 || before.some(({ digest }) => digest === batch.prev)) return false;
        return this.#isOverdue(Math.max(tx, Math.min(...before.map((other) => other.tx))), range);
      });
      return [...holes, ...broken.map(({ batch }) => [...name, `${batch.n}`, `${batch.n}`])];
    });
  }

  /** Whether the deadline after what a transaction showed passed within the range. */
  #isOverdue(tx: number, range: OracleRange): boolean {
    const appearance = this.appearance(tx);
    if (appearance === undefined) return false;
    const limit = this.limit(appearance, this.policy.deadline);
    const past = this.firstTx(0, (at) => (this.clock(at) ?? -1n) > limit);
    return past !== undefined && isIn(past, range);
  }

  /** Who did not advance its watches of a source for longer than the silence: source, actor, since when. */
  silences(range: OracleRange): string[][] {
    return this.sources().flatMap((source) =>
      this.policy.actors.flatMap((actor) => {
        const advances: { tx: number; end: bigint }[] = [];
        for (let tx = 0; tx <= this.last; tx++) {
          const end = maximum(
            this.watches(actor, source)
              .filter((watch) => watch.tx <= tx)
              .map(({ to }) => to),
          );
          if (end !== undefined && end > (advances.at(-1)?.end ?? -1n)) advances.push({ tx, end });
        }
        return advances.flatMap(({ tx, end }, index) => {
          const next = advances[index + 1]?.tx;
          const appearance = this.appearance(tx);
          if (appearance === undefined) return [];
          const since = appearance > end ? appearance : end;
          const limit = this.limit(since, this.policy.silence);
          if (since < BigInt(this.policy.from) || !witnessesOf(this.policy, source, limit.toString()).includes(actor)) {
            return [];
          }
          const past = this.firstTx(0, (at) => (this.clock(at) ?? -1n) > limit);
          if (past === undefined) return [];
          const established = this.firstTx(past, (at) => this.#majorityWithin(past, at));
          if (established === undefined || established >= (next ?? Number.POSITIVE_INFINITY)) return [];
          const isOngoing = next === undefined || next > range.after;
          return established <= range.upTo && isOngoing ? [[source, actor, since.toString()]] : [];
        });
      }),
    );
  }

  #majorityWithin(from: number, to: number): boolean {
    const heard = this.policy.actors.filter((actor) =>
      this.sent.some((sent) => sent.actor === actor && sent.tx >= from && sent.tx <= to),
    );
    return heard.length * 2 > this.policy.actors.length;
  }

  /** The keepers without whom the clock cannot move, if they have been quiet while others went on for a silence. */
  stalled(): string[] | undefined {
    const keepers = [...this.policy.actors, ...this.policy.timekeepers];
    const saidBy = (actor: string) => this.sent.filter((sent) => sent.actor === actor);
    const quiet = keepers.filter((keeper) => {
      const last = saidBy(keeper).at(-1)?.tx ?? -1;
      return keepers.some((other) => {
        const times = saidBy(other).map(({ tx, batch }) => ({ tx, time: BigInt(batch.sentAt) }));
        const [first] = times;
        if (other === keeper || first === undefined) return false;
        const before = maximum(times.filter(({ tx }) => tx <= last).map(({ time }) => time)) ?? first.time;
        return (maximum(times.map(({ time }) => time)) as bigint) - before > BigInt(this.policy.silence) * SECOND;
      });
    });
    // The lower median moves when all but the keepers below it have moved.
    const movers = keepers.length - ((keepers.length - 1) >> 1);
    return keepers.length - quiet.length < movers ? quiet.sort() : undefined;
  }
}
