import type { Moment } from './line-scan.js';

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
  /** Its bytes, while they are at hand; else they are read from the log again. */
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
  /** Of what kind the event is, if that was seen in passing. */
  readonly kind: EventKind | undefined;
  /** If all is known that its judgement hangs on, what its type, action and object come to: the same for the same. */
  readonly matter: number;
}

/** So many lines lie in one piece: what grows is never copied. */
const PIECE = 1 << 12;
/** Of a place without a line. */
const NO_LOG = 0xff;
/** So many kinds are told apart; anybody can make up more. */
const MOST_KINDS = 1 << 10;
const NO_KIND = 0xffff;

/** One number of each line of a piece. */
interface Columns {
  readonly log: Uint8Array;
  readonly astray: Uint8Array;
  readonly seconds: Float64Array;
  readonly nanos: Uint32Array;
  readonly offset: Float64Array;
  readonly length: Uint32Array;
  readonly line: Float64Array;
  readonly among: Uint32Array;
  readonly alike: Uint32Array;
  readonly kind: Uint16Array;
  readonly clear: Uint8Array;
  readonly matter: Uint32Array;
}

/** The places of lines of one moment. */
export type MomentRows = readonly number[];

/** Lines as they go from thread to thread. */
export interface PackedLines {
  readonly pieces: readonly Columns[];
  readonly kinds: readonly EventKind[];
}

/** Lines apart, column by column: there may be millions, and as objects each would take several times the memory. */
export class LoneLines {
  readonly #pieces: Columns[] = [];
  readonly #kinds = new Map<string, number>();
  readonly #kindsInOrder: EventKind[] = [];
  readonly #placeOfSeen = new Map<EventKind, number>();
  readonly #free: number[] = [];
  #end = 0;
  #size = 0;
  /** All of them in order of time, while none is added or removed. */
  #inOrder: Uint32Array | undefined;

  /**
   * Those of several parts, which are taken over and changed.
   * @param numbered what is added to the numbers of each part's lines of a log
   */
  static joined(
    parts: readonly PackedLines[],
    numbered: (part: number, log: number) => number,
    isWanted: (part: number, log: number) => boolean,
  ): LoneLines {
    const joined = new LoneLines();
    let others = 0;
    for (const [part, { pieces, kinds }] of parts.entries()) {
      const places = kinds.map((kind) => joined.#placeOf(kind));
      let most = 0;
      for (const columns of pieces) {
        for (let at = 0; at < PIECE; at++) {
          const log = columns.log[at] as number;
          if (log === NO_LOG) continue;
          most = Math.max(most, columns.among[at] as number, columns.alike[at] as number);
          columns.line[at] = (columns.line[at] as number) + numbered(part, log);
          columns.among[at] = (columns.among[at] as number) + others;
          columns.alike[at] = (columns.alike[at] as number) + others;
          columns.kind[at] = places[columns.kind[at] as number] ?? NO_KIND;
          if (isWanted(part, log)) joined.#size++;
          else columns.log[at] = NO_LOG;
        }
        joined.#pieces.push(columns);
      }
      others += most + 1;
    }
    joined.#end = joined.#pieces.length * PIECE;
    return joined;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** @returns its place until it is removed */
  add({ log, astray, seconds, nanos, offset, length, line }: LoneLine): number {
    this.#inOrder = undefined;
    this.#size++;
    const row = this.#free.pop() ?? this.#end++;
    if (row === this.#pieces.length * PIECE) this.#pieces.push(newPiece());
    const [columns, at] = [this.#pieceOf(row), row % PIECE];
    columns.log[at] = log;
    columns.astray[at] = astray ? 1 : 0;
    columns.seconds[at] = seconds;
    columns.nanos[at] = nanos;
    columns.offset[at] = offset;
    columns.length[at] = length;
    columns.line[at] = line;
    columns.kind[at] = NO_KIND;
    columns.clear[at] = 0;
    return row;
  }

  /**
   * Says what a line was held against.
   * @param among the same number for all that were held against each other
   * @param alike the same number for those of them that say the same
   */
  hold(row: number, among: number, alike: number): void {
    const columns = this.#pieceOf(row);
    columns.among[row % PIECE] = among;
    columns.alike[row % PIECE] = alike;
  }

  /** Says of what kind a line's event is. @param kind the same value for the same kind */
  name(row: number, kind: EventKind): void {
    const known = this.#placeOfSeen.get(kind) ?? this.#placeOf(kind);
    this.#placeOfSeen.set(kind, known);
    this.#pieceOf(row).kind[row % PIECE] = known;
  }

  /** Says that all is known that the judgement of a line's event hangs on. */
  clear(row: number, kind: EventKind, matter: number): void {
    const columns = this.#pieceOf(row);
    columns.kind[row % PIECE] = this.#placeOf(kind);
    columns.clear[row % PIECE] = columns.kind[row % PIECE] === NO_KIND ? 0 : 1;
    columns.matter[row % PIECE] = matter;
  }

  /** Says that it is not. */
  unclear(row: number): void {
    this.#pieceOf(row).clear[row % PIECE] = 0;
  }

  at(row: number): HeldLine {
    const [columns, at] = [this.#pieceOf(row), row % PIECE];
    return {
      log: columns.log[at] as number,
      seconds: columns.seconds[at] as number,
      nanos: columns.nanos[at] as number,
      offset: columns.offset[at] as number,
      length: columns.length[at] as number,
      line: columns.line[at] as number,
      astray: columns.astray[at] === 1,
      among: columns.among[at] as number,
      alike: columns.alike[at] as number,
      kind: this.#kindsInOrder[columns.kind[at] as number],
      matter: columns.matter[at] as number,
    };
  }

  logOf(row: number): number {
    return this.#pieceOf(row).log[row % PIECE] as number;
  }

  lengthOf(row: number): number {
    return this.#pieceOf(row).length[row % PIECE] as number;
  }

  /** Whether a line is of a moment. */
  isAt(row: number, { seconds, nanos }: Readonly<Moment>): boolean {
    const columns = this.#pieceOf(row);
    return columns.nanos[row % PIECE] === nanos && columns.seconds[row % PIECE] === seconds;
  }

  momentOf(row: number): Moment {
    const columns = this.#pieceOf(row);
    return { seconds: columns.seconds[row % PIECE] as number, nanos: columns.nanos[row % PIECE] as number };
  }

  kindOf(row: number): EventKind | undefined {
    return this.#kindsInOrder[this.#pieceOf(row).kind[row % PIECE] as number];
  }

  matterOf(row: number): number {
    return this.#pieceOf(row).matter[row % PIECE] as number;
  }

  amongOf(row: number): number {
    return this.#pieceOf(row).among[row % PIECE] as number;
  }

  alikeOf(row: number): number {
    return this.#pieceOf(row).alike[row % PIECE] as number;
  }

  isAstray(row: number): boolean {
    return this.#pieceOf(row).astray[row % PIECE] === 1;
  }

  remove(row: number): void {
    this.#inOrder = undefined;
    this.#size--;
    this.#pieceOf(row).log[row % PIECE] = NO_LOG;
    this.#free.push(row);
  }

  /** Where the lines of a log begin. */
  offsetsOf(log: number): Set<number> {
    const offsets = new Set<number>();
    for (const row of this.#rows()) if (this.logOf(row) === log) offsets.add(this.at(row).offset);
    return offsets;
  }

  /** The places of the lines of one moment together, in order of time, log and number. */
  *moments(): Generator<MomentRows> {
    this.#inOrder ??= this.#sorted();
    const rows = this.#inOrder;
    for (let from = 0; from < rows.length; ) {
      const first = rows[from] as number;
      const [columns, at] = [this.#pieceOf(first), first % PIECE];
      const time = { seconds: columns.seconds[at] as number, nanos: columns.nanos[at] as number };
      const moment = [first];
      while (++from < rows.length && this.isAt(rows[from] as number, time)) moment.push(rows[from] as number);
      yield moment;
    }
  }

  /** Whether all is known of the lines of a moment that their judgement hangs on, as far as they themselves tell. */
  isClear(moment: MomentRows): boolean {
    const among = this.amongOf(moment[0] as number);
    for (const row of moment) {
      if (this.#pieceOf(row).clear[row % PIECE] === 0 || this.amongOf(row) !== among) return false;
    }
    return true;
  }

  /** Whether a line is the only one of a clear moment that says what it says. */
  isSole(row: number, moment: MomentRows): boolean {
    const alike = this.alikeOf(row);
    for (const other of moment) if (other !== row && this.alikeOf(other) === alike) return false;
    return true;
  }

  /** All of them, which are not to be changed here any more. */
  packed(): PackedLines {
    return { pieces: this.#pieces, kinds: this.#kindsInOrder };
  }

  #pieceOf(row: number): Columns {
    return this.#pieces[Math.floor(row / PIECE)] as Columns;
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

  #sorted(): Uint32Array {
    const rows = this.#rows();
    for (let at = 1; at < rows.length; at++) {
      // Most logs are in order, and so is what they differ on.
      if (this.#byTime(rows[at - 1] as number, rows[at] as number) > 0) return rows.sort(this.#byTime);
    }
    return rows;
  }

  #rows(): Uint32Array {
    const rows = new Uint32Array(this.#size);
    let count = 0;
    for (let row = 0; row < this.#end; row++) if (this.logOf(row) !== NO_LOG) rows[count++] = row;
    return rows;
  }

  readonly #byTime = (a: number, b: number): number => {
    const [one, other] = [this.#pieceOf(a), this.#pieceOf(b)];
    const [i, j] = [a % PIECE, b % PIECE];
    return (
      (one.seconds[i] as number) - (other.seconds[j] as number) ||
      (one.nanos[i] as number) - (other.nanos[j] as number) ||
      (one.log[i] as number) - (other.log[j] as number) ||
      (one.line[i] as number) - (other.line[j] as number)
    );
  };
}

function newPiece(): Columns {
  return {
    log: new Uint8Array(PIECE).fill(NO_LOG),
    astray: new Uint8Array(PIECE),
    seconds: new Float64Array(PIECE),
    nanos: new Uint32Array(PIECE),
    offset: new Float64Array(PIECE),
    length: new Uint32Array(PIECE),
    line: new Float64Array(PIECE),
    among: new Uint32Array(PIECE),
    alike: new Uint32Array(PIECE),
    kind: new Uint16Array(PIECE),
    clear: new Uint8Array(PIECE),
    matter: new Uint32Array(PIECE),
  };
}
