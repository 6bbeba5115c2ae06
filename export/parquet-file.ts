import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ByteWriter, type KeyValue, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { makeFolder } from '../cli/make-folder.js';
import { type Cell, type Column, sizeOf } from './columns.js';
import { ExportError } from './errors.js';

// A row group is what is held in memory: so many rows, or as many as have so many bytes, whichever is less.
const GROUP_ROWS = 65_536;
const GROUP_BYTES = 16 * 1024 * 1024;

/**
 * A Parquet file that is written row group by row group under a temporary name beside its own, and gets its own when
 * it is whole. The same rows and metadata give the same bytes.
 */
export class ParquetFile<Row> {
  readonly file: string;
  readonly #columns: readonly Column<Row>[];
  readonly #temporary: string;
  readonly #descriptor: number;
  readonly #writer: ParquetWriter;
  #cells: Cell[][];
  #bytes = 0;
  #rows = 0;
  #isOpen = true;

  /** @throws ExportError `WRITE` */
  constructor(file: string, columns: readonly Column<Row>[], kvMetadata: KeyValue[]) {
    this.file = file;
    this.#columns = columns;
    this.#cells = columns.map(() => []);
    this.#temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
    this.#descriptor = writing(() => {
      makeFolder(dirname(file));
      return openSync(this.#temporary, 'w');
    });
    const root: SchemaElement = { name: 'event2ledger', num_children: columns.length };
    this.#writer = new ParquetWriter({
      writer: new DescriptorWriter(this.#descriptor),
      schema: [root, ...columns.flatMap(({ schema }) => schema)],
      kvMetadata,
      createdBy: 'event2ledger',
    });
  }

  /** Rows added so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds a row; writes the row group that it fills. @throws ExportError `WRITE` */
  add(row: Row): void {
    this.#columns.forEach(({ cell }, index) => {
      const value = cell(row);
      this.#cells[index]?.push(value);
      this.#bytes += sizeOf(value);
    });
    this.#rows += 1;
    if ((this.#cells[0]?.length ?? 0) >= GROUP_ROWS || this.#bytes >= GROUP_BYTES) this.#writeGroup();
  }

  /** Writes what is left and the footer, down to the disk. @throws ExportError `WRITE` */
  finish(): void {
    this.#writeGroup();
    writing(() => {
      this.#writer.finish();
      fsyncSync(this.#descriptor);
    });
    this.#close();
  }

  /** Gives the finished file its name, in place of what had it. @throws ExportError `WRITE` */
  publish(): void {
    writing(() => renameSync(this.#temporary, this.file));
  }

  /** Takes away what was not published. Does nothing after that. */
  discard(): void {
    this.#close();
    try {
      rmSync(this.#temporary, { force: true });
    } catch {
      // What went wrong before is told, not what goes wrong in tidying up after it.
    }
  }

  #writeGroup(): void {
    const rows = this.#cells[0]?.length ?? 0;
    if (rows === 0) return;
    const columnData = this.#columns.map(({ name, encoding, statistics }, index) => ({
      name,
      statistics,
      data: this.#cells[index] ?? [],
      ...(encoding && { encoding }),
    }));
    // Else the library would begin with a small group.
    writing(() => this.#writer.write({ columnData, rowGroupSize: rows }));
    this.#cells = this.#columns.map(() => []);
    this.#bytes = 0;
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#descriptor);
  }
}

/** Hands on to a file what was written, after each row group. */
class DescriptorWriter extends ByteWriter {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    super();
    this.#descriptor = descriptor;
  }

  flush(): void {
    for (let at = 0; at < this.index; ) {
      at += writeSync(this.#descriptor, new Uint8Array(this.buffer, at, this.index - at));
    }
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }
}

/** Names that files were given in a folder stay theirs, whatever happens to the machine. @throws ExportError `WRITE` */
export function keepNames(folder: string): void {
  writing(() => {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

function writing<T>(write: () => T): T {
  try {
    return write();
  } catch (cause) {
    // Anything but the file system's own errors is a mistake of ours.
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause;
    const message = `The export could not be written; name a folder with room that can be: ${cause.message}`;
    throw new ExportError('WRITE', message, { cause });
  }
}
