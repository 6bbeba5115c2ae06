import { setImmediate as nextTurn } from 'node:timers/promises';
import { addSeconds, type Nanos } from '#chaincode';
import type { Observation } from '../observation.js';
import { Continuity, isSurelyWhole, LIVE_WITNESS } from './continuity.js';
import type { Engine, EngineState } from './docker-engine.js';
import { earlier, later } from './earlier.js';
import { drain } from './event-stream.js';
import { Feed } from './feed.js';
import { inspect } from './inspection.js';
import { Intake } from './intake.js';
import type { Line } from './line-splitter.js';
import { type LookedBack, lookBack, type Remembered, type Unread } from './look-back.js';
import type { SourceContext } from './source.js';
import { AWAY } from './swarm-events.js';
import { type Scope, Watches } from './watches.js';

export interface DockerEngineOptions {
  /** Names the engine in the canonical events instead of its own ID, which cloned hosts may share. */
  readonly sourceId?: string;
  /** What a re-read shows must come over the live stream within so many milliseconds; 2,000 if left out. */
  readonly settleMs?: number;
  /** The engine's memory is read again at least so often, in milliseconds; 20,000 if left out. */
  readonly proveEveryMs?: number;
  /** A stream over which nothing comes, of an engine that answers nothing, is given up after so many milliseconds. */
  readonly giveUpMs?: number;
}

/** A re-read begins so many seconds before the last one ended: Swarm events carry older times. */
const OVERLAP_SECONDS = 10;
const OPEN_TIMEOUT_MS = 30_000;
/** The engine's memory is read again after so many events: before they push each other out of it. */
const PROVE_EVERY_EVENTS = 160;
/** The beginning of time, as far as the engine's API takes it. */
const EVER = '1';

/** What a re-read shows that the live stream did not bring, though it had time to. */
interface Missed {
  readonly events: readonly Remembered[];
  readonly unread: readonly Unread[];
}

/** What a session is given to work with. */
export interface SessionContext extends SourceContext {
  /** Told when the engine's memory was read again. */
  readonly proven: () => void;
  /** Told when it could not be: until it is, nothing is claimed. */
  readonly unproven: (why: Error) => void;
}

/** One unbroken stream of an engine's events. */
export class DockerSession {
  readonly #engine: Engine;
  readonly #options: DockerEngineOptions;
  readonly #context: SessionContext;
  readonly #feed = new Feed<Observation>();
  readonly #closing = new AbortController();
  readonly #watched: Watches;
  readonly #intake: Intake;
  #continuity = new Continuity([]);
  #source = '';
  #confirming = false;
  #probing: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #proving: Promise<boolean> | undefined;
  #begun = false;
  /** What lies before was not asked for. */
  #horizon: Nanos = EVER;
  /** The latest time known at the beginning: of a clock that is behind it, nothing is before the horizon. */
  #known: Nanos = EVER;
  /** Whether the engine remembers more than was read of it: then not all from before the collector is known. */
  #partial = false;
  /** Where the next re-read begins. */
  #since: Nanos = EVER;
  #listened = false;
  #provenAt = performance.now();
  #heardAt = performance.now();
  /** After a re-read without an answer: how many live events must have come before they ask for another. */
  #retryAfter = 0;
  #arrived = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(engine: Engine, options: DockerEngineOptions, context: SessionContext) {
    this.#engine = engine;
    this.#options = options;
    this.#context = context;
    const { memory, log } = context;
    const tell = (observation: Observation) => this.#feed.push(observation);
    this.#watched = new Watches(tell, log, (source) => memory.margin(source));
    this.#intake = new Intake({ memory, log, watches: this.#watched, tell });
  }

  /** The name of the engine in its events. */
  get source(): string {
    return this.#source;
  }

  /**
   * Subscribes, then finds out whether the stream joins what is known.
   * @throws if the engine does not answer.
   */
  async open(): Promise<void> {
    this.#context.signal.addEventListener('abort', this.close, { once: true });
    const late = setTimeout(() => this.#closing.abort(), OPEN_TIMEOUT_MS);
    try {
      await this.#join();
    } finally {
      clearTimeout(late);
    }
    void this.#confirm();
    const { proveEveryMs = 20_000 } = this.#options;
    this.#timer = setInterval(() => this.#lookAfter(proveEveryMs), Math.min(5_000, proveEveryMs));
  }

  /** What the session tells, until its stream ends. */
  observations(): AsyncGenerator<readonly Observation[]> {
    return this.#feed.groups();
  }

  readonly close = (): void => {
    this.#context.signal.removeEventListener('abort', this.close);
    clearInterval(this.#timer);
    this.#end();
    this.#closing.abort();
    this.#arrived();
  };

  /** Tells how far the stream was watched, by the engine's clock. Says nothing if the engine does not answer. */
  async probe(): Promise<void> {
    // One that is under way asked before now: another one follows it, the same for all who wait.
    if (this.#probing !== undefined) {
      this.#following ??= this.#probing
        .finally(() => {
          this.#following = undefined;
        })
        .then(() => this.probe());
      await this.#following;
      return;
    }
    this.#probing = this.#claim()
      .catch((error: Error) => this.#end(error))
      .finally(() => {
        this.#probing = undefined;
      });
    await this.#probing;
  }

  async #join(): Promise<void> {
    const { memory } = this.#context;
    const state = await this.#engine.state(this.#closing.signal);
    this.#source = this.#options.sourceId ?? state.id;
    this.#intake.join(this.#source);
    const cluster = this.#intake.swarm.join(this.#source, state);
    const last = memory.lastEventTime();
    const until = memory.watchedUntil(this.#source);
    const known = [last, until].filter((time) => time !== undefined);
    const since = known.length === 0 ? state.now : addSeconds([...known, state.now].reduce(earlier), -OVERLAP_SECONDS);
    const live = await this.#engine.events({ since }, this.#closing.signal);
    drain(live, {
      line: (line) => this.#take(line),
      heard: () => {
        this.#heardAt = performance.now();
        this.#arrived();
      },
      ended: (why) => this.#end(why),
    });
    // Subscribed first, looked back second: what lies between cannot fall out of both.
    this.#horizon = since;
    const fresh = known.length === 0;
    this.#known = [...known, state.now].reduce(later);
    // Without anything known the engine's older events serve: whatever it shows again later proves that it forgot nothing.
    let ring = fresh ? await this.#everything(since, state.now) : await this.#lookBack(since, state.now);
    const joined = () => ring.events.some(({ id, time }) => memory.knows(time, id));
    if (!fresh && !joined()) ring = await this.#everything(since, state.now);
    let { now } = state;
    if (ring.ids.length === 0) {
      // It had nothing, or a burst before the subscription pushed all of it out, and some of its own: that lies before now.
      const asked = await this.#engine.state(this.#closing.signal);
      const whole = await this.#everything(since, asked.now);
      if (!isSurelyWhole(whole)) [ring, now] = [whole, asked.now];
    }
    this.#begin({ ...state, now }, cluster, ring, joined(), fresh);
  }

  /** All that the engine still has; of one with a long memory, what is asked for alone. */
  async #everything(since: Nanos, until: Nanos): Promise<LookedBack> {
    const ring = await this.#lookBack(EVER, until);
    if (!ring.cut) return ring;
    this.#partial = true;
    return await this.#lookBack(earlier(since, addSeconds(until, -OVERLAP_SECONDS)), until);
  }

  /** From here on: what was known goes on, or a gap lies between. */
  #begin(state: EngineState, cluster: string | undefined, ring: LookedBack, joined: boolean, fresh: boolean): void {
    const { memory } = this.#context;
    const trusted = memory.unproven() < LIVE_WITNESS;
    const sources: (readonly [string, Scope])[] = [[this.#source, 'local']];
    if (cluster !== undefined) sources.push([cluster, 'swarm']);
    let lost = false;
    for (const [source, scope] of sources) {
      const until = memory.watchedUntil(source);
      const away = memory.hasLeft(source);
      if (until === undefined) this.#watched.begin(source, scope, state.now);
      else if (joined && trusted && !away) this.#watched.goOn(source, scope, until, state.now);
      else {
        const from = scope === 'local' ? this.#watchedToTheEnd(source, until, state.now, trusted) : until;
        const latest = scope === 'local' ? memory.lastLocalTime() : undefined;
        const reason = away && joined ? AWAY : this.#reasonOf(joined);
        this.#watched.resume(source, scope, { from, now: state.now, first: firstOf(ring), latest, reason });
        lost = true;
      }
    }
    for (const one of ring.events) {
      // What came live meanwhile is in the feed already.
      if (this.#intake.has(one)) continue;
      // Of an older time is what was before the collector; later on, what came late or by a clock that was set back.
      this.#intake.recall(one, (fresh || ring.cut) && BigInt(one.time) < BigInt(this.#horizon));
    }
    this.#continuity = new Continuity(ring.ids);
    this.#settle(ring, state.now);
    this.#intake.begin();
    this.#begun = true;
    // What was cut off here comes over the live stream, in time.
    if (!ring.cut) this.#advance(state.now, state, 0);
    if (lost) void this.#inspect();
  }

  #reasonOf(joined: boolean): string {
    const { left } = this.#context;
    if (left !== undefined)
      return `${left}: nothing was read until there was room, and the engine no longer has all since`;
    if (joined) return 'disconnected, after too many events to show that none was skipped';
    return this.#context.memory.lastEventTime() === undefined
      ? 'disconnected, and no event is known by which the engine could show that none was lost'
      : 'disconnected, and the engine no longer has the last event known';
  }

  /**
   * Up to the last event that came before a stream broke, nothing was skipped: claims that, less the margin, for events
   * may overtake each other.
   * @returns where the claim ends
   */
  #watchedToTheEnd(source: string, until: Nanos, now: Nanos, trusted: boolean): Nanos {
    const last = this.#context.memory.lastLocalTime();
    // Of what could not be read it is not known when it happened.
    if (!trusted || last === undefined || this.#intake.unreadable.owed > 0) return until;
    const to = addSeconds(last, -this.#watched.margin(source, 'local'));
    if (BigInt(to) <= BigInt(until) || BigInt(to) >= BigInt(now)) return until;
    this.#feed.push({ kind: 'watch', source, from: until, to });
    return to;
  }

  async #claim(): Promise<void> {
    const { swarm, unreadable } = this.#intake;
    const owed = unreadable.owed;
    const mark = swarm.mark();
    let state: EngineState;
    try {
      state = await this.#engine.state(this.#closing.signal);
    } catch (error) {
      this.#unproven(error as Error);
      return;
    }
    // What the engine sent before it answered is on this side of the socket: let it in first.
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    if (this.#feed.ended) return;
    this.#watched.clock(state.now);
    swarm.meet(state, mark);
    // One that is under way may have looked too early.
    while (this.#proving !== undefined) await this.#proving;
    if (!(await this.#prove(state.now, state, owed)) || this.#feed.ended) return;
    const deaf = this.#listened && state.listeners === 0;
    this.#listened ||= (state.listeners ?? 0) > 0;
    if (deaf) this.#end(new Error('it no longer knows that we listen'));
    await this.#feed.drained();
  }

  /** Reads the engine's memory again and claims what that proves, or declares what it does not. */
  #prove(until: Nanos, state?: EngineState, owed = 0): Promise<boolean> {
    this.#proving = this.#reread(until, state, owed)
      .catch((error: Error) => {
        this.#unproven(error);
        return false;
      })
      .finally(() => {
        this.#proving = undefined;
      });
    return this.#proving;
  }

  /** Nothing can be shown, hence nothing is claimed. */
  #unproven(error: Error): void {
    this.#retryAfter = this.#intake.live + PROVE_EVERY_EVENTS;
    if (!this.#closing.signal.aborted && !this.#feed.ended) this.#context.unproven(error);
  }

  /** @returns whether there was an answer */
  async #reread(until: Nanos, state: EngineState | undefined, owed: number): Promise<boolean> {
    const { cluster } = this.#intake.swarm;
    let ring = await this.#lookBack(earlier(this.#since, until), until);
    // A Swarm event of an older time hides what was published before it: look at everything.
    if (this.#continuity.misses(ring)) {
      const whole = await this.#lookBack(EVER, until);
      if (!whole.cut) ring = whole;
    }
    const missed = await this.#missedOf(ring, (this.#partial || ring.cut) && BigInt(until) >= BigInt(this.#known));
    // The engine has changed its Swarm meanwhile: some were read as the other's.
    if (this.#feed.ended || this.#intake.swarm.cluster !== cluster) return false;
    const count = missed.events.length + missed.unread.length;
    const proven = this.#continuity.proves(ring, count, this.#intake.live);
    if (!proven) this.#watched.break(until, firstOf(ring), this.#intake.latest);
    for (const one of missed.events) this.#intake.recall(one);
    for (const one of missed.unread) this.#intake.recallUnread(one);
    this.#settle(ring, until);
    this.#advance(until, state, owed);
    if (!proven) void this.#inspect();
    if (count > 0) {
      this.#context.log.warn('The engine has events that its stream did not bring; they are taken from its memory.', {
        events: count,
      });
      this.#end(new Error('its stream has skipped events or fallen silent'));
    }
    return true;
  }

  /** Waits for what a re-read shows to come over the live stream. */
  async #missedOf(ring: LookedBack, excused: boolean): Promise<Missed> {
    const deadline = performance.now() + (this.#options.settleMs ?? 2_000);
    const missing = () => ({
      events: ring.events.filter((one) => !this.#accountedFor(one, excused)),
      unread: ring.unread.filter((one) => !this.#intake.hasRead(one)),
    });
    for (let missed = missing(); ; missed = missing()) {
      const left = deadline - performance.now();
      if (missed.events.length + missed.unread.length === 0 || left <= 0 || this.#feed.ended) return missed;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** @param excused whether what lies before the horizon was before the collector, for certain */
  #accountedFor(one: Remembered, excused: boolean): boolean {
    if (this.#intake.has(one) || this.#continuity.has(one.id)) return true;
    if (this.#context.memory.knows(one.time, one.id)) return true;
    return excused && BigInt(one.time) < BigInt(this.#horizon);
  }

  /** From here on: what stands in this re-read is accounted for, and the next one begins before its end. */
  #settle(ring: LookedBack, until: Nanos): void {
    this.#continuity.settle(ring);
    this.#provenAt = performance.now();
    const tail = ring.cut ? undefined : ring.events.at(-1)?.time;
    if (tail !== undefined) this.#since = addSeconds(earlier(tail, until), -OVERLAP_SECONDS);
    else if (this.#since === EVER || ring.cut) this.#since = addSeconds(until, -OVERLAP_SECONDS);
    if (this.#since === '0') this.#since = EVER;
    this.#context.proven();
  }

  /**
   * Claims what is proven, up to `until` less the margins.
   * @param owed how many unreadable events had come before `until`
   */
  #advance(until: Nanos, state: EngineState | undefined, owed: number): void {
    const { swarm, unreadable, live } = this.#intake;
    this.#feed.push({ kind: 'proven', after: this.#continuity.since(live) });
    // One came meanwhile: the next claim knows that it lies before its end.
    if (unreadable.owed > owed) return;
    // A clock that was set back gives no interval to declare: later.
    if (owed > 0 && !this.#watched.reaches(until)) return;
    this.#watched.advance(until, owed > 0, swarm.spoke(until, state));
    if (owed > 0) this.#feed.push({ kind: 'declared' });
    unreadable.declared();
  }

  /** Nothing more is told; what waits for its Swarm's name is the last confirmed one's, as far as is known. */
  #end(failure?: Error): void {
    try {
      if (!this.#feed.ended) this.#intake.swarm.end();
      this.#feed.end(failure);
    } catch (error) {
      this.#feed.end(failure ?? (error as Error));
    }
  }

  /** Asks what there is now: of what was lost, that can still be known. */
  async #inspect(): Promise<void> {
    try {
      const { now: at, swarm } = await this.#engine.state(this.#closing.signal);
      const objects = await inspect(this.#engine, swarm === 'reached', this.#closing.signal);
      if (objects.length > 0) this.#feed.push({ kind: 'inspected', source: this.#source, at, objects });
    } catch (error) {
      this.#context.log.debug(`The engine could not be inspected after a gap (${(error as Error).message}).`);
    }
  }

  #take(line: Line): void {
    this.#intake.take(line);
    if (this.#intake.swarm.waiting) void this.#confirm();
    const { live, newest } = this.#intake;
    const due = this.#continuity.since(live) >= PROVE_EVERY_EVENTS && live >= this.#retryAfter;
    if (due && this.#begun && this.#proving === undefined && newest !== undefined) void this.#prove(newest);
  }

  /** Asks for as long as there is an answer and something waits to know its Swarm. */
  async #confirm(): Promise<void> {
    if (this.#confirming || !this.#begun) return;
    this.#confirming = true;
    const { swarm } = this.#intake;
    try {
      while (swarm.waiting && !this.#feed.ended) {
        const mark = swarm.mark();
        const state = await this.#engine.state(this.#closing.signal);
        if (this.#feed.ended) return;
        swarm.meet(state, mark);
        if (state.swarm !== 'reached') return;
      }
    } catch {
      // The next claim asks again.
    } finally {
      this.#confirming = false;
    }
  }

  /** The events that the engine still has from `since` to `until`. */
  #lookBack(since: Nanos, until: Nanos): Promise<LookedBack> {
    const { live } = this.#intake;
    const read = (text: string) => this.#intake.recognise(text);
    return lookBack(this.#engine, { since, until }, this.#closing.signal, { live, read });
  }

  /** Keeps the proofs young while nobody asks, and gives up on a stream of an engine that answers nothing. */
  #lookAfter(proveEveryMs: number): void {
    const { giveUpMs = 90_000 } = this.#options;
    const now = performance.now();
    if (now - this.#provenAt >= proveEveryMs) void this.probe();
    if (now - Math.max(this.#provenAt, this.#heardAt) >= giveUpMs) {
      this.#end(new Error('nothing comes from it and it answers nothing'));
    }
  }
}

/** The first event of the engine's own that it still has. */
function firstOf(ring: LookedBack): Nanos | undefined {
  return ring.events.find(({ scope }) => scope === 'local')?.time;
}
