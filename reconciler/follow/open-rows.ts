import { type CanonicalEvent, medianTime, padNanos, type SaidTime } from '#chaincode';
import { matterOf } from '../judge/pairing.js';
import type { Source } from '../ledger/sources.js';
import type { Db } from '../projection/database.js';
import type { Projection } from '../projection/projection.js';

/** So many rows are read at a time: no statement may be open when anything is written. */
const PAGE = 500;

/** An event that somebody has yet to attest. */
export interface SoleRow {
  readonly time: string;
  readonly id: number;
  /** Who alone attests it, empty if there are several. */
  readonly sole: string;
}

/** As much of an event as tells when to judge it. */
export interface OpenRow {
  readonly id: number;
  /** In its key, 19 digits. */
  readonly time: string;
  /** Its own, 19 digits. */
  readonly at: string;
  readonly source: Source;
  readonly type: string;
  readonly action: string;
  readonly object: string;
  /** What it may be a content of, see `matterOf`. */
  readonly matter: string;
  readonly firstSeq: number;
  readonly actors: readonly string[];
}

interface EventRow extends Omit<OpenRow, 'source' | 'matter' | 'actors' | 'at'> {
  readonly source: number;
  readonly attested: string;
}

/** An attestation as the table of events has it: run, number, transaction, and the collector's time where the event has none. */
type Attested = readonly [run: number, number: number, seq: number, t?: string];

/** Reads the events that judging looks at, page by page and with little of each. */
export class OpenRows {
  readonly #find;
  readonly #canonical;
  readonly #actor;
  readonly #actors = new Map<number, string>();

  constructor(private readonly projection: Projection) {
    const { db } = projection;
    this.#find = db.prepare(
      'SELECT id, time, source, type, action, object, first_seq AS firstSeq, attested FROM events WHERE id = ?',
    );
    this.#canonical = db.prepare('SELECT canonical FROM events WHERE id = ?').pluck();
    this.#actor = db.prepare('SELECT actor FROM runs WHERE id = ?').pluck();
  }

  /** What is known of one event; all rows must be written. */
  read(id: number): OpenRow {
    const { source: sourceId, attested, ...row } = this.#find.get(id) as EventRow;
    const source = this.projection.sources.byId(sourceId);
    const said = (JSON.parse(attested) as Attested[]).map(
      ([run, , , t]): SaidTime => ({ actor: this.#actorOf(run), t }),
    );
    const { type, action, object } = row;
    // Only removals may have no time of their own.
    const time = action === 'remove' ? medianTime(said) : undefined;
    // The rest of an event matters for networks alone.
    const attributes = type === 'network' ? this.#attributesOf(id) : {};
    return {
      ...row,
      source,
      at: time === undefined ? row.time : padNanos(time),
      matter: matterOf({ source: source.name, type, action, object, attributes }),
      actors: [...new Set(said.map(({ actor }) => actor))],
    };
  }

  #attributesOf(id: number): CanonicalEvent['attributes'] {
    return (JSON.parse(this.#canonical.get(id) as string) as CanonicalEvent).attributes;
  }

  #actorOf(run: number): string {
    const known = this.#actors.get(run);
    if (known !== undefined) return known;
    const actor = this.#actor.get(run) as string;
    this.#actors.set(run, actor);
    return actor;
  }
}

/** The events that somebody has yet to attest, from a time on, in order of time. */
export function openPages(db: Db, from: string): Generator<SoleRow[]> {
  return pages(db, 'SELECT time, event AS id, sole FROM open_events', from);
}

/** Those that somebody attested late, some of them more than once. */
export function latePages(db: Db, from: string): Generator<SoleRow[]> {
  return pages(db, "SELECT DISTINCT time, event AS id, '' AS sole FROM late_attestations", from);
}

/** Goes on where it was, whatever has been written since: what is put in behind that is told as a change. */
function* pages(db: Db, select: string, from: string): Generator<SoleRow[]> {
  const next = db.prepare(`${select} WHERE (time, event) > (?, ?) ORDER BY time, event LIMIT ${PAGE}`);
  let last: Pick<SoleRow, 'time' | 'id'> = { time: from, id: 0 };
  for (;;) {
    const rows = next.all(last.time, last.id) as SoleRow[];
    if (rows.length > 0) yield rows;
    const end = rows.at(-1);
    if (end === undefined || rows.length < PAGE) return;
    last = end;
  }
}
