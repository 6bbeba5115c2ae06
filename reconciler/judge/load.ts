import { type CanonicalEvent, medianTime, padNanos } from '#chaincode';
import type { Interval } from '../ledger/coverage.js';
import type { Projection } from '../projection/projection.js';
import type { Locate } from './findings.js';
import type { JudgedAttestation, JudgedEvent, Vantage } from './input.js';

/** The ledger as the projection has it, up to its latest transaction. */
export function vantageOf(projection: Projection): Vantage {
  const firstPast = projection.db.prepare('SELECT min(seq) FROM transactions WHERE clock > ?').pluck();
  return {
    clock: projection.clock.now,
    policyAt: (time) => projection.policies.at(time),
    firstPast: (limit) => firstPast.get(padNanos(limit.toString())) as number,
  };
}

/** Where transactions stand on the ledger. */
export function locatorOf(projection: Projection): Locate {
  const find = projection.db.prepare('SELECT block, tx FROM transactions WHERE seq = ?');
  return (seq) => {
    const { block, tx } = find.get(seq) as { block: number; tx: string };
    return { block: block.toString(), tx };
  };
}

interface EventRow {
  readonly id: number;
  readonly time: string;
  readonly hash: string;
  readonly source: number;
  readonly canonical: string;
  readonly firstSeq: number;
  readonly retired: 0 | 1;
}

/** The events of an interval that somebody may lack, and those that somebody attested late, in order of time. */
export function loadEvents(projection: Projection, interval: Interval): JudgedEvent[] {
  const { db } = projection;
  const columns = 'e.id, e.time, e.hash, e.source, e.canonical, e.first_seq AS firstSeq';
  const rows = db
    .prepare(
      `SELECT ${columns}, 0 AS retired FROM open_events o JOIN events e ON e.id = o.event WHERE o.time >= @from AND o.time < @to
       UNION
       SELECT ${columns}, 1 FROM late_attestations l JOIN events e ON e.id = l.event
       WHERE l.time >= @from AND l.time < @to
       AND NOT EXISTS (SELECT 1 FROM open_events o WHERE o.time = l.time AND o.event = l.event)
       ORDER BY 2, 3`,
    )
    .all(interval) as EventRow[];
  const attestations = db.prepare(
    `SELECT r.actor, r.collector, r.run, a.number, a.seq, a.t FROM attestations a JOIN runs r ON r.id = a.run
     WHERE a.event = ? ORDER BY r.actor, r.collector, r.run, a.number`,
  );
  const late = db.prepare('SELECT actor FROM late_attestations WHERE time = ? AND event = ? ORDER BY actor').pluck();
  return rows.map(({ id, time, hash, source, canonical, firstSeq, retired }) => {
    const list = (attestations.all(id) as (JudgedAttestation & { t: string | null })[]).map(({ t, ...rest }) => ({
      ...rest,
      ...(t === null ? {} : { t }),
    }));
    return {
      id,
      hash,
      keyTime: time,
      time: saidTime(list) ?? time,
      source: projection.sources.byId(source),
      event: JSON.parse(canonical) as CanonicalEvent,
      firstSeq,
      appearance: projection.appearances.of(firstSeq),
      attestations: list,
      retired: retired === 1,
      late: late.all(time, id) as string[],
    };
  });
}

/** The time that a timeless event's attesters give it, 19 digits. */
function saidTime(list: readonly JudgedAttestation[]): string | undefined {
  const time = medianTime(list);
  return time === undefined ? undefined : padNanos(time);
}
