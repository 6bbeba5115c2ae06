import { fstatSync, ftruncateSync } from 'node:fs';
import { ZERO } from './ascii.js';
import { CompareError } from './errors.js';
import { type Packing, unpacked } from './unpack.js';
import { writeAll } from './write-all.js';

/** So many unpacked bytes that tell of no other time than those before are no log's. */
const IDLE = 1 << 25;
const TIME_KEY = '"timeNano":';
/** Digits of a time. */
const MOST_DIGITS = 19;

/** Why a log was not unpacked to its end. */
export type Stopped = 'bound' | 'idle' | 'damaged';

/** A packed log that is written plain to a file, as far as it may. */
export class PackedLog {
  /** Bytes that were written. */
  count = 0;
  /** Bytes of it as it is packed. */
  readonly size: number;
  /** Undefined once it is unpacked to its end. */
  stopped: Stopped | undefined = 'bound';
  /** What is wrong with one that is damaged. */
  why = '';
  readonly #pieces: AsyncGenerator<Buffer>;
  readonly #to: number;
  /** What was unpacked and is beyond the bound. */
  #rest: Buffer | undefined;
  /** The last time told, and bytes since another was. */
  #time = '';
  #idle = 0;

  /**
   * @param name of the log, as it is told
   * @param from open file that it is read from
   * @param to open file that it is written to
   */
  constructor(
    readonly name: string,
    { from, packing, to }: { readonly from: number; readonly packing: Packing; readonly to: number },
    private readonly signal: AbortSignal,
  ) {
    this.size = fstatSync(from).size;
    this.#to = to;
    this.#pieces = unpacked(from, packing);
  }

  /**
   * Unpacks on, until so many bytes are written in all.
   * @throws CompareError `LOG` if it cannot be read or written
   */
  async unpackTo(bound: number): Promise<void> {
    if (this.stopped !== 'bound') return;
    try {
      while (this.count < bound) {
        const piece = this.#rest ?? (await this.#next());
        if (this.signal.aborted) throw this.signal.reason;
        if (piece === undefined) {
          this.stopped = undefined;
          return;
        }
        const kept = piece.subarray(0, bound - this.count);
        this.#rest = kept.length < piece.length ? piece.subarray(kept.length) : undefined;
        writeAll(this.#to, kept);
        this.count += kept.length;
        if (this.#isIdle(kept)) {
          this.stopped = 'idle';
          return;
        }
      }
      this.#rest ??= await this.#next();
      if (this.#rest === undefined) this.stopped = undefined;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).syscall !== undefined || this.signal.aborted)
        throw notCopied(this.name, cause);
      this.stopped = 'damaged';
      this.why = (cause as Error).message;
    }
  }

  /** Ends reading. */
  async close(): Promise<void> {
    await this.#pieces.return(undefined).catch(() => undefined);
  }

  /** Forgets what was written of it. */
  clear(): void {
    ftruncateSync(this.#to);
  }

  async #next(): Promise<Buffer | undefined> {
    const { value, done } = await this.#pieces.next();
    return done === true ? undefined : value;
  }

  /** Whether all that came for long is of one moment, or of none. */
  #isIdle(piece: Buffer): boolean {
    const time = lastTimeOf(piece);
    const isOther = time !== '' && time !== this.#time;
    if (isOther) this.#time = time;
    this.#idle = isOther ? 0 : this.#idle + piece.length;
    return this.#idle > IDLE;
  }
}

/** The digits of the last time that is told to its end; empty if none is. */
function lastTimeOf(piece: Buffer): string {
  for (let key = piece.lastIndexOf(TIME_KEY); key >= 0; key = key === 0 ? -1 : piece.lastIndexOf(TIME_KEY, key - 1)) {
    const from = key + TIME_KEY.length;
    let to = from;
    while (to < piece.length && to < from + MOST_DIGITS && isDigit(piece[to] as number)) to++;
    if (to < piece.length) return piece.toString('latin1', from, to);
  }
  return '';
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10;
}

/** A log could not be written where it can be compared. */
export function notCopied(name: string, cause: unknown): CompareError {
  return new CompareError('LOG', `${name} could not be copied to be compared: ${(cause as Error).message}.`, { cause });
}
