import { endOfText, hasEscape, isNumber, isText } from './line-scan.js';

const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;

/** A line with more members is left to the full reading. */
const MOST_MEMBERS = 256;
/** Keys in the orders in which a log has written them lately. */
const MOST_SHAPES = 16;

/** Of which object a member is. */
const TOP = 0;
const ACTOR = 1;
const ATTRIBUTES = 2;

/** Keys of an event in one order, which were looked at once: no two are the same, none has an escape. */
interface Shape {
  /** The keys' bytes with what encloses them, one after the other. */
  readonly keys: Uint8Array;
  readonly levels: Uint8Array;
  readonly lengths: Uint32Array;
  /** The members that the canonical event is made of, sorted by object and key. */
  readonly order: Uint16Array;
  /** The same for all shapes that hold the same members in any order. */
  readonly content: string;
  readonly time: number;
  readonly scope: number;
  readonly type: number;
  readonly action: number;
}

/**
 * Where the members of one event's line stand. Two lines whose members are the same bytes are the same event, in whatever
 * order and with whatever spaces they are written.
 */
export class Members {
  readonly #keyFrom = new Uint32Array(MOST_MEMBERS);
  readonly #keyTo = new Uint32Array(MOST_MEMBERS);
  readonly #valueFrom = new Uint32Array(MOST_MEMBERS);
  readonly #valueTo = new Uint32Array(MOST_MEMBERS);
  readonly #level = new Uint8Array(MOST_MEMBERS);
  readonly #shapes: Shape[] = [];
  #count = 0;
  #bytes: Uint8Array = new Uint8Array();
  #shape: Shape | undefined;

  /** Takes a line. @returns false for one that must be read in full */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    this.#bytes = bytes;
    this.#count = 0;
    this.#shape = undefined;
    const end = this.#object(from, to, TOP);
    if (end < 0 || skipSpace(bytes, end, to) !== to) return false;
    this.#shape = this.#shapes.find((shape, index) => this.#has(shape, index)) ?? this.#newShape();
    return this.#shape !== undefined;
  }

  /** Where the digits of `timeNano` stand; undefined if they are none. */
  get time(): { readonly from: number; readonly to: number } | undefined {
    return this.#place(this.#shape?.time);
  }

  get type(): { readonly from: number; readonly to: number } | undefined {
    return this.#place(this.#shape?.type);
  }

  get action(): { readonly from: number; readonly to: number } | undefined {
    return this.#place(this.#shape?.action);
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
    const isLocal = this.#isLocal(one);
    if (isLocal !== other.#isLocal(two)) return false;
    return isLocal || this.#isSameValue(one.scope, other, two.scope);
  }

  #place(member: number | undefined) {
    return member === undefined || member < 0
      ? undefined
      : { from: this.#valueFrom[member] as number, to: this.#valueTo[member] as number };
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

  /** @returns the place after the object; -1 if it is none that is plain enough */
  #object(from: number, to: number, level: number): number {
    const bytes = this.#bytes;
    let at = skipSpace(bytes, from, to);
    if (bytes[at] !== OPEN) return -1;
    at = skipSpace(bytes, at + 1, to);
    if (bytes[at] === CLOSE) return at + 1;
    while (at < to) {
      const keyEnd = endOfText(bytes, at, to);
      if (keyEnd < 0 || this.#count === MOST_MEMBERS) return -1;
      const colon = skipSpace(bytes, keyEnd, to);
      if (bytes[colon] !== COLON) return -1;
      const value = skipSpace(bytes, colon + 1, to);
      const member = this.#count++;
      this.#keyFrom[member] = at;
      this.#keyTo[member] = keyEnd;
      this.#level[member] = level;
      const below = levelBelow(bytes, at, keyEnd, level);
      const end = below > 0 && bytes[value] === OPEN ? this.#object(value, to, below) : endOfValue(bytes, value, to);
      if (end < 0) return -1;
      this.#valueFrom[member] = value;
      this.#valueTo[member] = end;
      at = skipSpace(bytes, end, to);
      if (bytes[at] === CLOSE) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = skipSpace(bytes, at + 1, to);
    }
    return -1;
  }

  #has({ keys, levels, lengths }: Shape, index: number): boolean {
    if (levels.length !== this.#count) return false;
    let there = 0;
    for (let member = 0; member < this.#count; member++) {
      const from = this.#keyFrom[member] as number;
      const length = (this.#keyTo[member] as number) - from;
      if (length !== lengths[member] || this.#level[member] !== levels[member]) return false;
      for (let at = 0; at < length; at++) if (this.#bytes[from + at] !== keys[there + at]) return false;
      there += length;
    }
    // The one that was used last is looked at first.
    if (index > 0) this.#shapes.unshift(...this.#shapes.splice(index, 1));
    return true;
  }

  #newShape(): Shape | undefined {
    const names: string[] = [];
    for (let member = 0; member < this.#count; member++) {
      const [from, to] = [this.#keyFrom[member] as number, this.#keyTo[member] as number];
      if (hasEscape(this.#bytes, from, to)) return undefined;
      names.push(`${this.#level[member]}${Buffer.from(this.#bytes.subarray(from, to)).toString('latin1')}`);
    }
    if (new Set(names).size !== names.length) return undefined;
    const index = (name: string) => names.indexOf(name);
    const shape = {
      keys: Buffer.concat(
        names.map((_, member) => this.#bytes.subarray(this.#keyFrom[member] as number, this.#keyTo[member] as number)),
      ),
      levels: this.#level.slice(0, this.#count),
      lengths: Uint32Array.from(
        names,
        (_, member) => (this.#keyTo[member] as number) - (this.#keyFrom[member] as number),
      ),
      ...contentOf(names),
      time: index(`${TOP}"timeNano"`),
      scope: index(`${TOP}"scope"`),
      type: index(`${TOP}"Type"`),
      action: index(`${TOP}"Action"`),
    };
    // Without one of these it is no event, or an old engine's.
    if (shape.time < 0 || shape.type < 0 || shape.action < 0 || index(`${ACTOR}"ID"`) < 0) return undefined;
    if (this.#shapes.length === MOST_SHAPES) this.#shapes.pop();
    this.#shapes.unshift(shape);
    return shape;
  }

  /** Whether what the engine's time was said in is digits. */
  get hasTime(): boolean {
    const time = this.time;
    return time !== undefined && isNumber(this.#bytes, time.from, time.to);
  }
}

/** What of the members the canonical event is made of, besides the scope: sorted, and as one text. */
function contentOf(names: readonly string[]) {
  const counts = [`${TOP}"timeNano"`, `${TOP}"Type"`, `${TOP}"Action"`, `${ACTOR}"ID"`];
  const order = names
    .map((name, member) => ({ name, member }))
    .filter(({ name }) => counts.includes(name) || name.startsWith(`${ATTRIBUTES}`))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { order: Uint16Array.from(order, ({ member }) => member), content: order.map(({ name }) => name).join('\n') };
}

function levelBelow(bytes: Uint8Array, from: number, to: number, level: number): number {
  if (level === TOP && to - from === 7 && isText(bytes, from, '"Actor"')) return ACTOR;
  if (level === ACTOR && to - from === 12 && isText(bytes, from, '"Attributes"')) return ATTRIBUTES;
  return 0;
}

/** The place after a value of any kind; -1 if it does not end. What is in it is not looked at. */
function endOfValue(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from];
  if (first === QUOTE) return endOfText(bytes, from, to);
  let depth = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = endOfText(bytes, at, to) - 1;
      if (at < 0) return -1;
    } else if (byte === OPEN || byte === OPEN_LIST) depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST || byte === COMMA) {
      if (depth === 0) return at === from ? -1 : trimmed(bytes, from, at);
      if (byte !== COMMA && --depth === 0) return at + 1;
    } else if (byte === BACKSLASH) return -1;
  }
  return -1;
}

function trimmed(bytes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && isSpace(bytes[end - 1] as number)) end--;
  return end;
}

function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(bytes[at] as number)) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function textOf(bytes: Uint8Array, from: number, to: number): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8'));
  } catch {
    // Never the same as another.
    return Symbol();
  }
}
