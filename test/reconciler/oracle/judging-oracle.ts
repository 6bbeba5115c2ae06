/**
 * The rules of judging, written down a second time straight from the design: slow, stateless, without a database. It
 * reads all transactions anew for every question, so that it shares no idea with the reconciler that it is held against.
 */
import {
  type Batch,
  batchDigest,
  type CanonicalEvent,
  dayEnd,
  dayOf,
  dayStart,
  eventHash,
  isRecorded,
  type Policy,
  witnessesOf,
} from '#chaincode';
import type { Invocation } from '../../../reconciler/ledger/block.js';

const SECOND = 1_000_000_000n;

interface Attestation {
  readonly tx: number;
  readonly actor: string;
  /** What each of the actor's runs said first of a timeless event's time. */
  readonly said: Map<string, bigint>;
  /** The number under which each of the actor's runs has it first. */
  readonly numbers: Map<string, number>;
}

interface SeenEvent {
  readonly hash: string;
  readonly event: CanonicalEvent;
  /** In ledger order, the first of each actor. */
  readonly attestations: readonly Attestation[];
}

interface Sent {
  readonly tx: number;
  readonly actor: string;
  readonly batch: Batch;
  readonly digest: string;
  /** Another content came under its number before: it attests, but claims nothing. */
  readonly isSecond: boolean;
  /** The transaction from which its watches count; undefined while an earlier batch of its run is missing. */
  readonly effective: number | undefined;
}

interface Interval {
  readonly from: bigint;
  readonly to: bigint;
}

/** Where one event stands. */
export interface OracleEvent {
  readonly hash: string;
  readonly object: string;
  readonly source: string;
  readonly time: bigint;
  readonly verdict: 'agreed' | 'missing' | 'uncorroborated' | 'unresolved' | 'unobservable' | 'pending';
  readonly attesters: readonly string[];
  readonly lacking: readonly { readonly actor: string; readonly by: 'watch' | 'deadline'; readonly tx: number }[];
  readonly blind: readonly string[];
  readonly late: readonly string[];
}

/** A hole in an actor's watches. */
export interface OracleGap extends Interval {
  readonly source: string;
  readonly actor: string;
}

/** The transactions after one of them, up to another. */
export interface OracleRange {
  readonly after: number;
  readonly upTo: number;
}

function isIn(tx: number, { after, upTo }: OracleRange): boolean {
  return tx > after && tx <= upTo;
}

/** What may come after each event in the life of a container that Docker runs. */
const FOLLOWING: Readonly<Record<string, string>> = {
  create: 'start restart die stop destroy',
  start: 'die stop pause restart',
  restart: 'die stop pause',
  unpause: 'die stop pause',
  pause: 'unpause die stop',
  die: 'start stop restart destroy',
  stop: 'start restart destroy',
  destroy: '',
};

/** The ledger up to one of its transactions, and what follows from it. */
export class Oracle {
  readonly #sent: readonly Sent[];
  readonly #clocks: readonly (bigint | undefined)[];
  readonly #events: readonly SeenEvent[];

  /** @param last the index of the last transaction that counts */
  constructor(
    readonly transactions: readonly Invocation[],
    readonly policy: Policy,
    readonly last: number = transactions.length - 1,
  ) {
    this.#sent = this.#read();
    this.#clocks = transactions.map((_, tx) => this.#clockAt(tx));
    this.#events = this.#seenEvents();
  }

  #read(): Sent[] {
    const known = new Set<string>();
    const batches = this.transactions.slice(0, this.last + 1).flatMap(({ fn, args, signer }, tx) => {
      if (fn !== 'Attest') return [];
      const [text = ''] = args;
      const batch = JSON.parse(text) as Batch;
      const digest = batchDigest(text);
      const number = JSON.stringify([signer.actor, batch.collector, batch.run, batch.n]);
      const key = `${number}${digest}`;
      // The same digest twice is a retry, nothing else.
      if (known.has(key)) return [];
      const isSecond = known.has(number);
      known.add(number).add(key);
      return [{ tx, actor: signer.actor, batch, digest, isSecond }];
    });
    return batches.map((sent) => {
      const { tx, actor, batch } = sent;
      let effective: number | undefined = tx;
      for (let n = 1; n < batch.n; n++) {
        const earlier = batches.find(
          (other) =>
            other.actor === actor &&
            other.batch.collector === batch.collector &&
            other.batch.run === batch.run &&
            other.batch.n === n,
        );
        effective = earlier === undefined || effective === undefined ? undefined : Math.max(effective, earlier.tx);
      }
      return { ...sent, effective: sent.isSecond ? undefined : effective };
    });
  }

  /** The ledger clock after a transaction, undefined until a majority has sent. */
  clock(tx: number): bigint | undefined {
    return this.#clocks[tx];
  }

  #clockAt(tx: number): bigint | undefined {
    const keepers = [...this.policy.actors, ...this.policy.timekeepers];
    const greatest = keepers.map((actor) =>
      maximum(
        this.#sent.filter((sent) => sent.actor === actor && sent.tx <= tx).map((sent) => BigInt(sent.batch.sentAt)),
      ),
    );
    const median = greatest.map((value) => value ?? -1n).sort(ascending)[(keepers.length - 1) >> 1] as bigint;
    return median < 0n ? undefined : median;
  }

  #firstTx(from: number, holds: (tx: number) => boolean): number | undefined {
    for (let tx = from; tx <= this.last; tx++) if (holds(tx)) return tx;
    return undefined;
  }

  /** The clock once a majority of the actors has sent something from this transaction on. */
  appearance(first: number): bigint | undefined {
    const { actors } = this.policy;
    const tx = this.#firstTx(first, (at) => {
      const senders = actors.filter((actor) =>
        this.#sent.some((sent) => sent.actor === actor && sent.tx >= first && sent.tx <= at),
      );
      return senders.length * 2 > actors.length && this.clock(at) !== undefined;
    });
    return tx === undefined ? undefined : this.clock(tx);
  }

  /** Everything attested under the policy, each hash once. */
  events(): readonly SeenEvent[] {
    return this.#events;
  }

  #seenEvents(): SeenEvent[] {
    const byHash = new Map<string, { event: CanonicalEvent; attestations: Attestation[] }>();
    for (const { tx, actor, batch } of this.#sent) {
      for (const [index, { b, t }] of batch.entries.entries()) {
        const event = JSON.parse(b) as CanonicalEvent;
        const hash = eventHash(b);
        const seen = byHash.get(hash) ?? { event, attestations: [] };
        byHash.set(hash, seen);
        const known = seen.attestations.find((other) => other.actor === actor);
        const attestation = known ?? { tx, actor, said: new Map(), numbers: new Map() };
        if (known === undefined) seen.attestations.push(attestation);
        const run = `${batch.collector}/${batch.run}`;
        if (t !== undefined && !attestation.said.has(run)) attestation.said.set(run, BigInt(t));
        if (!attestation.numbers.has(run)) attestation.numbers.set(run, batch.from + index);
      }
    }
    return [...byHash]
      .map(([hash, seen]) => ({ hash, ...seen }))
      .filter((seen) => isRecorded(this.policy, seen.event) && timeOf(seen) >= BigInt(this.policy.from));
  }

  /** An actor's watches of a source that are in effect. */
  #watches(actor: string, source: string): (Interval & { readonly tx: number })[] {
    return this.#sent.flatMap((sent) =>
      sent.actor !== actor || sent.effective === undefined
        ? []
        : sent.batch.watches
            .filter((watch) => watch.source === source)
            .map((watch) => ({ ...interval(watch), tx: sent.effective as number })),
    );
  }

  /** The holes that an actor declared itself. */
  #declared(actor: string, source: string): Interval[] {
    return this.#sent
      .filter((sent) => sent.actor === actor && sent.effective !== undefined)
      .flatMap((sent) => sent.batch.gaps.filter((gap) => gap.source === source).map(interval));
  }

  #denial(actor: string, source: string, time: bigint): number | undefined {
    const covering = this.#watches(actor, source).filter((watch) => within(time, watch));
    return covering.length === 0 ? undefined : Math.min(...covering.map(({ tx }) => tx));
  }

  #isBlind(actor: string, source: string, time: bigint): boolean {
    return (
      this.#watches(actor, source).some(({ to }) => to > time) ||
      this.#declared(actor, source).some((gap) => within(time, gap))
    );
  }

  /** The first transaction of an actor that puts anything on a source. */
  #firstOn(actor: string, source: string): number | undefined {
    return this.#sent.find(
      ({ batch, actor: sender }) =>
        sender === actor &&
        (batch.watches.some((watch) => watch.source === source) ||
          batch.gaps.some((gap) => gap.source === source) ||
          batch.entries.some(({ b }) => this.#isJudgedOn(source, JSON.parse(b) as CanonicalEvent))),
    )?.tx;
  }

  /** Whether an event is one of the source's that the policy has recorded; others say nothing of it. */
  #isJudgedOn(source: string, event: CanonicalEvent): boolean {
    const { policy } = this;
    return (
      event.source === source &&
      isRecorded(policy, event) &&
      (event.time === undefined || BigInt(event.time) >= BigInt(policy.from))
    );
  }

  /** From when grace and deadline of an actor run for an event. */
  #since(actor: string, seen: SeenEvent): bigint | undefined {
    const appearance = this.appearance((seen.attestations[0] as Attestation).tx);
    const first = this.#firstOn(actor, seen.event.source);
    if (appearance === undefined || first === undefined) return undefined;
    const tx = this.#firstTx(first, (at) => this.clock(at) !== undefined);
    const clock = tx === undefined ? undefined : this.clock(tx);
    return clock === undefined ? undefined : clock > appearance ? clock : appearance;
  }

  #absence(actor: string, seen: SeenEvent): number | undefined {
    const silent = this.#firstOn(actor, seen.event.source) === undefined;
    const since = silent ? this.appearance((seen.attestations[0] as Attestation).tx) : this.#since(actor, seen);
    if (since === undefined) return undefined;
    const end = since + BigInt(this.policy.deadline) * SECOND * (silent ? 2n : 1n);
    return this.#firstTx(0, (tx) => (this.clock(tx) ?? -1n) > end);
  }

  #isLate({ actor, tx }: Attestation, seen: SeenEvent): boolean {
    const since = this.#since(actor, seen);
    const clock = this.clock(tx);
    return since !== undefined && clock !== undefined && clock > since + BigInt(this.policy.grace) * SECOND;
  }

  /** Whether the policy lists a source or a majority of its witnesses has put something on it. */
  exists(source: string): boolean {
    if (source !== '*' && Object.hasOwn(this.policy.sources, source)) return true;
    const witnesses = witnessesOf(this.policy, source, '0');
    return witnesses.filter((actor) => this.#firstOn(actor, source) !== undefined).length * 2 > witnesses.length;
  }

  judge(seen: SeenEvent): OracleEvent {
    const { source, object } = seen.event;
    const time = timeOf(seen);
    const witnesses = witnessesOf(this.policy, source, time.toString());
    const attesters = seen.attestations.map(({ actor }) => actor).sort();
    const lacking: OracleEvent['lacking'][number][] = [];
    const blind: string[] = [];
    let undecided = 0;
    for (const actor of witnesses.filter((witness) => !attesters.includes(witness))) {
      const denial = this.#denial(actor, source, time);
      const absence = this.#absence(actor, seen);
      if (denial !== undefined) lacking.push({ actor, by: 'watch', tx: denial });
      else if (this.#isBlind(actor, source, time)) blind.push(actor);
      else if (absence !== undefined) lacking.push({ actor, by: 'deadline', tx: absence });
      else undecided++;
    }
    const isMajority = (count: number) => count * 2 > witnesses.length;
    const deniers = lacking.filter(({ by }) => by === 'watch').length;
    const attesting = attesters.filter((actor) => witnesses.includes(actor)).length;
    const verdict = (): OracleEvent['verdict'] => {
      if (undecided > 0) return 'pending';
      if (isMajority(attesting)) return lacking.length === 0 ? 'agreed' : 'missing';
      // Where nobody is expected, as the source is gone, whoever attests stands alone.
      if (isMajority(deniers) || witnesses.length === 0) return 'uncorroborated';
      return isMajority(blind.length) ? 'unobservable' : 'unresolved';
    };
    const late = seen.attestations
      .filter((attestation) => witnesses.includes(attestation.actor) && this.#isLate(attestation, seen))
      .map(({ actor }) => actor)
      .sort();
    return { hash: seen.hash, object, source, time, verdict: verdict(), attesters, lacking, blind, late };
  }

  /**
   * Verdicts of a day's events at sources that exist, the invented sources with the number of their events, the actors
   * that attest more than the quota alone with the number of events beyond (denied, and unresolved), and how many are
   * not decided.
   */
  day(day: string): {
    events: OracleEvent[];
    invented: Map<string, number>;
    floods: Map<string, [denied: number, unresolved: number]>;
    waiting: number;
    unobservable: number;
  } {
    const ofDay = this.events().filter((seen) => dayOf(timeOf(seen).toString()) === day);
    const invented = new Map<string, number>();
    const floods = new Map<string, [denied: number, unresolved: number]>();
    const alone = new Map<string, number>();
    const events: OracleEvent[] = [];
    let waiting = 0;
    let unobservable = 0;
    for (const seen of ofDay) {
      const { event, attestations } = seen;
      const exists = this.exists(event.source);
      const judged = this.judge(seen);
      const [attester = ''] = judged.attesters;
      const witnesses = witnessesOf(this.policy, event.source, judged.time.toString());
      const isAlone = judged.attesters.length === 1 && !(witnesses.length === 1 && witnesses[0] === attester);
      if (isAlone) alone.set(attester, (alone.get(attester) ?? 0) + 1);
      const isBeyond = isAlone && (alone.get(attester) ?? 0) > this.policy.quota;
      const appeared = this.appearance((attestations[0] as Attestation).tx) !== undefined;
      if (exists && !isBeyond) events.push(judged);
      else if (exists ? judged.verdict === 'pending' : !appeared) waiting++;
      else if (exists && judged.verdict === 'unobservable') unobservable++;
      else if (isBeyond) {
        const [denied, open] = floods.get(attester) ?? [0, 0];
        const isDenied = !exists || judged.verdict === 'uncorroborated';
        floods.set(attester, isDenied ? [denied + 1, open] : [denied, open + 1]);
      } else invented.set(event.source, (invented.get(event.source) ?? 0) + 1);
    }
    return { events, invented, floods, waiting, unobservable };
  }

  sources(): string[] {
    const named = this.#sent.flatMap(({ batch }) => [
      ...batch.entries.map(({ b }) => (JSON.parse(b) as CanonicalEvent).source),
      ...[...batch.watches, ...batch.gaps].map(({ source }) => source),
    ]);
    const listed = Object.keys(this.policy.sources).filter((source) => source !== '*');
    return [...new Set([...named, ...listed])].filter((source) => this.exists(source));
  }

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
      this.#watches(actor, source).some(({ from, to }) => from < whole.to && to > whole.from),
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
      expected.every(({ actor, source, until }) => this.#watches(actor, source).some(({ to }) => to >= until));
    if (allWatched && events.every(({ verdict }) => verdict !== 'pending')) return true;
    const firsts = this.events()
      .filter((seen) => dayOf(timeOf(seen).toString()) === day)
      .map(({ attestations }) => (attestations[0] as Attestation).tx);
    const appearance = firsts.length === 0 ? 0n : this.appearance(Math.min(...firsts));
    if (now === undefined || appearance === undefined) return false;
    return now > (appearance > end ? appearance : end) + 2n * BigInt(this.policy.deadline) * SECOND;
  }

  /** Batch numbers under which an actor's collector signed two contents, the later of them within the range. */
  equivocations(range: OracleRange): string[][] {
    const second = this.#sent.filter(({ isSecond, tx }) => isSecond && isIn(tx, range));
    const named = second.map(({ actor, batch }) => [actor, batch.collector, batch.run, `${batch.n}`]);
    return [...new Map(named.map((name) => [name.join(), name])).values()];
  }

  /** Numbers that a run leaves out, and batches whose `prev` is no digest of the one before, for more than a deadline. */
  sequences(range: OracleRange): string[][] {
    const runs = new Map<string, Sent[]>();
    for (const sent of this.#sent) {
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
    const limit = appearance + BigInt(this.policy.deadline) * SECOND;
    const past = this.#firstTx(0, (at) => (this.clock(at) ?? -1n) > limit);
    return past !== undefined && isIn(past, range);
  }

  /** Who did not advance its watches of a source for longer than the silence: source, actor, since when. */
  silences(range: OracleRange): string[][] {
    return this.sources().flatMap((source) =>
      this.policy.actors.flatMap((actor) => {
        const advances: { tx: number; end: bigint }[] = [];
        for (let tx = 0; tx <= this.last; tx++) {
          const end = maximum(
            this.#watches(actor, source)
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
          const limit = since + BigInt(this.policy.silence) * SECOND;
          if (since < BigInt(this.policy.from) || !witnessesOf(this.policy, source, limit.toString()).includes(actor)) {
            return [];
          }
          const past = this.#firstTx(0, (at) => (this.clock(at) ?? -1n) > limit);
          if (past === undefined) return [];
          const established = this.#firstTx(past, (at) => this.#majorityWithin(past, at));
          if (established === undefined || established >= (next ?? Number.POSITIVE_INFINITY)) return [];
          const isOngoing = next === undefined || next > range.after;
          return established <= range.upTo && isOngoing ? [[source, actor, since.toString()]] : [];
        });
      }),
    );
  }

  #majorityWithin(from: number, to: number): boolean {
    const heard = this.policy.actors.filter((actor) =>
      this.#sent.some((sent) => sent.actor === actor && sent.tx >= from && sent.tx <= to),
    );
    return heard.length * 2 > this.policy.actors.length;
  }

  /** For each run and object the first of the day's agreed events that a later one comes before, and that one. */
  disorders(day: string): string[][] {
    const agreed = this.events().filter(
      (seen) => seen.event.scope === 'local' && this.exists(seen.event.source) && this.judge(seen).verdict === 'agreed',
    );
    const runs = agreed.flatMap(({ attestations }) =>
      attestations.flatMap(({ actor, numbers }) => [...numbers.keys()].map((run) => JSON.stringify([actor, run]))),
    );
    const objectOf = ({ event }: SeenEvent) => JSON.stringify([event.source, event.type, event.object]);
    return [...new Set(runs)].flatMap((name) => {
      const [actor, run] = JSON.parse(name) as [string, string];
      const numberOf = ({ attestations }: SeenEvent) =>
        attestations.find((one) => one.actor === actor)?.numbers.get(run) ?? -1;
      const events = agreed.filter((seen) => numberOf(seen) >= 0).sort(byTimeAndHash);
      return [...new Set(events.map(objectOf))].flatMap((object) => {
        const own = events.filter((seen) => objectOf(seen) === object);
        for (const earlier of own.filter((seen) => dayOf(timeOf(seen).toString()) === day)) {
          const later = own.find(
            (seen) => timeOf(seen) > timeOf(earlier) + SECOND && numberOf(seen) < numberOf(earlier),
          );
          if (later !== undefined) return [[actor, earlier.hash, later.hash]];
        }
        return [];
      });
    });
  }

  /** For each container the first event of the day that cannot follow what stands before it. */
  lives(day: string): string[] {
    const whole = { from: BigInt(dayStart(day)), to: BigInt(dayEnd(day)) };
    const events = this.events()
      .filter(({ event }) => event.type === 'container' && Object.hasOwn(FOLLOWING, event.action))
      .filter((seen) => within(timeOf(seen), whole) && this.exists(seen.event.source))
      .map((seen) => ({ seen, verdict: this.judge(seen).verdict }))
      .filter(({ verdict }) => verdict !== 'uncorroborated')
      .sort((a, b) => ascending(timeOf(a.seen), timeOf(b.seen)));
    const objects = [...new Set(events.map(({ seen }) => JSON.stringify([seen.event.source, seen.event.object])))];
    return objects.flatMap((object) => {
      const own = events.filter(({ seen }) => JSON.stringify([seen.event.source, seen.event.object]) === object);
      let moment: SeenEvent[] = [];
      for (const { seen, verdict } of own) {
        const last = moment.at(-1);
        if (verdict !== 'agreed' && verdict !== 'missing') moment = [];
        else if (last !== undefined && timeOf(seen) - timeOf(last) <= SECOND) moment.push(seen);
        else if (last !== undefined && !this.#mayFollow(moment, seen) && this.#wasWatched(last, seen)) {
          return [seen.hash];
        } else moment = [seen];
      }
      return [];
    });
  }

  #mayFollow(moment: readonly SeenEvent[], { event }: SeenEvent): boolean {
    if (moment.some((seen) => seen.event.action === 'destroy')) return false;
    return moment.some((seen) => FOLLOWING[seen.event.action]?.split(' ').includes(event.action));
  }

  /** Whether more than half of the witnesses watched from one event to the next, each without a break. */
  #wasWatched(before: SeenEvent, after: SeenEvent): boolean {
    const { source } = after.event;
    const witnesses = witnessesOf(this.policy, source, timeOf(after).toString());
    const watching = witnesses.filter((actor) => {
      let reached = timeOf(before);
      for (const { from, to } of this.#watches(actor, source).sort((a, b) => ascending(a.from, b.from))) {
        if (from <= reached && to > reached) reached = to;
      }
      return reached >= timeOf(after);
    });
    return watching.length * 2 > witnesses.length;
  }

  /** The keepers without whom the clock cannot move, if they have been quiet while others went on for a silence. */
  stalled(): string[] | undefined {
    const keepers = [...this.policy.actors, ...this.policy.timekeepers];
    const saidBy = (actor: string) => this.#sent.filter((sent) => sent.actor === actor);
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

  /** Holes between two watches, and declared ones that no watch covers, that begin on the day. */
  gaps(day: string): OracleGap[] {
    const found: OracleGap[] = [];
    for (const source of this.sources()) {
      for (const actor of this.policy.actors) {
        const watches = this.#watches(actor, source);
        const cuts = [...watches, ...this.#declared(actor, source)]
          .flatMap(({ from, to }) => [from, to])
          .sort(ascending);
        for (let at = 1; at < cuts.length; at++) {
          const [from, to] = [cuts[at - 1] as bigint, cuts[at] as bigint];
          const isCovered = watches.some((watch) => within(from, watch));
          const isBetween = watches.some((watch) => watch.to <= from) && watches.some((watch) => watch.from >= to);
          const isDeclared = this.#declared(actor, source).some((gap) => within(from, gap));
          if (from === to || isCovered || !(isBetween || isDeclared)) continue;
          const before = found.findIndex((gap) => gap.source === source && gap.actor === actor && gap.to === from);
          if (before >= 0) found[before] = { ...(found[before] as OracleGap), to };
          else found.push({ source, actor, from, to });
        }
      }
    }
    const isExpected = ({ source, actor, from }: OracleGap) =>
      from >= BigInt(this.policy.from) && witnessesOf(this.policy, source, from.toString()).includes(actor);
    const whole = { from: BigInt(dayStart(day)), to: BigInt(dayEnd(day)) };
    return found.filter((gap) => within(gap.from, whole) && isExpected(gap));
  }
}

/** An event's time; for a timeless one the lower median of the earliest that each attesting actor says. */
function timeOf({ event, attestations }: SeenEvent): bigint {
  if (event.time !== undefined) return BigInt(event.time);
  const earliest = attestations.map(({ said }) => [...said.values()].sort(ascending)[0] as bigint).sort(ascending);
  return earliest[(earliest.length - 1) >> 1] as bigint;
}

function byTimeAndHash(a: SeenEvent, b: SeenEvent): number {
  return ascending(timeOf(a), timeOf(b)) || (a.hash < b.hash ? -1 : 1);
}

function interval({ from, to }: { readonly from: string; readonly to: string }): Interval {
  return { from: BigInt(from), to: BigInt(to) };
}

function within(time: bigint, { from, to }: Interval): boolean {
  return from <= time && time < to;
}

function maximum(values: readonly bigint[]): bigint | undefined {
  return [...values].sort(ascending).at(-1);
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
