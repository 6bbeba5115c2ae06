import { dayEnd, dayOf, dayStart, witnessesOf } from '#chaincode';
import {
  type Attestation,
  ascending,
  byTimeAndHash,
  type Interval,
  LedgerOracle,
  SECOND,
  type SeenEvent,
  timeOf,
  within,
} from './ledger-oracle.js';

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

/** Where the events of a day stand, and what that shows: verdicts, holes, order, lives. */
export class EventOracle extends LedgerOracle {
  #denial(actor: string, source: string, time: bigint): number | undefined {
    const covering = this.watches(actor, source).filter((watch) => within(time, watch));
    return covering.length === 0 ? undefined : Math.min(...covering.map(({ tx }) => tx));
  }

  #isBlind(actor: string, source: string, time: bigint): boolean {
    return (
      this.watches(actor, source).some(({ to }) => to > time) ||
      this.declared(actor, source).some((gap) => within(time, gap))
    );
  }

  /** From when grace and deadline of an actor run for an event. */
  #since(actor: string, seen: SeenEvent): bigint | undefined {
    const appearance = this.appearance((seen.attestations[0] as Attestation).tx);
    const first = this.firstOn(actor, seen.event.source);
    if (appearance === undefined || first === undefined) return undefined;
    const tx = this.firstTx(first, (at) => this.clock(at) !== undefined);
    const clock = tx === undefined ? undefined : this.clock(tx);
    return clock === undefined ? undefined : clock > appearance ? clock : appearance;
  }

  #absence(actor: string, seen: SeenEvent): number | undefined {
    const silent = this.firstOn(actor, seen.event.source) === undefined;
    const since = silent ? this.appearance((seen.attestations[0] as Attestation).tx) : this.#since(actor, seen);
    if (since === undefined) return undefined;
    const end = this.limit(since, this.policy.deadline * (silent ? 2 : 1));
    return this.firstTx(0, (tx) => (this.clock(tx) ?? -1n) > end);
  }

  #isLate({ actor, tx }: Attestation, seen: SeenEvent): boolean {
    const since = this.#since(actor, seen);
    const clock = this.clock(tx);
    return since !== undefined && clock !== undefined && clock > this.limit(since, this.policy.grace);
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
      const isUnseen = isMajority(blind.length) || lacking.length === 0;
      return isUnseen ? 'unobservable' : 'unresolved';
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
            (seen) =>
              timeOf(seen) > timeOf(earlier) + SECOND &&
              numberOf(seen) < numberOf(earlier) &&
              !this.#isCommon(earlier, seen),
          );
          if (later !== undefined) return [[actor, earlier.hash, later.hash]];
        }
        return [];
      });
    });
  }

  /** Whether more than half of the witnesses have a run in which the later event comes first. */
  #isCommon(earlier: SeenEvent, later: SeenEvent): boolean {
    const witnesses = witnessesOf(this.policy, earlier.event.source, timeOf(earlier).toString());
    const reversing = witnesses.filter((actor) => {
      const [before, after] = [earlier, later].map(
        ({ attestations }) => attestations.find((one) => one.actor === actor)?.numbers,
      );
      return [...(before ?? [])].some(([run, number]) => (after?.get(run) ?? number) < number);
    });
    return reversing.length * 2 > witnesses.length;
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
      for (const { from, to } of this.watches(actor, source).sort((a, b) => ascending(a.from, b.from))) {
        if (from <= reached && to > reached) reached = to;
      }
      return reached >= timeOf(after);
    });
    return watching.length * 2 > witnesses.length;
  }

  /** Holes between two watches, and declared ones that no watch covers, that begin on the day. */
  gaps(day: string): OracleGap[] {
    const found: OracleGap[] = [];
    for (const source of this.sources()) {
      for (const actor of this.policy.actors) {
        const watches = this.watches(actor, source);
        const cuts = [...watches, ...this.declared(actor, source)]
          .flatMap(({ from, to }) => [from, to])
          .sort(ascending);
        for (let at = 1; at < cuts.length; at++) {
          const [from, to] = [cuts[at - 1] as bigint, cuts[at] as bigint];
          const isCovered = watches.some((watch) => within(from, watch));
          const isBetween = watches.some((watch) => watch.to <= from) && watches.some((watch) => watch.from >= to);
          const isDeclared = this.declared(actor, source).some((gap) => within(from, gap));
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
