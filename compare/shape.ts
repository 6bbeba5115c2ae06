import { isUtf8 } from 'node:buffer';
import { BACKSLASH, CLOSE, CLOSE_LIST, COLON, COMMA, OPEN, OPEN_LIST, QUOTE } from './ascii.js';
import { endOfText, hasEscape } from './line-scan.js';

/** A line with more members is left to the full reading. */
export const MOST_MEMBERS = 256;

/** What is nested deeper is left to the full reading: no program's events are, and it costs as much as many lines. */
const DEEPEST = 32;

/** Of which object a member is. */
const TOP = 0;
const ACTOR = 1;
const ATTRIBUTES = 2;

export interface Place {
  readonly from: number;
  readonly to: number;
}

/**
 * How a log writes its events: what stands between the values, which was looked at once. No two keys of an object are the
 * same, and none has an escape or is no UTF-8.
 */
export interface Shape {
  /** Keys, braces, commas and spaces before each value and after the last, one after the other. */
  readonly between: Uint8Array;
  /** Where each of them ends. */
  readonly ends: Uint32Array;
  readonly values: number;
  /** The values that the canonical event is made of, sorted by object and key. */
  readonly order: Uint16Array;
  /** The same for all shapes that hold the same members in any order. */
  readonly content: string;
  readonly time: number;
  readonly scope: number;
  readonly type: number;
  readonly action: number;
  readonly id: number;
  /** The attributes by their names; undefined where these are not ASCII alone, or a name that objects have of themselves. */
  readonly attributes: readonly { readonly name: string; readonly value: number }[] | undefined;
  /** For a shape of the same content which of its values is which; -1 where the event does not hang on it. */
  readonly links: Map<Shape, Int16Array>;
}

/** A member whose value is no object that is looked into. */
interface Leaf extends Place {
  readonly name: string;
}

/** How a line is written, and where its values stand. @returns undefined for one that must be read in full */
export function shapeOf(bytes: Uint8Array, from: number, to: number) {
  const line = new LineMembers(bytes, to);
  const end = line.object(from, TOP);
  if (end < 0 || skipSpace(bytes, end, to) !== to) return undefined;
  const { names, leaves } = line;
  if (new Set(names).size !== names.length) return undefined;
  // What should hold members and is no object only a full reading can judge.
  if (leaves.some(({ name }) => levelBelow(name) > 0)) return undefined;
  const index = (name: string) => leaves.findIndex((leaf) => leaf.name === name);
  const shape = {
    ...betweenOf(bytes, leaves, from, to),
    values: leaves.length,
    ...contentOf(leaves),
    time: index(`${TOP}"timeNano"`),
    scope: index(`${TOP}"scope"`),
    type: index(`${TOP}"Type"`),
    action: index(`${TOP}"Action"`),
    id: index(`${ACTOR}"ID"`),
    attributes: attributesOf(leaves),
    links: new Map<Shape, Int16Array>(),
  };
  // Without one of these it is no event, or an old engine's.
  if (shape.time < 0 || shape.type < 0 || shape.action < 0 || shape.id < 0) return undefined;
  return { shape, from: leaves.map((leaf) => leaf.from), to: leaves.map((leaf) => leaf.to) };
}

function attributesOf(leaves: readonly Leaf[]): Shape['attributes'] {
  // Attributes that are no object are none that could be looked into.
  if (leaves.some(({ name }) => name === `${ACTOR}"Attributes"`)) return undefined;
  const attributes = leaves.flatMap(({ name }, value) =>
    name.startsWith(`${ATTRIBUTES}`) ? { name: name.slice(2, -1), value } : [],
  );
  const isPlain = attributes.every(({ name }) => /^[\x20-\x7e]*$/.test(name) && !(name in {}));
  return isPlain ? attributes : undefined;
}

function betweenOf(bytes: Uint8Array, leaves: readonly Leaf[], from: number, to: number) {
  const pieces = [...leaves, { from: to, to }].map((leaf, index) =>
    bytes.subarray(index === 0 ? from : (leaves[index - 1] as Leaf).to, leaf.from),
  );
  let end = 0;
  const ends = pieces.map(({ length }) => {
    end += length;
    return end;
  });
  return { between: new Uint8Array(Buffer.concat(pieces)), ends: Uint32Array.from(ends) };
}

/** Goes through a line's objects, as deep as an event's attributes lie. */
class LineMembers {
  readonly names: string[] = [];
  readonly leaves: Leaf[] = [];

  constructor(
    private readonly bytes: Uint8Array,
    private readonly to: number,
  ) {}

  /** @returns the place after the object; -1 if it is none that is plain enough */
  object(from: number, level: number): number {
    const { bytes, to } = this;
    let at = skipSpace(bytes, from, to);
    if (bytes[at] !== OPEN) return -1;
    at = skipSpace(bytes, at + 1, to);
    if (bytes[at] === CLOSE) return at + 1;
    while (at < to) {
      at = skipSpace(bytes, this.#member(at, level), to);
      if (at < 0) return -1;
      if (bytes[at] === CLOSE) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = skipSpace(bytes, at + 1, to);
    }
    return -1;
  }

  /** @returns the place after the member; -1 if it is not plain enough */
  #member(from: number, level: number): number {
    const { bytes, to } = this;
    const keyEnd = endOfText(bytes, from, to);
    if (keyEnd < 0 || this.names.length === MOST_MEMBERS || hasEscape(bytes, from, keyEnd)) return -1;
    const colon = skipSpace(bytes, keyEnd, to);
    if (bytes[colon] !== COLON) return -1;
    const value = skipSpace(bytes, colon + 1, to);
    // What is no UTF-8 becomes one sign when it is read in full, and two such keys one.
    const key = bytes.subarray(from, keyEnd);
    if (!isUtf8(key)) return -1;
    const name = `${level}${Buffer.from(key).toString('latin1')}`;
    this.names.push(name);
    const below = levelBelow(name);
    if (below > 0 && bytes[value] === OPEN) return this.object(value, below);
    const end = endOfValue(bytes, value, to);
    if (end >= 0) this.leaves.push({ name, from: value, to: end });
    return end;
  }
}

/** What of the members the canonical event is made of, besides the scope: sorted, and as one text. */
function contentOf(leaves: readonly Leaf[]) {
  const counts = [`${TOP}"timeNano"`, `${TOP}"Type"`, `${TOP}"Action"`, `${ACTOR}"ID"`];
  const order = leaves
    .map(({ name }, member) => ({ name, member }))
    .filter(({ name }) => counts.includes(name) || name.startsWith(`${ATTRIBUTES}`))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { order: Uint16Array.from(order, ({ member }) => member), content: order.map(({ name }) => name).join('\n') };
}

function levelBelow(name: string): number {
  if (name === `${TOP}"Actor"`) return ACTOR;
  return name === `${ACTOR}"Attributes"` ? ATTRIBUTES : 0;
}

/** The place after a value of any kind; -1 if it does not end. What is in it is not looked at. */
export function endOfValue(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] === QUOTE) return endOfText(bytes, from, to);
  let depth = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = endOfText(bytes, at, to) - 1;
      if (at < 0) return -1;
    } else if (byte === OPEN || byte === OPEN_LIST) {
      if (++depth > DEEPEST) return -1;
    } else if (byte === CLOSE || byte === CLOSE_LIST || byte === COMMA) {
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

/** @returns the first place without a space; -1 for -1 */
export function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at >= 0 && at < to && isSpace(bytes[at] as number)) at++;
  return at;
}

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
