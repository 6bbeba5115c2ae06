import { isRecorded, unpadNanos, witnessesOf } from '#chaincode';
import type { Finding } from '../judgement.js';
import { majorityOf } from '../ledger/ledger-clock.js';
import { exists } from '../ledger/sources.js';
import { areApart } from '../projection/disorder-store.js';
import type { Projection } from '../projection/projection.js';
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
      const attesters = [...new Set(event.attestations.map(({ actor }) => actor))].sort();
      const variant = variantOf({ event, attesters }, locate);
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

function mayFollow(moment: readonly LifeEventRow[], { action }: LifeEventRow): boolean {
  const removed = moment.some((event) => event.action === 'destroy');
  return !removed && moment.some((event) => FOLLOWERS[event.action]?.includes(action));
}
