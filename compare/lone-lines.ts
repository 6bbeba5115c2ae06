/** One line that not all logs have in one place. */
export interface LoneLine {
  readonly log: number;
  readonly seconds: number;
  readonly nanos: number;
  readonly offset: number;
  readonly length: number;
  /** From 1 within the part. */
  readonly line: number;
  /** Whether it comes after one that is later or as late, or is of another part's time: it may say again what was said. */
  readonly astray: boolean;
  /** Its bytes, where there was room for them; else they are read from the log again. */
  readonly kept?: Buffer | undefined;
}

/** Type and action of an event. */
export interface EventKind {
  readonly type: string;
  readonly action: string;
}

/** One with what it was held against. */
export interface HeldLine extends LoneLine {
  /** Lines that were held against each other have one number in common, none that was not has it. */
  readonly among: number;
  /** Of those the ones that say the same have this in common. */
  readonly alike: number;
  /** Of what kind the event is, if all is known that its judgement hangs on. */
  readonly kind: EventKind | undefined;
  /** Then what its type, action and object come to: the same for the same. */
  readonly matter: number;
}

const FIRST_ROOM = 256;
/** So many kinds are told apart; anybody can make up more. */
const MOST_KINDS = 1 << 10;
const NO_KIND = -1;

/** One number of each line. */
interface Columns {
  readonly log: Uint8Array;
  readonly astray: Uint8Array;
  readonly seconds: Float64Array;
  readonly nanos: Uint32Array;
  readonly offset: Float64Array;
  readonly length: Uint32Array;
  readonly line: Float64Array;
  readonly among: Float64Array;
  readonly alike: Float64Array;
  /** The kind's place among all, or -1. */
  readonly kind: Int32Array;
  readonly matter: Uint32Array;
}

/** Lines as they go from thread to thread. */
export interface PackedLines {
  readonly columns: Columns;
  readonly kinds: readonly EventKind[];
  /** Of each the bytes, if they are there. */
  readonly kept: readonly (Buffer | undefined)[];
}

/** Lines apart, column by column: there may be millions, and as objects each would take several times the memory. */
export class LoneLines {
  #columns = columnsOf(FIRST_ROOM);
  #kept: (Buffer | undefined)[] = [];
  readonly #kinds = new Map<string, number>();
  readonly #kindsInOrder: EventKind[] = [];
  #end = 0;
  readonly #free: number[] = [];
  /** All of them in order of time, while none is added or removed. */
  #inOrder: Uint32Array | undefined;

  /**
   * Those of several parts.
   * @param numbered what is added to the numbers of each part's lines of a log
   */
  static joined(
    parts: readonly PackedLines[],
    numbered: (part: number, log: number) => number,
    isWanted: (part: number, log: number) => boolean,
  ): LoneLines {
    const joined = new LoneLines();
    let others = 0;
    for (const [part, { columns, kinds, kept }] of parts.entries()) {
      const rows = allRows(columns.log.length).filter((row) => isWanted(part, columns.log[row] as number));
      others = joined.#take(rows, { columns, kinds, kept }, others, (log) => numbered(part, log));
    }
    return joined;
  }

  /** Takes lines of a part. @param others a number greater than all that those before were held by @returns the next such */
  #take(
    rows: Uint32Array,
    { columns, kinds, kept }: PackedLines,
    others: number,
    numbered: (log: number) => number,
  ): number {
    const first = this.#end;
    this.#end += rows.length;
    if (this.#end > this.#columns.log.length) this.#columns = copied(this.#columns, columnsOf(this.#end * 2));
    const own = this.#columns;
    for (const name of NAMES) {
      const [from, to] = [columns[name], own[name]];
      for (let index = 0; index < rows.length; index++) to[first + index] = from[rows[index] as number] as number;
    }
    const places = kinds.map((kind) => this.#placeOf(kind));
    let most = others;
    for (let row = first; row < this.#end; row++) {
      own.line[row] = (own.line[row] as number) + numbered(own.log[row] as number);
      own.among[row] = (own.among[row] as number) + others;
      own.alike[row] = (own.alike[row] as number) + others;
      most = Math.max(most, own.among[row] as number, own.alike[row] as number);
      own.kind[row] = places[own.kind[row] as number] ?? NO_KIND;
      this.#kept[row] = kept[rows[row - first] as number];
    }
    return most + 1;
  }

  /** How many there are. */
  get size(): number {
    return this.#end - this.#free.length;
  }

  /** @returns its place until it is removed */
  add({ log, astray, seconds, nanos, offset, length, line, kept }: LoneLine): number {
    this.#inOrder = undefined;
    const row = this.#free.pop() ?? this.#end++;
    if (row === this.#columns.log.length) this.#columns = copied(this.#columns, columnsOf(row * 2));
    const columns = this.#columns;
    columns.log[row] = log;
    columns.astray[row] = astray ? 1 : 0;
    columns.seconds[row] = seconds;
    columns.nanos[row] = nanos;
    columns.offset[row] = offset;
    columns.length[row] = length;
    columns.line[row] = line;
    columns.kind[row] = NO_KIND;
    this.#kept[row] = kept;
    return row;
  }

  /**
   * Says what a line was held against.
   * @param among the same number for all that were held against each other
   * @param alike the same number for those of them that say the same
   */
  hold(row: number, among: number, alike: number): void {
    this.#columns.among[row] = among;
    this.#columns.alike[row] = alike;
  }

  /** Says that all is known that the judgement of a line's event hangs on. */
  clear(row: number, kind: EventKind, matter: number): void {
    this.#columns.kind[row] = this.#placeOf(kind);
    this.#columns.matter[row] = matter;
  }

  #placeOf(kind: EventKind): number {
    const name = `${kind.type}\n${kind.action}`;
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    const fresh = this.#kinds.size;
    if (fresh === MOST_KINDS) return NO_KIND;
    this.#kinds.set(name, fresh);
    this.#kindsInOrder.push(kind);
    return fresh;
  }

  at(row: number): HeldLine {
    return lineAt(this.#columns, row, this.#kindsInOrder, this.#kept[row]);
  }

  logOf(row: number): number {
    return this.#columns.log[row] as number;
  }

  lengthOf(row: number): number {
    return this.#columns.length[row] as number;
  }

  isAstray(row: number): boolean {
    return this.#columns.astray[row] === 1;
  }

  /** @returns how many bytes were kept of it */
  remove(row: number): number {
    this.#inOrder = undefined;
    const bytes = this.#kept[row]?.length ?? 0;
    this.#kept[row] = undefined;
    this.#free.push(row);
    return bytes;
  }

  /** Where the lines of a log begin. */
  offsetsOf(log: number): Set<number> {
    const offsets = new Set<number>();
    for (const row of this.#rows()) if (this.logOf(row) === log) offsets.add(this.#columns.offset[row] as number);
    return offsets;
  }

  /** Lines of one moment together, in order of time, log and number. */
  *moments(): Generator<HeldLine[]> {
    let moment: HeldLine[] = [];
    this.#inOrder ??= this.#rows().sort(this.#byTime);
    for (const row of this.#inOrder) {
      const line = this.at(row);
      const [first] = moment;
      if (first !== undefined && (first.seconds !== line.seconds || first.nanos !== line.nanos)) {
        yield moment;
        moment = [];
      }
      moment.push(line);
    }
    if (moment.length > 0) yield moment;
  }

  /** All of them, without what is free. */
  packed(): PackedLines {
    const rows = this.#rows();
    const columns = columnsOf(rows.length);
    const kept: (Buffer | undefined)[] = [];
    for (const [place, row] of rows.entries()) {
      for (const name of NAMES) columns[name][place] = this.#columns[name][row] as number;
      kept.push(this.#kept[row]);
    }
    return { columns, kinds: this.#kindsInOrder, kept };
  }

  #rows(): Uint32Array {
    const rows = allRows(this.#end);
    if (this.#free.length === 0) return rows;
    const free = new Set(this.#free);
    return rows.filter((row) => !free.has(row));
  }

  readonly #byTime = (a: number, b: number): number => {
    const { seconds, nanos, log, line } = this.#columns;
    return (
      (seconds[a] as number) - (seconds[b] as number) ||
      (nanos[a] as number) - (nanos[b] as number) ||
      (log[a] as number) - (log[b] as number) ||
      (line[a] as number) - (line[b] as number)
    );
  };
}

function columnsOf(lines: number): Columns {
  return {
    log: new Uint8Array(lines),
    astray: new Uint8Array(lines),
    seconds: new Float64Array(lines),
    nanos: new Uint32Array(lines),
    offset: new Float64Array(lines),
    length: new Uint32Array(lines),
    line: new Float64Array(lines),
    among: new Float64Array(lines),
    alike: new Float64Array(lines),
    kind: new Int32Array(lines),
    matter: new Uint32Array(lines),
  };
}

const NAMES = Object.keys(columnsOf(0)) as (keyof Columns)[];

function allRows(lines: number): Uint32Array {
  const rows = new Uint32Array(lines);
  for (let row = 0; row < lines; row++) rows[row] = row;
  return rows;
}

function copied(from: Columns, to: Columns): Columns {
  for (const name of NAMES) to[name].set(from[name]);
  return to;
}

function lineAt(columns: Columns, row: number, kinds: readonly EventKind[], kept: Buffer | undefined): HeldLine {
  return {
    log: columns.log[row] as number,
    seconds: columns.seconds[row] as number,
    nanos: columns.nanos[row] as number,
    offset: columns.offset[row] as number,
    length: columns.length[row] as number,
    line: columns.line[row] as number,
    astray: columns.astray[row] === 1,
    kept,
    among: columns.among[row] as number,
    alike: columns.alike[row] as number,
    kind: kinds[columns.kind[row] as number],
    matter: columns.matter[row] as number,
  };
}
