import { medianTime, padNanos, type SaidTime } from '#chaincode';
import type { Finding } from '../judgement.js';
import { prepared } from '../projection/database.js';
import type { Projection } from '../projection/projection.js';
import type { Flood } from './beyond-quota.js';
import { established, findingId, type Locate, variantOf } from './findings.js';
import type { Vantage } from './input.js';
import { loadEvent } from './load.js';
import { decide, type Subject } from './standing.js';

/** Where a day's flood stands. */
export interface FloodCounts {
  readonly disputed: number;
  readonly pending: number;
  readonly unobservable: number;
}

/** Of so many events of a flood the same is to be said; `first` is the least of their numbers. */
interface Part {
  count: number;
  first: number;
}

/** Counts the events of a flood, one by one, in any order. */
export class FloodTally {
  readonly counts = { disputed: 0, pending: 0, unobservable: 0 };
  readonly #denied: Part = { count: 0, first: Number.POSITIVE_INFINITY };
  readonly #unresolved: Part = { count: 0, first: Number.POSITIVE_INFINITY };
  readonly #said;

  constructor(
    private readonly projection: Projection,
    private readonly flood: Pick<Flood, 'actor' | 'day'>,
  ) {
    this.#said = prepared(
      projection.db,
      'SELECT r.actor, a.t FROM attestations a JOIN runs r ON r.id = a.run WHERE a.event = ? ORDER BY a.seq',
    );
  }

  /** @returns what decides where the event stands, and for whose word it waits */
  take(row: FloodRow, vantage: Vantage): { readonly subject: Subject; readonly pending: readonly string[] } {
    const { id, source, action, type, firstSeq } = row;
    // Only removals may have no time of their own.
    const said = action === 'remove' ? medianTime(this.#said.all(id) as SaidTime[]) : undefined;
    const subject = {
      time: said === undefined ? row.time : padNanos(said),
      source: this.projection.sources.byId(source),
      kind: { type, action },
      appearance: this.projection.appearances.of(firstSeq),
    };
    const decided = decide(subject, [this.flood.actor], vantage);
    if (decided === undefined) return { subject, pending: [] };
    const { sourceExists, verdict, pending } = decided;
    if (sourceExists ? verdict === 'pending' : subject.appearance === undefined) this.counts.pending += 1;
    else if (sourceExists && verdict === 'unobservable') this.counts.unobservable += 1;
    else {
      this.counts.disputed += 1;
      const part = sourceExists && verdict !== 'uncorroborated' ? this.#unresolved : this.#denied;
      part.count += 1;
      part.first = Math.min(part.first, id);
    }
    return { subject, pending };
  }

  findings(locate: Locate): Finding[] {
    return [
      ...finding(this.projection, this.flood, this.#denied, 'uncorroborated', locate),
      ...finding(this.projection, this.flood, this.#unresolved, 'unresolved', locate),
    ];
  }
}

/**
 * Judges a flood, unpaired: the events that a majority denies, or whose source does not exist, are one finding against
 * its actor; those of which nobody can say more are another, unresolved: the others may have left them out. One event after the
 * other, for there may be more of them than memory holds.
 * @returns no finding while others may still attest all of it
 */
export function judgeFlood(
  projection: Projection,
  flood: Flood,
  vantage: Vantage,
  locate: Locate,
): { readonly counts: FloodCounts; readonly findings: Finding[] } {
  const { from, to, actor, first } = flood;
  const tally = new FloodTally(projection, flood);
  const rows = projection.db
    .prepare(
      `SELECT ${FLOOD_COLUMNS} FROM open_events o JOIN events e ON e.id = o.event
       WHERE o.time >= ? AND o.time < ? AND o.sole = ? AND o.event >= ?`,
    )
    .iterate(from, to, actor, first) as Iterable<FloodRow>;
  for (const row of rows) tally.take(row, vantage);
  return { counts: tally.counts, findings: tally.findings(locate) };
}

/** As much of an event as tells where it stands. */
export interface FloodRow {
  readonly id: number;
  readonly time: string;
  readonly source: number;
  readonly type: string;
  readonly action: string;
  readonly firstSeq: number;
}

/** What `FloodRow` has, of events as `e`. */
export const FLOOD_COLUMNS = 'e.id, e.time, e.source, e.type, e.action, e.first_seq AS firstSeq';

/** One finding for all of these events, if there are any; it shows the first. */
function finding(
  projection: Projection,
  { actor, day }: Pick<Flood, 'actor' | 'day'>,
  { count, first }: Part,
  verdict: 'uncorroborated' | 'unresolved',
  locate: Locate,
): Finding[] {
  if (count === 0) return [];
  const event = loadEvent(projection, first);
  const { type, object, action } = event;
  const source = event.source.name;
  const isDenied = verdict === 'uncorroborated';
  const about = {
    id: findingId('', `flood/${actor}/${day}`, ...(isDenied ? [] : [verdict])),
    source,
    time: event.time,
    actor,
  };
  return [
    {
      ...established('uncorroborated', about),
      ...(!isDenied && { dissent: [] }),
      type,
      object,
      action,
      verdict,
      variants: [variantOf(event, locate)],
      folded: count,
    },
  ];
}
