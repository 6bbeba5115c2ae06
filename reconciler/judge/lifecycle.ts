import { isRecorded, unpadNanos, witnessesOf } from '#chaincode';
import type { Finding } from '../judgement.js';
import { majorityOf } from '../ledger/ledger-clock.js';
import { exists } from '../ledger/sources.js';
import { areApart, ORDER_TOLERANCE } from '../projection/disorder-store.js';
import type { Projection } from '../projection/projection.js';
import type { PlainEvents } from '../running/plain-life.js';
import { LIFE_ACTIONS } from '../running/sweep.js';
import { established, findingId, type Locate, variantOf } from './findings.js';
import { loadEvent } from './load.js';
import type { LifeEventRow } from './load-containers.js';

/**
 * What may follow an event in a container's life, of those that begin or end something. Docker tells a restart as die,
 * stop, start, restart, and of a start that failed a die without a start.
 */
const FOLLOWERS: Readonly<Record<string, readonly string[]>> = {
  create: ['start', 'restart', 'die', 'stop', 'destroy'],
  start: ['die', 'stop', 'pause', 'restart'],
  restart: ['die', 'stop', 'pause'],
  unpause: ['die', 'stop', 'pause'],
  pause: ['unpause', 'die', 'stop'],
  die: ['start', 'stop', 'restart', 'destroy'],
  stop: ['start', 'restart', 'destroy'],
  destroy: [],
};

/** Without all of these on record, a life has holes that nobody told. */
const NEEDED = ['start', 'die', 'pause', 'unpause'];

interface Life {
  /** Events of less than a second from one to the next count as one moment, in any order. */
  moment: LifeEventRow[];
  found: boolean;
}

/**
 * Goes through the events of a day's containers in order of time, those that stand, and finds the first in each that
 * cannot follow what came before. Where anything about a container is undecided, or fewer than a majority watched from
 * one event to the next, its life begins anew: something may have happened that nobody tells.
 */
export class LifeCheck {
  readonly #lives = new Map<string, Life>();
  readonly #illegal: LifeEventRow[] = [];
  readonly #unwatched = new Set<string>();

  constructor(private readonly projection: Projection) {}

  /**
   * Takes in the next event.
   * @returns whether it is found to be the first that cannot follow what came before it in its container's life
   */
  seen(event: LifeEventRow): boolean {
    if (event.stands === 'ignored') return false;
    const key = `${event.sourceId}/${event.object}`;
    const life = this.#lives.get(key) ?? { moment: [], found: false };
    this.#lives.set(key, life);
    if (event.stands === 'undecided') {
      life.moment = [];
      return false;
    }
    const last = life.moment.at(-1);
    if (last !== undefined && !areApart(last.time, event.time)) {
      life.moment.push(event);
      return false;
    }
    const isIllegal = last !== undefined && !life.found && !mayFollow(life.moment, event);
    if (isIllegal) {
      life.found = this.#wasWatched(last, event);
      if (life.found) this.#illegal.push(event);
      else this.#unwatched.add(key);
    }
    life.moment = [event];
    return isIllegal && life.found;
  }

  /**
   * Containers of which an event cannot follow the one before, but too few have watched in between, so far. By number of
   * source and object, with a slash between.
   */
  get unwatched(): ReadonlySet<string> {
    return this.#unwatched;
  }

  findings(locate: Locate): Finding[] {
    return this.#illegal.map(({ id, source, object, action, time }) => {
      const event = loadEvent(this.projection, id);
      const variant = variantOf(event, locate);
      const about = { id: findingId(source, variant.eventHash, 'lifecycle'), source, time, actor: '' };
      return {
        ...established('lifecycle', about),
        dissent: [],
        type: 'container',
        object,
        action,
        variants: [variant],
      };
    });
  }

  /** Whether a majority watched all the time between two events, under a policy that has all of a life recorded. */
  #wasWatched(before: LifeEventRow, { source: name, time }: LifeEventRow): boolean {
    const policy = this.projection.policies.at(time);
    const source = this.projection.sources.find(name);
    if (policy === undefined || source === undefined) return false;
    if (!NEEDED.every((action) => isRecorded(policy.policy, { type: 'container', action }))) return false;
    const witnesses = witnessesOf(policy.policy, name, unpadNanos(time));
    const between = { from: before.time, to: time };
    const watching = witnesses.filter((actor) => source.witnesses.get(actor)?.coverage.coversAll(between));
    return exists(source, policy, witnesses) && watching.length >= majorityOf(witnesses.length);
  }
}

const TOLERANCE = Number(ORDER_TOLERANCE);
/** A bit for each action, as `LIFE_ACTIONS` numbers them: of those that may follow each, and of the one after which nothing may. */
const FOLLOWER_BITS: readonly number[] = LIFE_ACTIONS.map((action) => bitsOf(FOLLOWERS[action] ?? []));
const DESTROYED = bitsOf(['destroy']);

function bitsOf(actions: readonly string[]): number {
  return LIFE_ACTIONS.reduce((bits, action, code) => (actions.includes(action) ? bits | (1 << code) : bits), 0);
}

/** Whether a container's events, all of which stand, make a legal life: what `LifeCheck` says of them, told from little. */
export function isLegalLife(events: PlainEvents): boolean {
  let [moment, followers, last] = [0, 0, 0];
  for (let at = 0; at < events.length; at++) {
    const code = events.code(at);
    const time = events.offset(at);
    if (at > 0 && time - last > TOLERANCE) {
      if ((moment & DESTROYED) !== 0 || (followers & (1 << code)) === 0) return false;
      [moment, followers] = [0, 0];
    }
    moment |= 1 << code;
    followers |= FOLLOWER_BITS[code] ?? 0;
    last = time;
  }
  return true;
}

function mayFollow(moment: readonly LifeEventRow[], { action }: LifeEventRow): boolean {
  const removed = moment.some((event) => event.action === 'destroy');
  return !removed && moment.some((event) => FOLLOWERS[event.action]?.includes(action));
}
