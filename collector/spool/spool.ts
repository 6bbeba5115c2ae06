import type Database from 'better-sqlite3';
import { type Inspection, type Nanos, sha256Hex } from '#chaincode';
import { printable } from '../../cli/printable.js';
import { CollectorError } from '../errors.js';
import { type CollectorLog, silentLog } from '../log.js';
import type { Observation, ObservedEvent } from '../observation.js';
import type { HeldEvent, SourceMemory } from '../source/source.js';
import { asSpoolError, foldLog, lackOfRoom, migrate, open } from './database.js';
import type { Pending, RunPosition, SealedBatch } from './records.js';
import { heldKey, identityOf, packEvent, unpackEvent } from './spooled-event.js';
import { Statements } from './statements.js';
import type { Stretch } from './stretches.js';

/** Whose spool it is. Another collector, channel or source needs a spool of its own. */
export interface SpoolOwner {
  readonly actor: string;
  readonly collector: string;
  readonly channel: string;
  readonly chaincode: string;
  /** The source's name: `docker`, `trace:ID`. */
  readonly source: string;
}

/** How much the spool keeps. */
export interface SpoolLimits {
  /** Bytes at the most; no event is taken beyond that, nor is any dropped. 1 GiB if left out. */
  readonly maxBytes?: number;
  /** So many events are known again after they were attested; all of them if left out. */
  readonly keepEvents?: number;
}

const DEFAULT_MAX_BYTES = 1024 ** 3;
/** A spool that was full takes events again when so much of its room is free. */
const ROOM = 0.1;
/** What is no longer needed is looked for after so many committed batches. */
const SWEEP_EVERY = 64;
const KEEP_BATCHES = 100;
/** Stretches that end so long before the newest are no longer stated by any batch. */
const KEEP_STRETCHES = 7n * 86_400n * 1_000_000_000n;
/** The newest of what could not be read. */
const KEEP_QUARANTINED = 1_000;
const QUARANTINED_TEXT = 4_096;

/** What one group of observations brought. */
export interface Added {
  readonly events: number;
  /** Events that the spool knew already. */
  readonly known: number;
}

/**
 * The collector's memory, in one SQLite file: what was observed and not yet sealed, the sealed batches and their bytes
 * until they are committed, the stretches watched. What a method has put into it outlives the process, and a sealed batch
 * the machine: it is on disk, with all that came before it, when `seal` returns.
 */
export class Spool implements SourceMemory {
  readonly #database: Database.Database;
  readonly #statements: Statements;
  #pendingCount: number;
  #unproven: number;
  #unreadable: number;
  #undeclared: number;
  readonly #limits: SpoolLimits;
  readonly #log: CollectorLog;
  #sweepIn = SWEEP_EVERY;

  /**
   * Opens the spool, making it if there is none; it stays locked to this process until `close`.
   * @param path a file, or `:memory:`
   * @throws CollectorError `SPOOL` if it cannot be opened, is in use, or is another collector's.
   */
  constructor(path: string, owner: SpoolOwner, limits: SpoolLimits = {}, log = silentLog) {
    this.#limits = limits;
    this.#log = log;
    this.#database = open(path);
    const lack = lackOfRoom(path);
    if (lack !== undefined) log.warn(printable(lack));
    try {
      migrate(this.#database);
      this.#statements = new Statements(this.#database);
      this.#claim(path, owner);
      this.#pendingCount = (this.#statements.countPending.get() as { count: number }).count;
      this.#unproven = Number(this.#meta('unproven') ?? 0);
      this.#undeclared = Number(this.#meta('undeclared') ?? 0);
      this.#unreadable = Number(this.#meta('unreadable') ?? 0);
    } catch (error) {
      this.#database.close();
      throw asSpoolError(path, error);
    }
  }

  close(): void {
    this.#database.close();
  }

  /**
   * Takes a group of observations, all or none, in the order in which a loss of power would keep them: the last ones may
   * be lost to it, not to a killed process, and nothing has left the spool before it is sealed. Events it knows already
   * are left out.
   * @throws CollectorError `SPOOL` if an engine is not the one that this spool has watched; `FULL` if there is no room.
   */
  add(group: readonly Observation[]): Added {
    let events = 0;
    let known = 0;
    let added = 0;
    let unproven = this.#unproven;
    let unreadable = this.#unreadable;
    let undeclared = this.#undeclared;
    if (this.bytes() >= this.#maxBytes) {
      throw new CollectorError(
        'FULL',
        `The spool ${printable(this.#database.name)} has reached its limit of ${this.#maxBytes} bytes.`,
      );
    }
    this.#writeBeforeSealing(() => {
      for (const observation of group) {
        switch (observation.kind) {
          case 'event':
            events++;
            if (!this.#addEvent(observation)) {
              known++;
              break;
            }
            added++;
            unproven++;
            break;
          case 'before':
            this.#addKnown(observation.source, observation.event);
            break;
          case 'origin':
            if (observation.scope === 'local') this.#bind('engine', observation.source);
            this.#statements.putOrigin.run(observation.source, BigInt(observation.since));
            break;
          case 'proven':
            unproven = Math.min(unproven, observation.after);
            break;
          case 'malformed':
            this.#quarantine(observation, ++unreadable);
            if (observation.undeclared) undeclared++;
            break;
          case 'declared':
            undeclared = 0;
            break;
          case 'left':
            this.#statements.leave.run(observation.source);
            break;
          case 'margin':
            this.#statements.putMargin.run(observation.source, observation.seconds);
            break;
          case 'held':
            this.#statements.hold.run(
              heldKey(observation.event),
              observation.cluster ?? null,
              packEvent(observation.event),
            );
            break;
          case 'released':
            this.#statements.letGo.run(heldKey(observation.event));
            break;
          case 'inspected':
            this.#statements.addInspection.run(
              observation.source,
              BigInt(observation.at),
              JSON.stringify(observation.objects),
            );
            break;
          default: {
            const { kind, source, from, to } = observation;
            const reason = observation.kind === 'gap' ? observation.reason.slice(0, 340).toWellFormed() : null;
            this.#statements.addPending.run(kind, source, null, BigInt(from), BigInt(to), reason);
            added++;
          }
        }
      }
      if (unproven !== this.#unproven) this.#statements.putMeta.run('unproven', String(unproven));
      if (unreadable !== this.#unreadable) {
        this.#statements.putMeta.run('unreadable', String(unreadable));
        this.#statements.trimQuarantine.run(KEEP_QUARANTINED);
      }
      if (undeclared !== this.#undeclared) this.#statements.putMeta.run('undeclared', String(undeclared));
    });
    this.#pendingCount += added;
    this.#unproven = unproven;
    this.#unreadable = unreadable;
    this.#undeclared = undeclared;
    return { events, known };
  }

  /** Whether events would be taken now. After the spool was full: with room to spare. */
  hasRoom(): boolean {
    if (this.bytes() >= this.#maxBytes * (1 - ROOM)) return false;
    try {
      // The disk's word, not ours: more than a few pages' worth must go through.
      this.#write(() => {
        this.#statements.putMeta.run('room', 'x'.repeat(64 * 1024));
        this.#statements.dropMeta.run('room');
      });
      return true;
    } catch {
      return false;
    } finally {
      // The trial must not itself be what fills a small disk.
      foldLog(this.#database);
    }
  }

  unproven(): number {
    return this.#unproven;
  }

  undeclared(): number {
    return this.#undeclared;
  }

  quarantined(text: string): boolean {
    return this.#statements.isQuarantined.get(Buffer.from(sha256Hex(text), 'hex')) !== undefined;
  }

  /** How many were to be events and could not be read, since the spool was made. */
  unreadable(): number {
    return this.#unreadable;
  }

  margin(source: string): number | undefined {
    return this.#statements.margin.get(source) as number | undefined;
  }

  hasLeft(source: string): boolean {
    return this.#statements.hasLeft.get(source) === 1;
  }

  held(): HeldEvent[] {
    const rows = this.#statements.held.all() as { cluster: string | null; event: string }[];
    return rows.map(({ cluster, event }) => ({ cluster: cluster ?? undefined, event: unpackEvent(event) }));
  }

  /** What was learned by asking and is in no batch yet, the oldest first. */
  inspections(): (Inspection & { readonly seq: number })[] {
    const rows = this.#statements.inspections.all() as { seq: number; source: string; at: Nanos; objects: string }[];
    return rows.map(({ objects, ...row }) => ({ ...row, objects: JSON.parse(objects) as Inspection['objects'] }));
  }

  /** The sources that are or were watched. */
  sources(): string[] {
    return (this.#statements.sources.all() as { source: string }[]).map(({ source }) => source);
  }

  knows(time: Nanos, identity: string): boolean {
    return this.#statements.isObserved.get(BigInt(time), Buffer.from(identity, 'hex')) !== undefined;
  }

  lastEventTime(): Nanos | undefined {
    return this.#meta('lastEventTime');
  }

  lastLocalTime(): Nanos | undefined {
    return this.#meta('lastLocalTime');
  }

  watchedUntil(source: string): Nanos | undefined {
    const row = this.#statements.watchedUntil.get({ source }) as { until: string | null } | undefined;
    return row?.until ?? undefined;
  }

  /** Observations not yet sealed, the oldest first. */
  *pending(): IterableIterator<Pending> {
    yield* this.#statements.pending.iterate() as IterableIterator<Pending>;
  }

  /** How many observations are not yet sealed. */
  pendingCount(): number {
    return this.#pendingCount;
  }

  stretches(): Stretch[] {
    const rows = this.#statements.stretches.all() as { source: string; from: string; to: string }[];
    return rows.map(({ source, from, to }) => ({ source, from: BigInt(from), to: BigInt(to) }));
  }

  /**
   * In one step: drops the observations up to `through` from what is pending, and keeps the stretches and the batch
   * that they went into. No batch if there was nothing to say.
   */
  seal(
    through: number,
    stretches: readonly Stretch[] | undefined,
    batch: SealedBatch | undefined,
    inspectedThrough = 0,
  ): void {
    let dropped = 0;
    this.#write(() => {
      dropped = this.#statements.dropPending.run(through).changes;
      if (inspectedThrough > 0) this.#statements.dropInspections.run(inspectedThrough);
      if (stretches !== undefined) {
        this.#statements.clearStretches.run();
        for (const { source, from, to } of stretches) this.#statements.addStretch.run(source, from, to);
      }
      if (batch !== undefined) {
        const { run, n, first, count, digest, sentAt, text } = batch;
        this.#statements.addBatch.run(run, n, first, count, digest, BigInt(sentAt), text);
      }
    });
    this.#pendingCount -= dropped;
  }

  /** Sealed batches that are not known to be on the ledger, in the order in which they were sealed. */
  unsent(): SealedBatch[] {
    return this.#statements.unsent.all() as SealedBatch[];
  }

  /** Notes that a batch is on the ledger; its bytes are no longer needed. */
  committed(run: string, n: number, block: bigint, tx: string): void {
    this.#write(() => this.#statements.committed.run(block, tx, run, n));
    if (--this.#sweepIn > 0) return;
    this.#sweepIn = SWEEP_EVERY;
    try {
      this.#sweep();
    } catch (error) {
      // The batch is committed all the same; what is no longer needed goes with the next sweep.
      if (!(error instanceof CollectorError && error.code === 'FULL')) throw error;
      this.#log.warn(`${error.message} What is no longer needed is dropped later.`);
    }
  }

  /** Drops what neither continuity nor the run needs, and gives freed pages back a few at a time. */
  #sweep(): void {
    const { keepEvents } = this.#limits;
    const run = this.#meta('run') ?? '';
    this.#write(() => {
      if (keepEvents !== undefined) this.#statements.forgetEvents.run(keepEvents);
      this.#statements.forgetBatches.run({ run, keep: KEEP_BATCHES });
      this.#statements.forgetStretches.run(KEEP_STRETCHES);
    });
    try {
      this.#database.pragma('incremental_vacuum(1000)');
    } catch (error) {
      throw asSpoolError(this.#database.name, error);
    }
  }

  get #maxBytes(): number {
    return this.#limits.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  /** Bytes that hold something: what the limit is held against. The file may be larger, by what is free in it. */
  bytes(): number {
    const [pages, free, size] = this.#statements.sizes.map((one) => one.get() as number);
    return ((pages ?? 0) - (free ?? 0)) * (size ?? 0);
  }

  #addKnown(source: string, event: ObservedEvent['event']): boolean {
    const time = BigInt(event.timeNano);
    return this.#statements.addObserved.run(time, Buffer.from(identityOf(event, source), 'hex')).changes > 0;
  }

  #quarantine({ place, why, text }: { place: string; why: string; text?: string }, seq: number): void {
    if (text === undefined) return;
    const digest = Buffer.from(sha256Hex(text), 'hex');
    const kept = text.slice(0, QUARANTINED_TEXT).toWellFormed();
    this.#statements.addQuarantined.run({ digest, seq, place, why, text: kept });
  }

  /** The run that the spool continues, if it has begun one. */
  run(): RunPosition | undefined {
    const run = this.#meta('run');
    if (run === undefined) return undefined;
    const last = this.#statements.lastBatch.get(run) as { n: number; next: number; digest: string } | undefined;
    return last === undefined ? { run, n: 0, next: 1, digest: undefined } : { run, ...last };
  }

  /** Begins a new run. The batches of the old one stay to be sent. */
  beginRun(run: string): void {
    this.#write(() => this.#statements.putMeta.run('run', run));
  }

  /** Whether any batch of the spool's is known to be on the ledger. */
  hasCommitted(): boolean {
    return this.#statements.anyCommitted.get() !== undefined;
  }

  /** The `sentAt` of the batch sealed last. */
  lastSentAt(): Nanos | undefined {
    return (this.#statements.lastSentAt.get() as { at: Nanos | null }).at ?? undefined;
  }

  #addEvent({ source, event }: ObservedEvent): boolean {
    if (!this.#addKnown(source, event)) return false;
    this.#statements.addPending.run('event', source, packEvent(event), null, null, null);
    this.#statements.putMeta.run('lastEventTime', event.timeNano);
    if (event.scope === 'local') this.#statements.putMeta.run('lastLocalTime', event.timeNano);
    return true;
  }

  #claim(path: string, owner: SpoolOwner): void {
    this.#write(() => {
      for (const [key, value] of Object.entries(owner)) this.#bind(key, value, path);
    });
  }

  /** Fixes a property of the spool, or insists on what it was fixed to. */
  #bind(key: string, value: string, path = 'this file'): void {
    const bound = this.#meta(key);
    if (bound === undefined) this.#statements.putMeta.run(key, value);
    else if (bound !== value) {
      throw new CollectorError(
        'SPOOL',
        `The spool (${path}) is one of ${key} "${printable(bound, 100)}", not "${printable(value, 100)}"; give another file with --spool.`,
      );
    }
  }

  #meta(key: string): string | undefined {
    return (this.#statements.getMeta.get(key) as { value: string } | undefined)?.value;
  }

  /**
   * As `#write`, but not waiting for the disk: that costs more than all else, for every single event of a quiet engine.
   * SQLite's log is written in order, so the next `#write` brings this to disk too.
   */
  #writeBeforeSealing(work: () => void): void {
    this.#database.pragma('synchronous = NORMAL');
    try {
      this.#write(work);
    } finally {
      this.#database.pragma('synchronous = FULL');
    }
  }

  #write(work: () => void): void {
    try {
      this.#database.transaction(work).immediate();
    } catch (error) {
      const told = asSpoolError(this.#database.name, error);
      // What the log holds twice is room for what is tried next.
      if (told instanceof CollectorError && told.code === 'FULL') foldLog(this.#database);
      throw told;
    }
  }
}
