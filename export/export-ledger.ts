import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Day } from '#chaincode';
import { JUDGE_VERSION } from '../reconciler/judgement.js';
import { nothingRead } from '../reconciler/projection/database.js';
import type { Projection } from '../reconciler/projection/projection.js';
import { withProjectionAsync } from '../reconciler/projection/with-projection.js';
import type { Column } from './columns.js';
import { ExportError } from './errors.js';
import { type FindingRow, reportedDays } from './finding-rows.js';
import { type DayRange, type EventRow, eventRows } from './ledger-rows.js';
import { keepNames, ParquetFile } from './parquet-file.js';
import { ATTESTATION_COLUMNS, type AttestationRow, EVENT_COLUMNS, FINDING_COLUMNS, TABLES_VERSION } from './tables.js';

/** What was exported. */
export interface Exported {
  readonly files: readonly string[];
  readonly rows: { readonly events: number; readonly attestations: number; readonly findings: number };
  /** Up to where the ledger was read. */
  readonly block: string;
  /** Days that are not sealed yet, in order: what is found of them can still change. */
  readonly unsealed: readonly Day[];
  /** Whether any policy is in force: without one nothing is judged. */
  readonly governed: boolean;
}

export interface ExportOptions extends DayRange {
  /** The reconciler's projection. */
  readonly db: string;
  /** The folder for the three files; made if need be. */
  readonly out: string;
  readonly signal: AbortSignal;
  /** Told now and then how many events are written. */
  readonly onProgress?: (events: number) => void;
}

// Events between two looks at whether to go on.
const STRIDE = 8_192;

/**
 * Writes `events.parquet`, `attestations.parquet` and `findings.parquet` of what a projection holds at one moment. Each file
 * appears whole or not at all; the same position in the ledger and the same days give the same bytes.
 * @throws ExportError; ReconcilerError `DATABASE` if there is no such projection, `EMPTY` if nothing was read
 */
export function exportLedger(options: ExportOptions): Promise<Exported> {
  return withProjectionAsync(options.db, (projection) => exportProjection(projection, options));
}

async function exportProjection(projection: Projection, options: ExportOptions): Promise<Exported> {
  const { head } = projection;
  if (head === undefined) throw nothingRead();
  const open: { discard(): void }[] = [];
  const begin = <Row>(table: string, columns: readonly Column<Row>[]) => {
    const file = new ParquetFile(
      join(options.out, `${table}.parquet`),
      columns,
      provenance(projection, table, options),
    );
    open.push(file);
    return file;
  };
  try {
    const events = begin<EventRow>('events', EVENT_COLUMNS);
    const attestations = begin<AttestationRow>('attestations', ATTESTATION_COLUMNS);
    const findings = begin<FindingRow>('findings', FINDING_COLUMNS);
    for (const event of eventRows(projection, options)) {
      events.add(event);
      for (const attestation of event.attestations) attestations.add({ event, attestation });
      if (events.rows % STRIDE === 0) await breathe(options, events.rows);
    }
    const unsealed: Day[] = [];
    for (const { day, sealed, empty, findings: found } of reportedDays(projection, options)) {
      for (const row of found) findings.add(row);
      if (!sealed && !empty) unsealed.push(day);
      await breathe(options, events.rows);
    }
    const files = [events, attestations, findings];
    await breathe(options, events.rows);
    for (const file of files) file.finish();
    for (const file of files) file.publish();
    keepNames(options.out);
    return {
      files: files.map(({ file }) => file),
      rows: { events: events.rows, attestations: attestations.rows, findings: findings.rows },
      block: head.block,
      unsealed,
      governed: projection.policies.inForce.length > 0,
    };
  } finally {
    for (const file of open) file.discard();
  }
}

/** What a file says of itself in its footer: of which ledger it is, up to where, and which days. */
function provenance({ identity, head }: Projection, table: string, { from, to }: DayRange) {
  const said = {
    tables: TABLES_VERSION,
    table,
    ledger: identity?.genesis ?? '',
    channel: identity?.channel ?? '',
    chaincode: identity?.chaincode ?? '',
    judge: JUDGE_VERSION,
    block: head?.block ?? '',
    blockHash: head?.hash ?? '',
    from: from ?? '',
    to: to ?? '',
  };
  return Object.entries(said).map(([key, value]) => ({ key: `event2ledger.${key}`, value }));
}

/** Lets signals through. @throws ExportError `INTERRUPTED` */
async function breathe({ signal, onProgress }: ExportOptions, events: number): Promise<void> {
  onProgress?.(events);
  await setImmediate();
  if (signal.aborted) throw new ExportError('INTERRUPTED', 'Interrupted: no file was written.');
}
