import { type CanonicalEvent, isNanos, isTimeless, MAX_ATTRIBUTES_BYTES, MAX_VALUE_BYTES } from '#chaincode';
import { ownText } from './own-text.js';

/** What the projection keeps of an event beside its canonical form. */
export type EventFields = Pick<CanonicalEvent, 'source' | 'scope' | 'type' | 'action' | 'object' | 'time'>;

/** A canonical event that was gone through without being parsed. */
export interface ScannedEvent {
  readonly event: EventFields & { readonly time: string };
  /** How many quotation marks it has. */
  readonly quotes: number;
}

const [QUOTE, COMMA, BRACE] = [0x22, 0x2c, 0x7d];
/** A UTF-16 unit has at most three bytes: what is no longer needs no counting. */
const SURELY_SHORT = Math.floor(MAX_VALUE_BYTES / 3);
const SURELY_SMALL = Math.floor(MAX_ATTRIBUTES_BYTES / 3);

const ACTION = '{"action":"';
const ATTRIBUTES = '","attributes":{';
const DETAIL = ',"detail":"';
const OBJECT = ',"object":"';
const SCOPE_LOCAL = '","scope":"local","source":"';
const SCOPE_SWARM = '","scope":"swarm","source":"';
const TIME = '","time":"';
const TYPE = '","type":"';
const END = '","v":1}';
/** Quotation marks of an event without attributes and detail, and of each of these. */
const QUOTES = 28;
const QUOTES_OF_A_FIELD = 4;

/**
 * Goes through an event once, from quotation mark to quotation mark, instead of parsing it, writing it anew and comparing. What
 * it takes is what `parseCanonicalEvent` takes, of the events that are usual: with a time, small, nothing in them that JSON escapes.
 * The caller has to make sure that the text has no control characters: JSON has none within strings.
 * @returns undefined for everything else, good or bad
 */
export function scanCanonical(text: string): ScannedEvent | undefined {
  if (text.length > SURELY_SMALL || text.includes('\\') || !text.startsWith(ACTION) || !text.isWellFormed())
    return undefined;
  const action = ACTION.length;
  const actionEnd = text.indexOf('"', action);
  if (!text.startsWith(ATTRIBUTES, actionEnd)) return undefined;
  let quotes = QUOTES;
  let at = actionEnd + ATTRIBUTES.length;
  if (text.charCodeAt(at) === BRACE) at += 1;
  else {
    let [before, beforeEnd] = [-1, -1];
    for (let next = COMMA; next === COMMA; quotes += QUOTES_OF_A_FIELD) {
      if (text.charCodeAt(at) !== QUOTE) return undefined;
      const nameEnd = text.indexOf('"', at + 1);
      if (!text.startsWith('":"', nameEnd)) return undefined;
      // In order, and none twice.
      if (before >= 0 && !isBefore(text, before, beforeEnd, at + 1, nameEnd)) return undefined;
      [before, beforeEnd] = [at + 1, nameEnd];
      const valueEnd = text.indexOf('"', nameEnd + 3);
      if (valueEnd < 0 || valueEnd - nameEnd - 3 > SURELY_SHORT) return undefined;
      next = text.charCodeAt(valueEnd + 1);
      if (next !== COMMA && next !== BRACE) return undefined;
      at = valueEnd + 2;
    }
  }
  let detailEnd: number | undefined;
  if (text.startsWith(DETAIL, at)) {
    const detail = at + DETAIL.length;
    detailEnd = text.indexOf('"', detail);
    if (!isText(detail, detailEnd)) return undefined;
    at = detailEnd + 1;
    quotes += QUOTES_OF_A_FIELD;
  }
  if (!text.startsWith(OBJECT, at)) return undefined;
  const object = at + OBJECT.length;
  const objectEnd = text.indexOf('"', object);
  const isLocal = text.startsWith(SCOPE_LOCAL, objectEnd);
  if (!isLocal && !text.startsWith(SCOPE_SWARM, objectEnd)) return undefined;
  const source = objectEnd + SCOPE_LOCAL.length;
  const sourceEnd = text.indexOf('"', source);
  if (!text.startsWith(TIME, sourceEnd)) return undefined;
  const time = sourceEnd + TIME.length;
  const timeEnd = text.indexOf('"', time);
  if (!text.startsWith(TYPE, timeEnd)) return undefined;
  const type = timeEnd + TYPE.length;
  const typeEnd = text.indexOf('"', type);
  if (!text.startsWith(END, typeEnd) || typeEnd + END.length !== text.length) return undefined;
  if (!isText(action, actionEnd) || !isText(source, sourceEnd) || !isText(type, typeEnd)) return undefined;
  // An object may have no name.
  if (objectEnd - object > SURELY_SHORT) return undefined;
  const ownTime = text.slice(time, timeEnd);
  if (!isNanos(ownTime)) return undefined;
  const event = {
    source: text.slice(source, sourceEnd),
    scope: isLocal ? ('local' as const) : ('swarm' as const),
    type: text.slice(type, typeEnd),
    action: text.slice(action, actionEnd),
    // These are kept for a while, and not the text.
    object: ownText(text.slice(object, objectEnd)),
    time: ownText(ownTime),
  };
  if (event.action.includes(': ') || isTimeless(event)) return undefined;
  return { event, quotes };
}

function isText(from: number, to: number): boolean {
  return to > from && to - from <= SURELY_SHORT;
}

/** Whether one part of a text comes before another, by UTF-16 unit. */
function isBefore(text: string, from: number, end: number, otherFrom: number, otherEnd: number): boolean {
  const shorter = Math.min(end - from, otherEnd - otherFrom);
  for (let at = 0; at < shorter; at++) {
    const difference = text.charCodeAt(from + at) - text.charCodeAt(otherFrom + at);
    if (difference !== 0) return difference < 0;
  }
  return end - from < otherEnd - otherFrom;
}
