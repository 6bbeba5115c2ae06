import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import {
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
} from '../../export/columns.js';
import { keepNames, ParquetFile } from '../../export/parquet-file.js';
import { readRows } from './scene.js';

interface Row {
  readonly nanos: bigint;
  readonly day: string;
  readonly hash: Uint8Array;
  readonly text: string;
  readonly maybe: string | undefined;
  readonly number: number;
  readonly some: number | undefined;
  readonly names: readonly string[];
  readonly hashes: readonly Uint8Array[];
  readonly truth: boolean;
}

const COLUMNS = [
  ...times<Row>(({ nanos }) => nanos),
  date<Row>('day', (row) => row.day),
  hash<Row>('hash', (row) => row.hash),
  text<Row>('text', (row) => row.text),
  optionalText<Row>('maybe', ({ maybe }) => maybe),
  integer<Row>('number', ({ number }) => number),
  optionalInteger<Row>('some', ({ some }) => some),
  texts<Row>('names', ({ names }) => names),
  hashes<Row>('hashes', (row) => row.hashes),
  truth<Row>('truth', (row) => row.truth),
];

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const wellFormed = fc.string({ unit: 'binary', maxLength: 40 });
const rows = fc.array(
  fc.record<Row>({
    nanos: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    day: fc.date({ min: new Date(0), max: new Date('2262-04-11'), noInvalidDate: true }).map(dayOf),
    hash: bytes,
    text: wellFormed,
    maybe: fc.option(wellFormed, { nil: undefined }),
    number: fc.nat(),
    some: fc.option(fc.maxSafeInteger(), { nil: undefined }),
    names: fc.array(wellFormed, { maxLength: 4 }),
    hashes: fc.array(bytes, { maxLength: 3 }),
    truth: fc.boolean(),
  }),
  { maxLength: 50 },
);

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

describe('a Parquet file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-parquet-'));
  const name = join(dir, 'rows.parquet');
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  function write<T>(columns: ConstructorParameters<typeof ParquetFile<T>>[1], all: Iterable<T>): void {
    const file = new ParquetFile<T>(name, columns, []);
    for (const row of all) file.add(row);
    file.finish();
    expect(readdirSync(dir).filter((entry) => entry.endsWith('.tmp'))).toHaveLength(1);
    file.publish();
    file.discard();
    expect(readdirSync(dir)).toEqual(['rows.parquet']);
  }

  async function groups(): Promise<number[]> {
    const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(name));
    return row_groups.map(({ num_rows }) => Number(num_rows));
  }

  test.prop([rows], { numRuns: 60 })('gives back every row as it was written', async (written) => {
    write(COLUMNS, written);
    const read = await readRows<Record<string, unknown>>(name);
    const plain = (value: Uint8Array) => Buffer.from(value).toString('hex');
    expect(
      read.map(({ time, day, hash: digest, hashes: list, ...rest }) => ({
        ...rest,
        micros: (time as Date).getTime(),
        day: dayOf(day as Date),
        hash: plain(digest as Uint8Array),
        hashes: (list as Uint8Array[]).map(plain),
      })),
    ).toEqual(
      written.map(({ nanos, maybe, some, hash: digest, hashes: list, number, ...rest }) => ({
        ...rest,
        time_ns: nanos,
        micros: Number(nanos / 1_000_000n),
        number: BigInt(number),
        maybe: maybe ?? null,
        some: some === undefined ? null : BigInt(some),
        hash: plain(digest),
        hashes: list.map(plain),
      })),
    );
  });

  it('is cut into row groups by the number of rows', async () => {
    const numbers = Array.from({ length: 70_000 }, (_, index) => index);
    write([integer<number>('number', (number) => number)], numbers);
    expect(await groups()).toEqual([65_536, 4_464]);
    const read = await readRows<{ number: bigint }>(name);
    expect(read.map(({ number }) => Number(number))).toEqual(numbers);
  });

  it('is cut into row groups by their bytes, however few rows that is', async () => {
    const long = 1024 * 1024;
    write(
      [text<number>('text', (index) => `${index}`.padEnd(long, 'x'))],
      Array.from({ length: 40 }, (_, index) => index),
    );
    expect(await groups()).toEqual([16, 16, 8]);
    const read = await readRows<{ text: string }>(name);
    expect(read.map((row) => [Number.parseInt(row.text, 10), row.text.length])).toEqual(
      Array.from({ length: 40 }, (_, index) => [index, long]),
    );
  });
});

describe('the names of files', () => {
  it('are brought to the disk with their folder, or it is said that they could not be', () => {
    const folder = mkdtempSync(join(tmpdir(), 'event2ledger-names-'));
    keepNames(folder);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
    expect(() => keepNames(folder)).toThrow(expect.objectContaining({ name: 'ExportError', code: 'WRITE' }));
  });
});
