import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { addSeconds, type DockerEvent, type Nanos, parseDockerEvent, RecordError } from '#chaincode';
import type { Observation } from '../observation.js';
import { identityOf } from '../spool/spooled-event.js';
import { Continuity, LIVE_WITNESS } from './continuity.js';
import type { Engine, EngineState } from './docker-engine.js';
import { earlier, later } from './earlier.js';
import { Feed } from './feed.js';
import { inspect } from './inspection.js';
import { type Line, LineSplitter, MAX_LINE_BYTES } from './line-splitter.js';
import { type LookedBack, lookBack } from './look-back.js';
import { type Identified, Recent } from './recent.js';
import type { SourceContext } from './source.js';
import { MARGIN_SECONDS, Watches } from './watches.js';

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
/** Events of a Swarm that the engine has not confirmed. */
const MAX_HELD = 10_000;

/** One unbroken stream of an engine's events. */
export class DockerSession {
  readonly #engine: Engine;
  readonly #options: DockerEngineOptions;
  readonly #context: SourceContext;
  readonly #feed = new Feed<Observation>();
  readonly #closing = new AbortController();
  readonly #watched: Watches;
  readonly #recent = new Recent();
  #continuity = new Continuity([]);
  #source = '';
  #cluster: string | undefined;
  /** The Swarm's events since the engine last said which Swarm it is in. */
  #held: { readonly event: DockerEvent; readonly text: string | undefined }[] = [];
  /** What these will be known by, unless the engine has changed its Swarm. */
  readonly #heldIds = new Set<string>();
  #confirming = false;
  /** Unreadable events that are in no gap yet: each may have been one to attest. */
  #unreadable = 0;
  /** What the engine's memory held at the beginning and cannot be read: the live stream brings it too. */
  #replayed = new Set<string>();
  /** Of these, what the live stream has brought again. */
  readonly #skipped = new Set<string>();
  #probing: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #proving: Promise<boolean> | undefined;
  #begun = false;
  /** Live events so far. */
  #live = 0;
  #newest: Nanos | undefined;
  /** What lies before was not asked for. */
  #horizon: Nanos = EVER;
  /** The latest time known at the beginning: of a clock that is behind it, nothing is before the horizon. */
  #known: Nanos = EVER;
  /** Whether nothing was known at the beginning. */
  #fresh = false;
  /** Where the next re-read begins. */
  #since: Nanos = EVER;
  /** Since when the Swarm has answered without a break, by the engine's clock. */
  #swarmSince: Nanos | undefined;
  #listened = false;
  #provenAt = performance.now();
  #heardAt = performance.now();
  #arrived = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(engine: Engine, options: DockerEngineOptions, context: SourceContext) {
    this.#engine = engine;
    this.#options = options;
    this.#context = context;
    this.#watched = new Watches((observation) => this.#feed.push(observation), context.log);
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
    this.#cluster = state.cluster;
    this.#swarmSince = state.swarm === 'reached' ? state.now : undefined;
    const last = memory.lastEventTime();
    const until = memory.watchedUntil(this.#source);
    const known = [last, until].filter((time) => time !== undefined);
    const since = known.length === 0 ? state.now : addSeconds([...known, state.now].reduce(earlier), -OVERLAP_SECONDS);
    this.#unreadable = memory.undeclared();
    const live = await this.#engine.events({ since }, this.#closing.signal);
    this.#drain(live);
    // Subscribed first, looked back second: what lies between cannot fall out of both.
    this.#horizon = since;
    // Without anything known the engine's older events serve: whatever it shows again later proves that it forgot nothing.
    const fresh = known.length === 0;
    this.#fresh = fresh;
    this.#known = [...known, state.now].reduce(later);
    let ring = await this.#lookBack(fresh ? EVER : since, state.now);
    if (fresh && ring.cut) ring = await this.#lookBack(addSeconds(state.now, -OVERLAP_SECONDS), state.now);
    const joined = () => ring.events.some(({ id, event }) => memory.knows(event.timeNano, id));
    if (!fresh && !joined()) ring = await this.#lookBack(EVER, state.now);
    this.#begin(state, last, ring, joined(), fresh);
  }

  /** From here on: what was known goes on, or a gap lies between. */
  #begin(state: EngineState, last: Nanos | undefined, ring: LookedBack, joined: boolean, fresh: boolean): void {
    const { memory } = this.#context;
    const trusted = memory.unproven() < LIVE_WITNESS;
    const first = ring.events.find(({ event }) => event.scope === 'local')?.event.timeNano;
    let lost = false;
    for (const [source, scope] of this.#sources()) {
      const until = memory.watchedUntil(source);
      if (until !== undefined && joined && trusted) {
        this.#watched.goOn(source, scope, until);
        continue;
      }
      let begin = state.now;
      if (until !== undefined) {
        const reason = joined
          ? 'disconnected, after too many events to show that none was skipped'
          : last === undefined
            ? 'disconnected, and no event is known by which the engine could show that none was lost'
            : 'disconnected, and the engine no longer has the last event known';
        let from = until;
        if (scope === 'local') {
          from = this.#watchedToTheEnd(source, until, state.now, trusted);
          // Stamps overtake each other: one that was lost may lie behind the first.
          if (first !== undefined && BigInt(first) > BigInt(from)) {
            begin = earlier(addSeconds(first, MARGIN_SECONDS.local), begin);
          }
        }
        // By a clock that was set back the outage cannot be placed: nothing is claimed until it is past all that is known.
        if (BigInt(from) >= BigInt(begin)) {
          const local = scope === 'local' ? memory.lastLocalTime() : undefined;
          begin = addSeconds(later(from, local ?? from), MARGIN_SECONDS[scope]);
        }
        lost = this.#watched.lose(source, from, begin, reason) || lost;
      }
      this.#watched.begin(source, scope, begin);
    }
    for (const one of ring.events) {
      const { source, event } = one;
      // What came live meanwhile is in the feed already.
      if (this.#recent.has(one.id) || this.#heldIds.has(one.id)) continue;
      // Of an older time is what was before the collector; later on, what came late or by a clock that was set back.
      const before = (fresh || ring.cut) && BigInt(event.timeNano) < BigInt(this.#horizon);
      this.#feed.push({ kind: before ? 'before' : 'event', source, event });
      this.#recent.add(one);
    }
    this.#continuity = new Continuity(ring.ids);
    this.#settle(ring, state.now);
    for (const text of this.#skipped) this.#replayed.delete(text);
    this.#begun = true;
    // What was cut off here comes over the live stream, in time.
    if (!ring.cut) this.#advance(state.now, state, 0);
    if (lost) void this.#inspect();
  }

  /**
   * Up to the last event that came before a stream broke, nothing was skipped: claims that, less the margin, for events
   * may overtake each other.
   * @returns where the claim ends
   */
  #watchedToTheEnd(source: string, until: Nanos, now: Nanos, trusted: boolean): Nanos {
    const last = this.#context.memory.lastLocalTime();
    // Of what could not be read it is not known when it happened.
    if (!trusted || last === undefined || this.#unreadable > 0) return until;
    const to = addSeconds(last, -MARGIN_SECONDS.local);
    if (BigInt(to) <= BigInt(until) || BigInt(to) >= BigInt(now)) return until;
    this.#feed.push({ kind: 'watch', source, from: until, to });
    return to;
  }

  async #claim(): Promise<void> {
    let state: EngineState;
    const unreadable = this.#unreadable;
    try {
      state = await this.#engine.state(this.#closing.signal);
    } catch {
      return;
    }
    // What the engine sent before it answered is on this side of the socket: let it in first.
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    if (this.#feed.ended) return;
    this.#meetSwarm(state);
    // One that is under way may have looked too early.
    while (this.#proving !== undefined) await this.#proving;
    if (!(await this.#prove(state.now, state, unreadable)) || this.#feed.ended) return;
    const deaf = this.#listened && state.listeners === 0;
    this.#listened ||= (state.listeners ?? 0) > 0;
    if (deaf) this.#end(new Error('it no longer knows that we listen'));
    await this.#feed.drained();
  }

  /** Reads the engine's memory again and claims what that proves, or declares what it does not. */
  #prove(until: Nanos, state?: EngineState, unreadable = 0): Promise<boolean> {
    this.#proving = this.#reread(until, state, unreadable)
      .catch(() => false)
      .finally(() => {
        this.#proving = undefined;
      });
    return this.#proving;
  }

  /** @returns whether there was an answer */
  async #reread(until: Nanos, state: EngineState | undefined, unreadable: number): Promise<boolean> {
    const cluster = this.#cluster;
    let ring = await this.#lookBack(earlier(this.#since, until), until);
    // A Swarm event of an older time hides what was published before it: look at everything.
    if (this.#continuity.misses(ring)) ring = await this.#lookBack(EVER, until);
    const missed = await this.#missedOf(ring.events, (this.#fresh || ring.cut) && BigInt(until) >= BigInt(this.#known));
    // The engine has changed its Swarm meanwhile: some were read as the other's.
    if (this.#feed.ended || this.#cluster !== cluster) return false;
    const proven = this.#continuity.proves(ring, missed.length, this.#live);
    const first = ring.events.find(({ event }) => event.scope === 'local')?.event.timeNano;
    const lost = !proven && this.#watched.break(until, first);
    for (const one of missed) {
      this.#recent.add(one);
      this.#feed.push({ kind: 'event', source: one.source, event: one.event });
    }
    this.#settle(ring, until);
    this.#advance(until, state, unreadable);
    if (lost) void this.#inspect();
    if (missed.length > 0) {
      this.#context.log.warn('The engine has events that its stream did not bring; they are taken from its memory.', {
        events: missed.length,
      });
      this.#end(new Error('its stream has skipped events or fallen silent'));
    }
    return true;
  }

  /** The events of a re-read that do not come over the live stream, though they had time to. */
  async #missedOf(events: readonly Identified[], excused: boolean): Promise<readonly Identified[]> {
    const deadline = performance.now() + (this.#options.settleMs ?? 2_000);
    const missing = () => events.filter((one) => !this.#accountedFor(one, excused));
    for (let missed = missing(); ; missed = missing()) {
      const left = deadline - performance.now();
      if (missed.length === 0 || left <= 0 || this.#feed.ended) return missed;
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
  #accountedFor({ id, event }: Identified, excused: boolean): boolean {
    if (this.#recent.has(id) || this.#continuity.has(id) || this.#heldIds.has(id)) return true;
    if (this.#context.memory.knows(event.timeNano, id)) return true;
    return excused && BigInt(event.timeNano) < BigInt(this.#horizon);
  }

  /** From here on: what stands in this re-read is accounted for, and the next one begins before its end. */
  #settle(ring: LookedBack, until: Nanos): void {
    this.#continuity.settle(ring);
    this.#provenAt = performance.now();
    const tail = ring.cut ? undefined : ring.events.at(-1)?.event.timeNano;
    if (tail !== undefined) this.#since = addSeconds(earlier(tail, until), -OVERLAP_SECONDS);
    else if (this.#since === EVER || ring.cut) this.#since = addSeconds(until, -OVERLAP_SECONDS);
    if (this.#since === '0') this.#since = EVER;
  }

  /**
   * Claims what is proven, up to `until` less the margins.
   * @param unreadable how many unreadable events had come before `until`
   */
  #advance(until: Nanos, state: EngineState | undefined, unreadable: number): void {
    this.#feed.push({ kind: 'proven', after: this.#continuity.since(this.#live) });
    // One came meanwhile: the next claim knows that it lies before its end.
    if (this.#unreadable > unreadable) return;
    // A clock that was set back gives no interval to declare: later.
    if (unreadable > 0 && !this.#watched.reaches(until)) return;
    this.#watched.advance(until, unreadable > 0, this.#swarmSpoke(until, state));
    if (unreadable > 0) this.#feed.push({ kind: 'declared' });
    this.#unreadable = 0;
  }

  /** Whether the Swarm has answered for long enough that a manager which was cut off has caught up. */
  #swarmSpoke(until: Nanos, state: EngineState | undefined): boolean {
    if (state?.swarm !== 'reached' || this.#swarmSince === undefined) return false;
    return BigInt(until) - BigInt(this.#swarmSince) >= BigInt(MARGIN_SECONDS.swarm) * 1_000_000_000n;
  }

  /** Nothing more is told; what is held is the last confirmed Swarm's, as far as is known. */
  #end(failure?: Error): void {
    try {
      if (!this.#feed.ended) this.#release();
      this.#feed.end(failure);
    } catch (error) {
      this.#feed.end(failure ?? (error as Error));
    }
  }

  #release(): void {
    if (this.#cluster === undefined) return;
    const held = this.#held;
    this.#held = [];
    this.#heldIds.clear();
    for (const { event, text } of held) this.#push(event, this.#cluster, text);
  }

  #meetSwarm({ swarm, cluster, now }: EngineState): void {
    if (swarm === 'unreached') {
      this.#swarmSince = undefined;
      return;
    }
    // No longer this Swarm's manager: nothing of it is seen from here.
    if (this.#cluster !== undefined && this.#cluster !== cluster) {
      if (cluster === undefined) this.#release();
      this.#watched.end(this.#cluster);
      this.#swarmSince = undefined;
    }
    this.#cluster = cluster;
    if (cluster === undefined) return;
    this.#swarmSince ??= now;
    this.#release();
    if (this.#watched.has(cluster)) return;
    const until = this.#context.memory.watchedUntil(cluster);
    if (until !== undefined)
      this.#watched.gap(cluster, until, now, 'the engine was no manager of the Swarm, or was cut off from it');
    this.#watched.begin(cluster, 'swarm', now);
  }

  #sources(): (readonly [string, 'local' | 'swarm'])[] {
    return [[this.#source, 'local'], ...(this.#cluster ? [[this.#cluster, 'swarm'] as const] : [])];
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

  /** Reads the stream as fast as the engine sends: it skips a listener that is slow. */
  #drain(stream: Readable): void {
    const splitter = new LineSplitter();
    // A peer that is gone without a word is noticed by the system, and ends the stream.
    (stream as Readable & { socket?: { setKeepAlive?(on: boolean, ms: number): void } }).socket?.setKeepAlive?.(
      true,
      30_000,
    );
    stream.on('data', (chunk: Buffer) => {
      this.#heardAt = performance.now();
      try {
        for (const line of splitter.push(chunk)) this.#take(line);
      } catch (error) {
        // Nothing may follow what was not taken.
        this.#end(error as Error);
      }
      this.#arrived();
    });
    stream.on('error', (error) => this.#end(error));
    // A line cut short by the end was not received; the next session asks for it again.
    stream.on('close', () => this.#end(new Error('its stream of events ended')));
    stream.on('end', () => this.#end(new Error('its stream of events ended')));
  }

  #take(line: Line): void {
    const event = this.#read(line);
    if (event === undefined) return;
    this.#live++;
    if (event.scope === 'local') this.#newest = event.timeNano;
    if (event.scope === 'local') this.#push(event, this.#source, line.text);
    else this.#hold(event, line.text);
    const due = this.#begun && this.#proving === undefined && this.#continuity.since(this.#live) >= PROVE_EVERY_EVENTS;
    if (due && this.#newest !== undefined) void this.#prove(this.#newest);
  }

  #push(event: DockerEvent, source: string, text?: string): void {
    const id = identityOf(event, source);
    this.#checkMargin(source, event, id);
    this.#recent.add({ id, source, event }, text);
    this.#feed.push({ kind: 'event', source, event });
  }

  /** Keeps an event of a Swarm until the engine says which Swarm it is in: it may have changed it. */
  #hold(event: DockerEvent, text: string | undefined): void {
    const known = this.#knownSwarm(event);
    if (known !== undefined) {
      this.#push(event, known, text);
      return;
    }
    if (this.#held.length >= MAX_HELD) {
      this.#end(new Error('it does not say to which Swarm its events belong'));
      return;
    }
    this.#held.push({ event, text });
    if (this.#cluster !== undefined) this.#heldIds.add(identityOf(event, this.#cluster));
    void this.#confirm();
  }

  /** Asks for as long as there is an answer and something is held. */
  async #confirm(): Promise<void> {
    if (this.#confirming) return;
    this.#confirming = true;
    try {
      while (this.#held.length > 0 && !this.#feed.ended) {
        const state = await this.#engine.state(this.#closing.signal);
        if (!this.#begun || this.#feed.ended) return;
        this.#meetSwarm(state);
        if (state.swarm !== 'reached') return;
      }
    } catch {
      // The next claim asks again.
    } finally {
      this.#confirming = false;
    }
  }

  /** The Swarm, of all that were ever watched, of which this event is known already. */
  #knownSwarm(event: DockerEvent): string | undefined {
    return [...(this.#cluster ? [this.#cluster] : []), ...this.#context.memory.sources()].find((source) => {
      if (source === this.#source) return false;
      const id = identityOf(event, source);
      return this.#recent.has(id) || this.#context.memory.knows(event.timeNano, id);
    });
  }

  /** An event from where the watch was claimed already: the claim came too early, and the next ones must not. */
  #checkMargin(source: string, { timeNano }: DockerEvent, id: string): void {
    if (!this.#begun || !this.#watched.claimed(source, timeNano)) return;
    if (this.#recent.has(id) || this.#continuity.has(id) || this.#context.memory.knows(timeNano, id)) return;
    this.#watched.widen(source, timeNano);
  }

  #read({ number, text }: Line): DockerEvent | undefined {
    if (text?.trim() === '') return undefined;
    try {
      if (text === undefined) throw new RecordError('EVENT_SHAPE', `The event is longer than ${MAX_LINE_BYTES} bytes.`);
      return parseDockerEvent(text);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      if (text !== undefined && this.#replays(text)) return undefined;
      this.#unreadable++;
      const place = `event ${number} of the stream`;
      const kept = text === undefined ? {} : { text };
      this.#feed.push({ kind: 'malformed', place, why: error.message, ...kept, undeclared: true });
      return undefined;
    }
  }

  /** Whether this text, which cannot be read, was received before and comes again because the stream was opened again. */
  #replays(text: string): boolean {
    if (!this.#context.memory.quarantined(text)) return false;
    if (this.#begun) return this.#replayed.delete(text);
    if (this.#skipped.has(text)) return false;
    this.#skipped.add(text);
    return true;
  }

  /** The events that the engine still has from `since` to `until`. */
  #lookBack(since: Nanos, until: Nanos): Promise<LookedBack> {
    const range = { since, until };
    return lookBack(this.#engine, range, this.#closing.signal, {
      live: this.#live,
      read: (text) => this.#identify(text),
    });
  }

  /** What cannot be read comes on the live stream too, and is told there. */
  #identify(text: string): Identified | undefined {
    const known = this.#recent.readAs(text);
    if (known !== undefined) return known;
    try {
      const event = parseDockerEvent(text);
      const source = event.scope === 'local' ? this.#source : (this.#knownSwarm(event) ?? this.#cluster);
      return source === undefined ? undefined : { id: identityOf(event, source), source, event };
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      if (!this.#begun && !this.#skipped.has(text)) this.#replayed.add(text);
      return undefined;
    }
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
