import { medianTime, padNanos, type SaidTime } from '#chaincode';
import type { Finding } from '../judgement.js';
import type { Projection } from '../projection/projection.js';
import type { Flood } from './beyond-quota.js';
import { established, findingId, type Locate, variantOf } from './findings.js';
import type { Vantage } from './input.js';
import { loadEvent } from './load.js';
import { decide } from './standing.js';

/** Where a day's flood stands. */
export interface FloodCounts {
  readonly disputed: number;
  readonly pending: number;
  readonly unobservable: number;
}

/**
 * Judges a flood, unpaired: the events that a majority denies, or whose source does not exist, are one finding against
 * its actor; those of which nobody can say more are another, unresolved: the others may have left them out.
 * @returns no finding while others may still attest all of it
 */
export function judgeFlood(
  projection: Projection,
  flood: Flood,
  vantage: Vantage,
  locate: Locate,
): { readonly counts: FloodCounts; readonly findings: Finding[] } {
  const counts = { disputed: 0, pending: 0, unobservable: 0 };
  const denied: number[] = [];
  const unresolved: number[] = [];
  for (const { id, ...row } of floodEvents(projection, flood)) {
    const subject = {
      time: row.t ?? row.time,
      source: projection.sources.byId(row.source),
      kind: row,
      appearance: projection.appearances.of(row.firstSeq),
    };
    const decided = decide(subject, [flood.actor], vantage);
    if (decided === undefined) continue;
    if (decided.sourceExists ? decided.verdict === 'pending' : subject.appearance === undefined) counts.pending += 1;
    else if (decided.sourceExists && decided.verdict === 'unobservable') counts.unobservable += 1;
    else if (decided.sourceExists && decided.verdict !== 'uncorroborated') unresolved.push(id);
    else denied.push(id);
  }
  counts.disputed = denied.length + unresolved.length;
  return {
    counts,
    findings: [
      ...finding(projection, flood, denied, 'uncorroborated', locate),
      ...finding(projection, flood, unresolved, 'unresolved', locate),
    ],
  };
}

interface FloodRow {
  readonly id: number;
  readonly time: string;
  readonly source: number;
  readonly type: string;
  readonly action: string;
  readonly firstSeq: number;
  readonly t?: string;
}

function floodEvents({ db }: Projection, { from, to, actor, first }: Flood): FloodRow[] {
  const said = db.prepare(
    'SELECT r.actor, a.t FROM attestations a JOIN runs r ON r.id = a.run WHERE a.event = ? ORDER BY a.seq',
  );
  const rows = db
    .prepare(
      `SELECT e.id, e.time, e.source, e.type, e.action, e.first_seq AS firstSeq
       FROM open_events o JOIN events e ON e.id = o.event
       WHERE o.time >= ? AND o.time < ? AND o.sole = ? AND o.event >= ? ORDER BY e.id`,
    )
    .all(from, to, actor, first) as FloodRow[];
  return rows.map((row) => {
    // Only removals may have no time of their own.
    const time = row.action === 'remove' ? medianTime(said.all(row.id) as SaidTime[]) : undefined;
    return time === undefined ? row : { ...row, t: padNanos(time) };
  });
}

/** One finding for all of these events, if there are any; it shows the first. */
function finding(
  projection: Projection,
  { actor, day }: Flood,
  ids: readonly number[],
  verdict: 'uncorroborated' | 'unresolved',
  locate: Locate,
): Finding[] {
  const [first] = ids;
  if (first === undefined) return [];
  const event = loadEvent(projection, first);
  const { source, type, object, action } = event.event;
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
      variants: [variantOf({ event, attesters: [actor] }, locate)],
      folded: ids.length,
    },
  ];
}
