import type { SchemaElement } from 'hyparquet-writer';
import { type Day, dayStart, type Nanos } from '#chaincode';

/** What one cell holds, as the writer takes it: text is written as UTF-8, a hash as its 32 bytes. */
export type Cell = string | bigint | number | boolean | Uint8Array | null | readonly (string | Uint8Array)[];

/** A column of a table: its name, its Parquet type, and where its cells come from. */
export interface Column<Row> {
  readonly name: string;
  /** The column's part of the file's schema, parents first. */
  readonly schema: readonly SchemaElement[];
  readonly encoding?: 'DELTA_BINARY_PACKED';
  /** Whether each row group's least and greatest cell are told; they are held in memory until the footer is written. */
  readonly statistics: boolean;
  readonly cell: (row: Row) => Cell;
}

const NANOS_PER_DAY = 86_400_000_000_000n;

type Leaf = Omit<SchemaElement, 'name' | 'repetition_type'>;

const TEXT: Leaf = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
const HASH: Leaf = { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 32 };
const INTEGER: Leaf = { type: 'INT64' };
const MICROS: Leaf = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MICROS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
};

/** Text in UTF-8. Without statistics, for a stranger may have written a megabyte of it. */
export function text<Row>(name: string, cell: (row: Row) => string): Column<Row> {
  return { name, schema: [{ name, ...TEXT, repetition_type: 'REQUIRED' }], statistics: false, cell };
}

/** Text, null where there is none. */
export function optionalText<Row>(name: string, cell: (row: Row) => string | undefined): Column<Row> {
  const schema: SchemaElement = { name, ...TEXT, repetition_type: 'OPTIONAL' };
  return { name, schema: [schema], statistics: false, cell: (row) => cell(row) ?? null };
}

/** SHA-256 as 32 bytes. */
export function hash<Row>(name: string, cell: (row: Row) => Uint8Array): Column<Row> {
  return { name, schema: [{ name, ...HASH, repetition_type: 'REQUIRED' }], statistics: true, cell };
}

/** A whole number of 64 bits. */
export function integer<Row>(name: string, cell: (row: Row) => number): Column<Row> {
  const schema: SchemaElement = { name, ...INTEGER, repetition_type: 'REQUIRED' };
  return { name, schema: [schema], statistics: true, cell: (row) => BigInt(cell(row)) };
}

/** A whole number of 64 bits, or a time in nanoseconds; null where there is none. */
export function optionalInteger<Row>(name: string, cell: (row: Row) => number | Nanos | null | undefined): Column<Row> {
  const schema: SchemaElement = { name, ...INTEGER, repetition_type: 'OPTIONAL' };
  return {
    name,
    schema: [schema],
    statistics: true,
    cell: (row) => {
      const value = cell(row);
      return value === null || value === undefined ? null : BigInt(value);
    },
  };
}

/** A UTC day, as a date. */
export function date<Row>(name: string, cell: (row: Row) => Day): Column<Row> {
  const schema: SchemaElement = { name, type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } };
  return {
    name,
    schema: [{ ...schema, repetition_type: 'REQUIRED' }],
    statistics: true,
    cell: (row) => Number(BigInt(dayStart(cell(row))) / NANOS_PER_DAY),
  };
}

export function truth<Row>(name: string, cell: (row: Row) => boolean): Column<Row> {
  return { name, schema: [{ name, type: 'BOOLEAN', repetition_type: 'REQUIRED' }], statistics: true, cell };
}

/**
 * A time, twice: `time_ns`, nanoseconds since the epoch as an integer, exact everywhere; and `time`, a UTC timestamp cut to
 * microseconds. One column cannot be both, for Spark refuses timestamps in nanoseconds unless it is told otherwise.
 */
export function times<Row>(nanos: (row: Row) => bigint): Column<Row>[] {
  return [
    {
      name: 'time',
      schema: [{ name: 'time', ...MICROS, repetition_type: 'REQUIRED' }],
      encoding: 'DELTA_BINARY_PACKED',
      statistics: true,
      cell: (row) => nanos(row) / 1000n,
    },
    {
      name: 'time_ns',
      schema: [{ name: 'time_ns', ...INTEGER, repetition_type: 'REQUIRED' }],
      encoding: 'DELTA_BINARY_PACKED',
      statistics: true,
      cell: nanos,
    },
  ];
}

/** A list of texts, perhaps empty. */
export function texts<Row>(name: string, cell: (row: Row) => readonly string[]): Column<Row> {
  return { name, schema: listOf(name, TEXT), statistics: false, cell };
}

/** A list of hashes of 32 bytes, perhaps empty. */
export function hashes<Row>(name: string, cell: (row: Row) => readonly Uint8Array[]): Column<Row> {
  return { name, schema: listOf(name, HASH), statistics: false, cell };
}

function listOf(name: string, element: Leaf): SchemaElement[] {
  return [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', ...element, repetition_type: 'REQUIRED' },
  ];
}

/** The bytes of a hash in hex. */
export function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}

/** About how many bytes a cell takes, for bounding what is held in memory. */
export function sizeOf(cell: Cell): number {
  if (cell === null) return 1;
  if (typeof cell === 'string' || cell instanceof Uint8Array) return cell.length;
  if (typeof cell !== 'object') return 8;
  return cell.reduce((sum, item) => sum + item.length, 8);
}
