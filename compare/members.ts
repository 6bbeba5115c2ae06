import { COLON, NINE, OPEN, QUOTE, ZERO } from './ascii.js';
import { endOfText, hasEscape, isNumber, isText } from './line-scan.js';
import { endOfValue, isSpace, MOST_MEMBERS, type Place, type Shape, shapeOf, skipSpace } from './shape.js';

/** Values in all ways of writing of a log that are known at once, and such ways of one signature. */
const MOST_VALUES = 1 << 17;
const MOST_ALIKE = 8;
/** Lines beyond so many bytes, which no honest log has many of, have one signature. */
const LONGEST_SIGNED = 1 << 16;
/** Values of a line of the usual length. */
const USUAL_VALUES = 16;
/** Ways of writing of other logs that one way is linked with. */
const MOST_LINKS = 64;

/**
 * Where the values of one event's line stand. Two lines whose members are the same bytes are the same event, in whatever
 * order and with whatever spaces they are written.
 */
export class Members {
  readonly #valueFrom = new Uint32Array(MOST_MEMBERS);
  readonly #valueTo = new Uint32Array(MOST_MEMBERS);
  /** Lines that were looked at member by member, as they are written in a way that was not known; long ones count several times. */
  made = 0;
  /** By the signatures of their lines. */
  readonly #shapes = new Map<number, Shape[]>();
  #known = 0;
  /** The one that fitted last. */
  #last: Shape | undefined;
  #bytes: Uint8Array = new Uint8Array();
  #shape: Shape | undefined;

  /** Takes a line. @returns false for one that must be read in full */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    this.#bytes = bytes;
    this.#shape = undefined;
    const last = this.#last;
    if (last !== undefined && (this.#fits(last, from, to) || this.#fitsSpaced(last, from, to))) {
      this.#shape = last;
      return true;
    }
    if (bytes[skipSpace(bytes, from, to)] !== OPEN) return false;
    const signature = to - from > LONGEST_SIGNED ? 0 : signatureOf(bytes, from, to);
    const alike = this.#shapes.get(signature);
    if (alike !== undefined) {
      for (const shape of alike) {
        if (!this.#fitsSpaced(shape, from, to)) continue;
        this.#shape = shape;
        this.#last = shape;
        return true;
      }
    }
    const found = shapeOf(bytes, from, to);
    if (found === undefined) return false;
    this.made += Math.ceil(found.shape.values / USUAL_VALUES);
    this.#known += found.shape.values;
    if (this.#known > MOST_VALUES) {
      this.#shapes.clear();
      this.#known = found.shape.values;
    }
    // Others may have one signature by choice.
    this.#shapes.set(signature, [found.shape, ...(this.#shapes.get(signature) ?? []).slice(0, MOST_ALIKE - 1)]);
    this.#shape = found.shape;
    this.#last = found.shape;
    this.#valueFrom.set(found.from);
    this.#valueTo.set(found.to);
    return true;
  }

  /** How the line is written, and where each of its values stands. */
  get shape(): Shape | undefined {
    return this.#shape;
  }

  placeOf(value: number): Place {
    return { from: this.#valueFrom[value] as number, to: this.#valueTo[value] as number };
  }

  /** Whether what the engine's time was said in is digits. */
  get hasTime(): boolean {
    const { time } = this;
    return time !== undefined && isNumber(this.#bytes, time.from, time.to);
  }

  /** Where the digits of `timeNano` stand. */
  get time(): Place | undefined {
    return this.#place(this.#shape?.time);
  }

  get type(): Place | undefined {
    return this.#place(this.#shape?.type);
  }

  get action(): Place | undefined {
    return this.#place(this.#shape?.action);
  }

  /** Whether both lines are of the same type, action and object. */
  isAboutSame(other: Members): boolean {
    const [one, two] = [this.#shape, other.#shape];
    if (one === undefined || two === undefined) return false;
    return (['type', 'action', 'id'] as const).every((name) => this.#isSameValue(one[name], other, two[name]));
  }

  /**
   * Whether both lines are one event.
   * @returns false if they are not, or if only a full reading can tell
   */
  isSameAs(other: Members): boolean {
    const [one, two] = [this.#shape, other.#shape];
    if (one === undefined || two === undefined || one.content !== two.content) return false;
    for (let index = 0; index < one.order.length; index++) {
      if (!this.#isSameValue(one.order[index] as number, other, two.order[index] as number)) return false;
    }
    if (one.scope >= 0 && two.scope >= 0) return this.#isSameValue(one.scope, other, two.scope);
    // Left out, it is "local".
    return this.#isLocal(one) && other.#isLocal(two);
  }

  /**
   * Whether a line that was not read is the same event as the one that was, and written as others that `writer` has read.
   * @returns false if it is not, or if more must be looked at
   */
  isSameAsLine(bytes: Uint8Array, from: number, to: number, writer: Members): boolean {
    const two = this.#shape;
    const one = writer.#last;
    if (one === undefined || two === undefined || one.content !== two.content) return false;
    if (one.scope < 0 || two.scope < 0) return false;
    const links = one.links.get(two) ?? linked(one, two);
    const mine = this.#bytes;
    let at = from;
    let between = 0;
    for (let value = 0; value <= one.values; value++) {
      for (const end = one.ends[value] as number; between < end; )
        if (bytes[at++] !== one.between[between++]) return false;
      if (value === one.values) break;
      const link = links[value] as number;
      if (link < 0) {
        at = endOfAny(bytes, at, to);
        if (at < 0) return false;
      } else {
        const end = this.#valueTo[link] as number;
        for (let there = this.#valueFrom[link] as number; there < end; there++)
          if (bytes[at++] !== mine[there]) return false;
      }
    }
    return at === to;
  }

  #place(value: number | undefined): Place | undefined {
    return value === undefined || value < 0 ? undefined : this.placeOf(value);
  }

  #isSameValue(one: number, other: Members, two: number): boolean {
    const [from, otherFrom] = [this.#valueFrom[one] as number, other.#valueFrom[two] as number];
    const [to, otherTo] = [this.#valueTo[one] as number, other.#valueTo[two] as number];
    const [bytes, otherBytes] = [this.#bytes, other.#bytes];
    let isSame = to - from === otherTo - otherFrom;
    for (let at = from, there = otherFrom; isSame && at < to; at++, there++) isSame = bytes[at] === otherBytes[there];
    if (isSame) return true;
    // The same text may be written with escapes and without.
    if (!hasEscape(bytes, from, to) && !hasEscape(otherBytes, otherFrom, otherTo)) return false;
    return textOf(bytes, from, to) === textOf(otherBytes, otherFrom, otherTo);
  }

  #isLocal(shape: Shape): boolean {
    if (shape.scope < 0) return true;
    const from = this.#valueFrom[shape.scope] as number;
    return (this.#valueTo[shape.scope] as number) - from === 7 && isText(this.#bytes, from, '"local"');
  }

  /** Finds the values of a line that is written so. */
  #fits(shape: Shape, from: number, to: number): boolean {
    const bytes = this.#bytes;
    const { between: expected, ends, values } = shape;
    let at = from;
    let between = 0;
    for (let value = 0; value <= values; value++) {
      for (const end = ends[value] as number; between < end; ) if (bytes[at++] !== expected[between++]) return false;
      if (value === values) break;
      at = this.#value(value, at, to);
      if (at < 0) return false;
    }
    return at === to;
  }

  /** Takes note of where a value stands. @returns the place after it; -1 if it does not end */
  #value(value: number, from: number, to: number): number {
    const end = endOfAny(this.#bytes, from, to);
    this.#valueFrom[value] = from;
    this.#valueTo[value] = end;
    return end;
  }

  /** The same for a line that may have other spaces between keys and values. */
  #fitsSpaced(shape: Shape, from: number, to: number): boolean {
    const bytes = this.#bytes;
    const { between: expected, ends, values } = shape;
    let at = from;
    let between = 0;
    for (let value = 0; value <= values; value++) {
      // A text between values is a key.
      let isInKey = false;
      for (const end = ends[value] as number; between < end; between++) {
        const byte = expected[between] as number;
        if (!isInKey) {
          if (isSpace(byte)) continue;
          while (at < to && isSpace(bytes[at] as number)) at++;
        }
        if (at >= to || bytes[at++] !== byte) return false;
        if (byte === QUOTE) isInKey = !isInKey;
      }
      while (at < to && isSpace(bytes[at] as number)) at++;
      if (value === values) break;
      at = this.#value(value, at, to);
      if (at < 0) return false;
    }
    return at === to;
  }
}

/** A number that lines have in common that are written in one way: of their keys, and what follows them. */
function signatureOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; ) {
    const end = endOfText(bytes, at, to);
    if (end < 0) {
      at++;
      continue;
    }
    if (bytes[end] === COLON) for (; at < end; at += 3) sum = (sum * 31 + (bytes[at] as number)) | 0;
    at = end;
  }
  return sum;
}

/** The place after a text or digits; -1 for any other value. */
function endOfPlain(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] === QUOTE) return endOfText(bytes, from, to);
  let at = from;
  while (at < to && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++;
  return at === from ? -1 : at;
}

/** The place after a value of any kind; -1 if it does not end. */
function endOfAny(bytes: Uint8Array, from: number, to: number): number {
  const end = endOfPlain(bytes, from, to);
  return end < 0 ? endOfValue(bytes, from, to) : end;
}

function linked(one: Shape, two: Shape): Int16Array {
  const links = new Int16Array(one.values).fill(-1);
  for (const [index, value] of one.order.entries()) links[value] = two.order[index] as number;
  links[one.scope] = two.scope;
  // A log may be written in ever new ways.
  if (one.links.size === MOST_LINKS) one.links.clear();
  one.links.set(two, links);
  return links;
}

function textOf(bytes: Uint8Array, from: number, to: number): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8'));
  } catch {
    // Never the same as another.
    return Symbol();
  }
}
