import { type CanonicalEvent, medianTime, padNanos } from '#chaincode';
import type { Source } from '../ledger/sources.js';
import type { Db } from '../projection/database.js';
import type { Projection } from '../projection/projection.js';
import type { JudgedAttestation, JudgedEvent } from './input.js';

/** What is read of an event at once, of the table of events as `e`. */
export interface EventRow {
  readonly id: number;
  readonly time: string;
  readonly hash: string;
  readonly source: number;
  readonly type: string;
  readonly action: string;
  readonly object: string;
  readonly firstSeq: number;
  /** As the table of events has it. */
  readonly attested: string;
  readonly retired: 0 | 1;
}

/** All of `EventRow` but `retired`. */
export const EVENT_COLUMNS =
  'e.id, e.time, e.hash, e.source, e.type, e.action, e.object, e.first_seq AS firstSeq, e.attested';

/** An attestation as the table of events has it. */
type Attested = readonly [run: number, number: number, seq: number, t?: string];

/** So many names of runs, and sets of them, are remembered. */
const MOST_RUNS = 10_000;

/**
 * Reads rows of events so that very many can be held: their content, which is most of them and never changes, lies in the table
 * until it is asked for.
 * @param lateOf who attested an event late, sorted
 * @param shared gives one text for all that are equal, where very many are read at once; it remembers every text, so whoever
 *   reads on for ever has none
 */
export function rowReader(
  projection: Projection,
  lateOf: (row: EventRow) => readonly string[],
  shared: (text: string) => string = (text) => text,
): (row: EventRow) => JudgedEvent {
  const attested = new AttestedReader(projection.db);
  const content = projection.db.prepare('SELECT canonical FROM events WHERE id = ?').pluck();
  const eventOf = (id: number) => JSON.parse(content.get(id) as string) as CanonicalEvent;
  return (row) => {
    // Only removals may have no time of their own.
    const said = row.action === 'remove' ? saidTime(attested.read(row.attested)) : undefined;
    return new StoredEvent(row, shared, {
      time: said ?? row.time,
      source: projection.sources.byId(row.source),
      appearance: projection.appearances.of(row.firstSeq),
      attesters: attested.actors(row.attested),
      late: lateOf(row),
      eventOf,
      attested,
    });
  };
}

/** What an event has besides its row. */
interface Beside extends Pick<JudgedEvent, 'time' | 'source' | 'appearance' | 'attesters' | 'late'> {
  readonly eventOf: (id: number) => CanonicalEvent;
  readonly attested: AttestedReader;
}

class StoredEvent implements JudgedEvent {
  readonly id: number;
  readonly hash: string;
  readonly time: string;
  readonly keyTime: string;
  readonly source: Source;
  readonly type: string;
  readonly action: string;
  readonly object: string;
  readonly firstSeq: number;
  readonly appearance: bigint | undefined;
  readonly attesters: readonly string[];
  readonly retired: boolean;
  readonly late: readonly string[];
  readonly #attested: string;
  readonly #reader: AttestedReader;
  readonly #eventOf: (id: number) => CanonicalEvent;

  constructor(row: EventRow, shared: (text: string) => string, beside: Beside) {
    this.id = row.id;
    this.hash = row.hash;
    this.time = beside.time;
    this.keyTime = row.time;
    this.source = beside.source;
    this.type = shared(row.type);
    this.action = shared(row.action);
    this.object = shared(row.object);
    this.firstSeq = row.firstSeq;
    this.appearance = beside.appearance;
    this.attesters = beside.attesters;
    this.retired = row.retired === 1;
    this.late = beside.late;
    this.#attested = row.attested;
    this.#reader = beside.attested;
    this.#eventOf = beside.eventOf;
  }

  get event(): CanonicalEvent {
    return this.#eventOf(this.id);
  }

  // Who attests it may be more by the time that somebody asks: what was read with it holds.
  get attestations(): readonly JudgedAttestation[] {
    return this.#reader.read(this.#attested);
  }
}

/** A run as attestations name it, and where it stands in the order in which the database sorts them. */
interface NamedRun extends Pick<JudgedAttestation, 'actor' | 'collector' | 'run'> {
  readonly order: Buffer;
}

/** Reads what rows say of events' attestations. */
export class AttestedReader {
  readonly #find;
  readonly #runs = new Map<number, NamedRun>();
  readonly #actors = new Map<string, readonly string[]>();

  constructor(db: Db) {
    this.#find = db.prepare('SELECT actor, collector, run FROM runs WHERE id = ?');
  }

  /** Sorted by actor, collector, run and number. */
  read(attested: string): JudgedAttestation[] {
    const list = (JSON.parse(attested) as Attested[]).map(([id, number, seq, t]) => ({
      by: this.#named(id),
      number,
      seq,
      t,
    }));
    if (list.length > 1) list.sort((a, b) => Buffer.compare(a.by.order, b.by.order) || a.number - b.number);
    return list.map(({ by: { actor, collector, run }, number, seq, t }) => ({
      actor,
      collector,
      run,
      number,
      seq,
      ...(t !== undefined && { t }),
    }));
  }

  /** The actors, sorted; the same array for all that the same runs attest. */
  actors(attested: string): readonly string[] {
    const runs = (JSON.parse(attested) as Attested[]).map(([id]) => id);
    const key = runs.join();
    let actors = this.#actors.get(key);
    if (actors === undefined) {
      actors = [...new Set(runs.map((id) => this.#named(id).actor))].sort();
      if (this.#actors.size >= MOST_RUNS) this.#actors.clear();
      this.#actors.set(key, actors);
    }
    return actors;
  }

  #named(id: number): NamedRun {
    let run = this.#runs.get(id);
    if (run === undefined) {
      const names = this.#find.get(id) as Pick<NamedRun, 'actor' | 'collector' | 'run'>;
      if (this.#runs.size >= MOST_RUNS) this.#runs.clear();
      // No name has a NUL, so none begins as another goes on.
      run = { ...names, order: Buffer.from(`${names.actor}\0${names.collector}\0${names.run}`) };
      this.#runs.set(id, run);
    }
    return run;
  }
}

/** The time that a timeless event's attesters give it, 19 digits. */
function saidTime(list: readonly JudgedAttestation[]): string | undefined {
  const time = list.some(({ t }) => t !== undefined) ? medianTime(list) : undefined;
  return time === undefined ? undefined : padNanos(time);
}
