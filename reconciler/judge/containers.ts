import { type Day, type NumberedPolicy, unpadNanos, witnessesOf } from '#chaincode';
import type { Interval } from '../ledger/coverage.js';
import type { Source } from '../ledger/sources.js';
import type { DayLives, LoggedContainer } from '../projection/life-log.js';
import type { Projection } from '../projection/projection.js';
import {
  type CarriedContainer,
  type Container,
  containersIn,
  namesOf,
  type PlainContainer,
  runningDay,
  type ToldContainer,
  type Watches,
  watchesOn,
} from '../running/day.js';
import { beginningsOf, type PlainEvents, plainLife } from '../running/plain-life.js';
import { LIFE_ACTIONS, type LogState } from '../running/sweep.js';
import { type Flood, floodTest } from './beyond-quota.js';
import type { Locate } from './findings.js';
import type { JudgeOptions } from './judge-day.js';
import { isLegalLife, LifeCheck } from './lifecycle.js';
import { containerEvents, type EventRow, expectedWitnesses, storedLives } from './load-containers.js';
import type { Pairing } from './pairing.js';
import type { Standing } from './standing.js';

/** What was decided about a day's events, for looking at its containers. */
export interface Decided {
  readonly day: Day;
  readonly bounds: Interval;
  readonly policy: NumberedPolicy;
  readonly standings: readonly Standing[];
  readonly pairing: Pairing;
  readonly floods: readonly Flood[];
  readonly locate: Locate;
}

/**
 * The running time of a day's containers, and those that make no legal life. Where the projection has kept the day's lives as they
 * came, containers on which nobody disagrees are told from that; of all others the events are looked at.
 */
export function containersOf(projection: Projection, decided: Decided, options: JudgeOptions) {
  const { carried, before } = options;
  if (before !== undefined) {
    const { running, sums, bill, findings: said } = before.judgement;
    return {
      running,
      sums,
      bill,
      carry: before.carry,
      lifecycle: [...said].filter((one) => one.class === 'lifecycle'),
    };
  }
  const { bounds, policy, locate, floods } = decided;
  const watchesOf = watchesOn(
    bounds,
    (name) => projection.sources.find(name),
    (source) => witnessesOf(policy.policy, source, unpadNanos(bounds.from)),
  );
  const lives = new LifeCheck(projection);
  const ofDay = floods.filter(({ day }) => day === decided.day);
  const isFlood = floodTest(projection, ofDay);
  const look = new Look(projection, decided, lives, isFlood);
  const logged = projection.lives.of(decided.day);
  const containers =
    logged === undefined
      ? look.at(storedLives(projection, bounds), carried, (id) => look.names(id))
      : new LoggedDay(projection, decided, logged, watchesOf, ofDay.length === 0 ? undefined : isFlood).containers(
          carried,
          look,
        );
  const ran = runningDay(bounds, containers, watchesOf, policy.policy.tariff);
  return { ...ran, lifecycle: lives.findings(locate) };
}

type Names = Pick<Container, 'name' | 'image' | 'groups'>;

/** Looks at events one by one. */
class Look {
  readonly #canonical;

  constructor(
    private readonly projection: Projection,
    private readonly decided: Decided,
    private readonly lives: LifeCheck,
    private readonly isFlood: (id: number) => boolean,
  ) {
    this.#canonical = projection.db.prepare('SELECT canonical FROM events WHERE id = ?').pluck();
  }

  /**
   * The containers that these events are about, in the order in which they are first told of, carried ones first.
   * @param names of a container by the number of its first event
   */
  at(
    rows: Iterable<EventRow>,
    carried: readonly CarriedContainer[],
    names: (id: number) => Names,
  ): readonly ToldContainer[] {
    return containersIn(this.#events(rows), carried, names);
  }

  /** What an event says of its container. */
  names(id: number): Names {
    return namesOf(this.#canonical.get(id) as string, this.decided.policy.policy.tariff.labels ?? []);
  }

  *#events(rows: Iterable<EventRow>) {
    const { standings, pairing } = this.decided;
    const instead = new Set(pairing.pairs.flatMap(({ dissent }) => dissent.map(({ variant }) => variant)));
    for (const event of containerEvents(this.projection, rows, standings, instead, this.isFlood)) {
      this.lives.seen(event);
      yield event;
    }
  }
}

/** A source's containers may be plain: all of the day the same witnesses were expected, and these are those who watch. */
interface PlainSource {
  readonly watches: Watches;
  /** Where their holes begin. */
  readonly holes: readonly number[];
}

/** A day whose lives were kept as they came. */
class LoggedDay {
  /** Containers about which somebody may say something else. */
  readonly #odd = new Set<LoggedContainer>();
  readonly #carried = new Map<LoggedContainer, CarriedContainer>();
  readonly #sources = new Map<Source, PlainSource | undefined>();
  readonly #isOfOnePolicy: boolean;
  readonly #length: number;

  constructor(
    private readonly projection: Projection,
    private readonly decided: Decided,
    private readonly lives: DayLives,
    private readonly watchesOf: (source: string) => Watches,
    /** Whether an event is beyond a quota, if any may be. */
    private readonly isFlood: ((id: number) => boolean) | undefined,
  ) {
    const { standings, bounds, policy } = decided;
    for (const { event } of standings) {
      const container = lives.find(event.source, event.object);
      if (container !== undefined) this.#odd.add(container);
    }
    const [part, ...more] = projection.policies.within(bounds);
    this.#isOfOnePolicy = part !== undefined && part[0].from === bounds.from && part[1] === policy && more.length === 0;
    this.#length = Number(BigInt(bounds.to) - BigInt(bounds.from));
  }

  /** Carried ones first, then in the order in which they are first told of. */
  containers(carried: readonly CarriedContainer[], look: Look): readonly (ToldContainer | PlainContainer)[] {
    const carriedOnes = carried.map((one) => ({ one, logged: this.#loggedOf(one) }));
    for (const { one, logged } of carriedOnes) if (logged !== undefined) this.#carried.set(logged, one);
    const plain = new Map<LoggedContainer, PlainContainer>();
    const odd: LoggedContainer[] = [];
    const inOrder = this.#inOrder();
    const firstOnes = new Map<number, LoggedContainer>();
    for (const { container, first } of inOrder) {
      const life = this.#plainOf(container, look);
      if (life !== undefined) plain.set(container, life);
      else {
        odd.push(container);
        if (first === container.first) firstOnes.set(this.lives.id(first), container);
      }
    }
    // Those that the day says nothing of have no events to look at.
    const told = look.at(
      this.#rowsOf(odd),
      carried.filter((_, index) => !plain.has(carriedOnes[index]?.logged as LoggedContainer)),
      (id) => {
        const container = firstOnes.get(id);
        return container === undefined ? look.names(id) : this.#namesOf(container, look);
      },
    );
    return this.#merged(
      carriedOnes,
      inOrder.map(({ container }) => container),
      plain,
      told,
    );
  }

  /** Those of which anything counts, in the order in which they are first told of, and where the first of it lies. */
  #inOrder(): { readonly container: LoggedContainer; readonly first: number }[] {
    const { lives, isFlood } = this;
    const containers: { readonly container: LoggedContainer; readonly first: number }[] = [];
    for (const container of lives.containers()) {
      if (isFlood === undefined) containers.push({ container, first: container.first });
      else {
        const places = lives.placesOf(container);
        const counting = places.filter((place) => !isFlood(lives.id(place)));
        const [first] = counting;
        if (first === undefined) continue;
        if (counting.length < places.length) this.#odd.add(container);
        containers.push({ container, first });
      }
    }
    return containers.sort((a, b) => lives.compare(a.first, b.first));
  }

  #merged(
    carried: readonly { readonly one: CarriedContainer; readonly logged: LoggedContainer | undefined }[],
    inOrder: readonly LoggedContainer[],
    plain: ReadonlyMap<LoggedContainer, PlainContainer>,
    told: readonly ToldContainer[],
  ): (ToldContainer | PlainContainer)[] {
    const containers: (ToldContainer | PlainContainer)[] = [];
    let next = 0;
    const put = (logged: LoggedContainer | undefined) => {
      const container = (logged && plain.get(logged)) ?? told[next++];
      if (container !== undefined) containers.push(container);
    };
    for (const { logged } of carried) put(logged);
    for (const logged of inOrder) if (!this.#carried.has(logged)) put(logged);
    return containers;
  }

  #loggedOf({ source: name, object }: CarriedContainer): LoggedContainer | undefined {
    const source = this.projection.sources.find(name);
    return source && this.lives.find(source, object);
  }

  #plainOf(container: LoggedContainer, look: Look): PlainContainer | undefined {
    const { source, object } = container;
    const plainSource = this.#plainSource(source);
    if (plainSource === undefined || this.#odd.has(container)) return undefined;
    const carried = this.#carried.get(container);
    const before = carried && sameState(carried, plainSource.watches);
    if (before === 'different') return undefined;
    const events = new EventsOf(this.lives, container);
    const plain = plainLife(this.#length, events, before, plainSource.holes);
    if (plain === undefined || !isLegalLife(events)) return undefined;
    if (carried !== undefined) return { ...carried, carried: carried.states, plain };
    return { source: source.name, object, ...this.#namesOf(container, look), carried: {}, plain };
  }

  /** As its first event has them. */
  #namesOf({ first, name, image, service }: LoggedContainer, look: Look): Names {
    const { labels = [] } = this.decided.policy.policy.tariff;
    if (labels.length > 0) return look.names(this.lives.id(first));
    return { name, image, groups: service === undefined ? [] : [{ by: 'service', value: service }] };
  }

  #plainSource(source: Source): PlainSource | undefined {
    if (!this.#sources.has(source)) this.#sources.set(source, this.#asPlain(source));
    return this.#sources.get(source);
  }

  #asPlain({ name }: Source): PlainSource | undefined {
    const { bounds } = this.decided;
    const watches = this.watchesOf(name);
    const attesters = new Set(expectedWitnesses(this.projection)(name, bounds.from));
    const isSame = watches.length === attesters.size && watches.every(({ actor }) => attesters.has(actor));
    if (!this.#isOfOnePolicy || watches.length === 0 || !isSame) return undefined;
    return { watches, holes: beginningsOf(bounds, watches) };
  }

  /** The events of some containers, in order of time and number. */
  #rowsOf(containers: readonly LoggedContainer[]): EventRow[] {
    const timeAt = timesFrom(this.decided.bounds.from);
    const places = containers.flatMap((container) =>
      this.lives.placesOf(container).map((place) => ({ place, container })),
    );
    places.sort((a, b) => this.lives.compare(a.place, b.place));
    return places.map(({ place, container: { source, object } }): EventRow => {
      const time = timeAt(this.lives.offset(place));
      return [this.lives.id(place), time, source.id, LIFE_ACTIONS[this.lives.code(place)] as string, object];
    });
  }
}

const PER_SECOND = 1_000_000_000;

/** @returns the time of 19 digits so many nanoseconds, of a day, after one that is a whole second */
function timesFrom(start: string): (offset: number) => string {
  const seconds = Number(start.slice(0, -9));
  return (offset) => {
    const second = Math.floor(offset / PER_SECOND);
    return `${(seconds + second).toString().padStart(10, '0')}${(offset - second * PER_SECOND).toString().padStart(9, '0')}`;
  };
}

class EventsOf implements PlainEvents {
  readonly #places: readonly number[];

  constructor(
    private readonly lives: DayLives,
    container: LoggedContainer,
  ) {
    this.#places = lives.placesOf(container);
  }

  get length(): number {
    return this.#places.length;
  }

  offset(at: number): number {
    return this.lives.offset(this.#places[at] as number);
  }

  code(at: number): number {
    return this.lives.code(this.#places[at] as number);
  }
}

/** What all who watch say of a container at the end of the day before; undefined where none of them knew it. */
function sameState({ states }: CarriedContainer, watches: Watches): LogState | 'different' | undefined {
  const [first, ...others] = watches.map(({ actor }) => states[actor]);
  return others.every((state) => state === first) ? first : 'different';
}
