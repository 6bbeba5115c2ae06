import stringify = require('fast-json-stable-stringify');

import type { DockerEvent } from './docker-event.js';
import { RecordError } from './errors.js';
import { eventHash, type Sha256, sha256Hex } from './hash.js';
import { isNanos, type Nanos } from './time.js';

export const RECORD_VERSION = 1;

/** A longer value, in bytes of UTF-8, is recorded as its digest. */
export const MAX_VALUE_BYTES = 1024;
/** A larger set of attributes, in bytes of its canonical JSON, is recorded as its digest. */
export const MAX_ATTRIBUTES_BYTES = 16 * 1024;

/** The attributes of an event, or `sha256:<hex>` of their canonical JSON where they were over 16 KiB. */
export type EventAttributes = Readonly<Record<string, string>> | string;

/** One thing that happened at a source, in the form that all actors hash (record version 1). */
export interface CanonicalEvent {
  readonly v: 1;
  /** The engine's ID for scope local, the cluster's ID for scope swarm. */
  readonly source: string;
  readonly scope: 'local' | 'swarm';
  readonly type: string;
  /** The part of Docker's action before `": "`. */
  readonly action: string;
  /** The part after it (`exec_create: sh`, `health_status: healthy`). */
  readonly detail?: string;
  /** Docker's `Actor.ID`. */
  readonly object: string;
  readonly attributes: EventAttributes;
  /** Left out for `remove` in scope swarm, where each manager stamps its own clock. */
  readonly time?: Nanos;
}

/** A canonical event with its bytes and its hash. */
export interface HashedEvent {
  readonly event: CanonicalEvent;
  /** What is hashed and attested. */
  readonly canonical: string;
  /** Lower-case hex. */
  readonly hash: string;
}

/** What decides how a raw event is recorded, besides the event itself. */
export interface Recording {
  /** The ID of the engine (scope local) or of the cluster (scope swarm) that published it. */
  readonly source: string;
  /** The attributes the policy leaves out. */
  readonly ignore: readonly string[];
}

/** Whether events of this kind carry no time of the source's own: each Swarm manager stamps a removal itself. */
export function isTimeless(event: { readonly scope: string; readonly action: string }): boolean {
  return event.scope === 'swarm' && event.action === 'remove';
}

/** Splits Docker's action into action and detail. */
export function splitAction(action: string): { action: string; detail?: string } {
  const at = action.indexOf(': ');
  if (at < 0) return { action };
  const detail = action.slice(at + 2);
  return detail === '' ? { action: action.slice(0, at) } : { action: action.slice(0, at), detail };
}

/**
 * The canonical form of a Docker event and its hash. Total: every event that `parseDockerEvent` accepts has one.
 * @param sha another implementation for the event's hash, for who reads logs by the million
 */
export function canonicalEvent(raw: DockerEvent, recording: Recording, sha: Sha256 = sha256Hex): HashedEvent {
  const { action, detail } = splitAction(raw.action.toWellFormed());
  const attributes = keptAttributes(raw.attributes, recording.ignore);
  const withAttributes = (recorded: EventAttributes): CanonicalEvent => ({
    v: RECORD_VERSION,
    source: recording.source,
    scope: raw.scope,
    type: bounded(raw.type),
    action: bounded(action),
    ...(detail === undefined ? {} : { detail: bounded(detail) }),
    object: bounded(raw.id),
    attributes: recorded,
    ...(isTimeless({ scope: raw.scope, action }) ? {} : { time: raw.timeNano }),
  });
  let event = withAttributes(attributes);
  let canonical = stableEvent(event);
  // Only an event over the limit as a whole can have attributes over it.
  if (Buffer.byteLength(canonical) > MAX_ATTRIBUTES_BYTES) {
    const text = stringify(attributes);
    if (Buffer.byteLength(text) > MAX_ATTRIBUTES_BYTES) {
      event = withAttributes(`sha256:${sha256Hex(text)}`);
      canonical = stringify(event);
    }
  }
  return { event, canonical, hash: eventHash(canonical, sha) };
}

function keptAttributes(attributes: DockerEvent['attributes'], ignore: readonly string[]): Record<string, string> {
  // A Map first, then defineProperty semantics of fromEntries: a label named __proto__ must not vanish.
  const kept = new Map<string, string>();
  // Of names that differ in lone surrogates alone, which become one, the greatest counts, whatever order they come in.
  const chosen = new Map<string, string>();
  for (const [name, value] of attributes) {
    const wellFormed = name.toWellFormed();
    if (ignore.includes(wellFormed) || (chosen.get(wellFormed) ?? '') > name) continue;
    kept.set(wellFormed, bounded(value));
    // Only a name that was or could have been changed can meet another.
    if (wellFormed !== name || wellFormed.includes('\ufffd')) chosen.set(wellFormed, name);
  }
  return Object.fromEntries(kept);
}

function bounded(value: string): string {
  const text = value.toWellFormed();
  return isLong(text) ? `sha256:${sha256Hex(text)}` : text;
}

function isLong(text: string): boolean {
  // A UTF-16 unit has at most three bytes.
  return text.length * 3 > MAX_VALUE_BYTES && Buffer.byteLength(text) > MAX_VALUE_BYTES;
}

/**
 * What stable stringification gives of an event, at the price of JSON.stringify where its keys are in order already.
 */
function stableEvent(event: CanonicalEvent): string {
  const { attributes } = event;
  const { v, source, scope, type, action, detail, object, time } = event;
  if (typeof attributes === 'string' || !isSorted(Object.keys(attributes))) return stringify(event);
  // In the order of their names; what is undefined is left out.
  return JSON.stringify({ action, attributes, detail, object, scope, source, time, type, v });
}

function isSorted(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index++) {
    if ((keys[index - 1] as string) > (keys[index] as string)) return false;
  }
  return true;
}

const REQUIRED = ['v', 'source', 'scope', 'type', 'action', 'object', 'attributes'];
const KNOWN = new Set([...REQUIRED, 'detail', 'time']);

/**
 * Reads an attested event back and insists on canonical form: exactly the fields of record version 1, and bytes
 * that stringifying gives again.
 * @throws RecordError `EVENT_NOT_CANONICAL` with what is wrong.
 */
export function parseCanonicalEvent(canonical: string): CanonicalEvent {
  const event = jsonObject(canonical);
  const keys = Object.keys(event);
  const missing = REQUIRED.find((key) => !Object.hasOwn(event, key));
  if (missing !== undefined) refuse(`lacks "${missing}"`);
  const unknown = keys.find((key) => !KNOWN.has(key));
  if (unknown !== undefined) refuse(`has a field "${unknown.slice(0, 64)}" that record version 1 does not know`);
  if (event.v !== RECORD_VERSION) refuse('has a record version other than 1');
  if (event.scope !== 'local' && event.scope !== 'swarm') refuse('has a scope that is neither "local" nor "swarm"');
  for (const key of ['source', 'type', 'action', 'object', 'detail'] as const) checkText(key, event[key]);
  for (const key of ['source', 'type', 'action', 'detail'] as const) {
    if (event[key] === '') refuse(`has an empty "${key}"`);
  }
  if ((event.action as string).includes(': ')) refuse('has a detail within its "action"');
  checkAttributes(event.attributes, canonical);
  checkTime(event);
  if (!canonical.isWellFormed()) refuse('has a lone surrogate');
  if (stableEvent(event as unknown as CanonicalEvent) !== canonical) {
    refuse('is not what stable stringification gives (keys sorted by UTF-16 unit, no spaces, no duplicate keys)');
  }
  return event as unknown as CanonicalEvent;
}

function jsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RecordError('EVENT_NOT_CANONICAL', 'The event is no JSON; attest its canonical form.', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('is no JSON object');
  return value as Record<string, unknown>;
}

function checkText(key: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'string') refuse(`has a "${key}" that is no string`);
  const text = value as string;
  if (!text.isWellFormed()) refuse(`has a lone surrogate in "${key.slice(0, 64)}"`);
  if (isLong(text)) {
    refuse(`has over ${MAX_VALUE_BYTES} bytes in "${key.slice(0, 64)}", which is recorded as sha256:<hex>`);
  }
}

function checkAttributes(attributes: unknown, canonical: string): void {
  if (typeof attributes === 'string') {
    if (!/^sha256:[0-9a-f]{64}$/.test(attributes)) refuse('has attributes that are neither an object nor a digest');
    return;
  }
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
    refuse('has attributes that are neither an object nor a digest');
  }
  for (const name of Object.keys(attributes as object)) {
    const value = (attributes as Record<string, unknown>)[name];
    if (!name.isWellFormed()) refuse('has a lone surrogate in an attribute name');
    if (value === undefined || value === null) refuse(`has an attribute "${name.slice(0, 64)}" that is no string`);
    checkText(name, value);
  }
  // Cheap first: the whole event is longer than its attributes.
  const large = canonical.length * 3 > MAX_ATTRIBUTES_BYTES && Buffer.byteLength(canonical) > MAX_ATTRIBUTES_BYTES;
  if (large && Buffer.byteLength(stringify(attributes)) > MAX_ATTRIBUTES_BYTES) {
    refuse(`has attributes of over ${MAX_ATTRIBUTES_BYTES} bytes, which are recorded as one digest`);
  }
}

function checkTime(event: Record<string, unknown>): void {
  const { scope, action, time } = event;
  if (isTimeless({ scope: scope as string, action: action as string })) {
    if (time !== undefined) refuse('has a time, but a removal in scope swarm has none of its own');
  } else if (typeof time !== 'string' || !isNanos(time)) {
    refuse('lacks a time in nanoseconds, as a decimal string');
  }
}

function refuse(why: string): never {
  throw new RecordError('EVENT_NOT_CANONICAL', `The event is not in canonical form: it ${why}.`);
}
