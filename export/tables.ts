import stringify from 'fast-json-stable-stringify';
import { findingHash } from '../reconciler/finding-form.js';
import {
  bytesOf,
  type Column,
  date,
  hash,
  hashes,
  integer,
  optionalInteger,
  optionalText,
  text,
  texts,
  times,
  truth,
} from './columns.js';
import type { FindingRow } from './finding-rows.js';
import type { Attestation, EventRow } from './ledger-rows.js';

/** The version of these columns; it changes when one changes its meaning or goes. */
export const TABLES_VERSION = '1';

/** `events.parquet`: one row for each event that somebody attested. */
export const EVENT_COLUMNS: readonly Column<EventRow>[] = [
  ...times<EventRow>(({ time }) => time),
  hash('hash', (row) => row.hash),
  text('source', ({ event }) => event.source),
  text('scope', ({ event }) => event.scope),
  text('type', ({ event }) => event.type),
  text('action', ({ event }) => event.action),
  optionalText('detail', ({ event }) => event.detail),
  text('object', ({ event }) => event.object),
  texts('expected', ({ expected }) => expected),
  // What was attested: whoever doubts a hash can compute it again.
  text('event', ({ canonical }) => canonical),
];

/** An event and one of its attestations. */
export interface AttestationRow {
  readonly event: EventRow;
  readonly attestation: Attestation;
}

/** `attestations.parquet`: one row for each run of a collector in which an event was attested. */
export const ATTESTATION_COLUMNS: readonly Column<AttestationRow>[] = [
  ...times<AttestationRow>(({ event }) => event.time),
  hash('hash', ({ event }) => event.hash),
  text('source', ({ event }) => event.event.source),
  text('actor', ({ attestation }) => attestation.run.actor),
  text('collector', ({ attestation }) => attestation.run.collector),
  text('run', ({ attestation }) => attestation.run.run),
  integer('number', ({ attestation }) => attestation.number),
  integer('block', ({ attestation }) => attestation.transaction.block),
  text('tx', ({ attestation }) => attestation.transaction.tx),
  optionalInteger('clock_ns', ({ attestation }) => attestation.transaction.clock),
  optionalInteger('said_ns', ({ attestation }) => attestation.said),
];

/** `findings.parquet`: one row for each finding of each day's report. */
export const FINDING_COLUMNS: readonly Column<FindingRow>[] = [
  date('day', ({ day }) => day),
  truth('sealed', ({ sealed }) => sealed),
  ...times<FindingRow>(({ finding }) => BigInt(finding.time)),
  hash('id', ({ finding }) => bytesOf(finding.id)),
  text('class', ({ finding }) => finding.class),
  text('verdict', ({ finding }) => finding.verdict),
  text('severity', ({ finding }) => finding.severity),
  text('source', ({ finding }) => finding.source),
  optionalText('type', ({ finding }) => finding.type),
  optionalText('action', ({ finding }) => finding.action),
  optionalText('object', ({ finding }) => finding.object),
  texts('majority', ({ finding }) => finding.majority),
  texts('dissent', ({ finding }) => finding.dissent),
  hashes('hashes', ({ finding }) => finding.variants.map(({ eventHash }) => bytesOf(eventHash))),
  optionalInteger('folded', ({ finding }) => finding.folded),
  hash('finding_hash', ({ finding }) => bytesOf(findingHash(finding))),
  // All that the report says of it: absences, differences, evidence.
  text('finding', ({ finding }) => stringify(finding)),
];
