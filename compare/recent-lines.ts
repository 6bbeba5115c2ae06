import type { LoneLine } from './lone-lines.js';

/** So many bytes are kept, of the last lines, and none of a longer line. */
const ROOM = 1 << 20;
const LONGEST = 1 << 12;
/** Lines are sought in so many places; one may take another's. */
const PLACES = 1 << 13;

/** Which line it is. */
type Place = Pick<LoneLine, 'log' | 'offset' | 'length'>;

/** Bytes of lines that began to wait lately: where logs are a little out of order, others are soon held against them. */
export class RecentLines {
  readonly #bytes = Buffer.allocUnsafeSlow(ROOM);
  readonly #log = new Uint8Array(PLACES);
  readonly #offset = new Float64Array(PLACES).fill(-1);
  /** How many bytes had been kept before; those of the last ones are still there. */
  readonly #before = new Float64Array(PLACES);
  #count = 0;

  keep({ log, offset, length }: Place, bytes: Buffer): void {
    if (length > LONGEST) return;
    // A line lies in one piece.
    if ((this.#count % ROOM) + length > ROOM) this.#count += ROOM - (this.#count % ROOM);
    this.#bytes.set(bytes, this.#count % ROOM);
    const place = offset % PLACES;
    this.#log[place] = log;
    this.#offset[place] = offset;
    this.#before[place] = this.#count;
    this.#count += length;
  }

  /** The bytes of a line, until the next one is kept; undefined if they are not there any more. */
  of({ log, offset, length }: Place): Buffer | undefined {
    const place = offset % PLACES;
    if (this.#offset[place] !== offset || this.#log[place] !== log) return undefined;
    const before = this.#before[place] as number;
    if (this.#count - before > ROOM) return undefined;
    return this.#bytes.subarray(before % ROOM, (before % ROOM) + length);
  }
}
